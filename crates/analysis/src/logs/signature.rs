//! Known failures: what their lines look like.

use serde::{Deserialize, Serialize};
use shipway_model::resource::strategy::{PATTERN_BYTES_MAX, SIGNATURES_MAX, Signature};

use super::record::Level;

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

impl Match {
    /// A known failure needs no margin: once is enough where the old version never had it.
    pub fn speaks_against(&self, false_discoveries: f64) -> bool {
        (self.control == 0 && self.canary > 0) || self.p_value <= false_discoveries
    }
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

impl Signatures {
    /// # Errors
    /// The first signature that cannot be used.
    pub fn check(&self) -> Result<(), InvalidSignature> {
        if self.signatures.len() > SIGNATURES_MAX {
            return Err(InvalidSignature::TooMany(self.signatures.len()));
        }
        for it @ Signature { name, pattern, .. } in &self.signatures {
            if it.matches_every_line() {
                return Err(InvalidSignature::MatchesAll(name.clone()));
            }
            if pattern.len() > PATTERN_BYTES_MAX {
                return Err(InvalidSignature::TooLong { name: name.clone(), bytes: pattern.len() });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matches_everything_is_refused() {
        let (name, pattern) = ("it".to_owned(), " ** ".to_owned());
        let all = Signature { name, pattern, level: Level::Error, advice: None };
        let all = Signatures { signatures: vec![all] };
        assert_eq!(all.check(), Err(InvalidSignature::MatchesAll("it".to_owned())));
    }
}
