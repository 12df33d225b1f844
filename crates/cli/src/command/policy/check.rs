//! `shipway policy check`

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use shipway_model::evidence::Normal;
use shipway_model::gate::{Requirement, Status};
use shipway_model::release::{Document, ReleaseRef};
use shipway_model::{Digest, EvidenceId, Name, ReleaseId};
use shipway_policy::Answer;
use shipway_policy::facts::{Evidence, Facts, Running, Service, Surroundings};
use shipway_runtime::{Clock as _, SystemClock};

use super::files;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, Paint, Table, plain};
use crate::sandbox::decide;

/// Ask policies about evidence in files, without a control plane
///
/// The documents are taken as evidence about one service, sent now by somebody who did not build it. The exit code is 0
/// when every gate passes and 1 when one does not.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway policy check policy.yaml --evidence junit.xml coverage.lcov
  shipway policy check policies/ --evidence trivy.json sbom.cdx.json --document runbook -o json
  shipway policy check policy.yaml --evidence load.json --baseline load-of-1.0.0.json
  shipway policy check policy.yaml --facts facts.json")]
pub(crate) struct Check {
    /// Files with documents of kind Policy; folders are walked
    #[arg(required = true, value_name = "FILE")]
    policies: Vec<PathBuf>,
    /// Documents of the tools
    #[arg(long, value_name = "FILE", num_args = 1..)]
    evidence: Vec<PathBuf>,
    /// Documents about what runs now, to compare with
    #[arg(long, value_name = "FILE", num_args = 1..)]
    baseline: Vec<PathBuf>,
    /// A document that travels with the release: runbook, notes, rollback-package, migrations or flags
    #[arg(long, value_parser = parse_document)]
    document: Vec<Document>,
    /// The service that the documents are about
    #[arg(long, default_value = "service")]
    service: Name,
    /// A whole facts document instead of single files
    #[arg(long, value_name = "FILE", conflicts_with_all = ["evidence", "baseline", "document"])]
    facts: Option<PathBuf>,
    /// The instant at which it is asked; the facts' own, or now
    #[arg(long, value_name = "INSTANT")]
    at: Option<Timestamp>,
    #[command(flatten)]
    output: OutputArgs,
}

/// What `-o json` shows.
#[derive(Serialize)]
struct Report {
    passes: bool,
    requirements: Vec<Requirement>,
}

impl Check {
    pub(crate) fn run(self) -> Outcome {
        let policies = files::policies(&self.policies)?;
        let mut facts = match &self.facts {
            Some(path) => {
                let text = files::text(path)?;
                let read = serde_json::from_str::<Facts>(&text);
                read.map_err(|error| {
                    Failure::new(format!("{}: {error}", path.display()), "shipway policy check --help")
                })?
            }
            None => self.gather()?,
        };
        if let Some(at) = self.at {
            facts.at = at;
        }
        let Answer { passes, requirements } = decide(&policies, &facts);
        let report = Report { passes, requirements };
        self.output.show(&report, |paint| render(&report, paint))?;
        Ok(if passes { Exit::Ok } else { Exit::Failed })
    }

    /// Facts about a release of one service, made for this question alone.
    fn gather(&self) -> Result<Facts, Failure> {
        let (artifact, before) = (Digest::of(b"the artifact in question"), Digest::of(b"what runs now"));
        let at = self.at.unwrap_or_else(|| SystemClock.now());
        let mut n_documents = 0;
        let mut attach = |subject: Digest, path: &PathBuf| {
            n_documents += 1;
            let normal = files::document(path)?;
            let id = EvidenceId::from_uuid(uuid::Uuid::from_u128(n_documents));
            Ok::<_, Failure>(self.attached(id, subject, path, normal, at))
        };
        let evidence = self.evidence.iter().map(|it| attach(artifact, it)).collect::<Result<_, _>>()?;
        let baseline: Vec<Evidence> =
            self.baseline.iter().map(|it| attach(before, it)).collect::<Result<_, _>>()?;
        let version = "0.0.0".parse::<shipway_model::Version>().expect("a valid version");
        let running = Running { version: version.clone(), artifacts: BTreeSet::from([before]) };
        let service = Service {
            version: version.clone(),
            artifacts: BTreeSet::from([artifact]),
            commit: String::new(),
            builder: String::new(),
            registered_by: BTreeSet::new(),
            owner: None,
            tier: None,
            running: (!baseline.is_empty()).then_some(running),
            depends_on: BTreeSet::new(),
            monitoring: None,
            vendors: BTreeMap::new(),
        };
        Ok(Facts {
            release: ReleaseRef {
                id: ReleaseId::from_uuid(uuid::Uuid::nil()),
                name: self.service.clone(),
                version,
                digest: Digest::of(b"the release in question"),
            },
            makers: BTreeSet::new(),
            environment: "anywhere".parse().expect("a valid name"),
            at,
            services: BTreeMap::from([(self.service.clone(), service)]),
            documents: self.document.iter().copied().collect(),
            evidence,
            baseline,
            waivers: Vec::new(),
            known_errors: BTreeMap::new(),
            dropped_errors: BTreeSet::new(),
            surroundings: Surroundings::default(),
            quarantines: Vec::new(),
            contents: BTreeMap::new(),
        })
    }

    fn attached(
        &self,
        id: EvidenceId,
        subject: Digest,
        path: &std::path::Path,
        normal: Normal,
        at: Timestamp,
    ) -> Evidence {
        Evidence {
            id,
            subject: BTreeSet::from([subject]),
            services: BTreeSet::from([self.service.clone()]),
            format: normal.format.clone(),
            kinds: normal.kinds(),
            at,
            by: "whoever asks".to_owned(),
            // Two files of one tool are two documents, whatever their names.
            file_name: Some(path.display().to_string()),
            statement: None,
            seal: None,
            unsealed: None,
            ran: None,
            normal: Some(Box::new(normal)),
        }
    }
}

fn render(report: &Report, paint: Paint) -> String {
    let mut text = match report.passes {
        true => format!("{}\n\n", paint.good("passes")),
        false => format!("{}\n\n", paint.bad("does not pass")),
    };
    let mut table = Table::new(["POLICY", "GATE", "KIND", "SERVICE", "STATUS"]);
    for it in &report.requirements {
        let service = it.service.as_ref().map_or("", Name::as_str);
        table.row([it.policy.as_str(), it.gate.as_str(), &it.kind, service, it.status.as_str()]);
    }
    text += &table.render(paint, "The policies ask for nothing.");
    for it in &report.requirements {
        text += &format!("\n{} {}\n", paint.strong(it.gate.as_str()), status(it.status, paint));
        for reason in &it.reasons {
            text += &format!("  {}\n", plain(reason));
        }
    }
    text
}

fn status(status: Status, paint: Paint) -> String {
    match status {
        Status::Satisfied => paint.good(status.as_str()),
        Status::Waived | Status::Waiting => paint.warn(status.as_str()),
        Status::Missing | Status::Failed => paint.bad(status.as_str()),
    }
}

fn parse_document(text: &str) -> Result<Document, String> {
    serde_json::from_value(text.into())
        .map_err(|_| "the documents are runbook, notes, rollback-package, migrations and flags".to_owned())
}
