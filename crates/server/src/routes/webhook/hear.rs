//! Taking a CI system's message: what it tells is recorded, and a build whose bytes lie here already is registered.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shipway_api::operations::artifact::RegisterArtifact;
use shipway_api::operations::webhook::HearCi;
use shipway_api::view::webhook::{BuildName, CiHeard};
use shipway_api::{Code, Operation as _};
use shipway_engine::{Command, ci};
use shipway_model::ci::{Deed, Delivery, Report};
use shipway_model::release::{ArchiveFormat, Artifact};
use shipway_runtime::Submission;

use crate::access::authorise::allow;
use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;

pub(super) async fn handle(it: Incoming<HearCi>) -> Outcome<HearCi> {
    let webhook = it.path.webhook.clone();
    let sender = ci::declared(&it.state(), &webhook).map(|it| it.sender).ok_or_else(|| {
        Failure::new(Code::UnknownWebhook, format!("there is no Webhook {webhook}"))
            .hint("`shipway get webhook` shows those there are")
    })?;
    let mut delivery = (it.app.read_webhook)(sender, &it.headers, &it.body).map_err(|why| {
        Failure::new(Code::InvalidRequest, format!("this is no message of {}: {why}", sender.as_str()))
    })?;
    let repeated = it.state().ci.find(&webhook, &delivery.id).is_some();
    let mut registered = BTreeSet::new();
    if !repeated {
        registered = register(&it, &mut delivery).await?;
        it.submit(Command::HearCi { webhook: webhook.clone(), delivery: delivery.clone() }).await?;
    }
    let state = it.app.runtime.state();
    let message = state.ci.find(&webhook, &delivery.id);
    Ok(CiHeard {
        repeated,
        recorded: message.map(|it| super::views(&state, &webhook, it).collect()).unwrap_or_default(),
        registered,
        passed_over: delivery.passed_over,
        delivery: delivery.id,
    })
}

/// Registers what was published, where it is a declared service's and its bytes were uploaded; says of the rest why not.
async fn register(it: &Incoming<HearCi>, delivery: &mut Delivery) -> Result<BTreeSet<BuildName>, Failure> {
    let mut registered = BTreeSet::new();
    let published: Vec<Report> =
        delivery.reports.iter().filter(|it| it.deed == Deed::ArtifactPublished).cloned().collect();
    for (idx, report) in published.iter().enumerate() {
        let artifact = match artifact(it, report) {
            Ok(Some(artifact)) => artifact,
            Ok(None) => continue,
            Err(why) => {
                delivery.passed_over.push(why);
                continue;
            }
        };
        // Whoever may tell may not therefore register.
        let named = json!(artifact);
        if allow(&it.app, &it.caller, RegisterArtifact::ID, [&Value::Null, &Value::Null, &named])
            .await
            .is_err()
        {
            delivery.passed_over.push(format!("{} may not register artifacts", it.caller.name));
            continue;
        }
        let build = BuildName { service: artifact.service.clone(), version: artifact.version.clone() };
        let command = Command::RegisterArtifact { artifact };
        let submission =
            Submission { actor: it.caller.actor(), key: it.key_of(idx), command, generation: None };
        it.app.runtime.submit(submission).await?;
        registered.insert(build);
    }
    Ok(registered)
}

/// The artifact that can be registered; nothing where it is known already; or why it cannot be.
fn artifact(it: &Incoming<HearCi>, report: &Report) -> Result<Option<Artifact>, String> {
    let name = &report.name;
    let Some(digest) = report.artifact else {
        return Err(format!("{name} was published without a digest, so nobody can say which bytes it is"));
    };
    let state = it.state();
    if state.artifacts.with_digest(&digest).next().is_some() {
        return Ok(None);
    }
    let service = name.parse().ok().filter(|it| state.catalogue.service(it).is_some());
    let Some(service) = service else {
        return Err(format!("{name} ({digest}) was not registered: no service is called so"));
    };
    let Some(version) = report.version.clone() else {
        return Err(format!("{name} ({digest}) was not registered: its version was not told"));
    };
    let Some(size_bytes) = it.app.blobs.size(&digest) else {
        return Err(format!(
            "{name} {version} was not registered: nobody has uploaded {digest}; \
             `shipway artifact register FILE --service {name} --version {version}` does both"
        ));
    };
    Ok(Some(Artifact {
        service,
        version,
        digest,
        size_bytes,
        format: ArchiveFormat::TarGz,
        commit: report.commit.clone().unwrap_or_default(),
        builder: it.caller.actor(),
        provenance: None,
        source: None,
    }))
}
