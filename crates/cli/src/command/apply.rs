//! `shipway apply`

use std::path::PathBuf;

use clap::Args;
use shipway_api::operations::resource::{ApplyRequest, ApplyResources, SourceFile};
use shipway_api::view::resource::Applied;

use super::{diff, validate};
use crate::connection::{connect, once};
use crate::failure::{Failure, Outcome};
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Declare what the files say: all of it, or, when anything is wrong, nothing
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway apply shop/
  shipway apply teams.yaml services.yaml
  cat shop.yaml | shipway apply -")]
pub(crate) struct Apply {
    /// Files; folders are walked, `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Apply {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let applied = send(connection, &self.files, false).await?;
        self.output.show(&applied, |paint| diff::render(&applied, paint))
    }
}

/// Sends the files to be declared, or (`dry_run`) only compared.
pub(super) async fn send(
    connection: &ConnectionArgs,
    files: &[PathBuf],
    dry_run: bool,
) -> Result<Applied, Failure> {
    let client = connect(connection)?;
    let sources = validate::read_all(files)?;
    let files = sources.into_iter().map(|it| SourceFile { path: it.path, text: it.text }).collect();
    let call = client.call::<ApplyResources>((), (), ApplyRequest { files, dry_run });
    Ok(once(call).await?.value)
}
