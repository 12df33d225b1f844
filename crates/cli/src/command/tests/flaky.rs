//! `shipway tests flaky`

use clap::Args;
use shipway_api::operations::test::{HistoryQuery, ListTests};
use shipway_api::view::test::HistoryView;
use shipway_model::Name;

use crate::connection::connect;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, time};
use crate::settings::ConnectionArgs;

/// Say which tests of a service disagree with themselves about the same code, and how sure that is
///
/// Every attached report of tests counts, the newest 500 of the service. The confidence is that of the exact binomial test
/// that more than `--rate` of the runs disagree. The exit code is 1 when a flaky test is not in quarantine.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway tests flaky --service checkout
  shipway tests flaky --service checkout --confidence 0.99 --rate 0.001
  shipway tests flaky --service checkout --confidence 0 -o json")]
pub(crate) struct Flaky {
    #[arg(long, value_name = "SERVICE")]
    service: Name,
    /// How sure it has to be, 0 to 1; with 0, every test is shown
    #[arg(long, default_value_t = 0.95)]
    confidence: f64,
    /// The share of disagreeing runs that is put up with, 0 to 1
    #[arg(long, default_value_t = 0.01)]
    rate: f64,
    #[command(flatten)]
    output: OutputArgs,
}

impl Flaky {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let (rate, confidence) = (Some(self.rate), Some(self.confidence));
        let query = HistoryQuery { service: self.service, rate, confidence };
        let view = connect(connection)?.call::<ListTests>((), query, ()).await?.value;
        self.output.show(&view, |paint| render(&view, paint))?;
        let is_open = view.tests.iter().any(|it| it.history.disagreeing > 0 && it.quarantine.is_none());
        Ok(if is_open { Exit::Failed } else { Exit::Ok })
    }
}

fn render(view: &HistoryView, paint: Paint) -> String {
    let mut table =
        Table::new(["SUITE", "TEST", "SURE", "DISAGREED", "RUNS", "FAILED", "LAST", "QUARANTINE"]);
    for it in &view.tests {
        let history = &it.history;
        let sure = format!("{:.1} %", (history.confidence * 1000.0).floor() / 10.0);
        let disagreed = format!("{} of {}", history.disagreeing, history.compared);
        let (runs, failed) = (history.runs.to_string(), history.failed.to_string());
        let last = history.last_disagreed.map(time).unwrap_or_default();
        let quarantine = it.quarantine.map(|it| it.to_string()).unwrap_or_default();
        table.row([&history.suite, &history.test, &sure, &disagreed, &runs, &failed, &last, &quarantine]);
    }
    let mut text = table.render(paint, &format!("No test of {} is known to be flaky.", view.service));
    let older = match view.not_read {
        0 => String::new(),
        n => format!(", {n} older ones were not read"),
    };
    text += &format!("{}\n", paint.dim(&format!("{} reports{older}", view.reports)));
    text
}
