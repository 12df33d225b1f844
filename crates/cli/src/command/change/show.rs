//! `shipway change show`

use clap::Args;
use shipway_api::operations::change::{ChangePath, ShowChange};
use shipway_api::view::change::{ChangeView, RequirementView, WordView};
use shipway_model::ChangeId;

use crate::command::risk;
use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, plain, time};
use crate::settings::ConnectionArgs;

/// Show a change: its type and why, its risk, and whose word it needs
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway change show chg_0198f3c0e1b27c3d8a4f5e6d7c8b9a01
  shipway change show chg_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 -o yaml")]
pub(crate) struct Show {
    change: ChangeId,
    #[command(flatten)]
    output: OutputArgs,
}

impl Show {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = ChangePath { change: self.change };
        let view = connect(connection)?.call::<ShowChange>(path, (), ()).await?.value;
        self.output.show(&view, |paint| render(&view, paint))
    }
}

pub(crate) fn render(view: &ChangeView, paint: Paint) -> String {
    let change = &view.change;
    let state = view.state.as_ref().map_or("closed", |it| it.as_str());
    let mut text = format!(
        "{}  {}@{} into {}: {}\n",
        view.id,
        view.release.name,
        view.release.version,
        view.environment,
        paint.strong(state)
    );
    text += &format!("asked by {} at {}\n", plain(&view.requested_by), time(view.opened));
    text += &format!("type {}", change.class.as_str());
    text += &match change.declared == change.class {
        true => "\n".to_owned(),
        false => format!(", declared as {}\n", change.declared.as_str()),
    };
    for reason in &change.reasons {
        text += &format!("  {}\n", plain(reason));
    }
    if let Some(emergency) = &change.emergency {
        text += &format!("emergency until {}: {}\n", time(emergency.until), plain(&emergency.reason));
    }
    text += &format!("\n{}\n", risk::render(&change.risk, paint));
    if !view.requirements.is_empty() {
        text += &requirements(&view.requirements, paint);
    }
    for tally in &view.boards {
        text += &format!("\nboard {}: {} (shipway cab show {})\n", tally.board, tally.decided, view.id);
    }
    if !view.words.is_empty() {
        text += &format!("\n{}", words(&view.words, paint));
    }
    if !view.against.is_empty() {
        text += &format!("\n{}\n", paint.warn("it waits:"));
        for why in &view.against {
            text += &format!("  {}\n", plain(why));
        }
        text += &format!("{} shipway approve {}\n", paint.dim("next:"), view.id);
    }
    text
}

fn requirements(requirements: &[RequirementView], paint: Paint) -> String {
    let mut table = Table::new(["RULE", "WORDS", "GIVEN BY", "CAN BE GIVEN BY"]);
    for it in requirements {
        let (words, given) = (format!("{} of {}", it.given.len(), it.needed), it.given.join(", "));
        let can = if it.satisfied { String::new() } else { it.can.join(", ") };
        let can = if it.escalated { format!("{can} (escalated)") } else { can };
        table.row([&it.name, &words, &given, &can]);
    }
    table.render(paint, "")
}

fn words(words: &[WordView], paint: Paint) -> String {
    let mut table = Table::new(["WHO", "SAID", "AT", "UNTIL", "COUNTS", "NOTE"]);
    for it in words {
        let statement = &it.approval.statement;
        let counts = it.void.as_ref().map_or("yes".to_owned(), |why| format!("no: {why}"));
        let (at, until) = (time(it.at), time(statement.expires));
        let by = statement.board.as_ref().map_or(it.by.clone(), |board| format!("{} on {board}", it.by));
        table.row([&by, statement.decision.as_str(), &at, &until, &counts, &it.approval.note]);
    }
    table.render(paint, "")
}
