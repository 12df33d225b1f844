//! Giving a word with a passkey: the statement is put together here, shown as it will be signed, signed by the reader's
//! authenticator, and checked by the core like any other signature.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::response::Response;
use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use shipway_api::Code;
use shipway_api::operations::change::Intent;
use shipway_engine::change::word::Voice;
use shipway_engine::{Case, Command, Key, State};
use shipway_model::Name;
use shipway_model::approval::{Approval, Decision, PublicKey, Signature, Statement, Window};

use super::known;
use crate::gates::first;
use crate::pages::csrf::Sent;
use crate::pages::decide::{see, submit};
use crate::pages::moment::Moment;
use crate::pages::visit::{self, Visit};
use crate::pages::words::Hash;
use crate::problem::Failure;
use crate::routes::change::draft;

/// How long a word given here lives; a rule may let it live for less.
const LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What the reader is about to say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Wish {
    decision: String,
    /// Of the passkey; the first one when it is left out.
    key: String,
    /// Local times, for a word that is only good in between.
    from: String,
    until: String,
    /// The board on which it is a vote.
    pub(super) board: String,
    /// Of the vote, one on each line.
    conditions: String,
}

/// A word that can be given, and how it is offered.
struct Offer {
    decision: Decision,
    /// What the button says.
    title: &'static str,
    /// What the heading asks, before the release's name.
    question: &'static str,
    weight: &'static str,
    meaning: &'static str,
}

pub(super) struct Sign {
    /// As addresses name it.
    pub(super) decision: &'static str,
    pub(super) title: &'static str,
    pub(super) question: &'static str,
    pub(super) weight: &'static str,
    pub(super) meaning: &'static str,
    pub(super) from: String,
    pub(super) until: String,
    /// The board, where it is a vote.
    pub(super) board: Option<String>,
    pub(super) conditions: String,
    /// The same without a browser.
    pub(super) command: String,
    /// With which it can be signed here.
    pub(super) keys: Vec<(String, String)>,
    /// None where the reader has no passkey for this address.
    pub(super) draft: Option<Drafted>,
}

pub(super) struct Drafted {
    pub(super) text: String,
    pub(super) challenge: String,
    pub(super) credential: String,
    pub(super) rp_id: String,
    pub(super) key: Hash,
    pub(super) expires: Moment,
}

impl Sign {
    /// What the reader asked to say; nothing when they only look.
    ///
    /// # Errors
    /// When there is no such word, or the window cannot be understood.
    pub(super) fn of(
        visit: &Visit,
        state: &State,
        case: &Case,
        wish: &Wish,
        voice: &Voice,
    ) -> Result<Option<Self>, Failure> {
        let board = wish.board.parse::<Name>().ok();
        let offer = if board.is_some() { vote(&wish.decision) } else { word(&wish.decision, voice) };
        let Some(Offer { decision, title, question, weight, meaning }) = offer else { return Ok(None) };
        let intent = |key: &Key, expires| Intent {
            decision,
            key: key.key.id,
            expires,
            window: None,
            board: board.clone(),
            conditions: match decision {
                Decision::Approve if board.is_some() => conditions(&wish.conditions),
                _ => Vec::new(),
            },
        };
        let window = window(visit, wish)?;
        let actor = visit.caller.actor();
        let keys: Vec<&Key> = passkeys(state, &actor, &visit.host).collect();
        let chosen = keys.iter().find(|it| it.key.id.to_string() == wish.key).or(keys.first());
        let now = visit.now();
        let expires = now.saturating_add(LIFE).unwrap_or(Timestamp::MAX);
        let expires = window.map_or(expires, |it| it.until.max(expires));
        let draft = chosen
            .and_then(|it| Drafted::new(visit, state, case, it, &Intent { window, ..intent(it, expires) }));
        let named = |it: &&Key| (it.key.id.to_string(), label(it));
        Ok(Some(Self {
            decision: decision.as_str(),
            title,
            question,
            weight,
            meaning,
            from: wish.from.clone(),
            until: wish.until.clone(),
            command: command(case, decision, board.as_ref()),
            board: board.map(|it| it.to_string()),
            conditions: wish.conditions.clone(),
            keys: keys.iter().map(named).collect(),
            draft,
        }))
    }
}

impl Drafted {
    fn new(visit: &Visit, state: &State, case: &Case, key: &Key, intent: &Intent) -> Option<Self> {
        let PublicKey::Passkey { credential, rp_id, .. } = &key.key.public else { return None };
        let drafted = draft(state, case, intent, visit.now(), visit.app.runtime.new_nonce())?;
        Some(Self {
            text: drafted.text,
            challenge: drafted.challenge,
            credential: credential.clone(),
            rp_id: rp_id.clone(),
            key: Hash(key.key.id),
            expires: visit.clock.moment(intent.expires),
        })
    }
}

/// A word for the rules of the change.
fn word(decision: &str, voice: &Voice) -> Option<Offer> {
    let (decision, title, weight, meaning) = match (decision, voice) {
        (_, Voice::NotAsked) => return None,
        ("approve", Voice::Asked) => (
            Decision::Approve,
            "Approve",
            "primary",
            "Your word counts for exactly what stands here. Whatever of it changes afterwards voids it.",
        ),
        ("reject", _) => (
            Decision::Reject,
            "Decline",
            "danger",
            "The change does not begin while your word stands. You can take it back.",
        ),
        ("recuse", _) => (
            Decision::Recuse,
            "Step aside",
            "even",
            "You have no part in it: no other word of yours about this change counts.",
        ),
        _ => return None,
    };
    let question = if decision == Decision::Recuse { "Step aside from" } else { title };
    Some(Offer { decision, title, question, weight, meaning })
}

/// A vote on a board that looks at the change.
fn vote(decision: &str) -> Option<Offer> {
    let (decision, title, question, weight, meaning) = match decision {
        "approve" => (
            Decision::Approve,
            "Vote for it",
            "Vote for",
            "primary",
            "Your vote counts for exactly what stands here, once its conditions are met. Whatever of it changes afterwards voids it.",
        ),
        "reject" => (
            Decision::Reject,
            "Vote against it",
            "Vote against",
            "danger",
            "Your vote counts against it until the rollout begins, or until you vote again.",
        ),
        "abstain" => (
            Decision::Abstain,
            "Abstain",
            "Abstain from",
            "even",
            "You count as present, and are neither for nor against.",
        ),
        "recuse" => (
            Decision::Recuse,
            "Leave the table",
            "Leave the table over",
            "even",
            "You have no part in it, and do not count as present.",
        ),
        _ => return None,
    };
    Some(Offer { decision, title, question, weight, meaning })
}

fn conditions(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned).collect()
}

fn command(case: &Case, decision: Decision, board: Option<&Name>) -> String {
    let id = case.id;
    match (board, decision) {
        (Some(board), Decision::Approve) => format!("shipway cab vote {id} --board {board} --for"),
        (Some(board), Decision::Reject) => format!("shipway cab vote {id} --board {board} --against"),
        (Some(board), _) => format!("shipway cab vote {id} --board {board} --{}", decision.as_str()),
        (None, Decision::Approve) => format!("shipway approve {id}"),
        (None, _) => format!("shipway approve {id} --{}", decision.as_str()),
    }
}

/// The passkeys with which a person can sign on pages of this host.
pub(in crate::pages) fn passkeys<'a>(
    state: &'a State,
    person: &'a str,
    host: &'a str,
) -> impl Iterator<Item = &'a Key> {
    let is_here = move |it: &&Key| {
        let PublicKey::Passkey { origin, .. } = &it.key.public else { return false };
        let here = origin.split_once("://").is_some_and(|(_, from)| from.eq_ignore_ascii_case(host));
        here && it.owner == person && it.revoked.is_none()
    };
    state.keys.iter().filter(is_here)
}

fn label(key: &Key) -> String {
    if key.key.label.is_empty() { key.key.id.short() } else { key.key.label.clone() }
}

fn window(visit: &Visit, wish: &Wish) -> Result<Option<Window>, Failure> {
    if wish.from.is_empty() && wish.until.is_empty() {
        return Ok(None);
    }
    let instant = |text: &str| text.parse::<DateTime>().ok().and_then(|it| visit.clock.instant(it));
    match (instant(&wish.from), instant(&wish.until)) {
        (Some(from), Some(until)) if from < until => Ok(Some(Window { from, until })),
        _ => Err(Failure::new(Code::InvalidRequest, "a window has a beginning and a later end")
            .hint("fill in both, or leave both empty for a word that is good until it expires")),
    }
}

/// Gives the word, and shows the change again.
pub(in crate::pages) async fn give(
    path: Result<Path<shipway_model::ChangeId>, PathRejection>,
    sent: Sent,
) -> Response {
    visit::answer(&sent.visit, given(path, &sent).await)
}

async fn given(
    path: Result<Path<shipway_model::ChangeId>, PathRejection>,
    sent: &Sent,
) -> Result<Response, Failure> {
    let id = known(path)?;
    let part = |name: &str| match sent.field(name) {
        "" => Err(Failure::new(Code::InvalidRequest, "no passkey has signed this").hint(format!(
            "scripts have to be on for passkeys; `shipway approve {id}` signs without a browser"
        ))),
        text => Ok(text.to_owned()),
    };
    let statement: Statement = serde_json::from_str(sent.field("statement")).map_err(|_| {
        Failure::new(Code::InvalidRequest, "the form holds no statement").hint("open the change again")
    })?;
    let signature = Signature::Passkey {
        authenticator_data: part("authenticatorData")?,
        client_data_json: part("clientDataJson")?,
        signature: part("signature")?,
    };
    let approval = Approval { statement, signature, note: sent.field("note").to_owned() };
    first::note(&sent.visit.app, id).await?;
    submit(sent, Command::GiveApproval { id, approval }).await?;
    Ok(see(&format!("/changes/{id}")))
}

/// Takes the reader's words back, and shows the change again.
pub(in crate::pages) async fn withdraw(
    path: Result<Path<shipway_model::ChangeId>, PathRejection>,
    sent: Sent,
) -> Response {
    visit::answer(&sent.visit, withdrawn(path, &sent).await)
}

async fn withdrawn(
    path: Result<Path<shipway_model::ChangeId>, PathRejection>,
    sent: &Sent,
) -> Result<Response, Failure> {
    let id = known(path)?;
    submit(sent, Command::WithdrawApproval { id, reason: sent.field("reason").to_owned() }).await?;
    Ok(see(&format!("/changes/{id}")))
}
