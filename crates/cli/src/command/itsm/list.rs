//! `shipway itsm list`

use clap::Args;
use shipway_api::operations::itsm::ListMirrored;
use shipway_api::view::itsm::MirroredView;

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, plain};
use crate::settings::ConnectionArgs;

/// List what ITSM tools show of changes, and what they have answered, the newest change first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway itsm list
  shipway itsm list -o json")]
pub(crate) struct List {
    #[command(flatten)]
    output: OutputArgs,
}

impl List {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let page = connect(connection)?.call::<ListMirrored>((), (), ()).await?.value;
        self.output.show(&page.items, |paint| render(&page.items, paint))
    }
}

fn render(all: &[MirroredView], paint: Paint) -> String {
    let mut table = Table::new(["CHANGE", "TOOL", "NUMBER", "SAYS", "BY", "FAULT"]);
    for it in all {
        let says = it.answer.as_ref().map_or_else(String::new, |answer| {
            let approval = answer.approval.as_ref().map(|it| format!(", approval {it}")).unwrap_or_default();
            let holds = if answer.holds { " (holds it)" } else { "" };
            format!("{}{approval}{holds}", plain(&answer.state))
        });
        let by = it.answer.as_ref().map(|it| plain(&it.by)).unwrap_or_default();
        let (number, fault) = (it.number.as_deref().unwrap_or(""), it.fault.as_deref().unwrap_or(""));
        table.row([&*it.change.to_string(), it.mirror.as_str(), &plain(number), &says, &by, &plain(fault)]);
    }
    table.render(paint, "No change is mirrored: `shipway schema mirror` says how.")
}
