//! Whether every personal text that is missing was erased by an event that says so.

use std::collections::BTreeSet;

use shipway_model::event::{Body, Event};

use crate::failure::Failure;

/// Texts by the position of their record, and where they stand in it.
#[derive(Default)]
pub(super) struct Texts {
    missing: BTreeSet<(u64, String)>,
    erased: BTreeSet<(u64, String)>,
}

impl Texts {
    /// Takes note of what an event says to have been erased.
    pub(super) fn see(&mut self, event: &Event) {
        if let Body::TextsErased { texts, .. } = &event.body {
            self.erased.extend(texts.iter().map(|it| (it.position, it.pointer.clone())));
        }
    }

    /// Takes note of a text to which a record commits and which is kept no longer.
    pub(super) fn miss(&mut self, position: u64, pointer: &str) {
        self.missing.insert((position, pointer.to_owned()));
    }

    /// Whether nothing is missing that has not been said to be; otherwise newer events may say it.
    pub(super) fn is_explained(&self) -> bool {
        self.missing.is_subset(&self.erased)
    }

    /// How many texts were erased.
    ///
    /// # Errors
    /// With the first text that is missing without an erasure.
    pub(super) fn finish(self) -> Result<u64, Failure> {
        let mut unexplained = self.missing.difference(&self.erased);
        if let Some((position, pointer)) = unexplained.next() {
            let more = match unexplained.count() {
                0 => String::new(),
                n => format!(", and {n} more"),
            };
            let message = format!(
                "the ledger is not sound: event {position}: the text at {pointer} is missing, and no event says that it was \
                 erased{more}"
            );
            return Err(Failure::new(message, format!("shipway ledger show --from {position} --limit 1")));
        }
        Ok(self.missing.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use shipway_model::event::{Schema, TextRef};

    use super::*;

    fn erasure(position: u64, pointer: &str) -> Event {
        let texts = vec![TextRef { position, pointer: pointer.to_owned() }];
        Event {
            schema: Schema::V1,
            tenant: "default".parse().unwrap(),
            actor: "admin".to_owned(),
            at: "2026-03-14T09:26:53Z".parse().unwrap(),
            body: Body::TextsErased { texts, reason: "request 31".to_owned() },
        }
    }

    #[test]
    fn a_text_may_be_missing_if_an_event_says_so_and_not_otherwise() {
        let mut texts = Texts::default();
        texts.miss(4, "/actor");
        assert!(!texts.is_explained());
        texts.see(&erasure(4, "/actor"));
        assert!(texts.is_explained());
        assert_eq!(texts.finish().map_err(|_| ()), Ok(1));

        let mut texts = Texts::default();
        texts.miss(4, "/actor");
        texts.see(&erasure(4, "/data/reason"));
        assert!(texts.finish().is_err());
    }
}
