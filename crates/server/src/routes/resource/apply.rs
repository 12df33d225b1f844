//! Declaring resources from files.

use std::collections::BTreeMap;

use serde_json::Value;
use shipway_api::endpoint::AS_OF;
use shipway_api::operations::resource::ApplyResources;
use shipway_api::problem::{Fault, Statement};
use shipway_api::view::resource::Applied;
use shipway_api::{Code, Operation};
use shipway_engine::Catalogue;
use shipway_engine::catalogue::check::{self, Misfit};
use shipway_engine::{Command, Context, State};
use shipway_model::Name;
use shipway_model::resource::file::{self, Pointer, SourceFile};
use shipway_model::resource::{AccessPolicy, Kind, Resource, Spec};

use crate::access::authorise::authorise;
use crate::access::subject::Subject;
use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;
use crate::views;

pub(super) async fn handle(it: Incoming<ApplyResources>) -> Outcome<ApplyResources> {
    if it.past.is_some() && !it.body.dry_run {
        let detail = format!("nothing can be declared at an earlier instant: `{AS_OF}` is for a dry run");
        return Err(Failure::new(Code::InvalidRequest, detail));
    }
    let files: Vec<_> =
        it.body.files.iter().map(|it| SourceFile { path: &it.path, text: &it.text }).collect();
    let resources = read(&files)?;
    let changes = {
        let state = it.state();
        fit_together(&state.catalogue, &resources, &files)?;
        check_access(&it, &state, &resources)?;
        resources.iter().map(|resource| views::resource::change(&state.catalogue, resource)).collect()
    };
    let command = Command::ApplyResources { resources };
    if it.body.dry_run {
        let ctx = Context { actor: &it.caller.actor(), now: it.now() };
        shipway_engine::decide(&it.state(), &command, &ctx)?;
    } else {
        it.submit(command).await?;
    }
    Ok(Applied { changes })
}

fn read(files: &[SourceFile<'_>]) -> Result<Vec<Resource>, Failure> {
    match file::read(files) {
        Ok(located) => Ok(located.into_iter().map(|it| it.resource).collect()),
        Err(faults) => {
            let detail = format!("{} in the files; nothing was applied", count(faults.len()));
            Err(Failure::new(Code::InvalidFiles, detail)
                .faults(faults.into_iter().map(Fault::File).collect()))
        }
    }
}

/// What does not fit is told with its place, where the files hold it. Whether it fits is asked again when it is decided.
fn fit_together(
    catalogue: &Catalogue,
    resources: &[Resource],
    files: &[SourceFile<'_>],
) -> Result<(), Failure> {
    let misfits = check::misfits(catalogue, resources);
    if misfits.is_empty() {
        return Ok(());
    }
    let located = |it: &Misfit| {
        let value = it.value.as_deref();
        let pointer = Pointer { resource: &it.about, field: it.field, value };
        match file::locate(files, pointer, &it.message, Some(it.help.clone())) {
            Some(fault) => Fault::File(fault),
            None => Fault::Stated(Statement { message: it.message.clone() }),
        }
    };
    let faults = misfits.iter().map(located).collect();
    Err(Failure::from(check::rejection(&misfits)).faults(faults))
}

/// Access policies must compile, and leave whoever declares them able to declare others.
fn check_access(it: &Incoming<ApplyResources>, state: &State, resources: &[Resource]) -> Result<(), Failure> {
    let mut policies: BTreeMap<Name, AccessPolicy> = BTreeMap::new();
    let declared = state.catalogue.of_kind(Kind::AccessPolicy).map(|(_, resource)| resource.as_ref());
    for resource in declared.chain(resources) {
        if let Spec::AccessPolicy(policy) = &resource.spec {
            policies.insert(resource.metadata.name.clone(), policy.clone());
        }
    }
    if !resources.iter().any(|it| matches!(it.spec, Spec::AccessPolicy(_))) {
        return Ok(());
    }
    let all: Vec<(Name, &AccessPolicy)> = policies.iter().map(|(name, it)| (name.clone(), it)).collect();
    let decide = it.app.rules.check(&all).map_err(|faults| {
        let stated = |(name, message): (Name, String)| {
            Fault::Stated(Statement { message: format!("AccessPolicy {name}: {message}") })
        };
        Failure::new(Code::InvalidDeclarations, "the access policies cannot be used; nothing was applied")
            .faults(faults.into_iter().map(stated).collect())
            .hint("`shipway access test` tries policies without a control plane")
    })?;
    let subject = Subject::of(state, [&Value::Null; 3]);
    let own = authorise(state, &decide, &it.caller, ApplyResources::ID, &subject, it.now());
    own.map(drop).map_err(|_| {
        let detail = format!("with these policies {} could not declare others any more", it.caller.name);
        Failure::new(Code::InvalidDeclarations, detail)
            .hint("leave `applyResources` to the admins: a `forbid` cannot be overruled by any policy")
    })
}

fn count(faults: usize) -> String {
    if faults == 1 { "one fault".to_owned() } else { format!("{faults} faults") }
}
