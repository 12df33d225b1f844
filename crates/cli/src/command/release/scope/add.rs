//! `shipway release scope add`

use clap::Args;
use shipway_api::operations::release::ReleasePath;
use shipway_api::operations::scope::AddScopeItem;
use shipway_api::selector::ReleaseSelector;
use shipway_model::Name;
use shipway_model::scope::Item;

use super::render;
use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Add something to what a release is meant to bring
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway release scope add shop@1.3.0 shop-412 --service web --service checkout --title \"Gift cards\"")]
pub(crate) struct Add {
    /// NAME@VERSION
    release: ReleaseSelector,
    /// What it is called where it is kept, such as a ticket's key in lower case
    item: Name,
    /// A service that it changes; may be repeated
    #[arg(long = "service", value_name = "SERVICE", required = true)]
    services: Vec<Name>,
    #[arg(long, default_value = "")]
    title: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl Add {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = ReleasePath { release: self.release };
        let services = self.services.into_iter().collect();
        let item = Item { name: self.item, title: self.title, services };
        let view = once(connect(connection)?.call::<AddScopeItem>(path, (), item)).await?.value;
        self.output.show(&view, |paint| render(&view, paint))
    }
}
