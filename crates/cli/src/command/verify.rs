//! `shipway verify`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use shipway_ledger::{Origin, leaf_hash};
use shipway_model::Digest;

use crate::command::trust::TrustArgs;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, Paint, plain};
use finding::{Finding, Given};

mod finding;

/// Check proofs, checkpoints and exported ledgers, with no server and no network
///
/// Every FILE is recognised by its content: a proof file (C2SP tlog-proof), a checkpoint (a signed note, also as
/// `shipway ledger head -o json` shows it) or a proof in JSON, of any log that follows RFC 6962. A folder is an exported
/// ledger (C2SP tlog-tiles) or an archive, all of which is hashed again. Two checkpoints of one log that contradict each other are
/// found too.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway verify event-12.tlog-proof --key ledger.pub
  shipway verify june.json july.json growth.json --key ledger.pub
  shipway verify their.tlog-proof --policy policy.txt --record their-record
  shipway verify ./exported --key ledger.pub -o json
  shipway verify /mnt/archive/ledger --key ledger.pub")]
pub(crate) struct Verify {
    /// Files, folders with an exported ledger, and archives
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    /// The record that a proof file is about, when the file does not hold it itself
    #[arg(long, value_name = "FILE", conflicts_with = "leaf")]
    record: Option<PathBuf>,
    /// The hash of that record as a leaf, for want of the record
    #[arg(long, value_name = "DIGEST")]
    leaf: Option<Digest>,
    #[command(flatten)]
    output: OutputArgs,
}

/// What `-o json` shows.
#[derive(Serialize)]
struct Report {
    sound: bool,
    findings: Vec<Finding>,
}

impl Verify {
    pub(crate) fn run(self) -> Outcome {
        let given = Given { policy: self.trust.policy()?, leaf: self.given_leaf()? };
        let mut findings: Vec<_> = self.files.iter().map(|file| finding::check(file, &given)).collect();
        finding::anchor(&mut findings);
        refuse_forks(&mut findings);
        let sound = findings.iter().all(|it| it.sound);
        let report = Report { sound, findings };
        self.output.show(&report, |paint| report.findings.iter().map(|it| line(it, paint)).collect())?;
        if !sound && !self.trust.is_given() && report.findings.iter().any(|it| it.needs_key) {
            crate::output::note(
                "hint: give the log's public key with --key FILE, or a policy with --policy FILE\n",
            );
        }
        Ok(if sound { Exit::Ok } else { Exit::Failed })
    }

    fn given_leaf(&self) -> Result<Option<Digest>, Failure> {
        let Some(path) = &self.record else { return Ok(self.leaf) };
        let record = std::fs::read(path).map_err(|error| cannot_read(path, &error))?;
        Ok(Some(leaf_hash(&record)))
    }
}

/// One log's key must not sign two roots for one size.
fn refuse_forks(findings: &mut [Finding]) {
    let mut seen: BTreeMap<(Origin, u64), (Digest, String)> = BTreeMap::new();
    for finding in findings {
        let Some(signed) = &finding.signed else { continue };
        let (root, file) = (signed.root, finding.file.clone());
        let (first_root, first_file) =
            seen.entry((signed.log.clone(), signed.size)).or_insert_with(|| (root, file));
        if *first_root != root {
            let (log, size) = (&signed.log, signed.size);
            let statement = format!(
                "contradicts {first_file}: the log {log} has signed two histories of {size} records, \
                 with the roots {first_root} and {root}"
            );
            (finding.sound, finding.statement) = (false, statement);
        }
    }
}

fn line(finding: &Finding, paint: Paint) -> String {
    let word = if finding.sound { paint.good("sound") } else { paint.bad("broken") };
    format!("{word}: {}: {}\n", plain(&finding.file), plain(&finding.statement))
}

fn cannot_read(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("{} cannot be read: {error}", path.display()), "shipway help verify")
}
