//! `shipway artifact list`

use clap::Args;
use shipway_api::Client;
use shipway_api::operations::artifact::{ArtifactQuery, ListArtifacts};
use shipway_api::page::PageQuery;
use shipway_api::view::artifact::{ArtifactView, Storage};
use shipway_model::Name;

use crate::connection::{connect, pages};
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, Table, short, size};
use crate::settings::ConnectionArgs;

/// List registered builds
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway artifact list
  shipway artifact list --service checkout -o json")]
pub(crate) struct List {
    /// Of this service alone
    #[arg(long)]
    service: Option<Name>,
    #[command(flatten)]
    output: OutputArgs,
}

impl List {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let all = all(&connect(connection)?, self.service).await?;
        self.output.show(&all, |paint| {
            let mut table =
                Table::new(["SERVICE", "VERSION", "DIGEST", "SIZE", "COMMIT", "BUILDER", "BYTES"]);
            for ArtifactView { artifact: it, storage } in &all {
                let storage = match storage {
                    Storage::Stored => "stored",
                    Storage::Missing => "missing",
                };
                let (digest, size) = (short(&it.digest), size(it.size_bytes));
                table.row([
                    it.service.as_str(),
                    it.version.as_str(),
                    &digest,
                    &size,
                    &it.commit,
                    &it.builder,
                    storage,
                ]);
            }
            table.render(paint, "No build is registered.")
        })
    }
}

/// All of them, or all of a service.
pub(crate) async fn all(client: &Client, service: Option<Name>) -> Result<Vec<ArtifactView>, Failure> {
    pages(async |PageQuery { cursor, limit }| {
        let query = ArtifactQuery { service: service.clone(), cursor, limit };
        Ok(client.call::<ListArtifacts>((), query, ()).await?.value)
    })
    .await
}
