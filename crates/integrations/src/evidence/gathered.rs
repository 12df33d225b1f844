//! Long lists, read element by element, so that memory holds what is kept of them and not what was written.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use shipway_model::evidence::{Counts, Finding, Normal};

use super::{ENTRIES_MAX, MESSAGE_CHARS_MAX};

/// What takes the elements of a list, one after the other.
pub(super) trait Gather: Default {
    type Item: DeserializeOwned;

    fn gather(&mut self, item: Self::Item);
}

/// A list in a document, or an object whose values are the list, given to a `G` instead of being held.
#[derive(Debug, Default)]
pub(super) struct Gathered<G>(pub(super) G);

impl<'de, G: Gather> Deserialize<'de> for Gathered<G> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Elements(PhantomData)).map(Self)
    }
}

struct Elements<G>(PhantomData<G>);

impl<'de, G: Gather> Visitor<'de> for Elements<G> {
    type Value = G;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<G, A::Error> {
        let mut gathered = G::default();
        while let Some(item) = list.next_element()? {
            gathered.gather(item);
        }
        Ok(gathered)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<G, A::Error> {
        let mut gathered = G::default();
        while let Some((IgnoredAny, item)) = object.next_entry()? {
            gathered.gather(item);
        }
        Ok(gathered)
    }

    /// Go's tools write `null` for a list without elements.
    fn visit_unit<E>(self) -> Result<G, E> {
        Ok(G::default())
    }
}

/// A list of the normal form as it grows: the first [`ENTRIES_MAX`] entries and the number of the others.
#[derive(Debug)]
pub(super) struct Kept<T> {
    pub(super) entries: Vec<T>,
    omitted: u64,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), omitted: 0 }
    }
}

impl<T> Kept<T> {
    pub(super) fn push(&mut self, entry: T) {
        if self.entries.len() < ENTRIES_MAX {
            self.entries.push(entry);
        } else {
            self.omitted += 1;
        }
    }

    pub(super) fn append(&mut self, other: Self) {
        self.omitted += other.omitted;
        other.entries.into_iter().for_each(|entry| self.push(entry));
    }

    /// How many were not kept.
    pub(super) fn omitted(&self) -> u64 {
        self.omitted
    }

    /// The entries; what was left out of them is noted under the name of the part.
    pub(super) fn finish(self, part: &str, normal: &mut Normal) -> Vec<T> {
        if self.omitted > 0 {
            *normal.omitted.entry(part.to_owned()).or_default() += self.omitted;
        }
        self.entries
    }
}

/// As much of a text as is kept in the end, and one character more where there is more, so that it is shown to be cut.
pub(super) fn excerpt(text: &str) -> String {
    text.chars().take(MESSAGE_CHARS_MAX + 1).collect()
}

/// Findings as they grow: every one is counted, also those that are not kept.
#[derive(Debug, Default)]
pub(super) struct Findings {
    kept: Kept<Finding>,
    counts: Counts,
}

impl Findings {
    pub(super) fn push(&mut self, finding: Finding) {
        self.counts.add(&finding);
        self.kept.push(finding);
    }

    /// Completes those that are kept by what stood behind them in the document.
    pub(super) fn complete(&mut self, complete: impl FnMut(&mut Finding)) {
        self.kept.entries.iter_mut().for_each(complete);
    }

    pub(super) fn append(&mut self, other: Self) {
        self.counts += other.counts;
        self.kept.append(other.kept);
    }

    pub(super) fn finish(self, normal: &mut Normal) {
        normal.counts = Some(self.counts);
        normal.findings = Some(self.kept.finish("findings", normal));
    }
}

impl Extend<Finding> for Findings {
    fn extend<I: IntoIterator<Item = Finding>>(&mut self, findings: I) {
        findings.into_iter().for_each(|finding| self.push(finding));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default)]
    struct Sum(u64);

    impl Gather for Sum {
        type Item = u64;

        fn gather(&mut self, item: u64) {
            self.0 += item;
        }
    }

    #[test]
    fn lists_objects_and_null_are_gathered() {
        let check = |text: &str, expect: u64| {
            let Gathered(sum) = serde_json::from_str::<Gathered<Sum>>(text).unwrap();
            assert_eq!(sum.0, expect, "{text}");
        };
        check("[1,2,3]", 6);
        check(r#"{"a":1,"b":2}"#, 3);
        check("null", 0);
        assert!(serde_json::from_str::<Gathered<Sum>>("7").is_err());
        assert!(serde_json::from_str::<Gathered<Sum>>(r#"[1,"2"]"#).is_err());
    }

    #[test]
    fn what_is_beyond_the_limit_is_counted() {
        let mut findings = Findings::default();
        for _ in 0..ENTRIES_MAX + 3 {
            findings.push(Finding::default());
        }
        let mut normal = Normal::default();
        findings.finish(&mut normal);
        assert_eq!(normal.findings.map(|it| it.len()), Some(ENTRIES_MAX));
        assert_eq!(normal.omitted["findings"], 3);
        assert_eq!(normal.counts.map(|it| it.unknown), Some(ENTRIES_MAX as u64 + 3));
    }
}
