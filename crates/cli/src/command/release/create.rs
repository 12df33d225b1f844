//! `shipway release create`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use shipway_api::Client;
use shipway_api::operations::access::{CommitList, RecordCommits};
use shipway_api::operations::release::{CreateRelease, ReleasePath, SealRelease};
use shipway_api::operations::source::{RecordSources, SourceList};
use shipway_api::selector::ReleaseSelector;
use shipway_model::release::{Bundle, Class, Document, Part};
use shipway_model::source::Source;
use shipway_model::{Digest, Name, Version};
use tokio_util::io::ReaderStream;

use super::commits;
use super::known_errors;
use super::show::render;
use super::sources;
use super::touches;
use crate::archive;
use crate::command::artifact;
use crate::connection::{connect, once};
use crate::failure::{Failure, Outcome};
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Put registered builds together as a release
///
/// The release stays open until it is sealed; only a sealed release can be shipped.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway release create shop 1.2.0 --part web=1.2.0 --part checkout=1.2.0 --seal
  shipway release create shop 1.2.1 --part checkout=1.2.1 --variant checkout@eu=1.2.1-eu
  shipway release create shop 1.2.2 --part checkout=1.2.2 --class emergency --seal
  shipway release create shop 1.2.3 --part web=1.2.3 --commits v1.2.2..v1.2.3 --seal
  shipway release create shop 1.2.3 --part web=1.2.3 --source shop=v1.2.2..v1.2.3 --seal
  git diff --numstat v1.1.0..v1.2.0 | shipway release create shop 1.2.0 --part web=1.2.0 --touches - --seal
  shipway release create shop 1.2.4 --part web=1.2.4 --known-errors known-errors.yaml --mends double-mail --seal
  shipway release create shop 1.2.0 --part web=1.2.0 --document runbook=docs/runbook.md --document notes=NOTES.md")]
pub(crate) struct Create {
    name: Name,
    version: Version,
    /// A service and the version of its registered build
    #[arg(long = "part", value_name = "SERVICE=VERSION", required = true, value_parser = parse_part)]
    parts: Vec<(Name, Version)>,
    /// Another build of a part for the targets of a region
    #[arg(long = "variant", value_name = "SERVICE@REGION=VERSION", value_parser = parse_variant)]
    variants: Vec<(Name, Name, Version)>,
    /// A file that travels with it: runbook, notes, rollback-package, migrations or flags
    #[arg(long = "document", value_name = "DOCUMENT=FILE", value_parser = parse_document)]
    documents: Vec<(Document, PathBuf)>,
    /// What it changes in the sources, as `git diff --numstat` writes it; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    touches: Option<PathBuf>,
    /// What kind of change it is: standard, normal, major or emergency; calendars and change policies tell them apart
    #[arg(long, default_value = "normal", value_parser = parse_class)]
    class: Class,
    /// Who wrote what it brings: a range of the Git repository here, or a file with what `git log` says of it
    ///
    /// Where an environment segregates duties, whoever wrote a commit neither approves nor ships it.
    #[arg(long, value_name = "RANGE|FILE")]
    commits: Option<String>,
    /// Defects with which it ships: NAME: {defect, owner, mitigation, monitor, expires}, in YAML or JSON
    ///
    /// They are sealed with it under names that stay from release to release. Somebody else has to take them on:
    /// `shipway release accept`.
    #[arg(long, value_name = "FILE")]
    known_errors: Option<PathBuf>,
    /// A known error of the release before that it mends; may be repeated
    #[arg(long = "mends", value_name = "NAME")]
    mends: Vec<Name>,
    /// From which branch or tag of a declared Repository it comes, of the Git repository here; may be repeated
    ///
    /// With what the release before was built of in front, `FROM..REF`, who merged since is told too.
    #[arg(long = "source", value_name = "REPOSITORY=REF", value_parser = sources::parse)]
    sources: Vec<sources::Given>,
    /// Seal it at once
    #[arg(long)]
    seal: bool,
    #[command(flatten)]
    output: OutputArgs,
}

impl Create {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let commits = self.commits.as_deref().map(commits::read).transpose()?;
        let sources: Vec<Source> = self.sources.iter().map(sources::read).collect::<Result<_, _>>()?;
        let mut builds = Builds { client: &client, known: BTreeMap::new() };
        let mut parts = BTreeMap::new();
        for (service, version) in self.parts {
            let artifact = builds.digest(&service, &version).await?;
            let part = Part { version, artifact, variants: BTreeMap::new(), configuration: None };
            if parts.insert(service.clone(), part).is_some() {
                let message = format!("the part {service} is given twice");
                return Err(Failure::usage(message, "shipway help release create"));
            }
        }
        for (service, region, version) in self.variants {
            let artifact = builds.digest(&service, &version).await?;
            let Some(part) = parts.get_mut(&service) else {
                let message = format!("the variant {service}@{region} belongs to no part");
                let next = format!("add --part {service}=VERSION");
                return Err(Failure::usage(message, next));
            };
            part.variants.insert(region, artifact);
        }
        let mut documents = BTreeMap::new();
        for (document, file) in self.documents {
            documents.insert(document, upload(&client, &file).await?);
        }
        let class = self.class;
        let touches = self.touches.as_deref().map(touches::read).transpose()?;
        let bundle = Bundle {
            name: self.name,
            version: self.version,
            parts,
            documents,
            runbooks: BTreeMap::new(),
            class,
            touches,
            known_errors: self
                .known_errors
                .as_deref()
                .map(known_errors::read)
                .transpose()?
                .unwrap_or_default(),
            mended_errors: self.mends.into_iter().collect(),
        };
        let mut view = once(client.call::<CreateRelease>((), (), bundle)).await?.value;
        if let Some(commits) = commits {
            let path = ReleasePath { release: ReleaseSelector::Id(view.id) };
            once(client.call::<RecordCommits>(path, (), CommitList { commits })).await?;
        }
        if !sources.is_empty() {
            let path = ReleasePath { release: ReleaseSelector::Id(view.id) };
            view = once(client.call::<RecordSources>(path, (), SourceList { sources })).await?.value;
        }
        if self.seal {
            let path = ReleasePath { release: ReleaseSelector::Id(view.id) };
            view = once(client.call::<SealRelease>(path, (), ())).await?.value;
        }
        self.output.show(&view, |paint| render(&view, paint))
    }
}

/// Looks registered builds up, asking once per service.
struct Builds<'c> {
    client: &'c Client,
    known: BTreeMap<Name, BTreeMap<Version, Digest>>,
}

impl Builds<'_> {
    async fn digest(&mut self, service: &Name, version: &Version) -> Result<Digest, Failure> {
        if !self.known.contains_key(service) {
            let all = artifact::list::all(self.client, Some(service.clone())).await?;
            let versions = all.into_iter().map(|it| (it.artifact.version, it.artifact.digest)).collect();
            self.known.insert(service.clone(), versions);
        }
        self.known[service].get(version).copied().ok_or_else(|| {
            let next = format!("shipway artifact list --service {service}");
            Failure::new(format!("no build of {service} {version} is registered"), next)
        })
    }
}

async fn upload(client: &Client, path: &Path) -> Result<Digest, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::new(
            format!("{} cannot be read: {error}", path.display()),
            format!("ls -l {}", path.display()),
        )
    };
    let (digest, size_bytes) = archive::measure(path).map_err(unreadable)?;
    let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
    client.put_blob(digest, size_bytes, ReaderStream::new(file)).await?;
    Ok(digest)
}

fn parse_part(text: &str) -> Result<(Name, Version), String> {
    let (service, version) = text.split_once('=').ok_or("write SERVICE=VERSION, for example web=1.2.0")?;
    Ok((parse(service)?, parse(version)?))
}

fn parse_variant(text: &str) -> Result<(Name, Name, Version), String> {
    let parts = text.split_once('=').and_then(|(left, version)| Some((left.split_once('@')?, version)));
    let ((service, region), version) =
        parts.ok_or("write SERVICE@REGION=VERSION, for example checkout@eu=1.2.0-eu")?;
    Ok((parse(service)?, parse(region)?, parse(version)?))
}

fn parse_document(text: &str) -> Result<(Document, PathBuf), String> {
    let (document, file) =
        text.split_once('=').ok_or("write DOCUMENT=FILE, for example runbook=runbook.md")?;
    let document = serde_json::from_value(document.into())
        .map_err(|_| "the documents are runbook, notes, rollback-package, migrations and flags")?;
    Ok((document, file.into()))
}

fn parse_class(text: &str) -> Result<Class, String> {
    serde_json::from_value(text.into())
        .map_err(|_| "the classes are standard, normal, major and emergency".to_owned())
}

fn parse<T: FromStr<Err: ToString>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}
