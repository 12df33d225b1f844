//! `shipway webhook list`

use clap::Args;
use shipway_api::operations::webhook::{CiQuery, ListCiReports};
use shipway_api::page::PageQuery;
use shipway_api::view::webhook::CiReportView;
use shipway_model::Name;
use shipway_model::ci::{CiResult, Deed, Report};

use crate::connection::{connect, pages};
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, plain, time};
use crate::settings::ConnectionArgs;

/// Characters of a commit's hash that are shown.
const COMMIT_CHARS: usize = 10;

/// List what CI systems have told by webhook, the newest first: builds, tests, artifacts, commits
///
/// It is what the sender says, and no gate counts it; evidence is attached with `shipway evidence attach`. BUILDS are the
/// registered builds with the same bytes, or of the same commit.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway webhook list
  shipway webhook list --service web --deed tests-finished
  shipway webhook list --webhook github --commit da15608 -o json")]
pub(crate) struct List {
    /// Of this Webhook
    #[arg(long)]
    webhook: Option<Name>,
    /// About builds of this service
    #[arg(long)]
    service: Option<Name>,
    /// About this commit; seven digits or more
    #[arg(long)]
    commit: Option<String>,
    /// build-finished, tests-finished, artifact-published or commits-pushed
    #[arg(long, value_parser = parse_deed)]
    deed: Option<Deed>,
    #[command(flatten)]
    output: OutputArgs,
}

impl List {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let all = pages(async |PageQuery { cursor, limit }| {
            let query = CiQuery {
                webhook: self.webhook.clone(),
                service: self.service.clone(),
                commit: self.commit.clone(),
                deed: self.deed,
                cursor,
                limit,
            };
            Ok(client.call::<ListCiReports>((), query, ()).await?.value)
        })
        .await?;
        self.output.show(&all, |paint| render(&all, paint))
    }
}

fn parse_deed(text: &str) -> Result<Deed, String> {
    const ALL: [Deed; 4] =
        [Deed::BuildFinished, Deed::TestsFinished, Deed::ArtifactPublished, Deed::CommitsPushed];
    let found = ALL.into_iter().find(|it| it.as_str() == text);
    found.ok_or_else(|| format!("there are {}", ALL.map(Deed::as_str).join(", ")))
}

fn render(all: &[CiReportView], paint: Paint) -> String {
    let mut table = Table::new(["AT", "WEBHOOK", "DEED", "NAME", "RESULT", "REF", "COMMIT", "BUILDS"]);
    for it in all {
        let report = &it.report;
        let builds = it.builds.iter().map(|it| format!("{} {}", it.service, it.version));
        let builds = match it.builds.is_empty() {
            true => "-".to_owned(),
            false => builds.collect::<Vec<_>>().join(", "),
        };
        let commit = report.commit.as_deref().map_or("-", |it| &it[..it.len().min(COMMIT_CHARS)]);
        table.row([
            &*time(it.at),
            it.webhook.as_str(),
            report.deed.as_str(),
            &plain(&report.name),
            &result(report, paint),
            &report.reference.as_ref().map_or("-".to_owned(), |it| plain(it.name())),
            commit,
            &builds,
        ]);
    }
    table.render(paint, "No CI system has told anything: `shipway schema webhook` says how one does.")
}

fn result(report: &Report, paint: Paint) -> String {
    let word = match report.result {
        Some(CiResult::Passed) => paint.good("passed"),
        Some(CiResult::Failed) => paint.bad("failed"),
        Some(CiResult::Cancelled) => paint.warn("cancelled"),
        None => "-".to_owned(),
    };
    match report.tests {
        Some(tests) => format!("{word} ({} of {} tests failed)", tests.failed, tests.total),
        None => word,
    }
}
