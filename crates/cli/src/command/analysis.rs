//! `shipway analysis`

use clap::Subcommand;

use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

mod aa;
mod backtest;
mod burn;
mod classical;
mod correlate;
mod files;
mod history;
mod judge;
mod logs;
mod power;
mod simulate;
mod traces;

#[derive(Debug, Subcommand)]
pub(crate) enum Analysis {
    Judge(judge::Judge),
    Simulate(simulate::Simulate),
    Power(power::Power),
    Aa(aa::Aa),
    Backtest(backtest::Backtest),
    Burn(burn::Burn),
    Logs(logs::Logs),
    Traces(traces::Traces),
    Correlate(correlate::Correlate),
}

impl Analysis {
    pub(crate) fn asks_a_control_plane(&self) -> bool {
        matches!(self, Self::Correlate(it) if it.asks_a_control_plane())
    }

    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::Judge(it) => it.run(),
            Self::Simulate(it) => it.run(),
            Self::Power(it) => it.run(),
            Self::Aa(it) => it.run(),
            Self::Backtest(it) => it.run(),
            Self::Burn(it) => it.run(),
            Self::Logs(it) => it.run(),
            Self::Traces(it) => it.run(),
            Self::Correlate(it) => it.run(connection).await,
        }
    }
}
