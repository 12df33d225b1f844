//! `shipway release merge-backs` and `shipway release merged-back`

use clap::Args;
use shipway_api::operations::release::ReleasePath;
use shipway_api::operations::source::{ListMergeBacks, RecordMergeBack};
use shipway_api::selector::ReleaseSelector;
use shipway_api::view::source::OwedMergeBack;
use shipway_model::Name;
use shipway_model::source::MergeBack;

use super::sources;
use crate::connection::{connect, once};
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, Paint, Table, time};
use crate::settings::ConnectionArgs;

/// List hotfixes that were not merged back yet, the first to be due first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway release merge-backs
  shipway release merge-backs -o json")]
pub(crate) struct MergeBacks {
    #[command(flatten)]
    output: OutputArgs,
}

/// Say in which branches what a hotfix mended is found again
///
/// Without --in, Git is asked which branches of the repository here hold the commit.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway release merged-back shop@1.2.1 --repository shop --commit 3fa2c41d00
  shipway release merged-back shop@1.2.1 --repository shop --commit 3fa2c41d00 --in main --in develop")]
pub(crate) struct MergedBack {
    /// NAME@VERSION or an id
    release: ReleaseSelector,
    #[arg(long)]
    repository: Name,
    /// What the hotfix was made of
    #[arg(long, value_name = "HASH")]
    commit: String,
    /// A branch in which it is found; may be repeated
    #[arg(long = "in", value_name = "BRANCH")]
    found_in: Vec<String>,
    #[command(flatten)]
    output: OutputArgs,
}

impl MergeBacks {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let page = connect(connection)?.call::<ListMergeBacks>((), (), ()).await?.value;
        self.output.show(&page.items, |paint| render(&page.items, paint))
    }
}

impl MergedBack {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let found_in = match self.found_in.is_empty() {
            true => sources::branches_with(&self.commit)?,
            false => self.found_in.into_iter().collect(),
        };
        if found_in.is_empty() {
            let message = format!("no branch here holds {}", self.commit);
            return Err(Failure::new(message, "git fetch --all"));
        }
        let path = ReleasePath { release: self.release };
        let merge_back = MergeBack { repository: self.repository, commit: self.commit, found_in };
        let page = once(connect(connection)?.call::<RecordMergeBack>(path, (), merge_back)).await?.value;
        self.output.show(&page.items, |paint| render(&page.items, paint))
    }
}

fn render(owed: &[OwedMergeBack], paint: Paint) -> String {
    let mut table = Table::new(["RELEASE", "REPOSITORY", "COMMIT", "MISSING IN", "DUE", "STANDS"]);
    for it in owed {
        let release = format!("{}@{}", it.name, it.version);
        let missing: Vec<&str> = it.missing.iter().map(String::as_str).collect();
        let (commit, due) = (it.commit.chars().take(12).collect::<String>(), time(it.due));
        let stands = if it.overdue { "overdue" } else { "owed" };
        table.row([&release, it.repository.as_str(), &commit, &missing.join(", "), &due, stands]);
    }
    table.render(paint, "Every hotfix was merged back.")
}
