//! `shipway key add`

use std::path::PathBuf;

use clap::Args;
use shipway_api::operations::key::RegisterKey;
use shipway_engine::key::ssh;
use shipway_model::approval::{PersonKey, PublicKey};

use super::list::render;
use crate::connection::{connect, once};
use crate::failure::{Failure, Outcome};
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Register an SSH key that you sign with
///
/// Only the public half is sent, without its comment. Ed25519 and ECDSA on P-256 are taken, also of security keys.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway key add ~/.ssh/id_ed25519.pub --label laptop")]
pub(crate) struct Add {
    /// The public key, as `ssh-keygen` writes it
    file: PathBuf,
    /// For you to tell your keys apart
    #[arg(long, default_value = "")]
    label: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl Add {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let next = "ssh-keygen -t ed25519";
        let text = std::fs::read_to_string(&self.file).map_err(|error| {
            Failure::new(format!("{} cannot be read: {error}", self.file.display()), next)
        })?;
        let line = ssh::without_comment(&text).map_err(|error| Failure::because(&error, next))?;
        let id = ssh::id_of(&line).map_err(|error| Failure::because(&error, next))?;
        let key = PersonKey { id, public: PublicKey::Ssh { line }, label: self.label };
        let view = once(connect(connection)?.call::<RegisterKey>((), (), key)).await?.value;
        self.output.show(&view, |paint| render(std::slice::from_ref(&view), paint))
    }
}
