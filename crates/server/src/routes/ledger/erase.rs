//! Erasing what is kept beside the ledger about a person.

use shipway_api::Code;
use shipway_api::operations::ledger::EraseSubject;
use shipway_api::view::ledger::Erasure;
use shipway_engine::Command;
use shipway_model::event::{Body, Event, TextRef};

use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;

pub(super) async fn handle(it: Incoming<EraseSubject>) -> Outcome<EraseSubject> {
    let (subject, reason) = (it.body.subject.trim().to_owned(), it.body.reason.clone());
    if subject.is_empty() || reason.trim().is_empty() {
        let detail = "an erasure has a subject and a reason";
        return Err(Failure::new(Code::InvalidRequest, detail));
    }
    let mut texts = it.app.runtime.texts_about(&subject).await?;
    let mut recorded_before = None;
    if !it.body.dry_run {
        // Also when nothing is kept: a hold, or a token that is still valid, must be told of.
        let receipt = it.submit(Command::EraseTexts { subject, texts, reason }).await?;
        texts = receipt.events.iter().flat_map(|event| erased(event)).cloned().collect();
        recorded_before = (!texts.is_empty()).then_some(receipt.position);
    }
    Ok(Erasure { texts, recorded_before })
}

/// A repeat tells what was erased the first time.
fn erased(event: &Event) -> &[TextRef] {
    match &event.body {
        Body::TextsErased { texts, .. } => texts,
        _ => &[],
    }
}
