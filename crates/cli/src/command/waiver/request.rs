//! `shipway waiver request`

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use shipway_api::operations::waiver::RequestWaiver;
use shipway_model::gate::Waiver;
use shipway_model::{Millis, Name};
use shipway_runtime::{Clock as _, SystemClock};

use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Ask that a gate lets something through; somebody else has to take it on
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway waiver request --policy production --gate scan --finding CVE-2026-1 --owner payments --for 14d --reason \"not reached\"
  shipway waiver request --policy production --gate scan --package left-pad --owner payments --for 7d --reason \"mended in 1.3\"
  shipway waiver request --policy production --gate unit-tests --owner shop --for 2h --reason \"the test machine burnt down\"")]
pub(crate) struct Request {
    /// The policy of the gate
    #[arg(long)]
    policy: Name,
    #[arg(long)]
    gate: Name,
    /// For this service alone
    #[arg(long)]
    service: Option<Name>,
    /// For this finding alone, by its id or one of its other names
    #[arg(long)]
    finding: Option<String>,
    /// For this package alone, by name or package URL
    #[arg(long)]
    package: Option<String>,
    /// Why it may be let through
    #[arg(long)]
    reason: String,
    /// Who looks after it until it is mended
    #[arg(long)]
    owner: String,
    /// For this long, for example 14d
    #[arg(long = "for", value_name = "DURATION")]
    length: Millis,
    #[command(flatten)]
    output: OutputArgs,
}

impl Request {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let length = SignedDuration::from_millis(self.length.0.cast_signed());
        let waiver = Waiver {
            policy: self.policy,
            gate: self.gate,
            service: self.service,
            finding: self.finding,
            package: self.package,
            reason: self.reason,
            owner: self.owner,
            expires: SystemClock.now().checked_add(length).unwrap_or(Timestamp::MAX),
        };
        let view = once(client.call::<RequestWaiver>((), (), waiver)).await?.value;
        self.output.show(&view, |paint| {
            let next =
                format!("{} shipway waiver approve {}\n", paint.dim("next, by somebody else:"), view.id);
            super::render(std::slice::from_ref(&view), paint) + &next
        })
    }
}
