//! `shipway release scope late`

use clap::Args;
use shipway_api::operations::release::ReleasePath;
use shipway_api::operations::scope::{LateRequest, RequestLateItem};
use shipway_api::selector::ReleaseSelector;
use shipway_model::Name;
use shipway_model::scope::Item;

use super::render;
use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Ask to let something into a release after its scope was frozen; two others have to say yes
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway release scope late shop@1.3.0 shop-413 --service web --reason \"the law changed\"")]
pub(crate) struct Late {
    /// NAME@VERSION
    release: ReleaseSelector,
    item: Name,
    /// A service that it changes; may be repeated
    #[arg(long = "service", value_name = "SERVICE", required = true)]
    services: Vec<Name>,
    #[arg(long, default_value = "")]
    title: String,
    /// Why it cannot wait for the next release
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl Late {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = ReleasePath { release: self.release };
        let services = self.services.into_iter().collect();
        let item = Item { name: self.item, title: self.title, services };
        let request = LateRequest { item, reason: self.reason };
        let view = once(connect(connection)?.call::<RequestLateItem>(path, (), request)).await?.value;
        self.output.show(&view, |paint| {
            let next = view.late.last().map_or(String::new(), |it| {
                format!("{} shipway release scope approve {}\n", paint.dim("next, by two others:"), it.id)
            });
            render(&view, paint) + &next
        })
    }
}
