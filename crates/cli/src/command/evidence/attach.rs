//! `shipway evidence attach`

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use shipway_api::Client;
use shipway_api::operations::evidence::{AttachEvidence, NewEvidence};
use shipway_api::operations::release::{ReleasePath, ShowRelease};
use shipway_api::selector::SubjectSelector;
use shipway_api::view::release::Seal;
use shipway_model::evidence::{NAMESPACE, Ran, SignedWord, Word};
use shipway_model::{Digest, Name};
use tokio_util::io::ReaderStream;

use super::list::render;
use crate::archive;
use crate::connection::{connect, once};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::keygen::{self, Purpose};
use crate::output::{OutputArgs, print};
use crate::settings::ConnectionArgs;

/// Of the signatures that are made here.
const PURPOSE: Purpose = Purpose {
    namespace: NAMESPACE,
    print: "shipway evidence attach FILE … --statement KIND … --print",
    give: "`--signature word.json.sig`",
};

/// Attach documents to what they are about
///
/// The format is found by content. A document counts for exactly the digests that are named; name several when they
/// were tested together. Attaching the same again changes nothing.
///
/// A document that only people can read is taken at its issuer's word, with scope and expiry. With --sign the issuer's SSH
/// key signs all of that together with the digests of the document and of what it is about, through `ssh-keygen`, which
/// also asks agents and security keys. A TrustRoot says whose keys sign for whom.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway evidence attach target/junit.xml coverage.lcov --subject sha256:c40004366d684cdf64f8ffcbef5cc173ed227c7a39bf7dbf6aeb71d9ca9610d8
  shipway evidence attach sbom.cdx.json trivy.json --subject shop@1.2.0
  shipway evidence attach e2e.xml --subject sha256:c40004366d684cdf64f8ffcbef5cc173ed227c7a39bf7dbf6aeb71d9ca9610d8 --subject sha256:77ab04366d684cdf64f8ffcbef5cc173ed227c7a39bf7dbf6aeb71d9ca9610d8
  shipway evidence attach k6.json --subject shop@1.2.0 --ran-in staging --ran-over orders=1200000
  shipway evidence attach pentest.pdf --subject shop@1.2.0 --statement penetration-test --issuer 'Red Team' --scope 'external interface' --expires 2027-06-30T00:00:00Z
  shipway evidence attach drill.md --subject shop@1.2.0 --statement dr-drill --issuer ops@example.com --scope 'all zones' --expires 2027-06-30T00:00:00Z --sign ~/.ssh/id_ed25519
  shipway evidence attach pentest.pdf --subject shop@1.2.0 --statement penetration-test --issuer 'Red Team' --scope 'external interface' --expires 2027-06-30T00:00:00Z --print > word.json
  shipway evidence attach pentest.pdf --subject shop@1.2.0 --statement penetration-test --issuer 'Red Team' --scope 'external interface' --expires 2027-06-30T00:00:00Z --signature word.json.sig")]
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
    /// Sign the statement with this SSH key
    #[arg(long, value_name = "KEY", requires = "statement")]
    sign: Option<PathBuf>,
    /// Write what is to be signed for the one document, and attach nothing
    #[arg(long, requires = "statement", conflicts_with_all = ["sign", "signature"])]
    print: bool,
    /// What `ssh-keygen -Y sign -n evidence@shipway.dev` made of what --print wrote
    #[arg(long, value_name = "FILE", requires = "statement", conflicts_with = "sign")]
    signature: Option<PathBuf>,
    /// The environment in which the tests ran; what it declares as its `scale` is what they ran over
    #[arg(long, value_name = "ENV")]
    ran_in: Option<Name>,
    /// Over how much of a data set the tests ran, as it was counted, such as orders=1200000
    #[arg(long, value_name = "NAME=COUNT", value_parser = parse_count)]
    ran_over: Vec<(Name, u64)>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Attach {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        if self.files.len() > 1 && (self.print || self.signature.is_some()) {
            let message = "one signature is over one document";
            return Err(Failure::usage(message, "shipway help evidence attach"));
        }
        let statement = self.word();
        let mut all = Vec::new();
        for path in &self.files {
            let (digest, size_bytes) = archive::measure(path).map_err(|it| unreadable(path, &it))?;
            let signed = match &statement {
                Some(word) if self.print || self.sign.is_some() => {
                    Some(SignedWord::new(word, digest, self.digests(&client).await?).bytes())
                }
                _ => None,
            };
            if let (true, Some(signed)) = (self.print, &signed) {
                print(&String::from_utf8_lossy(signed));
                return Ok(Exit::Ok);
            }
            let signature = self.signature(signed.as_deref())?;
            let file = tokio::fs::File::open(path).await.map_err(|it| unreadable(path, &it))?;
            client.put_blob(digest, size_bytes, ReaderStream::new(file)).await?;
            let new = NewEvidence {
                subject: self.subject.clone(),
                original: digest,
                format: self.format.clone(),
                file_name: path.file_name().map(|it| it.to_string_lossy().into_owned()),
                statement: statement.clone(),
                signature,
                ran: self.ran(),
            };
            all.push(once(client.call::<AttachEvidence>((), (), new)).await?.value);
        }
        self.output.show(&all, |paint| render(&all, paint))
    }

    fn ran(&self) -> Option<Ran> {
        let ran = Ran { environment: self.ran_in.clone(), data: self.ran_over.iter().cloned().collect() };
        (ran != Ran::default()).then_some(ran)
    }

    fn word(&self) -> Option<Word> {
        let (kind, issuer) = (self.statement.clone()?, self.issuer.clone()?);
        Some(Word { kind, issuer, scope: self.scope.clone()?, expires: self.expires? })
    }

    /// What it is about, as it is signed: a release by the digest under which it was sealed.
    async fn digests(&self, client: &Client) -> Result<BTreeSet<Digest>, Failure> {
        let mut digests = BTreeSet::new();
        for subject in &self.subject {
            digests.insert(match subject {
                SubjectSelector::Digest(digest) => *digest,
                SubjectSelector::Release(release) => {
                    let path = ReleasePath { release: release.clone() };
                    match client.call::<ShowRelease>(path, (), ()).await?.value.seal {
                        Seal::Sealed { digest, .. } => digest,
                        Seal::Open {} => {
                            let message = format!("{release} is not sealed, so it may still change");
                            return Err(Failure::new(message, format!("shipway release seal {release}")));
                        }
                    }
                }
            });
        }
        Ok(digests)
    }

    fn signature(&self, signed: Option<&[u8]>) -> Result<Option<String>, Failure> {
        match (&self.sign, &self.signature, signed) {
            (Some(key), _, Some(signed)) => keygen::sign(key, signed, &PURPOSE).map(Some),
            (_, Some(file), _) => fs::read_to_string(file).map(Some).map_err(|it| unreadable(file, &it)),
            _ => Ok(None),
        }
    }
}

fn parse_count(text: &str) -> Result<(Name, u64), String> {
    let (name, count) = text.split_once('=').ok_or("it is written NAME=COUNT, such as orders=1200000")?;
    let name = name.parse::<Name>().map_err(|it| it.to_string())?;
    let count = count.parse().map_err(|_| format!("`{count}` is no whole number"))?;
    Ok((name, count))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let shown = path.display();
    Failure::new(format!("{shown} cannot be read: {error}"), format!("ls -l {shown}"))
}
