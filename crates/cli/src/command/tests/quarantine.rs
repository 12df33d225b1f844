//! `shipway tests quarantine`

use clap::Subcommand;
use shipway_api::view::test::QuarantineView;
use shipway_model::evidence::CaseResult;

use crate::failure::Outcome;
use crate::output::{Paint, Table, plain, time};
use crate::settings::ConnectionArgs;

mod begin;
mod end;
mod list;

#[derive(Debug, Subcommand)]
pub(crate) enum Quarantine {
    Begin(begin::Begin),
    List(list::List),
    End(end::End),
}

impl Quarantine {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::Begin(it) => it.run(connection).await,
            Self::List(it) => it.run(connection).await,
            Self::End(it) => it.run(connection).await,
        }
    }
}

fn render(views: &[QuarantineView], paint: Paint) -> String {
    let mut table = Table::new([
        "QUARANTINE",
        "STANDING",
        "SERVICE",
        "SUITE",
        "TEST",
        "UNTIL",
        "OWNER",
        "BY",
        "HIDES",
        "REASON",
    ]);
    for it in views {
        let quarantine = &it.quarantine;
        let (id, until) = (it.id.to_string(), time(quarantine.until));
        let (owner, reason) = (plain(&quarantine.owner), plain(&quarantine.reason));
        let suite = quarantine.suite.as_deref().unwrap_or("any");
        let service = quarantine.service.as_str();
        let (test, hides) = (plain(&quarantine.test), hides(it));
        table.row([&id, &it.standing, service, suite, &test, &until, &owner, &it.by, &hides, &reason]);
    }
    table.render(paint, "No test is set aside.")
}

/// What gates did not hear since.
fn hides(view: &QuarantineView) -> String {
    let Some(hidden) = &view.hides else { return String::new() };
    let last = match hidden.last {
        None => return "no result yet".to_owned(),
        Some(CaseResult::Passed) => "passed",
        Some(CaseResult::Failed | CaseResult::Error) => "failed",
        Some(CaseResult::Skipped) => "skipped",
    };
    format!("{} failures, {} passes, last {last}", hidden.failed, hidden.passed)
}
