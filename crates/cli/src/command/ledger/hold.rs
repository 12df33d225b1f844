//! `shipway ledger hold`

use clap::Subcommand;
use shipway_api::Page;
use shipway_api::view::ledger::HoldView;

use crate::failure::Outcome;
use crate::output::{Paint, Table, time};
use crate::settings::ConnectionArgs;

mod list;
mod place;
mod release;

#[derive(Debug, Subcommand)]
pub(crate) enum Hold {
    Place(place::Place),
    Release(release::Release),
    List(list::List),
}

impl Hold {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::Place(it) => it.run(connection).await,
            Self::Release(it) => it.run(connection).await,
            Self::List(it) => it.run(connection).await,
        }
    }
}

fn render(page: &Page<HoldView>, paint: Paint) -> String {
    let mut table = Table::new(["HOLD", "SINCE", "BY", "REASON"]);
    for it in &page.items {
        table.row([it.name.as_str(), &time(it.since), &it.by, &it.reason]);
    }
    table.render(paint, "No hold stands.")
}
