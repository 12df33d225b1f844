//! `shipway pause`

use clap::Args;
use shipway_api::operations::pause::{ListPauses, PauseRequest, PauseScope};
use shipway_api::page::Page;
use shipway_api::view::pause::PauseView;
use shipway_model::Name;
use shipway_model::event::Scope;

use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, time};
use crate::settings::ConnectionArgs;

/// Hold an environment, a service or everything: what is under way ends, nothing more begins
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway pause --env production --reason \"the till is being counted\"
  shipway pause --service checkout --reason \"incident 12\"
  shipway pause --everything --reason \"network work\"
  shipway pause --list")]
pub(crate) struct Pause {
    #[command(flatten)]
    scope: ScopeArgs,
    /// Pause nothing more; show what is paused
    #[arg(long, group = "ScopeArgs", conflicts_with = "reason")]
    list: bool,
    /// Why, for those who read it later
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    output: OutputArgs,
}

/// Exactly one of them.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct ScopeArgs {
    /// This environment
    #[arg(long, value_name = "ENV")]
    env: Option<Name>,
    /// This service, in every environment
    #[arg(long)]
    service: Option<Name>,
    /// Every environment
    #[arg(long)]
    everything: bool,
}

impl ScopeArgs {
    pub(super) fn scope(self) -> Scope {
        match (self.env, self.service) {
            (Some(environment), _) => Scope::Environment(environment),
            (_, Some(service)) => Scope::Service(service),
            (None, None) => Scope::Everything,
        }
    }
}

impl Pause {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let page = if self.list {
            client.call::<ListPauses>((), (), ()).await?.value
        } else {
            let request = PauseRequest { scope: self.scope.scope(), reason: self.reason };
            once(client.call::<PauseScope>((), (), request)).await?.value
        };
        self.output.show(&page.items, |paint| render(&page, paint))
    }
}

/// The pauses that stand.
pub(super) fn render(page: &Page<PauseView>, paint: Paint) -> String {
    let mut table = Table::new(["PAUSED", "SINCE", "BY", "REASON"]);
    for it in &page.items {
        table.row([&it.scope.to_string(), &time(it.since), &it.by, &it.reason]);
    }
    table.render(paint, "Nothing is paused.")
}
