//! `shipway train list`

use clap::Args;
use shipway_api::operations::train::ListTrains;
use shipway_api::view::train::TrainView;

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, plain};
use crate::settings::ConnectionArgs;

/// List trains, when they leave next, and how they left last
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway train list
  shipway train list -o json")]
pub(crate) struct List {
    #[command(flatten)]
    output: OutputArgs,
}

impl List {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let page = connect(connection)?.call::<ListTrains>((), (), ()).await?.value;
        self.output.show(&page.items, |paint| render(&page.items, paint))
    }
}

fn render(trains: &[TrainView], paint: Paint) -> String {
    let mut table = Table::new(["TRAIN", "INTO", "MEMBERS", "NEXT", "LAST"]);
    for it in trains {
        let members = it.services.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(", ");
        let next = it.next.first().map_or_else(|| "none within a year".to_owned(), ToString::to_string);
        let last = it.last.as_ref().map_or_else(String::new, |it| {
            format!("{}: {} left, {} stayed", it.departure, it.rollouts.len(), it.left.len())
        });
        table.row([it.name.as_str(), it.environment.as_str(), &members, &next, &last]);
    }
    let mut text = table.render(paint, "No train is declared: `shipway schema train` says how.");
    for it in trains {
        let Some(last) = it.last.as_ref().filter(|it| !it.left.is_empty()) else { continue };
        text += &format!("\n{} left at {} without\n", paint.strong(it.name.as_str()), last.departure);
        for (service, why) in &last.left {
            text += &format!("  {service}: {}\n", plain(why));
        }
    }
    text
}
