//! cargo-deny's JSON lines (`cargo deny --format json check 2> deny.jsonl`).
//!
//! Severity is the level at which the check is set: `error` high, `warning` medium, `note` and `help` none; an
//! advisory with a CVSS vector has the band of its score. The last line is the summary; without it cargo-deny did
//! not finish, and the document is refused.

use serde::Deserialize;
use shipway_model::evidence::{Finding, FindingKind, Normal, Package, Severity};

use super::advisory::purl;
use super::cargo_audit::Advisory;
use super::gathered::{Findings, excerpt};
use super::json::Unique;
use super::remarks::remark;
use super::{Fault, Format, Head, Sniff, Source, json};

pub(super) const FORMAT: Format = Format {
    name: "cargo-deny",
    summary: "cargo-deny's JSON lines (`cargo deny --format json check`).",
    sniff,
    read,
};

fn sniff(head: &Head<'_>) -> Sniff {
    let first = head.text.lines().next().unwrap_or_default();
    let typed = |name: &str| first.contains(&format!("\"type\":\"{name}\""));
    match () {
        () if !first.starts_with('{') || !first.contains("\"fields\"") => Sniff::No,
        () if typed("diagnostic") || typed("summary") => Sniff::Sure,
        () if typed("log") => Sniff::Maybe,
        () => Sniff::No,
    }
}

#[derive(Deserialize)]
#[serde(tag = "type", content = "fields", rename_all = "snake_case")]
enum Line {
    Diagnostic(Box<Diagnostic>),
    Log(Log),
    /// By check.
    Summary(Unique<Total>),
}

#[derive(Deserialize)]
struct Diagnostic {
    code: Option<String>,
    message: String,
    severity: String,
    graphs: Option<Vec<Node>>,
    labels: Option<Vec<Label>>,
    advisory: Option<Advisory>,
}

#[derive(Deserialize)]
struct Label {
    message: Option<String>,
    span: Option<String>,
}

/// A crate and what depends on it.
#[derive(Deserialize)]
struct Node {
    #[serde(rename = "Krate")]
    name: Option<Crate>,
    parents: Option<Vec<Node>>,
}

#[derive(Deserialize)]
struct Crate {
    name: String,
    version: Option<String>,
}

#[derive(Deserialize)]
struct Log {
    level: String,
    message: String,
}

#[derive(Deserialize)]
struct Total {
    errors: u64,
    warnings: u64,
}

impl Diagnostic {
    fn finding(self) -> Finding {
        let severity = match self.severity.as_str() {
            "error" | "bug" => Severity::High,
            "warning" => Severity::Medium,
            "note" | "help" => Severity::None,
            _ => Severity::Unknown,
        };
        let code = self.code.unwrap_or_default();
        let kind = match code.as_str() {
            "vulnerability" | "notice" => FindingKind::Vulnerability,
            "rejected"
            | "unlicensed"
            | "no-license-field"
            | "empty-license-field"
            | "parse-error"
            | "gather-failure"
            | "missing-clarification-file" => FindingKind::Licence,
            _ => FindingKind::Package,
        };
        let known = self.advisory.map(Advisory::finding).unwrap_or_default();
        // What was refused stands in the labels: licences, the reason of a ban, a source.
        let labels = self.labels.into_iter().flatten();
        let spans = labels
            .filter(|it| it.message.as_deref().is_none_or(|it| it != "banned here"))
            .filter_map(|it| it.span);
        let detail = spans.take(1).next().map_or(String::new(), |it| format!(" ({it})"));
        Finding {
            id: if known.id.is_empty() { code } else { known.id },
            aliases: known.aliases,
            kind,
            severity: if known.severity == Severity::Unknown { severity } else { known.severity },
            title: Some(excerpt(&format!("{}{detail}", self.message))),
            cvss: known.cvss,
            published_at: known.published_at,
            package: self.graphs.into_iter().flatten().next().and_then(Node::package),
            ..Finding::default()
        }
    }
}

impl Node {
    /// The package, with the first way on which it got in: from the top.
    fn package(self) -> Option<Package> {
        let Crate { name, version } = self.name?;
        let mut path = Vec::new();
        let mut parents = self.parents;
        while let Some(Node { name: Some(parent), parents: next }) =
            parents.and_then(|it| it.into_iter().next())
        {
            path.push(parent.name);
            parents = next;
        }
        path.reverse();
        let purl = purl::make("cargo", &name, version.as_deref());
        Some(Package { purl, name, version, fixed_in: Vec::new(), path })
    }
}

fn read(source: Source<'_>) -> Result<Normal, Fault> {
    let mut findings = Findings::default();
    let mut normal =
        Normal { format: FORMAT.name.to_owned(), tool: Some("cargo-deny".to_owned()), ..Normal::default() };
    let mut totals = None;
    let mut errors = 0_u64;
    json::read_lines(source, |line: Line| {
        match line {
            Line::Diagnostic(diagnostic) => {
                errors += u64::from(diagnostic.severity == "error");
                findings.push(diagnostic.finding());
            }
            Line::Log(Log { level, message }) if level.eq_ignore_ascii_case("error") => {
                remark(&mut normal.remarks, || excerpt(&message));
            }
            Line::Log(_) => (),
            Line::Summary(checks) => totals = Some(checks),
        }
        Ok(())
    })?;
    let Some(Unique(totals)) = totals else {
        let message = normal.remarks.pop().map_or(String::new(), |it| format!(": {it}"));
        return Err(Fault::new(format!(
            "it ends without cargo-deny's summary, so the checks did not finish{message}"
        )));
    };
    let told: u64 = totals.values().map(|it| it.errors).sum();
    if told != errors {
        normal.remarks.push(format!("the summary counts {told} errors, and {errors} are listed"));
    }
    let checks: Vec<&str> = totals.keys().map(String::as_str).collect();
    let warnings: u64 = totals.values().map(|it| it.warnings).sum();
    normal
        .remarks
        .push(format!("checked: {} ({told} errors, {warnings} warnings)", excerpt(&checks.join(", "))));
    findings.finish(&mut normal);
    Ok(normal)
}
