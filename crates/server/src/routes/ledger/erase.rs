//! Erasing what is kept beside the ledger about a person.

use shipway_api::Code;
use shipway_api::operations::ledger::EraseSubject;
use shipway_api::view::ledger::Erasure;
use shipway_engine::Command;
use shipway_model::Digest;
use shipway_model::event::{Body, Event, TextRef};

use crate::app::App;
use crate::gates::erasure;
use crate::incoming::{Incoming, Outcome};
use crate::problem::{self, Failure};

pub(super) async fn handle(it: Incoming<EraseSubject>) -> Outcome<EraseSubject> {
    let (subject, reason) = (it.body.subject.trim().to_owned(), it.body.reason.clone());
    if subject.is_empty() || reason.trim().is_empty() {
        let detail = "an erasure has a subject and a reason";
        return Err(Failure::new(Code::InvalidRequest, detail));
    }
    let mut texts = it.app.runtime.texts_about(&subject).await?;
    // Found before the names fall out of the state; deleted after it was decided that they may.
    let documents = documents(&it.app, &subject).await?;
    let mut recorded_before = None;
    if !it.body.dry_run {
        // Also when nothing is kept: a hold, or a token that is still valid, must be told of.
        let receipt = it.submit(Command::EraseTexts { subject, texts, reason }).await?;
        texts = receipt.events.iter().flat_map(|event| erased(event)).cloned().collect();
        recorded_before = (!texts.is_empty()).then_some(receipt.position);
        delete(&it.app, documents.clone()).await?;
    }
    Ok(Erasure { texts, recorded_before, documents })
}

/// Facts of decisions and signed statements that name the subject.
async fn documents(app: &App, subject: &str) -> Result<Vec<Digest>, Failure> {
    let candidates = erasure::candidates(&app.runtime.state());
    let (blobs, subject) = (app.blobs.clone(), subject.to_owned());
    let reading = tokio::task::spawn_blocking(move || erasure::about(&blobs, &candidates, &subject));
    let found = reading.await.map_err(|error| problem::internal(&error))?;
    found.map_err(|error| problem::internal(&error))
}

async fn delete(app: &App, documents: Vec<Digest>) -> Result<(), Failure> {
    let blobs = app.blobs.clone();
    let deleting = tokio::task::spawn_blocking(move || {
        documents.iter().try_for_each(|it| blobs.remove_here(it).map(|_| ()))
    });
    let deleted = deleting.await.map_err(|error| problem::internal(&error))?;
    deleted.map_err(|error| problem::internal(&error))
}

/// A repeat tells what was erased the first time.
fn erased(event: &Event) -> &[TextRef] {
    match &event.body {
        Body::TextsErased { texts, .. } => texts,
        _ => &[],
    }
}
