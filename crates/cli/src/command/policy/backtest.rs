//! `shipway policy backtest`

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use shipway_api::operations::decision::{BacktestPolicies, BacktestRequest};
use shipway_api::view::backtest::{BacktestView, Ending, Trial};
use shipway_model::Name;

use super::files;
use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, plain, time};
use crate::settings::ConnectionArgs;

/// Ask proposed policies about recorded decisions: what they would have stopped and let pass, and how rightly
///
/// Every recorded decision's facts are kept, so the proposed policies see exactly what was known then.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway policy backtest stricter.yaml --since 2026-01-01T00:00:00Z
  shipway policy backtest policies/ --since 2026-01-01T00:00:00Z --env production -o json")]
pub(crate) struct Backtest {
    /// Files with documents of kind Policy; folders are walked
    #[arg(required = true, value_name = "FILE")]
    policies: Vec<PathBuf>,
    /// Decisions from this instant on
    #[arg(long, value_name = "INSTANT")]
    since: Timestamp,
    /// Of this environment's gates alone
    #[arg(long, value_name = "ENV")]
    env: Option<Name>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Backtest {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let policies = files::policies(&self.policies)?;
        let request = BacktestRequest { policies, since: self.since, environment: self.env };
        let view = connect(connection)?.call::<BacktestPolicies>((), (), request).await?.value;
        self.output.show(&view, |paint| render(&view, paint))
    }
}

fn render(view: &BacktestView, paint: Paint) -> String {
    let mut text = format!("{} decisions about {} rollouts\n", view.n_decisions, view.n_rollouts);
    if view.n_lost > 0 {
        text += &paint.warn(&format!("{} decisions are left out: their facts are gone\n", view.n_lost));
    }
    let judged = &view.judged;
    let mut table = Table::new(["WENT THROUGH AND", "WOULD BE STOPPED", "WOULD PASS"]);
    table.row(["failed", &judged.stopped_failed.to_string(), &judged.passed_failed.to_string()]);
    table.row(["ended well", &judged.stopped_well.to_string(), &judged.passed_well.to_string()]);
    text += &format!("\n{}", table.render(paint, ""));
    let share =
        |it: Option<f64>| it.map_or_else(|| "unknown".to_owned(), |it| format!("{:.1} %", it * 100.0));
    text += &format!("\n  precision  {} of what would be stopped had failed\n", share(judged.precision));
    text += &format!("  recall     {} of what had failed would be stopped\n", share(judged.recall));
    text += &format!(
        "  waiting    {} longer, {} shorter, all together\n",
        view.waited_longer, view.waited_shorter
    );
    text += &trials("would be stopped", &view.stopped, paint);
    text + &trials("would be let through", &view.let_through, paint)
}

fn trials(title: &str, trials: &[Trial], paint: Paint) -> String {
    if trials.is_empty() {
        return String::new();
    }
    let mut table = Table::new(["RELEASE", "ENVIRONMENT", "ASKED LAST", "ENDED", "WHY"]);
    for it in trials {
        let release = format!("{}@{}", it.release.name, it.release.version);
        let ended = match it.ending {
            Ending::Well => "well",
            Ending::Failed => "taken back",
            Ending::Unknown => "unknown",
        };
        let why = it.reasons.first().map(|it| plain(it)).unwrap_or_default();
        table.row([&release, it.environment.as_str(), &time(it.at), ended, &why]);
    }
    format!("\n{}\n{}", paint.strong(title), table.render(paint, ""))
}
