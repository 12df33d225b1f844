//! What the log lines of a new version are held against: the old version's lines, known failures, and their declared form.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::OnHarm;
use super::trigger::{Comparing, false_discoveries_default, first_look_default, is_first_look_default, tell};
use crate::{Millis, Name};

/// Signatures that one rule may list.
pub const SIGNATURES_MAX: usize = 1000;
/// Bytes of a signature's pattern.
pub const PATTERN_BYTES_MAX: usize = 1000;

/// How log lines of two versions are compared, and what in them speaks for itself. They are looked at after `firstLook`, and
/// after twice, four times, … as long; the k-th look may spend 1/(k(k+1)) of `falseDiscoveries`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogRule {
    /// Share of the findings that may be false, over all looks.
    #[serde(default = "false_discoveries_default")]
    #[schemars(range(min = 0.000001, max = 0.5))]
    pub false_discoveries: f64,
    /// Ratio up to which a template is no more frequent; 2 when absent, because lines come in bursts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1.0, max = 100.0))]
    pub margin: Option<f64>,
    /// What happens when something speaks against the new version.
    #[serde(default = "tell")]
    pub on_worse: OnHarm,
    /// When they are looked at first; the earlier of both where traces are compared too.
    #[serde(default = "first_look_default", skip_serializing_if = "is_first_look_default")]
    pub first_look: Millis,
    /// Known failures: one that the new version logs and the old one did not, or more often, speaks against it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub signatures: Vec<Signature>,
    /// LogSignatures whose known failures are looked for as well; a signature of the same name in `signatures` goes before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub known: Vec<Name>,
    /// What lines are declared to look like. Lines that break it are counted, by what is wrong with them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structure: Option<Structure>,
}

/// One known failure, in the words of `shipway analysis logs --signatures FILE`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Signature {
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    /// What a line contains, `*` standing for anything: `java.lang.OutOfMemoryError*`, `deadlock * victim`. Case matters.
    #[schemars(length(min = 1, max = 1000))]
    pub pattern: String,
    #[serde(default = "error")]
    pub level: LogLevel,
    /// What to do about it, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub advice: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

/// Every line is a JSON object with these fields.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Structure {
    /// Fields that every line has.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(length(max = 100))]
    pub required: BTreeMap<String, FieldType>,
    /// Fields that a line may have, and of which type they are then. Others may be there too.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(length(max = 100))]
    pub optional: BTreeMap<String, FieldType>,
}

/// What the value of a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FieldType {
    String,
    Number,
    Boolean,
    Object,
    Array,
    /// An instant in RFC 3339.
    Instant,
    /// trace, debug, info, warn, error or fatal, or another common word for one of them.
    Level,
    Any,
}

fn error() -> LogLevel {
    LogLevel::Error
}

impl Default for LogRule {
    fn default() -> Self {
        let Comparing { false_discoveries, margin, on_worse, first_look } = Comparing::default();
        let (signatures, known, structure) = (Vec::new(), Vec::new(), None);
        Self { false_discoveries, margin, on_worse, first_look, signatures, known, structure }
    }
}

impl LogRule {
    /// The part that it shares with the comparison of traces.
    pub const fn comparing(&self) -> Comparing {
        let Self { false_discoveries, margin, on_worse, first_look, .. } = *self;
        Comparing { false_discoveries, margin, on_worse, first_look }
    }
}

impl LogLevel {
    /// Of the words that loggers use; case does not matter.
    pub fn read(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "trace" => Some(Self::Trace),
            "debug" => Some(Self::Debug),
            "info" | "information" | "notice" => Some(Self::Info),
            "warn" | "warning" => Some(Self::Warn),
            "error" | "err" => Some(Self::Error),
            "fatal" | "critical" | "crit" | "panic" | "alert" | "emergency" => Some(Self::Fatal),
            _ => None,
        }
    }
}

impl Signature {
    pub fn matches_every_line(&self) -> bool {
        self.pattern.bytes().all(|it| it == b'*' || it.is_ascii_whitespace())
    }

    /// Whether a line contains the parts of the pattern in their order. The earliest place of each part is as good as any
    /// later one, so no backtracking is needed and the time is linear.
    pub fn matches(&self, line: &str) -> bool {
        let mut rest = line;
        self.pattern.split('*').filter(|it| !it.is_empty()).all(|part| match rest.find(part) {
            Some(place) => {
                rest = &rest[place + part.len()..];
                true
            }
            None => false,
        })
    }
}

impl FieldType {
    /// Whether the value is of this type.
    pub fn admits(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::Object => value.is_object(),
            Self::Array => value.is_array(),
            Self::Instant => value.as_str().is_some_and(|it| it.parse::<Timestamp>().is_ok()),
            Self::Level => value.as_str().and_then(LogLevel::read).is_some(),
            Self::Any => true,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Object => "object",
            Self::Array => "array",
            Self::Instant => "instant",
            Self::Level => "level",
            Self::Any => "any",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(pattern: &str) -> Signature {
        Signature { name: "it".to_owned(), pattern: pattern.to_owned(), level: error(), advice: None }
    }

    #[test]
    fn parts_stand_in_their_order() {
        let it = signature("deadlock * victim");
        assert!(it.matches("ERROR deadlock found; chose victim 17"));
        assert!(!it.matches("victim of a deadlock"));
        assert!(signature("OutOfMemoryError*").matches("java.lang.OutOfMemoryError: heap"));
    }

    #[test]
    fn a_pattern_of_nothing_but_stars_is_found_out() {
        assert!(signature(" ** ").matches_every_line());
        assert!(!signature("*a*").matches_every_line());
    }
}
