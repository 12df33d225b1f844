//! Entries in the OSV schema (1.x): <https://ossf.github.io/osv-schema/>.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shipway_model::evidence::{Cvss, Finding, FindingKind, Severity};

use crate::evidence::advisory::{self, cvss, severity};
use crate::evidence::clean_finding;

/// Longest entry, in bytes: those of the Linux kernel with all their versions stay far below.
pub const ENTRY_BYTES_MAX: usize = 16 << 20;
/// Longest summary that is kept, in characters.
const SUMMARY_CHARS_MAX: usize = 300;

/// One entry, as far as it is looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Advisory {
    pub id: String,
    pub modified: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Timestamp>,
    /// From then on it says nothing any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) aliases: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    severity: Vec<Rating>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    database_specific: Option<Database>,
    #[serde(default)]
    pub(super) affected: Vec<Affected>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Rating {
    score: String,
}

/// Databases put what they like here; only what is text and known is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Database {
    #[serde(default, skip_serializing_if = "Value::is_null")]
    severity: Value,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    cwe_ids: Value,
}

/// A package, and which of its versions carry it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Affected {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) package: Option<Package>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) ranges: Vec<Range>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) versions: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    severity: Vec<Rating>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Package {
    /// Such as `npm`, or `Debian:12`.
    pub(super) ecosystem: String,
    pub(super) name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Range {
    #[serde(rename = "type")]
    pub(super) kind: RangeKind,
    #[serde(default)]
    pub(super) events: Vec<Event>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum RangeKind {
    Semver,
    Ecosystem,
    /// Commits, which bills of materials do not name.
    Git,
}

/// `introduced` begins it, the others end it: `last_affected` with its own version, the others before theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Event {
    Introduced(String),
    Fixed(String),
    LastAffected(String),
    Limit(String),
}

impl Advisory {
    /// # Errors
    /// It is no entry, in a sentence.
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        if json.len() > ENTRY_BYTES_MAX {
            return Err(format!("the entry is longer than {ENTRY_BYTES_MAX} bytes"));
        }
        let mut entry: Self = serde_json::from_slice(json).map_err(|it| it.to_string())?;
        let is_name = |it: &String| !it.is_empty() && it.len() <= 200 && !it.chars().any(char::is_control);
        if !is_name(&entry.id) {
            return Err("its id is empty, too long, or has control characters".to_owned());
        }
        entry.aliases.retain(is_name);
        if let Some(summary) = &mut entry.summary {
            *summary = summary.chars().take(SUMMARY_CHARS_MAX).collect();
        }
        Ok(entry)
    }

    /// The vulnerability as a finding in a package, which is filled in by whoever knows it.
    pub(super) fn finding(&self, affected: &Affected) -> Finding {
        let (id, aliases) = advisory::name(std::iter::once(&self.id).chain(&self.aliases).cloned());
        let ratings = affected.severity.iter().chain(&self.severity);
        let scores = ratings.filter_map(|it| cvss::of_vector(&it.score)).filter(|it| it.score.is_some());
        let cvss = cvss::newest(scores);
        let mut finding = Finding {
            id,
            aliases,
            kind: FindingKind::Vulnerability,
            severity: self.severity(cvss.as_ref()),
            title: self.summary.clone(),
            cvss,
            taxa: self.classes(),
            published_at: self.published.map(|it| it.to_string()),
            ..Finding::default()
        };
        clean_finding(&mut finding);
        finding
    }

    /// The band of the score, else the word of the database.
    fn severity(&self, cvss: Option<&Cvss>) -> Severity {
        let word = self.database_specific.as_ref().and_then(|it| it.severity.as_str());
        match cvss.and_then(|it| it.score).map_or(Severity::Unknown, Severity::of_score) {
            Severity::Unknown => severity::of(word, None),
            scored => scored,
        }
    }

    fn classes(&self) -> Vec<String> {
        let listed = self.database_specific.as_ref().and_then(|it| it.cwe_ids.as_array());
        listed.into_iter().flatten().filter_map(|it| advisory::cwe(it.as_str()?)).collect()
    }
}

impl Affected {
    /// The versions that mend it, as the ranges say.
    pub(super) fn fixes(&self) -> Vec<String> {
        let ranges = self.ranges.iter().filter(|it| it.kind != RangeKind::Git);
        let fixes = ranges.flat_map(|it| &it.events).filter_map(|it| match it {
            Event::Fixed(version) => Some(version.clone()),
            _ => None,
        });
        let mut fixes: Vec<String> = fixes.collect();
        fixes.sort();
        fixes.dedup();
        fixes
    }
}
