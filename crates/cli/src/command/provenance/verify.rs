//! `shipway provenance verify`

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use shipway_integrations::provenance;
use shipway_model::attestation::Attestation;
use shipway_model::evidence::Normal;
use shipway_model::release::ReleaseRef;
use shipway_model::resource::Policy;
use shipway_model::resource::policy::{Gate, Provenance, Require};
use shipway_model::{Digest, EvidenceId, Name, ReleaseId};
use shipway_policy::decide;
use shipway_policy::facts::{Evidence, Facts, Service, Surroundings};
use shipway_runtime::{Clock as _, SystemClock};

use super::roots::{RootsArgs, document};
use crate::archive;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, Paint, plain};

/// Verify who signed for an artifact, and how it was built, offline
///
/// Documents are DSSE envelopes with in-toto statements (SLSA provenance, verification summaries) and Sigstore bundles,
/// signed with a key or keyless with a certificate. What was signed must be about the artifact. With conditions, one and the same attestation
/// has to meet them all: this is the gate `provenance`, asked here. The exit code is 0 when it passes and 1 when not.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway provenance verify shop.intoto.jsonl --artifact shop-1.2.0.tar.gz --roots roots.yaml
  shipway provenance verify build.dsse.json --artifact shop.tar.gz --roots roots/ --builder https://ci.example.com/* --reference refs/tags/v*
  shipway provenance verify shop.sigstore.json --artifact shop.tar.gz --roots roots.yaml --identity 'https://token.actions.githubusercontent.com#https://github.com/example/shop/*'
  shipway provenance verify bundle.json --artifact sha256:c40004366d684cdf64f8ffcbef5cc173ed227c7a39bf7dbf6aeb71d9ca9610d8 --roots roots.yaml -o json")]
pub(crate) struct Verify {
    /// `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    documents: Vec<PathBuf>,
    /// What the documents must be about: a file, or its digest
    #[arg(long, value_name = "FILE|DIGEST")]
    artifact: String,
    #[command(flatten)]
    roots: RootsArgs,
    /// A builder that may have built it; `*` at the end covers what begins alike. Repeatable, as are the next three
    #[arg(long, value_name = "ID")]
    builder: Vec<String>,
    /// A repository that it may come from
    #[arg(long, value_name = "URL")]
    repository: Vec<String>,
    /// A branch or tag that it may come from
    #[arg(long, value_name = "REF")]
    reference: Vec<String>,
    /// Who a certificate must give, for keyless bundles
    #[arg(long, value_name = "ISSUER#SUBJECT")]
    identity: Vec<String>,
    /// The lowest SLSA build level, as a signed verification summary says it
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=4))]
    level: Option<u8>,
    /// The instant at which keys must be valid; now
    #[arg(long, value_name = "INSTANT")]
    at: Option<Timestamp>,
    #[command(flatten)]
    output: OutputArgs,
}

/// What `-o json` shows.
#[derive(Serialize)]
struct Report {
    passes: bool,
    artifact: Digest,
    reasons: Vec<String>,
    attestations: Vec<Attestation>,
}

impl Verify {
    pub(crate) fn run(self) -> Outcome {
        let roots = self.roots.read()?;
        let artifact = self.digest()?;
        let at = self.at.unwrap_or_else(|| SystemClock.now());
        let mut attestations = Vec::new();
        for path in &self.documents {
            let verified = provenance::verify(&document(path)?, &roots, at);
            attestations.extend(verified.map_err(|it| {
                let shown = path.display();
                Failure::new(plain(&format!("{shown}: {it}")), format!("shipway evidence inspect {shown}"))
            })?);
        }
        let facts = facts(artifact, attestations.clone(), at);
        let policies =
            BTreeMap::from([(name("asked"), Policy { gates: vec![self.gate()], senders: BTreeMap::new() })]);
        let answer = decide(&policies, &facts);
        let reasons = answer.requirements.into_iter().flat_map(|it| it.reasons).collect();
        let report = Report { passes: answer.passes, artifact, reasons, attestations };
        self.output.show(&report, |paint| render(&report, paint))?;
        Ok(if report.passes { Exit::Ok } else { Exit::Failed })
    }

    fn digest(&self) -> Result<Digest, Failure> {
        if self.artifact.starts_with("sha256:") {
            let digest = self.artifact.parse();
            return digest.map_err(|error| Failure::because(&error, "sha256sum FILE"));
        }
        let measured = archive::measure(PathBuf::from(&self.artifact).as_path());
        let digest = measured.map(|(digest, _)| digest);
        digest.map_err(|error| {
            let shown = &self.artifact;
            Failure::new(format!("{shown} cannot be read: {error}"), format!("ls -l {shown}"))
        })
    }

    fn gate(&self) -> Gate {
        let set = |list: &[String]| list.iter().cloned().collect::<BTreeSet<_>>();
        let rule = Provenance {
            builders: set(&self.builder),
            repositories: set(&self.repository),
            references: set(&self.reference),
            identities: set(&self.identity),
            level: self.level,
            ..Provenance::default()
        };
        Gate {
            name: name("provenance"),
            services: BTreeSet::new(),
            require: Require::Provenance(rule),
            max_age: None,
            independent: false,
            owner: None,
        }
    }
}

/// Facts about a release of this one artifact, made for this question alone.
fn facts(artifact: Digest, attestations: Vec<Attestation>, at: Timestamp) -> Facts {
    let service = name("artifact");
    let version: shipway_model::Version = "0.0.0".parse().expect("a valid version");
    let normal =
        Normal { format: "attestation".to_owned(), attestations: Some(attestations), ..Normal::default() };
    let evidence = Evidence {
        id: EvidenceId::from_uuid(uuid::Uuid::nil()),
        subject: BTreeSet::from([artifact]),
        services: BTreeSet::from([service.clone()]),
        format: normal.format.clone(),
        kinds: normal.kinds(),
        at,
        by: "whoever asks".to_owned(),
        file_name: None,
        statement: None,
        seal: None,
        unsealed: None,
        ran: None,
        normal: Some(Box::new(normal)),
    };
    let in_question = Service {
        version: version.clone(),
        artifacts: BTreeSet::from([artifact]),
        commit: String::new(),
        builder: String::new(),
        registered_by: BTreeSet::new(),
        owner: None,
        tier: None,
        running: None,
        depends_on: BTreeSet::new(),
        monitoring: None,
        vendors: BTreeMap::new(),
    };
    let release = ReleaseRef {
        id: ReleaseId::from_uuid(uuid::Uuid::nil()),
        name: service.clone(),
        version,
        digest: Digest::of(b"the release in question"),
    };
    Facts {
        release,
        makers: BTreeSet::new(),
        environment: name("anywhere"),
        at,
        services: BTreeMap::from([(service, in_question)]),
        documents: BTreeSet::new(),
        evidence: vec![evidence],
        baseline: Vec::new(),
        waivers: Vec::new(),
        known_errors: BTreeMap::new(),
        dropped_errors: BTreeSet::new(),
        surroundings: Surroundings::default(),
        quarantines: Vec::new(),
        contents: BTreeMap::new(),
    }
}

fn name(text: &str) -> Name {
    text.parse().expect("a valid name")
}

fn render(report: &Report, paint: Paint) -> String {
    let mut text = match report.passes {
        true => format!("{} {}\n", paint.good("proven:"), report.artifact),
        false => format!("{} {}\n", paint.bad("not proven:"), report.artifact),
    };
    for reason in &report.reasons {
        text += &format!("  {}\n", plain(reason));
    }
    for it in &report.attestations {
        text += &format!("\n{}\n", paint.strong(&plain(&it.predicate_type)));
        for signer in &it.signers {
            text += &format!(
                "  signed by {}\n",
                plain(&format!("{} of {}, {}", signer.identity, signer.root, signer.key))
            );
        }
        for why in &it.refused {
            text += &format!("  {} {}\n", paint.bad("refused:"), plain(why));
        }
        if let Some(build) = &it.build {
            text += &format!("  built by {}\n", plain(&build.builder));
            let source = [&build.repository, &build.reference, &build.commit];
            let source: Vec<_> = source.into_iter().flatten().map(|it| plain(it)).collect();
            text += &format!("  from {}\n", source.join(" "));
        }
        if let Some(summary) = &it.summary {
            let result = if summary.passed { "passed" } else { "failed" };
            text += &format!(
                "  {result} by {}: {}\n",
                plain(&summary.verifier),
                plain(&summary.levels.join(", "))
            );
        }
    }
    text
}
