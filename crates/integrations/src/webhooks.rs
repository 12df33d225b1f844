//! What CI systems send by webhook: whether it is theirs, and what it tells.
//!
//! Each sender's form is in a file of its own and pure. The forms are those that the senders document; the tests hold messages
//! written after that documentation.

use http::HeaderMap;
use shipway_model::ci::{Delivery, REPORTS_MAX, Report};
use shipway_model::resource::Webhook;
use shipway_model::resource::webhook::Sender;

use crate::secret;

mod cdevents;
mod github;
mod gitlab;
mod jenkins;
mod message;
mod proof;

use message::Message;

/// Whether the message comes from who knows the Webhook's secret.
///
/// # Errors
/// Why not, in a sentence; it says nothing of the secret.
pub fn verify(webhook: &Webhook, headers: &HeaderMap, body: &[u8]) -> Result<(), String> {
    let secret = secret::read(&webhook.secret)?;
    if secret.is_empty() {
        return Err("the secret is empty, so everybody would know it".to_owned());
    }
    proof::check(webhook.sender, &secret, headers, body)
}

/// What a message tells.
///
/// # Errors
/// Why it is no message of the sender, in a sentence.
pub fn read(sender: Sender, headers: &HeaderMap, body: &[u8]) -> Result<Delivery, String> {
    let message = Message::new(headers, body)?;
    let (id, told) = match sender {
        Sender::Github => (github::id(&message), github::read(&message)),
        Sender::Gitlab => (gitlab::id(&message), gitlab::read(&message)),
        Sender::Jenkins => (jenkins::id(&message), jenkins::read(&message)),
        Sender::Cdevents => (cdevents::id(&message), cdevents::read(&message)),
    };
    let mut told = told?;
    if told.reports.len() > REPORTS_MAX {
        let n_left = told.reports.len() - REPORTS_MAX;
        told.reports.truncate(REPORTS_MAX);
        told.passed_over.push(format!("{n_left} reports beyond {REPORTS_MAX} were left out"));
    }
    // A sender that gives no id tells the same in the same bytes.
    let id = id.unwrap_or_else(|| message.digest().to_string());
    Ok(Delivery { id, reports: told.reports, passed_over: told.passed_over })
}

/// What a form makes of a message.
#[derive(Debug, Default)]
struct Told {
    reports: Vec<Report>,
    passed_over: Vec<String>,
}

impl Told {
    fn one(report: Report) -> Self {
        Self { reports: vec![report], passed_over: Vec::new() }
    }

    fn nothing(why: impl Into<String>) -> Self {
        Self { reports: Vec::new(), passed_over: vec![why.into()] }
    }
}

#[cfg(test)]
mod tests;
