//! `shipway risk outcomes`

use clap::Args;
use jiff::Timestamp;
use shipway_api::operations::change::{ListRiskOutcomes, OutcomesQuery};
use shipway_api::view::risk::RiskOutcome;

use crate::command::calendar::instant;
use crate::connection::connect;
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, Paint, Table};
use crate::settings::ConnectionArgs;

/// List what came of changes whose risk was assessed
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway risk outcomes --since 2026-01-01T00:00:00Z
  shipway risk outcomes -o json > outcomes.json")]
pub(crate) struct Outcomes {
    /// Only those that ended at or after this instant
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    since: Option<Timestamp>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Outcomes {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let all = recorded(connection, self.since).await?;
        self.output.show(&all, |paint| render(&all, paint))
    }
}

/// The earliest end first.
pub(super) async fn recorded(
    connection: &ConnectionArgs,
    since: Option<Timestamp>,
) -> Result<Vec<RiskOutcome>, Failure> {
    Ok(connect(connection)?.call::<ListRiskOutcomes>((), OutcomesQuery { since }, ()).await?.value.items)
}

fn render(all: &[RiskOutcome], paint: Paint) -> String {
    let mut table = Table::new(["ENDED", "CHANGE", "INTO", "RISK", "END"]);
    for it in all {
        let end = if it.failed { paint.bad("failed") } else { "well".to_owned() };
        let (ended, score) = (it.ended.to_string(), it.score.to_string());
        table.row([&*ended, &it.change.to_string(), it.environment.as_str(), &score, &end]);
    }
    table.render(paint, "No change has ended yet.")
}
