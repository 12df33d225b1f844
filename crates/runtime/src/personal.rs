//! Personal texts: committed to when an event becomes a record, and opened when a record becomes an event again.
//!
//! What the core sees is always plain, or [`ERASED`]; what is hashed is never more than a commitment.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use shipway_ledger::Commitment;
use shipway_ledger::commitment::Salt;
use shipway_model::Digest;
use shipway_model::event::{COMMITTED, ERASED, Event, Personal};

use crate::entropy::Entropy;
use crate::store::{Disclosure, Record, StoreError, StoreReader};

/// Finds what begins every committed text in a record. Made once: it is asked of every record that is read.
static MARK: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"committed:sha256:"));

/// The event as it is recorded, and what is kept beside its record, which will have the number `position`.
///
/// Most events name nobody: they are recorded as they are.
pub(crate) fn seal<'a>(
    event: &'a Event,
    position: u64,
    entropy: &dyn Entropy,
) -> (Cow<'a, Event>, Vec<Disclosure>) {
    let mut disclosures = Vec::new();
    if !event.may_name_a_person() {
        return (Cow::Borrowed(event), disclosures);
    }
    let mut sealed = event.clone();
    for personal in sealed.personal_mut() {
        let mut salt = [0; 32];
        entropy.fill(&mut salt);
        let committed = committed(&salt, personal.text);
        let text = std::mem::replace(personal.text, committed);
        disclosures.push(Disclosure { position, pointer: Cow::Borrowed(personal.pointer), salt, text });
    }
    (Cow::Owned(sealed), disclosures)
}

/// The record's event with its texts as they were written, or [`ERASED`] where they are kept no longer. `disclosures`
/// are the record's and may be others' too, in the order of positions.
///
/// # Errors
/// When the record is no event, or a text is not what the record commits to.
pub fn open(record: &Record, disclosures: &[Disclosure]) -> Result<Event, StoreError> {
    let damaged = |error| StoreError::Damaged(format!("record {} is no event: {error}", record.position));
    let mut event = Event::read(&record.bytes).map_err(damaged)?;
    disclose(&mut event, record.position, disclosures)?;
    Ok(event)
}

/// Puts the texts that are kept in place of the commitments of record `position`.
pub(crate) fn disclose(
    event: &mut Event,
    position: u64,
    disclosures: &[Disclosure],
) -> Result<(), StoreError> {
    for Personal { pointer, text } in event.personal_mut() {
        if !text.starts_with(COMMITTED) {
            // Written before there were commitments.
            continue;
        }
        match of(disclosures, position, pointer) {
            None => ERASED.clone_into(text),
            Some(it) if is_committed(it, text) => text.clone_from(&it.text),
            Some(_) => {
                let why = format!("record {position} commits to another text than is kept for {pointer}");
                return Err(StoreError::Damaged(why));
            }
        }
    }
    Ok(())
}

/// Where a record commits to texts.
///
/// # Errors
/// When the record is no event.
pub fn committed_pointers(record: &Record) -> Result<Vec<&'static str>, StoreError> {
    if !is_sealed(record) {
        return Ok(Vec::new());
    }
    let damaged = |error| StoreError::Damaged(format!("record {} is no event: {error}", record.position));
    let mut event = Event::read(&record.bytes).map_err(damaged)?;
    let committed = event.personal_mut().filter(|it| it.text.starts_with(COMMITTED));
    Ok(committed.map(|it| it.pointer).collect())
}

/// What is kept beside these records, in the order of positions.
///
/// # Errors
/// When the store does not answer.
pub fn disclosures(reader: &dyn StoreReader, records: &[Record]) -> Result<Vec<Disclosure>, StoreError> {
    kept(reader, records.iter().filter(|it| is_sealed(it)).map(|it| it.position).collect())
}

/// What is kept beside the records at these positions, in their order.
///
/// # Errors
/// When the store does not answer.
pub fn kept(reader: &dyn StoreReader, mut positions: Vec<u64>) -> Result<Vec<Disclosure>, StoreError> {
    positions.sort_unstable();
    positions.dedup();
    if positions.is_empty() {
        return Ok(Vec::new());
    }
    let mut kept = reader.disclosures(&positions)?;
    kept.sort_by_key(|it| it.position);
    Ok(kept)
}

/// One text's disclosure, among some in the order of positions.
pub fn of<'a>(disclosures: &'a [Disclosure], position: u64, pointer: &str) -> Option<&'a Disclosure> {
    // A replay looks into those of some thousand records.
    let first = disclosures.partition_point(|it| it.position < position);
    disclosures[first..].iter().take_while(|it| it.position == position).find(|it| it.pointer == pointer)
}

/// Most records commit to nothing, and are not read twice to find that out.
fn is_sealed(record: &Record) -> bool {
    MARK.find(&record.bytes).is_some()
}

fn committed(salt: &[u8; 32], text: &str) -> String {
    format!("{COMMITTED}{}", commitment(salt, text).digest())
}

/// Whether `stands`, in a record, is the commitment to what is kept. Asked of every name when a ledger is read back.
fn is_committed(kept: &Disclosure, stands: &str) -> bool {
    let stands: Option<Digest> = stands.strip_prefix(COMMITTED).and_then(|it| it.parse().ok());
    stands == Some(commitment(&kept.salt, &kept.text).digest())
}

fn commitment(salt: &[u8; 32], text: &str) -> Commitment {
    Commitment::to(&Salt::from_bytes(*salt), text.as_bytes())
}

#[cfg(test)]
mod tests {
    use shipway_ledger::{leaf_hash, to_canonical};
    use shipway_model::event::{Body, Schema, Scope};

    use super::*;
    use crate::entropy::OsEntropy;

    fn event(reason: &str) -> Event {
        Event {
            schema: Schema::V1,
            tenant: "default".parse().unwrap(),
            actor: "ana".to_owned(),
            at: "2026-03-14T09:26:53Z".parse().unwrap(),
            body: Body::ScopePaused { scope: Scope::Everything, reason: reason.to_owned() },
        }
    }

    fn record(event: &Event) -> Record {
        let bytes: std::sync::Arc<[u8]> = to_canonical(event).unwrap().into();
        Record { position: 7, leaf: leaf_hash(&bytes), bytes }
    }

    #[test]
    fn a_record_names_nobody_and_is_opened_by_what_is_kept_alone() {
        let event_of_ana = event("asked by ana");
        let (sealed, mut kept) = seal(&event_of_ana, 7, &OsEntropy);
        let record = record(&sealed);
        assert!(!String::from_utf8_lossy(&record.bytes).contains("ana"));
        assert_eq!(committed_pointers(&record), Ok(vec!["/actor", "/data/reason"]));
        assert_eq!(open(&record, &kept), Ok(event("asked by ana")));

        kept.remove(1);
        assert_eq!(open(&record, &kept), Ok(event(ERASED)), "one text is erased without the other");
        kept[0].text = "eve".to_owned();
        assert!(matches!(open(&record, &kept), Err(StoreError::Damaged(_))), "a forged name is found");
    }

    #[test]
    fn a_text_is_found_among_those_of_other_records() {
        let reason = event("asked by ana");
        let mut all: Vec<_> = (5..9).flat_map(|it| seal(&reason, it, &OsEntropy).1).collect();
        all.retain(|it| it.position != 6);
        for position in 4..10 {
            let (actor, why) = (of(&all, position, "/actor"), of(&all, position, "/data/reason"));
            let is_kept = [5, 7, 8].contains(&position);
            assert_eq!((actor.is_some(), why.is_some()), (is_kept, is_kept), "{position}");
            assert!(actor.into_iter().chain(why).all(|it| it.position == position));
            assert!(of(&all, position, "/data/note").is_none());
        }
    }

    #[test]
    fn equal_texts_are_committed_to_differently_and_old_records_stay_as_they_are() {
        let event_of_ana = event("why");
        let [first, second] = [0, 1].map(|_| seal(&event_of_ana, 7, &OsEntropy).0.actor.clone());
        assert_ne!(first, second);
        let plain = record(&event_of_ana);
        assert_eq!(open(&plain, &[]), Ok(event("why")));
        assert_eq!(committed_pointers(&plain), Ok(vec![]));
    }
}
