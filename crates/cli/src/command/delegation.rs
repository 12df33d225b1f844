//! `shipway delegation`

use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use shipway_api::operations::key::{
    Delegate, EndDelegation, GrantDelegation, ListDelegations, NewDelegation,
};
use shipway_api::view::change::DelegationView;
use shipway_model::Millis;
use shipway_runtime::{Clock as _, SystemClock};

use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, time};
use crate::settings::ConnectionArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum Delegation {
    Grant(Grant),
    End(End),
    List(List),
}

/// Let somebody else speak for you for a while
///
/// They fill your seat where you could have approved, and cannot pass it on.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway delegation grant ben --for 14d --reason \"on leave\"")]
pub(crate) struct Grant {
    /// By the name that their token carries
    to: String,
    /// For this long
    #[arg(long = "for", value_name = "DURATION")]
    length: Millis,
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    output: OutputArgs,
}

/// Let somebody speak for you no longer
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway delegation end ben")]
pub(crate) struct End {
    to: String,
    #[command(flatten)]
    output: OutputArgs,
}

/// List who speaks for whom
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway delegation list")]
pub(crate) struct List {
    #[command(flatten)]
    output: OutputArgs,
}

impl Delegation {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        match self {
            Self::Grant(it) => {
                let length = SignedDuration::from_millis(it.length.0.cast_signed());
                let until = SystemClock.now().checked_add(length).unwrap_or(Timestamp::MAX);
                let request = NewDelegation { to: it.to, until, reason: it.reason };
                let view = once(client.call::<GrantDelegation>((), (), request)).await?.value;
                it.output.show(&view, |paint| render(std::slice::from_ref(&view), paint))
            }
            Self::End(it) => {
                let page = once(client.call::<EndDelegation>((), (), Delegate { to: it.to })).await?.value;
                it.output.show(&page.items, |paint| render(&page.items, paint))
            }
            Self::List(it) => {
                let page = client.call::<ListDelegations>((), (), ()).await?.value;
                it.output.show(&page.items, |paint| render(&page.items, paint))
            }
        }
    }
}

fn render(delegations: &[DelegationView], paint: Paint) -> String {
    let mut table = Table::new(["FROM", "TO", "UNTIL", "HOLDS", "REASON"]);
    for it in delegations {
        let (until, holds) = (time(it.until), if it.holds { "yes" } else { "no" });
        table.row([&it.from, &it.to, &until, holds, &it.reason]);
    }
    table.render(paint, "Everybody speaks for themselves.")
}
