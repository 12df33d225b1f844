//! Finding what is kept about a person.

use std::collections::{BTreeMap, BTreeSet};

use shipway_model::event::TextRef;

use crate::store::{Disclosure, StoreError, StoreReader};

/// Texts read at once.
const CHUNK: usize = 1000;
/// Under these pointers stand copies of what somebody wrote elsewhere.
const COPIES: &str = "/data/end/";
/// Here stands who acted, and wrote whatever else the record has.
const ACTOR: &str = "/actor";

/// The texts about `subject`: the name itself, everything that was written in that name, texts in which the name is a
/// word, and copies of these that later events hold.
///
/// # Errors
/// When the store does not answer.
pub(crate) fn find(reader: &dyn StoreReader, subject: &str) -> Result<Vec<TextRef>, StoreError> {
    let mut found = BTreeSet::new();
    let mut written = BTreeSet::new();
    let mut copies = Vec::new();
    for_each_record(reader, |texts| {
        let is_by_subject = texts.iter().any(|it| it.pointer == ACTOR && it.text == subject);
        for it in texts {
            if is_by_subject || mentions(&it.text, subject) {
                found.insert(text_ref(it));
                written.insert(it.text.clone());
            } else if it.pointer.starts_with(COPIES) {
                copies.push(it.clone());
            }
        }
    })?;
    found.extend(copies.iter().filter(|it| written.contains(&it.text)).map(text_ref));
    Ok(found.into_iter().collect())
}

fn for_each_record(reader: &dyn StoreReader, mut look: impl FnMut(&[Disclosure])) -> Result<(), StoreError> {
    let mut from = 0;
    loop {
        let page = reader.disclosures_from(from, CHUNK)?;
        let Some(last) = page.last().map(|it| it.position) else { return Ok(()) };
        let is_whole = page.len() < CHUNK;
        let mut by_record: BTreeMap<u64, Vec<Disclosure>> = BTreeMap::new();
        page.into_iter().for_each(|it| by_record.entry(it.position).or_default().push(it));
        // The page may end within the last record, which then begins the next one. No record fills a page.
        if !is_whole && by_record.len() > 1 {
            by_record.remove(&last);
        }
        by_record.values().for_each(|it| look(it));
        if is_whole {
            return Ok(());
        }
        from = by_record.keys().next_back().map_or(last, |it| it + 1);
    }
}

/// Whether the name is a word of the text, in whatever case.
pub fn mentions(text: &str, subject: &str) -> bool {
    let (text, subject) = (text.to_lowercase(), subject.to_lowercase());
    let is_part = |it: Option<char>| it.is_some_and(char::is_alphanumeric);
    !subject.is_empty()
        && text.match_indices(&subject).any(|(at, _)| {
            let (before, after) = (&text[..at], &text[at + subject.len()..]);
            !is_part(before.chars().next_back()) && !is_part(after.chars().next())
        })
}

fn text_ref(it: &Disclosure) -> TextRef {
    TextRef { position: it.position, pointer: it.pointer.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store as _;
    use crate::memory::MemoryDisk;
    use crate::store::Batch;

    fn find_among(texts: &[(u64, &str, &str)], subject: &str) -> Vec<(u64, String)> {
        let disclosure = |(position, pointer, text): &(u64, &str, &str)| Disclosure {
            position: *position,
            pointer: Disclosure::pointer(pointer),
            salt: [0; 32],
            text: (*text).to_owned(),
        };
        let disk = MemoryDisk::default();
        let batch = Batch { disclosures: texts.iter().map(disclosure).collect(), ..Batch::default() };
        disk.open().append(&batch).unwrap();
        let found = find(disk.open().reader().as_ref(), subject).unwrap();
        found.into_iter().map(|it| (it.position, it.pointer)).collect()
    }

    #[test]
    fn the_name_what_it_wrote_and_what_mentions_it_are_found_with_their_copies() {
        let texts = [
            (1, "/actor", "ana"),
            (1, "/data/reason", "the till is counted"),
            (2, "/actor", "bob"),
            (2, "/data/reason", "Ana asked for it"),
            (3, "/data/end/aborted/reason", "the till is counted"),
            (4, "/actor", "bob"),
            (4, "/data/reason", "banana delivery"),
            (5, "/data/end/aborted/reason", "another reason"),
            (6, "/actor", "bob"),
            (6, "/data/note", "the till is counted"),
            (7, "/actor", "admin"),
            (7, "/data/name", "ana"),
        ];
        let expected = [
            (1, "/actor"),
            (1, "/data/reason"),
            (2, "/data/reason"),
            (3, "/data/end/aborted/reason"),
            (7, "/data/name"),
        ];
        assert_eq!(find_among(&texts, "ana"), expected.map(|(at, it)| (at, it.to_owned())));
        assert_eq!(find_among(&texts, "eve"), []);
    }

    #[test]
    fn records_are_seen_whole_across_pages() {
        // Two texts per record and an odd text first: pages end within records.
        let mut texts = vec![(0, "/actor", "ana")];
        for position in 1..1200 {
            texts.push((position, "/actor", if position % 2 == 0 { "ana" } else { "bob" }));
            texts.push((position, "/data/reason", "why"));
        }
        let found = find_among(&texts, "ana");
        assert_eq!(found.len(), 1 + 2 * 599);
    }
}
