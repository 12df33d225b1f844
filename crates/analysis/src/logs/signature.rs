//! Known failures: what their lines look like.

use serde::{Deserialize, Serialize};

use super::record::Level;

/// One known failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    pub name: String,
    /// What a line contains, `*` standing for anything: `java.lang.OutOfMemoryError*`, `deadlock * victim`. Case matters.
    pub pattern: String,
    #[serde(default = "error")]
    pub level: Level,
    /// What to do about it, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// A file of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signatures {
    pub signatures: Vec<Signature>,
}

/// Lines of both versions that match a signature.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Match {
    pub name: String,
    pub level: Level,
    pub control: u64,
    pub canary: u64,
    /// Chance of so many in the new version if it is not worse.
    pub p_value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// The first line of the new version that matched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSignature {
    #[error("there are {0} signatures; at most {SIGNATURES_MAX} are read")]
    TooMany(usize),
    #[error("the signature `{0}` has a pattern that every line matches")]
    MatchesAll(String),
    #[error("the signature `{name}` has a pattern of {bytes} bytes; at most {PATTERN_BYTES_MAX} are read")]
    TooLong { name: String, bytes: usize },
}

const SIGNATURES_MAX: usize = 1000;
const PATTERN_BYTES_MAX: usize = 1000;

fn error() -> Level {
    Level::Error
}

impl Signatures {
    /// # Errors
    /// The first signature that cannot be used.
    pub fn check(&self) -> Result<(), InvalidSignature> {
        if self.signatures.len() > SIGNATURES_MAX {
            return Err(InvalidSignature::TooMany(self.signatures.len()));
        }
        for Signature { name, pattern, .. } in &self.signatures {
            if pattern.bytes().all(|it| it == b'*' || it.is_ascii_whitespace()) {
                return Err(InvalidSignature::MatchesAll(name.clone()));
            }
            if pattern.len() > PATTERN_BYTES_MAX {
                return Err(InvalidSignature::TooLong { name: name.clone(), bytes: pattern.len() });
            }
        }
        Ok(())
    }
}

impl Signature {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(pattern: &str) -> Signature {
        Signature { name: "it".to_owned(), pattern: pattern.to_owned(), level: Level::Error, advice: None }
    }

    #[test]
    fn parts_stand_in_their_order() {
        let it = signature("deadlock * victim");
        assert!(it.matches("ERROR deadlock found; chose victim 17"));
        assert!(!it.matches("victim of a deadlock"));
        assert!(signature("OutOfMemoryError*").matches("java.lang.OutOfMemoryError: heap"));
    }

    #[test]
    fn what_matches_everything_is_refused() {
        let all = Signatures { signatures: vec![signature(" ** ")] };
        assert_eq!(all.check(), Err(InvalidSignature::MatchesAll("it".to_owned())));
    }
}
