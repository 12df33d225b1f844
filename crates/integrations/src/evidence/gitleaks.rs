//! Gitleaks' JSON: secrets found in a history or folder.
//!
//! Gitleaks does not rate what it finds: severity is high. The secret, the line it stands in, and who committed it with
//! which message are not read; file, line and fingerprint lead there.

use serde::Deserialize;
use shipway_model::evidence::{Finding, FindingKind, Location, Normal, Severity};

use super::gathered::{Findings, Gather, Gathered, excerpt};
use super::{Fault, Format, Head, Sniff, Source, json};

pub(super) const FORMAT: Format = Format {
    name: "gitleaks",
    summary: "Gitleaks' JSON report (`gitleaks … --report-format json`).",
    sniff,
    read,
};

fn sniff(head: &Head<'_>) -> Sniff {
    let has = |key: &str| head.text.contains(key);
    let named = head.file_name.is_some_and(|it| it.contains("gitleaks"));
    match () {
        () if !head.text.starts_with('[') => Sniff::No,
        () if has("\"RuleID\"") && has("\"StartLine\"") => Sniff::Sure,
        // Nothing found is an empty list, whoever writes it.
        () if named => Sniff::Maybe,
        () => Sniff::No,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Leak {
    #[serde(rename = "RuleID")]
    rule_id: String,
    description: Option<String>,
    file: String,
    start_line: Option<u64>,
    start_column: Option<u64>,
    end_line: Option<u64>,
    date: Option<String>,
    fingerprint: Option<String>,
}

#[derive(Default)]
struct Leaks(Findings);

impl Gather for Leaks {
    type Item = Leak;

    fn gather(&mut self, leak: Leak) {
        self.0.push(Finding {
            id: leak.rule_id,
            kind: FindingKind::Secret,
            severity: Severity::High,
            title: leak.description.as_deref().map(excerpt),
            location: Some(Location {
                file: leak.file,
                line: leak.start_line,
                column: leak.start_column,
                end_line: leak.end_line,
            }),
            fingerprint: leak.fingerprint.filter(|it| !it.is_empty()),
            published_at: leak.date.filter(|it| !it.is_empty()),
            ..Finding::default()
        });
    }
}

fn read(source: Source<'_>) -> Result<Normal, Fault> {
    let Gathered(Leaks(findings)) = json::read(source)?;
    let mut normal =
        Normal { format: FORMAT.name.to_owned(), tool: Some("gitleaks".to_owned()), ..Normal::default() };
    findings.finish(&mut normal);
    Ok(normal)
}
