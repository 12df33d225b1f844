//! Long lists, read element by element, so that memory holds what is kept of them and not what was written.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use shipway_model::evidence::{Counts, Finding, Normal};

use super::weight::Weigh;
use super::{ENTRIES_MAX, LIST_BYTES_MAX, MESSAGE_CHARS_MAX};

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

/// A list of the normal form as it grows: the first entries, up to [`ENTRIES_MAX`] of them and [`LIST_BYTES_MAX`] of memory, and
/// the number of the others.
#[derive(Debug)]
pub(super) struct Kept<T> {
    pub(super) entries: Vec<T>,
    n_bytes: usize,
    omitted: u64,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), n_bytes: 0, omitted: 0 }
    }
}

impl<T: Weigh> Kept<T> {
    pub(super) fn push(&mut self, entry: T) {
        let n_bytes = self.n_bytes + entry.weight_bytes();
        // Once one was left out all others are: what is kept is the beginning of the list.
        if self.omitted == 0 && self.entries.len() < ENTRIES_MAX && n_bytes <= LIST_BYTES_MAX {
            self.n_bytes = n_bytes;
            self.entries.push(entry);
        } else {
            self.omitted += 1;
        }
    }

    /// The entry back, where there is no room for it.
    pub(super) fn try_push(&mut self, entry: T) -> Result<(), T> {
        let n_bytes = self.n_bytes + entry.weight_bytes();
        if self.entries.len() >= ENTRIES_MAX || n_bytes > LIST_BYTES_MAX {
            return Err(entry);
        }
        self.n_bytes = n_bytes;
        self.entries.push(entry);
        Ok(())
    }

    /// Takes in what stands in another list of the same document, and what was left out of that.
    pub(super) fn append(&mut self, other: Self) {
        other.entries.into_iter().for_each(|entry| self.push(entry));
        self.omitted += other.omitted;
    }

    /// One that stands before all others.
    pub(super) fn begin_with(&mut self, entry: T) {
        self.n_bytes += entry.weight_bytes();
        self.entries.insert(0, entry);
    }

    /// Others that are not kept.
    pub(super) fn omit(&mut self, n: u64) {
        self.omitted += n;
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
    let end = match text.len() <= MESSAGE_CHARS_MAX {
        true => text.len(),
        false => text.char_indices().nth(MESSAGE_CHARS_MAX + 1).map_or(text.len(), |(idx, _)| idx),
    };
    text[..end].to_owned()
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

    /// Counts others of which no more is known than this one says, and keeps none of them.
    pub(super) fn count(&mut self, finding: &Finding, n: u64) {
        let mut counts = Counts::default();
        counts.add(finding);
        counts *= n;
        self.counts += counts;
        self.kept.omit(n);
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
        let weight = Finding::default().weight_bytes();
        let n_kept = (LIST_BYTES_MAX / weight).min(ENTRIES_MAX);
        let mut findings = Findings::default();
        for _ in 0..n_kept + 3 {
            findings.push(Finding::default());
        }
        findings.count(&Finding { suppressed: true, ..Finding::default() }, 5);
        let mut normal = Normal::default();
        findings.finish(&mut normal);
        assert_eq!(normal.findings.map(|it| it.len()), Some(n_kept));
        assert_eq!(normal.omitted["findings"], 8);
        let counts = normal.counts.unwrap();
        assert_eq!((counts.unknown, counts.suppressed), (n_kept as u64 + 3, 5));
    }

    #[test]
    fn a_list_is_bounded_by_its_weight_and_keeps_its_beginning() {
        let mut kept = Kept::<String>::default();
        let page = "x".repeat(1 << 20);
        for _ in 0..100 {
            kept.push(page.clone());
        }
        let n_kept = kept.entries.len();
        assert!(n_kept > 1 && n_kept * page.len() <= LIST_BYTES_MAX, "{n_kept}");
        kept.push("short".to_owned());
        assert_eq!((kept.entries.len(), kept.omitted()), (n_kept, 101 - n_kept as u64));
    }

    #[test]
    fn an_excerpt_is_one_character_longer_than_what_is_shown_of_it() {
        assert_eq!(excerpt("é"), "é");
        assert_eq!(excerpt(&"é".repeat(MESSAGE_CHARS_MAX + 9)).chars().count(), MESSAGE_CHARS_MAX + 1);
        assert_eq!(excerpt(&"é".repeat(MESSAGE_CHARS_MAX)).chars().count(), MESSAGE_CHARS_MAX);
    }
}
