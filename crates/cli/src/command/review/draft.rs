//! `shipway review draft`

use clap::Args;
use jiff::Timestamp;
use shipway_api::operations::change::{ChangePath, ListReviews, ShowChange};
use shipway_api::operations::rollout::{RolloutPath, ShowRollout};
use shipway_api::view::change::{ChangeView, ReviewView};
use shipway_model::ChangeId;

use crate::command::rollout::watch::told;
use crate::connection::connect;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output::{plain, print, time};
use crate::settings::ConnectionArgs;

/// Write the beginning of a review: what the ledger has of what happened, and what is to be filled in
///
/// It is Markdown for whoever prepares the review. What comes of it is recorded by `shipway review hold`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway review draft chg_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 > review.md")]
pub(crate) struct Draft {
    change: ChangeId,
}

impl Draft {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let change = client.call::<ShowChange>(ChangePath { change: self.change }, (), ()).await?.value;
        let owed = client.call::<ListReviews>((), (), ()).await?.value.items;
        let Some(review) = owed.into_iter().find(|it| it.change == self.change) else {
            return Err(Failure::new(format!("{} owes no review", self.change), "shipway review list"));
        };
        let path = RolloutPath { rollout: self.change.rollout() };
        let rollout = client.call::<ShowRollout>(path, (), ()).await?.value.summary;
        // The stream of a rollout that is over ends with it only when it is asked for as of then.
        let Some(ended) = rollout.ended_at else {
            return Err(Failure::new(format!("{} has not ended", rollout.id), "shipway review list"));
        };
        let client = connect(&ConnectionArgs { as_of: Some(ended), ..connection.clone() })?;
        print(&text(&change, &review, &told(&client, rollout.id).await?));
        Ok(Exit::Ok)
    }
}

/// The draft. What happened stands in the order of the ledger.
fn text(change: &ChangeView, review: &ReviewView, happened: &[(Timestamp, String)]) -> String {
    let release = format!("{}@{}", change.release.name, change.release.version);
    let mut text = format!("# Review of {release} into {}\n\n", change.environment);
    let why = if review.why.is_empty() { String::new() } else { format!(" It {}.", plain(&review.why)) };
    let due = review.due.map(|it| format!(" Due {}.", time(it))).unwrap_or_default();
    text += &format!(
        "{}, a {} change with a risk of {}, asked for by {}.{why}{due}\n\n",
        change.id,
        change.change.class.as_str(),
        change.change.risk.score,
        plain(&change.requested_by)
    );
    text += "It is about systems and rules. Nobody is to blame for what they let happen.\n\n";
    text += "## What happened, from the ledger\n\n";
    text += &format!("- {} opened, by {}\n", time(change.opened), plain(&change.requested_by));
    for word in &change.words {
        let said = format!("{:?}", word.approval.statement.decision).to_lowercase();
        text += &format!("- {} {}: {said}\n", time(word.at), plain(&word.by));
    }
    for (at, line) in happened {
        text += &format!("- {} {line}\n", time(*at));
    }
    for heading in [
        "What it did, to whom, for how long",
        "What let it happen",
        "What helped",
        "Which runbooks and checklists it has shown to be wrong",
        "Actions, each with a team and a date",
    ] {
        text += &format!("\n## {heading}\n\n…\n");
    }
    text + &format!(
        "\nRecord it: `shipway review hold {} --summary … --causes … --action NAME=TEAM@INSTANT`\n",
        change.id
    )
}
