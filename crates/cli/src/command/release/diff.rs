//! `shipway release diff`

use clap::Args;
use shipway_api::operations::release::{DiffQuery, DiffReleases, ReleasePath};
use shipway_api::selector::ReleaseSelector;
use shipway_api::view::release::ReleasePart;

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Table, short};
use crate::settings::ConnectionArgs;

/// Show what differs between two releases
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway release diff shop@1.1.0 shop@1.2.0
  shipway release diff shop@1.1.0 shop@1.2.0 -o json")]
pub(crate) struct Diff {
    /// The older, NAME@VERSION or an id
    from: ReleaseSelector,
    /// The newer
    to: ReleaseSelector,
    #[command(flatten)]
    output: OutputArgs,
}

impl Diff {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let (path, query) = (ReleasePath { release: self.to }, DiffQuery { against: self.from });
        let diff = client.call::<DiffReleases>(path, query, ()).await?.value;
        self.output.show(&diff, |paint| {
            let mut table = Table::new(["WHAT", "FROM", "TO", "DECLARATION"]);
            for change in &diff.changes {
                let configuration =
                    |part: &Option<ReleasePart>| part.as_ref().and_then(|it| it.configuration);
                let same = configuration(&change.from) == configuration(&change.to);
                let declaration = if same { "unchanged" } else { "changed" };
                table.row([
                    &change.what,
                    &part(change.from.as_ref()),
                    &part(change.to.as_ref()),
                    declaration,
                ]);
            }
            table.render(paint, "Nothing differs.")
        })
    }
}

fn part(part: Option<&ReleasePart>) -> String {
    match part {
        None => "-".to_owned(),
        Some(it) if it.version.is_empty() => short(&it.digest),
        Some(it) => format!("{} ({})", it.version, short(&it.digest)),
    }
}
