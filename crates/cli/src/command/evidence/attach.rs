//! `shipway evidence attach`

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use shipway_api::operations::evidence::{AttachEvidence, NewEvidence};
use shipway_api::selector::SubjectSelector;
use shipway_model::Name;
use shipway_model::evidence::Word;
use tokio_util::io::ReaderStream;

use super::list::render;
use crate::archive;
use crate::connection::{connect, once};
use crate::failure::{Failure, Outcome};
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Attach documents to what they are about
///
/// The format is found by content. A document counts for exactly the digests that are named; name several when they
/// were tested together. Attaching the same again changes nothing.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway evidence attach target/junit.xml coverage.lcov --subject sha256:c40004366d684cdf64f8ffcbef5cc173ed227c7a39bf7dbf6aeb71d9ca9610d8
  shipway evidence attach sbom.cdx.json trivy.json --subject shop@1.2.0
  shipway evidence attach e2e.xml --subject sha256:c40004366d684cdf64f8ffcbef5cc173ed227c7a39bf7dbf6aeb71d9ca9610d8 --subject sha256:77ab04366d684cdf64f8ffcbef5cc173ed227c7a39bf7dbf6aeb71d9ca9610d8
  shipway evidence attach pentest.pdf --subject shop@1.2.0 --statement penetration-test --issuer 'Red Team' --scope 'external interface' --expires 2027-06-30T00:00:00Z")]
pub(crate) struct Attach {
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The digest of an artifact or a release, or NAME@VERSION of a sealed release
    #[arg(long, value_name = "DIGEST|RELEASE", required = true)]
    subject: Vec<SubjectSelector>,
    /// The format's name, where content alone does not tell
    #[arg(long)]
    format: Option<String>,
    /// Take the documents at their issuer's word, as this kind: penetration-test, certificate, sign-off, …
    #[arg(long, value_name = "KIND", requires_all = ["issuer", "scope", "expires"], conflicts_with = "format")]
    statement: Option<Name>,
    /// Who says so
    #[arg(long, requires = "statement")]
    issuer: Option<String>,
    /// What exactly the statement covers
    #[arg(long, requires = "statement")]
    scope: Option<String>,
    /// When the statement stops counting, as an RFC 3339 instant
    #[arg(long, value_name = "INSTANT", requires = "statement")]
    expires: Option<Timestamp>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Attach {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let statement = match (self.statement, self.issuer, self.scope, self.expires) {
            (Some(kind), Some(issuer), Some(scope), Some(expires)) => {
                Some(Word { kind, issuer, scope, expires })
            }
            _ => None,
        };
        let mut all = Vec::new();
        for path in &self.files {
            let shown = path.display();
            let unreadable = |error: std::io::Error| {
                Failure::new(format!("{shown} cannot be read: {error}"), format!("ls -l {shown}"))
            };
            let (digest, size_bytes) = archive::measure(path).map_err(unreadable)?;
            let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
            client.put_blob(digest, size_bytes, ReaderStream::new(file)).await?;
            let new = NewEvidence {
                subject: self.subject.clone(),
                original: digest,
                format: self.format.clone(),
                file_name: path.file_name().map(|it| it.to_string_lossy().into_owned()),
                statement: statement.clone(),
            };
            all.push(once(client.call::<AttachEvidence>((), (), new)).await?.value);
        }
        self.output.show(&all, |paint| render(&all, paint))
    }
}
