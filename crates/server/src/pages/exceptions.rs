//! Everything that is let through although a rule says no: calendar exceptions, waivers of gates, and privilege for a
//! time, each with its reason, whose word it has, and when it ends by itself.

use askama::Template;
use axum::response::Response;
use jiff::Timestamp;
use shipway_api::operations::access::ApproveGrant;
use shipway_api::operations::calendar::ApproveException;
use shipway_api::operations::waiver::ApproveWaiver;
use shipway_api::permission::role_word;
use shipway_api::{Code, Operation, Permission};
use shipway_engine::{Command, State};
use shipway_model::Name;

use super::csrf::Sent;
use super::decide::{see, submit};
use super::document::{Area, Motion};
use super::moment::{self, Clock, Moment};
use super::visit::{self, Shown, Visit};
use super::words::{Badge, Tone};
use crate::problem::Failure;

/// Those that are over are in the ledger too; so many of them are listed.
const OVER_MAX: usize = 100;

#[derive(Template)]
#[template(path = "exceptions.html")]
struct Exceptions {
    groups: Vec<Group>,
    n_more: usize,
    csrf: String,
    key: String,
}

struct Group {
    title: &'static str,
    rows: Vec<Row>,
}

struct Row {
    /// The kind and the id, as the form names them.
    kind: &'static str,
    id: String,
    badge: Badge,
    what: String,
    why: String,
    /// Who asked, and who looks after it where that is another.
    by: String,
    at: Moment,
    approved: String,
    ends: Option<Moment>,
    /// What was done on account of it.
    uses: Vec<String>,
    may_approve: bool,
    requested: Timestamp,
}

pub(super) async fn page(visit: Visit) -> Response {
    let content = draw(&visit, &visit.state());
    visit.show(&Shown { title: "Exceptions", area: Area::Aside, motion: Motion::Live, content })
}

fn draw(visit: &Visit, state: &State) -> Exceptions {
    let mut rows: Vec<Row> =
        permits(visit, state).chain(waivers(visit, state)).chain(grants(visit, state)).collect();
    rows.sort_by_key(|it| std::cmp::Reverse(it.requested));
    let mut groups = ["Asked for", "In force", "Over"].map(|title| Group { title, rows: Vec::new() });
    let mut n_more = 0;
    for row in rows {
        let idx = match row.badge.tone {
            Tone::Hold => 0,
            Tone::Undo => 1,
            _ => 2,
        };
        match idx == 2 && groups[2].rows.len() >= OVER_MAX {
            true => n_more += 1,
            false => groups[idx].rows.push(row),
        }
    }
    Exceptions {
        groups: groups.into_iter().filter(|it| !it.rows.is_empty()).collect(),
        n_more,
        csrf: visit.csrf.as_str().to_owned(),
        key: visit.app.runtime.random_secret(),
    }
}

/// What is asked for waits, what lets something through stands out, and the rest is over.
fn badge(standing: &'static str) -> Badge {
    match standing {
        "requested" => Tone::Hold.badge(standing),
        "approved" | "in force" => super::words::badge(Tone::Undo, "△", standing),
        _ => Tone::Idle.badge(standing),
    }
}

fn may(visit: &Visit, state: &State, permission: Permission, standing: &str, by: &str) -> bool {
    visit.is_now()
        && standing == "requested"
        && permission.allows(visit.caller.role)
        && !state.access.is_same_person(by, &visit.caller.actor())
}

fn permits<'a>(visit: &'a Visit, state: &'a State) -> impl Iterator<Item = Row> + 'a {
    let clock = &visit.clock;
    state.calendars.exceptions.iter().map(move |it| {
        let (standing, asked) = (it.standing(clock.now), &it.exception);
        let calendar = asked.calendar.as_ref().map_or("every calendar", Name::as_str);
        let release = asked.release.as_ref().map(|it| format!(" for {it}")).unwrap_or_default();
        let covered = covered(&asked.scope);
        Row {
            kind: "exception",
            id: it.id.to_string(),
            badge: badge(standing),
            what: format!("{calendar} does not bind{release}{covered}, from {}", clock.words(asked.from)),
            why: asked.reason.clone(),
            by: it.requested_by.clone(),
            at: clock.moment(it.requested),
            approved: names(it.approvals.iter().map(|(who, _)| who)),
            ends: Some(clock.moment(asked.until)),
            uses: Vec::new(),
            may_approve: may(visit, state, ApproveException::PERMISSION, standing, &it.requested_by),
            requested: it.requested,
        }
    })
}

fn waivers<'a>(visit: &'a Visit, state: &'a State) -> impl Iterator<Item = Row> + 'a {
    let clock = &visit.clock;
    state.waivers.iter().map(move |it| {
        let (standing, asked) = (it.standing(clock.now), &it.waiver);
        let service = asked.service.as_ref().map(|it| format!(" for {it}")).unwrap_or_default();
        let only: Vec<&str> = asked.finding.iter().chain(&asked.package).map(String::as_str).collect();
        let only = if only.is_empty() { String::new() } else { format!(", only {}", only.join(" in ")) };
        Row {
            kind: "waiver",
            id: it.id.to_string(),
            badge: badge(standing),
            what: format!("{} of {} is waived{service}{only}", asked.gate, asked.policy),
            why: asked.reason.clone(),
            by: match asked.owner == it.requested_by {
                true => it.requested_by.clone(),
                false => format!("{}, looked after by {}", it.requested_by, asked.owner),
            },
            at: clock.moment(it.requested),
            approved: names(it.approved.iter().map(|(who, _)| who)),
            ends: Some(clock.moment(asked.expires)),
            uses: Vec::new(),
            may_approve: may(visit, state, ApproveWaiver::PERMISSION, standing, &it.requested_by),
            requested: it.requested,
        }
    })
}

fn grants<'a>(visit: &'a Visit, state: &'a State) -> impl Iterator<Item = Row> + 'a {
    let clock = &visit.clock;
    state.access.grants.iter().map(move |it| {
        let (standing, asked) = (it.standing(clock.now), &it.privilege);
        let places: Vec<&str> = asked.environments.iter().map(Name::as_str).collect();
        let places =
            if places.is_empty() { "everywhere".to_owned() } else { format!("in {}", places.join(", ")) };
        Row {
            kind: "grant",
            id: it.id.to_string(),
            badge: badge(standing),
            what: format!("{} {places} for {}", role_word(asked.role), moment::length(asked.duration)),
            why: asked.reason.clone(),
            by: it.requested_by.clone(),
            at: clock.moment(it.requested),
            approved: names(it.approved.iter().map(|it| &it.by)),
            ends: it.approved.as_ref().map(|it| clock.moment(it.until)),
            uses: it.uses.iter().map(|it| format!("{} on {}", it.operation, it.resource)).collect(),
            may_approve: may(visit, state, ApproveGrant::PERMISSION, standing, &it.requested_by),
            requested: it.requested,
        }
    })
}

fn names<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// The services and environments that it is limited to.
fn covered(scope: &shipway_model::resource::calendar::Coverage) -> String {
    let names: Vec<&str> = scope.services.iter().chain(&scope.environments).map(Name::as_str).collect();
    if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) }
}

impl Clock {
    /// For sentences.
    fn words(&self, at: Timestamp) -> String {
        self.local(at).strftime("%-d %b %Y %H:%M").to_string()
    }
}

/// Gives the reader's word for one, and shows them again.
pub(super) async fn approve(sent: Sent) -> Response {
    visit::answer(&sent.visit, approved(&sent).await)
}

async fn approved(sent: &Sent) -> Result<Response, Failure> {
    let unknown = || {
        Failure::new(Code::InvalidRequest, "the form names nothing that could be approved")
            .hint("open the page again")
    };
    let id = sent.field("id");
    let command = match sent.field("kind") {
        "exception" => Command::ApproveException { id: id.parse().map_err(|_| unknown())? },
        "waiver" => Command::ApproveWaiver { id: id.parse().map_err(|_| unknown())? },
        "grant" => Command::ApproveGrant { id: id.parse().map_err(|_| unknown())? },
        _ => return Err(unknown()),
    };
    submit(sent, command).await?;
    Ok(see("/exceptions"))
}
