//! `shipway channel list`

use clap::Args;
use shipway_api::operations::channel::ListChannels;
use shipway_api::view::channel::ChannelView;

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, plain};
use crate::settings::ConnectionArgs;

/// List the Channels: what each was told, what waits for it, and why it could not be told
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway channel list
  shipway channel list -o json")]
pub(crate) struct List {
    #[command(flatten)]
    output: OutputArgs,
}

impl List {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let page = connect(connection)?.call::<ListChannels>((), (), ()).await?.value;
        self.output.show(&page.items, |paint| render(&page.items, paint))
    }
}

fn render(all: &[ChannelView], paint: Paint) -> String {
    let mut table = Table::new(["CHANNEL", "TELLS OF", "TOLD", "LATEST", "WAITING", "GIVEN UP", "FAULT"]);
    for it in all {
        let tells: Vec<&str> = it.tells.iter().map(|it| it.as_str()).collect();
        let latest = it.latest.map(|it| it.to_string()).unwrap_or_default();
        let fault = it.waiting.iter().find_map(|it| it.fault.as_deref()).unwrap_or("");
        table.row([
            it.channel.as_str(),
            &tells.join(", "),
            &it.n_told.to_string(),
            &latest,
            &it.waiting.len().to_string(),
            &it.n_given_up.to_string(),
            &plain(fault),
        ]);
    }
    table.render(paint, "Nobody is told of anything: `shipway schema channel` says how.")
}
