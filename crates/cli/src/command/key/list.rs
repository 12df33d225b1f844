//! `shipway key list`

use clap::Args;
use shipway_api::operations::key::ListKeys;
use shipway_api::view::change::KeyView;
use shipway_model::approval::PublicKey;

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, time};
use crate::settings::ConnectionArgs;

/// List the keys that people sign with
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway key list
  shipway key list -o json")]
pub(crate) struct List {
    #[command(flatten)]
    output: OutputArgs,
}

impl List {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let page = connect(connection)?.call::<ListKeys>((), (), ()).await?.value;
        self.output.show(&page.items, |paint| render(&page.items, paint))
    }
}

pub(super) fn render(keys: &[KeyView], paint: Paint) -> String {
    let mut table = Table::new(["OWNER", "KIND", "REGISTERED", "REVOKED", "LABEL", "KEY"]);
    for it in keys {
        let kind = match &it.key.public {
            PublicKey::Ssh { line } => line.split(' ').next().unwrap_or("ssh"),
            PublicKey::Passkey { .. } => "passkey",
        };
        let (registered, revoked) = (time(it.registered), it.revoked.map(time).unwrap_or_default());
        let id = it.key.id.to_string();
        table.row([&it.owner, kind, &registered, &revoked, &it.key.label, &id]);
    }
    table.render(paint, "Nobody has registered a key: `shipway key add FILE.pub`.")
}
