//! `shipway release hotfix`

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use shipway_api::operations::change::{NewHotfix, StartHotfix};
use shipway_api::operations::rollout::NewRollout;
use shipway_api::selector::ReleaseSelector;
use shipway_model::change::{Emergency, Severity};
use shipway_model::{ChangeId, Digest, Millis, Name};
use shipway_runtime::{Clock as _, SystemClock};

use crate::command::rollout::show;
use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Ship an emergency into a protected environment
///
/// The release is of the class emergency and brings one service. A second person has to say yes within the minutes that it is given; afterwards
/// it owes a review, and until that is held the next normal change of its services waits.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway release hotfix shop@1.2.1 --env production --reason \"the till prints wrong receipts\" --within 30m
  shipway release hotfix shop@1.2.1 --env production --severity critical --reason \"nobody can pay\"")]
pub(crate) struct Hotfix {
    /// NAME@VERSION or an id
    release: ReleaseSelector,
    #[arg(long, value_name = "ENV")]
    env: Name,
    /// Why it cannot wait
    #[arg(long)]
    reason: String,
    /// How long it may take to begin, at most 4h
    #[arg(long, value_name = "DURATION", default_value = "30m")]
    within: Millis,
    /// How bad it is: low, medium, high or critical; policies say from where on that is a reason not to wait
    #[arg(long, default_value = "high", value_parser = parse_severity)]
    severity: Severity,
    /// The digest that `shipway plan` showed
    #[arg(long, value_name = "DIGEST")]
    plan: Option<Digest>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Hotfix {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let length = SignedDuration::from_millis(self.within.0.cast_signed());
        let until = SystemClock.now().checked_add(length).unwrap_or(Timestamp::MAX);
        let rollout = NewRollout { release: self.release, environment: self.env, plan_digest: self.plan };
        let emergency = Emergency { reason: self.reason, until, severity: self.severity };
        let hotfix = NewHotfix { rollout, emergency };
        let view = once(connect(connection)?.call::<StartHotfix>((), (), hotfix)).await?.value;
        self.output.show(&view, |paint| {
            let change = ChangeId::of(view.summary.id);
            let next = format!("{} shipway approve {change}\n", paint.dim("next, by a second person:"));
            format!("{}\n{next}", show::render(&view, paint))
        })
    }
}

fn parse_severity(text: &str) -> Result<Severity, String> {
    serde_json::from_value(text.into())
        .map_err(|_| "the severities are low, medium, high and critical".to_owned())
}
