//! `shipway artifact register`

use std::io;
use std::path::PathBuf;

use clap::Args;
use shipway_api::operations::artifact::RegisterArtifact;
use shipway_model::release::{ArchiveFormat, Artifact};
use shipway_model::source::Ref;
use shipway_model::{Name, Version};
use tokio_util::io::ReaderStream;

use crate::archive;
use crate::connection::{connect, once};
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, size};
use crate::settings::ConnectionArgs;

/// Store a build and register it as a version of a service
///
/// A version is registered once: the same bytes may come again, other bytes are refused.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway artifact register checkout-1.2.0.tar.gz --service checkout --version 1.2.0 --commit 3f2a91c --builder ci
  shipway artifact register checkout-1.2.0.tar.gz --service checkout --version 1.2.0 --source tag:v1.2.0")]
pub(crate) struct Register {
    /// The archive, as `shipway artifact pack` writes it
    file: PathBuf,
    #[arg(long)]
    service: Name,
    #[arg(long)]
    version: Version,
    /// The source commit that it was built from
    #[arg(long, default_value = "")]
    commit: String,
    /// The branch or tag that it was built from, as `branch:NAME` or `tag:NAME`
    ///
    /// Where the service names its Repository, a branch that yields no releases there is refused.
    #[arg(long, value_name = "branch:NAME|tag:NAME", value_parser = parse_source)]
    source: Option<Ref>,
    /// Who or what built it
    #[arg(long, default_value = "")]
    builder: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl Register {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        if self.file.is_dir() {
            let message = format!("{} is a folder", self.file.display());
            let next = format!(
                "shipway artifact pack {} -o {}-{}.tar.gz",
                self.file.display(),
                self.service,
                self.version
            );
            return Err(Failure::new(message, next));
        }
        if !archive::is_gzip(&self.file).map_err(|error| self.unreadable(&error))? {
            // A version is registered once and for ever: a slip here could not be mended.
            let message = format!("{} is no gzip archive, so no host could unpack it", self.file.display());
            let next = format!("shipway artifact pack FOLDER -o {}-{}.tar.gz", self.service, self.version);
            return Err(Failure::new(message, next));
        }
        let (digest, size_bytes) = archive::measure(&self.file).map_err(|error| self.unreadable(&error))?;
        let file = tokio::fs::File::open(&self.file).await.map_err(|error| self.unreadable(&error))?;
        client.put_blob(digest, size_bytes, ReaderStream::new(file)).await?;
        let artifact = Artifact {
            service: self.service,
            version: self.version,
            digest,
            size_bytes,
            format: ArchiveFormat::TarGz,
            commit: self.commit,
            builder: self.builder,
            provenance: None,
            source: self.source,
        };
        let view = once(client.call::<RegisterArtifact>((), (), artifact)).await?.value;
        self.output.show(&view, |paint| {
            let it = &view.artifact;
            let what = paint.strong(&format!("{} {}", it.service, it.version));
            format!("{} {what}\n  {}\n  {}\n", paint.good("registered"), it.digest, size(it.size_bytes))
        })
    }

    fn unreadable(&self, error: &io::Error) -> Failure {
        let file = self.file.display();
        Failure::new(format!("{file} cannot be read: {error}"), format!("ls -l {file}"))
    }
}

fn parse_source(text: &str) -> Result<Ref, String> {
    match text.split_once(':') {
        Some(("branch", name)) if !name.is_empty() => Ok(Ref::Branch(name.to_owned())),
        Some(("tag", name)) if !name.is_empty() => Ok(Ref::Tag(name.to_owned())),
        _ => Err("write branch:NAME or tag:NAME, for example tag:v1.2.0".to_owned()),
    }
}
