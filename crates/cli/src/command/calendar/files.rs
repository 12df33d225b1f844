//! The calendars that a verb works on: those of files, or those that are declared.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use shipway_api::operations::resource::{ListResources, ResourceQuery};
use shipway_api::page::PageQuery;
use shipway_engine::calendar::{Fault, Rule, compile};
use shipway_model::resource::file::{self, Pointer};
use shipway_model::resource::{Resource, Spec};
use shipway_runtime::{Clock, SystemClock};

use crate::connection::{connect, pages};
use crate::failure::Failure;
use crate::settings::ConnectionArgs;
use crate::source;

/// Rules, and everything that was declared beside them.
pub(super) struct Declared {
    pub(super) rules: Vec<Arc<Rule>>,
    pub(super) resources: Vec<Resource>,
}

/// Of `files`; without any, what the control plane has.
///
/// # Errors
/// All faults of all files at once, or that the control plane does not answer.
pub(super) async fn read(files: &[PathBuf], connection: &ConnectionArgs) -> Result<Declared, Failure> {
    if files.is_empty() { ask(connection).await } else { of_files(files) }
}

fn of_files(paths: &[PathBuf]) -> Result<Declared, Failure> {
    let sources = source::collect(paths)?;
    let given: Vec<String> = paths.iter().map(|it| it.display().to_string()).collect();
    let next = format!("shipway validate {}", given.join(" "));
    let files = source::borrowed(&sources);
    let located = file::read(&files).map_err(|faults| Failure::of_files(faults, next.clone()))?;
    let resources: Vec<Resource> = located.into_iter().map(|it| it.resource).collect();
    let faults = |resource: &Resource, of_rule: Fault| {
        let key = resource.key();
        let pointer = Pointer { resource: &key, field: of_rule.field, value: Some(&of_rule.value) };
        file::locate(&files, pointer, &of_rule.message, Some(of_rule.help))
    };
    let (rules, faulty) = compile_all(&resources, faults);
    match faulty {
        none if none.is_empty() => Ok(Declared { rules, resources }),
        some => Err(Failure::of_files(some.into_iter().flatten().collect(), next)),
    }
}

async fn ask(connection: &ConnectionArgs) -> Result<Declared, Failure> {
    let client = connect(connection)?;
    let views = pages(async |PageQuery { cursor, limit }| {
        Ok(client.call::<ListResources>((), ResourceQuery { kind: None, cursor, limit }, ()).await?.value)
    });
    let resources: Vec<Resource> = views.await?.into_iter().map(|it| it.resource).collect();
    let (rules, _) = compile_all(&resources, |_, _| ());
    Ok(Declared { rules, resources })
}

fn compile_all<F>(
    resources: &[Resource],
    mut told: impl FnMut(&Resource, Fault) -> F,
) -> (Vec<Arc<Rule>>, Vec<F>) {
    let (mut rules, mut faults) = (Vec::new(), Vec::new());
    for resource in resources {
        let Spec::Calendar(calendar) = &resource.spec else { continue };
        match compile(&resource.metadata.name, calendar) {
            Ok(compiled) => rules.extend(compiled.into_iter().map(Arc::new)),
            Err(found) => faults.extend(found.into_iter().map(|it| told(resource, it))),
        }
    }
    (rules, faults)
}

pub(super) fn now() -> Timestamp {
    SystemClock.now()
}

/// An instant with its offset; without one it would mean another time on another machine.
pub(crate) fn instant(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "write an instant with its offset, for example 2026-11-21T09:00:00Z".to_owned())
}
