//! What staging has shown of a release, sent as a CI would send it: the checks of its rollout there, as JUnit XML.

use std::fmt::Write as _;

use shipway_api::Client;
use shipway_api::operations::evidence::{AttachEvidence, NewEvidence};
use shipway_api::view::rollout::RolloutView;
use shipway_api::view::step::{StepState, StepView};
use shipway_model::Digest;

use super::Failure;

/// The suite that the policy of production asks for.
const SUITE: &str = "staging";

/// Attaches the report to the release that the rollout has shipped.
pub(super) async fn attach(client: &Client, view: &RolloutView) -> Result<(), Failure> {
    let release = format!("{}@{}", view.summary.release.name, view.summary.release.version);
    let doing = format!("attaching the checks of {release} in staging");
    let failed = |it: shipway_api::client::Error| Failure::new(&doing, it);
    let report = junit(view).into_bytes();
    let (original, size_bytes) = (Digest::of(&report), report.len() as u64);
    let bytes = futures_util::stream::once(std::future::ready(Ok::<_, std::io::Error>(report)));
    client.put_blob(original, size_bytes, bytes).await.map_err(failed)?;
    let new = NewEvidence {
        subject: vec![release.parse().expect("a valid selector")],
        original,
        format: Some("junit".to_owned()),
        file_name: Some("staging.xml".to_owned()),
        statement: None,
        signature: None,
        ran: None,
    };
    let attached = client.call::<AttachEvidence>((), (), new).await.map_err(failed)?.value;
    println!("  attached the checks in staging as evidence  {}", attached.id);
    Ok(())
}

/// Every step that checks something is a test.
fn junit(view: &RolloutView) -> String {
    let checks: Vec<&StepView> =
        view.steps.iter().filter(|it| matches!(it.action.as_str(), "verify" | "journey")).collect();
    let n_failed = checks.iter().filter(|it| fault(it).is_some()).count();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let n_checks = checks.len();
    let _ = writeln!(xml, r#"<testsuite name="{SUITE}" tests="{n_checks}" failures="{n_failed}">"#);
    for check in checks {
        let took = check
            .started_at
            .zip(check.ended_at)
            .map_or(0.0, |(from, to)| to.duration_since(from).as_secs_f64());
        let title = escaped(&check.title);
        let _ = write!(xml, r#"  <testcase classname="{SUITE}" name="{title}" time="{took:.3}""#);
        let _ = match fault(check) {
            None => writeln!(xml, "/>"),
            Some(why) => writeln!(xml, r#"><failure message="{}"/></testcase>"#, escaped(&why)),
        };
    }
    xml + "</testsuite>\n"
}

/// Anything but success is a failure: what was not run has shown nothing.
fn fault(step: &StepView) -> Option<String> {
    match &step.state {
        StepState::Succeeded {} => None,
        StepState::Failed { reason } | StepState::Tolerated { reason } => Some(reason.clone()),
        other => Some(format!("{other:?}")),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
