//! `shipway runbook`

use clap::Subcommand;
use shipway_api::view::runbook::RunbookView;

use crate::failure::Outcome;
use crate::output::{Paint, Table, plain, time};
use crate::settings::ConnectionArgs;

mod list;
mod outdated;
mod review;
mod run;
mod show;

#[derive(Debug, Subcommand)]
pub(crate) enum Runbook {
    List(list::List),
    Show(show::Show),
    Review(review::Review),
    Outdated(outdated::Outdated),
    Run(run::Run),
}

impl Runbook {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::List(it) => it.run(connection).await,
            Self::Show(it) => it.run(connection).await,
            Self::Review(it) => it.run(connection).await,
            Self::Outdated(it) => it.run(connection).await,
            Self::Run(it) => it.run(connection).await,
        }
    }
}

fn render(views: &[RunbookView], paint: Paint) -> String {
    let heading =
        ["RUNBOOK", "FOR", "SERVICES", "REVISION", "WRITTEN BY", "READ BY", "REVISION DUE", "FALLBACKS"];
    let mut table = Table::new(heading);
    for it in views {
        let services: Vec<&str> = it.services.iter().map(|it| it.as_str()).collect();
        let fallbacks: Vec<&str> = it.fallbacks.iter().map(|it| it.name.as_str()).collect();
        let revision = format!("{} ({})", it.number, it.revision.short());
        let read = it.read.as_ref().map_or_else(|| "nobody".to_owned(), |it| plain(&it.by));
        let due = it.outdated.as_ref().map(|it| time(it.due)).unwrap_or_default();
        table.row([
            it.name.as_str(),
            it.purpose.as_str(),
            &services.join(", "),
            &revision,
            &plain(&it.written_by),
            &read,
            &due,
            &fallbacks.join(", "),
        ]);
    }
    table.render(paint, "No runbook is declared.")
}
