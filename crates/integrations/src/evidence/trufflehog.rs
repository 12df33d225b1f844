//! TruffleHog's JSON lines: secrets, some of them proven to work.
//!
//! A secret that was verified is critical; another is high. The secrets themselves (`Raw`, `RawV2`, `Redacted`) and
//! what the detector learned with them are not read.
//!
//! TruffleHog writes nothing at all where it finds nothing, and where it does not run. Its log on the other stream says
//! which: with `2>&1` the line `finished scanning` is in the document. Findings or that line must be there.

use std::collections::BTreeMap;

use serde::Deserialize;
use shipway_model::evidence::{Finding, FindingKind, Location, Normal, Severity};

use super::gathered::{Findings, excerpt};
use super::{Fault, Format, Head, Sniff, Source, json};

pub(super) const FORMAT: Format = Format {
    name: "trufflehog",
    summary: "TruffleHog's JSON lines (`trufflehog … --json 2>&1`).",
    sniff,
    read,
};

fn sniff(head: &Head<'_>) -> Sniff {
    let log = head.text.lines().next().is_some_and(|it| it.contains("\"logger\":\"trufflehog\""));
    match () {
        () if head.has_keys(&["SourceMetadata", "DetectorName"]) || (head.text.starts_with('{') && log) => {
            Sniff::Sure
        }
        () => Sniff::No,
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Found(Box<Found>),
    Log { msg: String, level: String },
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Found {
    source_metadata: Option<SourceMetadata>,
    detector_name: String,
    detector_description: Option<String>,
    verified: Option<bool>,
    verification_error: Option<String>,
}

/// By the kind of source; what is said of it differs from kind to kind.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SourceMetadata {
    data: Option<BTreeMap<String, Origin>>,
}

/// Files have names in repositories, paths on disks and keys in buckets.
#[derive(Deserialize)]
struct Origin {
    file: Option<String>,
    path: Option<String>,
    key: Option<String>,
    line: Option<u64>,
    commit: Option<String>,
    timestamp: Option<String>,
}

impl Found {
    fn finding(self) -> Finding {
        let verified = self.verified == Some(true);
        let origin = self.source_metadata.and_then(|it| it.data).and_then(|it| it.into_values().next());
        let file = origin.as_ref().and_then(|it| it.file.clone().or(it.path.clone()).or(it.key.clone()));
        let line = origin.as_ref().and_then(|it| it.line).filter(|it| *it > 0);
        let commit = origin.as_ref().and_then(|it| it.commit.as_deref());
        let certainty = match (verified, self.verification_error.is_some()) {
            (true, _) => "it was verified to work",
            (false, true) => "it could not be verified",
            (false, false) => "it was not verified to work",
        };
        let description = self.detector_description.unwrap_or_else(|| self.detector_name.clone());
        let place = file.as_deref().map(|it| {
            format!("{}:{it}:{}:{}", commit.unwrap_or_default(), self.detector_name, line.unwrap_or_default())
        });
        Finding {
            title: Some(format!("{} ({certainty})", excerpt(&description))),
            id: self.detector_name,
            kind: FindingKind::Secret,
            severity: if verified { Severity::Critical } else { Severity::High },
            location: file.map(|file| Location { file, line, column: None, end_line: None }),
            fingerprint: place,
            published_at: origin.and_then(|it| it.timestamp),
            ..Finding::default()
        }
    }
}

fn read(source: Source<'_>) -> Result<Normal, Fault> {
    let mut findings = Findings::default();
    let mut normal =
        Normal { format: FORMAT.name.to_owned(), tool: Some("trufflehog".to_owned()), ..Normal::default() };
    let (mut found, mut finished, mut errors) = (0_u64, false, 0_u64);
    json::read_lines(source, |line: Line| {
        match line {
            Line::Found(secret) => {
                found += 1;
                findings.push(secret.finding());
            }
            Line::Log { msg, level } => {
                finished |= msg == "finished scanning";
                errors += u64::from(level == "error");
            }
        }
        Ok(())
    })?;
    if found == 0 && !finished {
        let message = "it has neither findings nor the line `finished scanning`: write it with `--json 2>&1`";
        return Err(Fault::new(message));
    }
    if errors > 0 {
        normal.remarks.push(format!("TruffleHog logged {errors} errors: parts may not have been scanned"));
    }
    if !finished {
        normal.remarks.push("the document does not say whether the scan came to its end".to_owned());
    }
    findings.finish(&mut normal);
    Ok(normal)
}
