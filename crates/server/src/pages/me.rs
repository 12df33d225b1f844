//! Whoever is signed in: the keys that they sign with, who speaks for whom, and how both are changed.

use askama::Template;
use axum::response::Response;
use jiff::civil::DateTime;
use shipway_api::operations::key::RegisterKey;
use shipway_api::permission::role_word;
use shipway_api::{Code, Operation};
use shipway_engine::key::passkey::{self, Creation};
use shipway_engine::{Command, Delegation, Key, State};
use shipway_model::Digest;
use shipway_model::approval::{PersonKey, PublicKey};

use super::csrf::Sent;
use super::decide::{see, submit};
use super::document::{Area, Motion};
use super::moment::{Clock, Moment};
use super::visit::{self, Shown, Visit};
use super::words::{Badge, Hash, Tone};
use crate::problem::Failure;

#[derive(Template)]
#[template(path = "me.html")]
struct Me {
    name: String,
    role: &'static str,
    keys: Vec<Row>,
    /// Those who speak for the reader.
    given: Vec<Seat>,
    /// Those for whom the reader speaks.
    lent: Vec<Seat>,
    may_register: bool,
    /// What the authenticator is asked to answer, in base64url.
    challenge: String,
    rp_id: String,
    /// An opaque handle, so that one authenticator keeps one key of a person.
    handle: String,
    csrf: String,
    key: String,
}

struct Row {
    id: Digest,
    hash: Hash,
    badge: Badge,
    label: String,
    kind: &'static str,
    /// Where a passkey can be used.
    origin: String,
    registered: Moment,
    is_revoked: bool,
}

struct Seat {
    who: String,
    until: Moment,
    reason: String,
}

pub(super) async fn page(visit: Visit) -> Response {
    let content = draw(&visit, &visit.state());
    // Nothing moves under the hand that fills in a form.
    visit.show(&Shown { title: "You".into(), area: Area::Aside, motion: Motion::Still, content })
}

fn draw(visit: &Visit, state: &State) -> Me {
    let (clock, actor) = (&visit.clock, visit.caller.actor());
    let mut own: Vec<&Key> = state.keys.iter().filter(|it| it.owner == actor).collect();
    own.sort_by_key(|it| (it.revoked.is_some(), it.registered));
    let holds = |it: &&Delegation| it.holds_at(clock.now);
    let given = state.delegations.iter().filter(|it| it.from == actor).filter(holds);
    let lent = state.delegations.iter().filter(|it| it.to == actor).filter(holds);
    Me {
        role: role_word(visit.caller.role),
        keys: own.into_iter().map(|it| row(it, clock)).collect(),
        given: given.map(|it| seat(it, &it.to, clock)).collect(),
        lent: lent.map(|it| seat(it, &it.from, clock)).collect(),
        may_register: visit.is_now() && RegisterKey::PERMISSION.allows(visit.caller.role),
        challenge: passkey::challenge(&asked(visit)),
        rp_id: visit.host.rsplit_once(':').map_or(visit.host.as_str(), |(name, _)| name).to_owned(),
        handle: Digest::of(actor.as_bytes()).hex(),
        csrf: visit.csrf.as_str().to_owned(),
        key: visit.app.runtime.random_secret(),
        name: visit.caller.name.clone(),
    }
}

/// What an authenticator has to answer: this session's own, so that what was made for another does not fit here.
fn asked(visit: &Visit) -> Vec<u8> {
    format!("shipway passkey\n{}", visit.csrf.as_str()).into_bytes()
}

fn row(it: &Key, clock: &Clock) -> Row {
    let (kind, origin) = match &it.key.public {
        PublicKey::Ssh { .. } => ("SSH key", String::new()),
        PublicKey::Passkey { origin, .. } => ("passkey", origin.clone()),
    };
    Row {
        id: it.key.id,
        hash: Hash(it.key.id),
        badge: if it.revoked.is_some() { Tone::Idle.badge("revoked") } else { Tone::Good.badge("in use") },
        label: it.key.label.clone(),
        kind,
        origin,
        registered: clock.moment(it.registered),
        is_revoked: it.revoked.is_some(),
    }
}

fn seat(it: &Delegation, who: &str, clock: &Clock) -> Seat {
    Seat { who: who.to_owned(), until: clock.moment(it.until), reason: it.reason.clone() }
}

/// Registers the passkey that the reader's authenticator has just made.
pub(super) async fn register(sent: Sent) -> Response {
    visit::answer(&sent.visit, registered(&sent).await)
}

async fn registered(sent: &Sent) -> Result<Response, Failure> {
    if sent.field("clientDataJson").is_empty() {
        return Err(Failure::new(Code::InvalidRequest, "no passkey was made").hint(
            "scripts have to be on for passkeys; `shipway key add FILE.pub` registers an SSH key instead",
        ));
    }
    let creation = Creation {
        authenticator_data: sent.field("authenticatorData"),
        client_data_json: sent.field("clientDataJson"),
    };
    let invalid = |fault: passkey::Fault| Failure::new(Code::InvalidKey, fault.to_string());
    let made = passkey::made(&sent.visit.host, &asked(&sent.visit), creation).map_err(invalid)?;
    let id = passkey::id_of(&made.point).map_err(invalid)?;
    let public = PublicKey::Passkey {
        credential: made.credential,
        point: made.point,
        rp_id: made.rp_id,
        origin: made.origin,
    };
    let key = PersonKey { id, public, label: sent.field("label").to_owned() };
    submit(sent, Command::RegisterKey { key }).await?;
    Ok(see("/me"))
}

/// Revokes one of the reader's own keys; those of others are revoked over the API, with since when.
pub(super) async fn revoke(sent: Sent) -> Response {
    visit::answer(&sent.visit, revoked(&sent).await)
}

async fn revoked(sent: &Sent) -> Result<Response, Failure> {
    let unknown = || Failure::new(Code::UnknownKey, "this is no key of yours").hint("open your page again");
    let key: Digest = sent.field("id").parse().map_err(|_| unknown())?;
    let owner = sent.visit.state().keys.get(&key).map(|it| it.owner.clone());
    if owner.is_none_or(|it| it != sent.visit.caller.actor()) {
        return Err(unknown());
    }
    let reason = sent.field("reason").to_owned();
    submit(sent, Command::RevokeKey { key, since: None, reason }).await?;
    Ok(see("/me"))
}

/// Lets somebody speak for the reader.
pub(super) async fn delegate(sent: Sent) -> Response {
    visit::answer(&sent.visit, delegated(&sent).await)
}

async fn delegated(sent: &Sent) -> Result<Response, Failure> {
    let until = sent.field("until").parse::<DateTime>().ok().and_then(|it| sent.visit.clock.instant(it));
    let until = until.ok_or_else(|| {
        Failure::new(Code::InvalidRequest, "it is not said until when they speak for you")
            .hint("write a day and a time, such as 2026-11-21T18:00")
    })?;
    let (to, reason) = (sent.field("to").to_owned(), sent.field("reason").to_owned());
    submit(sent, Command::GrantDelegation { to, until, reason }).await?;
    Ok(see("/me"))
}

/// Lets them speak no longer.
pub(super) async fn end_delegation(sent: Sent) -> Response {
    let ended = submit(&sent, Command::EndDelegation { to: sent.field("to").to_owned() }).await;
    visit::answer(&sent.visit, ended.map(|_| see("/me")))
}
