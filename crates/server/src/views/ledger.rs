//! Events of the ledger, with what is kept beside them.

use std::collections::BTreeMap;

use shipway_api::view::ledger::{LedgerEvent, PersonalText};
use shipway_model::Digest;
use shipway_runtime::store::Disclosure;
use shipway_runtime::{Record, StoreError, personal};

/// A record as it was hashed, and the texts to which it commits.
///
/// # Errors
/// When the record is no event.
pub(crate) fn event(record: &Record, disclosures: &[Disclosure]) -> Result<LedgerEvent, StoreError> {
    let damaged = |error| StoreError::Damaged(format!("record {} is not JSON: {error}", record.position));
    let event = serde_json::from_slice(&record.bytes).map_err(damaged)?;
    let personal = personal_texts(record, disclosures)?;
    Ok(LedgerEvent { position: record.position, leaf: record.leaf, event, personal })
}

/// The texts to which a record commits.
pub(crate) fn personal_texts(
    record: &Record,
    disclosures: &[Disclosure],
) -> Result<BTreeMap<String, PersonalText>, StoreError> {
    let pointers = personal::committed_pointers(record)?;
    let text = |pointer: &'static str| {
        let text = match personal::of(disclosures, record.position, pointer) {
            Some(it) => PersonalText::Kept { salt: Digest::from_bytes(it.salt).hex(), text: it.text.clone() },
            None => PersonalText::Erased {},
        };
        (pointer.to_owned(), text)
    };
    Ok(pointers.into_iter().map(text).collect())
}
