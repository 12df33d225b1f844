//! The digests of one thing.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Hex by algorithm, each algorithm once, in the order of their names. Most things have one or two, and a bill of materials has very
/// many things: a list of them takes a tenth of what a map does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Digests(Vec<(String, String)>);

impl Digests {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn get(&self, algorithm: &str) -> Option<&str> {
        self.iter().find(|(known, _)| known == algorithm).map(|(_, hex)| hex.as_str())
    }

    pub fn iter(&self) -> impl Iterator<Item = &(String, String)> {
        self.0.iter()
    }

    /// A later one of the same algorithm takes the place of the earlier one.
    pub fn insert(&mut self, algorithm: String, hex: String) {
        match self.0.binary_search_by(|(known, _)| known.cmp(&algorithm)) {
            Ok(idx) => self.0[idx].1 = hex,
            Err(idx) => {
                self.0.reserve_exact(1);
                self.0.insert(idx, (algorithm, hex));
            }
        }
    }

    /// Bytes of memory that the list takes, without the texts in it.
    pub fn capacity_bytes(&self) -> usize {
        self.0.capacity() * size_of::<(String, String)>()
    }
}

impl FromIterator<(String, String)> for Digests {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(all: I) -> Self {
        let mut digests = Self::default();
        all.into_iter().for_each(|(algorithm, hex)| digests.insert(algorithm, hex));
        digests
    }
}

impl IntoIterator for Digests {
    type Item = (String, String);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Serialize for Digests {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(algorithm, hex)| (algorithm, hex)))
    }
}

impl<'de> Deserialize<'de> for Digests {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::deserialize(deserializer).map(|it: BTreeMap<String, String>| it.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_written_as_a_map_and_hold_each_algorithm_once() {
        let pairs = [("sha512", "b"), ("sha256", "a"), ("sha512", "c")];
        let digests: Digests =
            pairs.into_iter().map(|(algorithm, hex)| (algorithm.to_owned(), hex.to_owned())).collect();
        let json = serde_json::to_string(&digests).unwrap();
        assert_eq!(json, r#"{"sha256":"a","sha512":"c"}"#);
        assert_eq!(serde_json::from_str::<Digests>(&json).unwrap(), digests);
        assert!(serde_json::from_str::<Digests>(r#"[["sha256","a"]]"#).is_err());
    }
}
