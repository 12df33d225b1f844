//! SonarQube's and SonarCloud's issues, as `api/issues/search` answers.

use std::collections::HashMap;

use serde::Deserialize;
use shipway_model::evidence::{Debt, Finding, FindingKind, Location, Normal, Severity};

use super::gathered::Findings;
use super::{Fault, Format, Head, Sniff, Source, json};

pub(super) const FORMAT: Format = Format {
    name: "sonarqube",
    summary: "Issues of SonarQube or SonarCloud, as `api/issues/search` answers.",
    sniff,
    read,
};

/// SonarQube's own default: a day of effort has eight hours.
const MINUTES_PER_DAY: u64 = 8 * 60;

fn sniff(head: &Head<'_>) -> Sniff {
    match head.has_keys(&["issues"]) {
        true if head.has_keys(&["paging", "effortTotal"]) || head.has_keys(&["rule", "component"]) => {
            Sniff::Sure
        }
        true if head.has_keys(&["paging"]) => Sniff::Maybe,
        _ => Sniff::No,
    }
}

#[derive(Deserialize)]
struct Page {
    total: Option<u64>,
    paging: Option<Paging>,
    issues: Vec<Issue>,
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Deserialize)]
struct Paging {
    total: u64,
}

#[derive(Deserialize)]
struct Component {
    key: String,
    path: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issue {
    key: String,
    rule: String,
    component: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    severity: Option<String>,
    #[serde(default)]
    impacts: Vec<Impact>,
    status: Option<String>,
    issue_status: Option<String>,
    resolution: Option<String>,
    message: Option<String>,
    line: Option<u64>,
    text_range: Option<Range>,
    effort: Option<String>,
    debt: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    creation_date: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Impact {
    software_quality: String,
    severity: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Range {
    start_line: u64,
    end_line: Option<u64>,
    start_offset: Option<u64>,
}

fn read(source: Source<'_>) -> Result<Normal, Fault> {
    let page: Page = json::read(source)?;
    let n_listed = page.issues.len() as u64;
    let paths: HashMap<_, _> =
        page.components.into_iter().filter_map(|it| it.path.map(|path| (it.key, path))).collect();
    let mut debt = Debt::default();
    let mut findings = Findings::default();
    for issue in page.issues.into_iter().filter(|it| !it.is_gone()) {
        if issue.suppression().is_none() {
            owe(&mut debt, &issue)?;
        }
        findings.push(issue.into_finding(&paths));
    }
    let mut normal =
        Normal { format: FORMAT.name.to_owned(), tool: Some("SonarQube".to_owned()), ..Normal::default() };
    let total = page.paging.map(|it| it.total).or(page.total).unwrap_or(n_listed);
    findings.finish(&mut normal);
    if total > n_listed {
        *normal.omitted.entry("findings".to_owned()).or_default() += total - n_listed;
        normal.remarks.push(format!("this is one page of {n_listed} of {total} issues: export them all"));
    }
    normal.debt = Some(debt);
    Ok(normal)
}

fn owe(debt: &mut Debt, issue: &Issue) -> Result<(), Fault> {
    debt.issues += 1;
    let count = match issue.quality() {
        Quality::Bug => &mut debt.bugs,
        Quality::Vulnerability => &mut debt.vulnerabilities,
        Quality::Smell => &mut debt.smells,
    };
    *count += 1;
    if let Some(text) = issue.effort.as_ref().or(issue.debt.as_ref()) {
        let effort = minutes(text).ok_or_else(|| Fault::new(format!("`{text}` is no effort")))?;
        debt.effort_minutes = Some(debt.effort_minutes.unwrap_or_default().saturating_add(effort));
    }
    Ok(())
}

enum Quality {
    Bug,
    Vulnerability,
    Smell,
}

impl Issue {
    /// By the older type, or else by the first impact, as newer servers have only that.
    fn quality(&self) -> Quality {
        let impact = self.impacts.first().map(|it| it.software_quality.as_str());
        match (self.kind.as_deref(), impact) {
            (Some("BUG"), _) | (None, Some("RELIABILITY")) => Quality::Bug,
            (Some("VULNERABILITY" | "SECURITY_HOTSPOT"), _) | (None, Some("SECURITY")) => {
                Quality::Vulnerability
            }
            _ => Quality::Smell,
        }
    }

    /// It was mended or its file removed.
    fn is_gone(&self) -> bool {
        let is_closed = matches!(self.status.as_deref(), Some("CLOSED"));
        is_closed || matches!(self.resolution.as_deref(), Some("FIXED" | "REMOVED"))
    }

    fn suppression(&self) -> Option<&'static str> {
        match (self.resolution.as_deref(), self.issue_status.as_deref()) {
            (Some("FALSE-POSITIVE"), _) | (_, Some("FALSE_POSITIVE")) => Some("false positive"),
            (Some("WONTFIX"), _) | (_, Some("ACCEPTED")) => Some("accepted"),
            _ => None,
        }
    }

    fn severity(&self) -> Severity {
        let impact = self.impacts.iter().map(|it| it.severity.as_str()).map(of_impact).max();
        match self.severity.as_deref() {
            Some("BLOCKER") => Severity::Critical,
            Some("CRITICAL") => Severity::High,
            Some("MAJOR") => Severity::Medium,
            Some("MINOR") => Severity::Low,
            Some("INFO") => Severity::None,
            _ => impact.unwrap_or_default(),
        }
    }

    fn into_finding(self, paths: &HashMap<String, String>) -> Finding {
        let (severity, suppression) = (self.severity(), self.suppression());
        let of_key = || self.component.rsplit(':').next().unwrap_or(&self.component).to_owned();
        let file = paths.get(&self.component).cloned().unwrap_or_else(of_key);
        let line = self.line.or(self.text_range.as_ref().map(|it| it.start_line));
        let location = Location {
            file,
            line,
            // An offset within the line, which others count from 1.
            column: self.text_range.as_ref().and_then(|it| it.start_offset).map(|it| it.saturating_add(1)),
            end_line: self.text_range.as_ref().and_then(|it| it.end_line),
        };
        let is_class = |it: &String| it.get(..4).is_some_and(|it| it.eq_ignore_ascii_case("cwe-"));
        Finding {
            id: self.rule,
            kind: FindingKind::Static,
            severity,
            title: self.message,
            location: Some(location),
            suppressed: suppression.is_some(),
            suppression: suppression.map(str::to_owned),
            fingerprint: Some(self.key),
            taxa: self.tags.into_iter().filter(is_class).map(|it| it.to_uppercase()).collect(),
            published_at: self.creation_date,
            ..Finding::default()
        }
    }
}

fn of_impact(text: &str) -> Severity {
    match text {
        "BLOCKER" => Severity::Critical,
        "HIGH" => Severity::High,
        "MEDIUM" => Severity::Medium,
        "LOW" => Severity::Low,
        "INFO" => Severity::None,
        _ => Severity::Unknown,
    }
}

/// `1d2h30min`
fn minutes(text: &str) -> Option<u64> {
    let mut sum = 0_u64;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest.find(|it: char| !it.is_ascii_digit())?;
        let number: u64 = rest[..end].parse().ok()?;
        let unit_end = rest[end..].find(|it: char| it.is_ascii_digit()).map_or(rest.len(), |it| end + it);
        let factor = match rest[end..unit_end].trim() {
            "min" => 1,
            "h" => 60,
            "d" => MINUTES_PER_DAY,
            _ => return None,
        };
        sum = sum.checked_add(number.checked_mul(factor)?)?;
        rest = &rest[unit_end..];
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn efforts_are_minutes() {
        assert_eq!(
            ["5min", "1h30min", "2d", "1d 1h", ""].map(minutes),
            [Some(5), Some(90), Some(960), Some(540), Some(0)]
        );
        assert_eq!(["5", "x", "1y", "99999999999999999999d"].map(minutes), [None; 4]);
    }
}
