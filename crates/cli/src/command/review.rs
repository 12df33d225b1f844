//! `shipway review`

use clap::{Args, Subcommand};
use jiff::Timestamp;
use shipway_api::operations::change::{
    ActionPath, ChangePath, DoneNote, FinishAction, HoldReview, ListReviews,
};
use shipway_api::view::change::ReviewView;
use shipway_model::review::{self, Action};
use shipway_model::{ChangeId, Name};

use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, time};
use crate::settings::ConnectionArgs;

mod draft;

#[derive(Debug, Subcommand)]
pub(crate) enum Review {
    List(List),
    Draft(draft::Draft),
    Hold(Hold),
    Done(Done),
}

/// List reviews: those that are owed, and those that were held
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway review list
  shipway review list -o json")]
pub(crate) struct List {
    #[command(flatten)]
    output: OutputArgs,
}

/// Record the review that a failed, taken back or emergency rollout owes
///
/// Say what happened and what let it happen, of systems and rules and not of people. What happened when is in the ledger:
/// `shipway review draft` tells it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway review hold chg_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 --summary \"Receipts were wrong.\" --action test-rounding=shop@2026-04-01T00:00:00Z")]
pub(crate) struct Hold {
    change: ChangeId,
    /// What happened, and what it did to whom
    #[arg(long)]
    summary: String,
    /// What let it happen
    #[arg(long, default_value = "")]
    causes: String,
    /// What a team will do, and by when; once it is overdue, that team's next normal change waits
    #[arg(long = "action", value_name = "NAME=TEAM@INSTANT", value_parser = parse_action)]
    actions: Vec<Action>,
    /// A Runbook that it has shown to be out of date: a revision of it is owed; may be repeated
    #[arg(long = "runbook", value_name = "NAME")]
    runbooks: Vec<Name>,
    #[command(flatten)]
    output: OutputArgs,
}

/// Say that an action of a review is done
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway review done chg_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 test-rounding --note \"in release 1.2.0\"")]
pub(crate) struct Done {
    change: ChangeId,
    action: Name,
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl Review {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        match self {
            Self::Draft(it) => it.run(connection).await,
            Self::List(it) => {
                let page = client.call::<ListReviews>((), (), ()).await?.value;
                it.output.show(&page.items, |paint| render(&page.items, paint))
            }
            Self::Hold(it) => {
                let review = review::Review {
                    summary: it.summary,
                    causes: it.causes,
                    actions: it.actions,
                    runbooks: it.runbooks.into_iter().collect(),
                };
                let path = ChangePath { change: it.change };
                let view = once(client.call::<HoldReview>(path, (), review)).await?.value;
                it.output.show(&view, |paint| render(std::slice::from_ref(&view), paint))
            }
            Self::Done(it) => {
                let path = ActionPath { change: it.change, action: it.action };
                let view =
                    once(client.call::<FinishAction>(path, (), DoneNote { note: it.note })).await?.value;
                it.output.show(&view, |paint| render(std::slice::from_ref(&view), paint))
            }
        }
    }
}

fn render(reviews: &[ReviewView], paint: Paint) -> String {
    let mut table = Table::new(["CHANGE", "RELEASE", "ENV", "STANDING", "DUE", "WHAT", "OPEN ACTIONS"]);
    for it in reviews {
        let release = format!("{}@{}", it.release.name, it.release.version);
        let actions = it.review.iter().flat_map(|it| &it.actions);
        let open: Vec<&Action> = actions.filter(|action| !it.done.contains(&action.name)).collect();
        let due = it.due.or_else(|| open.iter().map(|it| it.due).min());
        let open: Vec<String> = open.iter().map(|it| format!("{} ({})", it.name, it.owner)).collect();
        let what = it.review.as_ref().map_or(it.why.as_str(), |it| it.summary.as_str());
        let (id, due, open) = (it.change.to_string(), due.map(time).unwrap_or_default(), open.join(", "));
        table.row([&id, &release, it.environment.as_str(), &it.standing, &due, what, &open]);
    }
    table.render(paint, "No review is owed, and none was held.")
}

fn parse_action(text: &str) -> Result<Action, String> {
    let form = "write NAME=TEAM@INSTANT, for example test-rounding=shop@2026-04-01T00:00:00Z";
    let (name, rest) = text.split_once('=').ok_or(form)?;
    let (owner, due) = rest.split_once('@').ok_or(form)?;
    let name = name.parse().map_err(|error| format!("{error}"))?;
    let owner = owner.parse().map_err(|error| format!("{error}"))?;
    let due: Timestamp = due.parse().map_err(|error| format!("{form}: {error}"))?;
    Ok(Action { name, owner, due })
}
