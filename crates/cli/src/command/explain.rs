//! `shipway explain`

use clap::Args;
use shipway_api::operations::gate::{ExplainGates, GatesQuery};
use shipway_api::operations::release::ReleasePath;
use shipway_api::selector::ReleaseSelector;
use shipway_api::view::gate::GatesView;
use shipway_model::Name;
use shipway_model::gate::{Requirement, Status};

use crate::connection::connect;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, plain, time};
use crate::settings::ConnectionArgs;

/// Say what the gates of an environment ask of a release, and who can bring what is missing
///
/// The exit code is 0 when the release may pass and 1 when something is in its way.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway explain shop@1.2.0 --env production
  shipway explain shop@1.2.0 --env production -o json")]
pub(crate) struct Explain {
    /// NAME@VERSION or an id
    release: ReleaseSelector,
    /// Where the release is to go
    #[arg(long, value_name = "ENV")]
    env: Name,
    #[command(flatten)]
    output: OutputArgs,
}

impl Explain {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = ReleasePath { release: self.release };
        let query = GatesQuery { environment: self.env };
        let view = connect(connection)?.call::<ExplainGates>(path, query, ()).await?.value;
        self.output.show(&view, |paint| render(&view, paint))?;
        Ok(if view.passes { Exit::Ok } else { Exit::Failed })
    }
}

fn render(view: &GatesView, paint: Paint) -> String {
    let release = paint.strong(&format!("{}@{}", view.release.name, view.release.version));
    let environment = &view.environment;
    if view.policies.is_empty() {
        let hint = paint.dim("a stage `run: {gates: {policies: […]}}` in its pipeline asks some");
        return format!("{environment} asks no gates, so nothing holds {release}.\n{hint}\n");
    }
    let word = match view.passes {
        true => paint.good("may pass the gates of"),
        false => paint.bad("does not pass the gates of"),
    };
    format!("{release} {word} {}\n\n", paint.strong(environment.as_str()))
        + &requirements(&view.requirements, paint)
}

/// What is asked, as a table, and below it what is not met or only waived, with what to do.
pub(super) fn requirements(all: &[Requirement], paint: Paint) -> String {
    let mut table = Table::new(["POLICY", "GATE", "KIND", "SERVICE", "STATUS", "EVIDENCE", "UNTIL"]);
    for it in all {
        let service = it.service.as_ref().map_or("", Name::as_str);
        let evidence: Vec<String> = it.evidence.iter().map(ToString::to_string).collect();
        let until = it.until.map(time).unwrap_or_default();
        let shown = match &evidence[..] {
            [] => String::new(),
            [one] => one.clone(),
            [first, rest @ ..] => format!("{first} and {} more", rest.len()),
        };
        let (policy, gate) = (it.policy.as_str(), it.gate.as_str());
        table.row([policy, gate, &it.kind, service, it.status.as_str(), &shown, &until]);
    }
    let mut text = table.render(paint, "The policies ask for nothing.");
    for it in all.iter().filter(|it| it.status != Status::Satisfied) {
        let of = it.service.as_ref().map(|it| format!(" of {it}")).unwrap_or_default();
        text += &format!("\n{}{of} is {}\n", paint.strong(it.gate.as_str()), status(it.status, paint));
        for reason in &it.reasons {
            text += &format!("  {}\n", plain(reason));
        }
        if let Some(until) = it.until {
            let what = if it.status.passes() { "lapses" } else { "time alone changes it" };
            text += &format!("  {} {}\n", paint.dim(&format!("{what}:")), time(until));
        }
        if let Some(who) = &it.who {
            text += &format!("  {} {}\n", paint.dim("who:"), plain(who));
        }
        if let Some(next) = &it.next {
            text += &format!("  {} {}\n", paint.dim("next:"), plain(next));
        }
        if it.status == Status::Failed {
            let waive = format!("shipway waiver request --policy {} --gate {}", it.policy, it.gate);
            text += &format!("  {} {waive} --help\n", paint.dim("or, for a while:"));
        }
    }
    text
}

pub(super) fn status(status: Status, paint: Paint) -> String {
    match status {
        Status::Satisfied => paint.good(status.as_str()),
        Status::Waived | Status::Waiting => paint.warn(status.as_str()),
        Status::Missing | Status::Failed => paint.bad(status.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirement(status: Status) -> Requirement {
        Requirement {
            policy: "production".parse().unwrap(),
            gate: "scan".parse().unwrap(),
            kind: "vulnerabilities".to_owned(),
            service: Some("checkout".parse().unwrap()),
            status,
            reasons: vec!["high CVE-2026-1 in left-pad 1.0".to_owned()],
            evidence: Vec::new(),
            waivers: Vec::new(),
            who: Some("team payments".to_owned()),
            next: None,
            until: None,
        }
    }

    #[test]
    fn what_is_met_is_one_row_and_what_is_not_says_what_to_do() {
        let met = requirements(&[requirement(Status::Satisfied)], Paint::PLAIN);
        assert!(met.contains("satisfied") && !met.contains("CVE-2026-1"), "{met}");
        let failed = requirements(&[requirement(Status::Failed)], Paint::PLAIN);
        assert!(failed.contains("high CVE-2026-1 in left-pad 1.0"), "{failed}");
        assert!(failed.contains("who: team payments"), "{failed}");
        assert!(failed.contains("shipway waiver request --policy production --gate scan"), "{failed}");
    }
}
