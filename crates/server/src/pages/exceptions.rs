//! Everything that is let through although a rule says no, in the one register that `shipway exceptions` reads: through closed
//! calendars, past gates and boards, into frozen scopes, and privilege for a time. Each has its reason, whose word it has,
//! what went through on account of it, and when it ends by itself.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;
use shipway_api::operations::access::ApproveGrant;
use shipway_api::operations::calendar::ApproveException;
use shipway_api::operations::scope::ApproveLateItem;
use shipway_api::operations::waiver::ApproveWaiver;
use shipway_api::{Code, Operation, Permission};
use shipway_engine::register::{Entry, Kind, register};
use shipway_engine::{Command, Context, State};

use super::csrf::Sent;
use super::decide::{see, submit};
use super::document::{Area, Motion};
use super::moment::Moment;
use super::visit::{self, Asked, Shown, Visit};
use super::words::{Badge, Tone, badge};
use crate::access::sight::Sight;
use crate::problem::Failure;
use crate::routes::register::OVER;

/// Those that are over are in the ledger too; so many of them are listed.
const OVER_MAX: usize = 100;

#[derive(Template)]
#[template(path = "exceptions.html")]
struct Exceptions {
    groups: Vec<Group>,
    kinds: Vec<&'static str>,
    kind: String,
    n_more: usize,
    csrf: String,
    key: String,
}

struct Group {
    title: &'static str,
    rows: Vec<Row>,
}

struct Row {
    kind: &'static str,
    id: String,
    badge: Badge,
    what: String,
    why: String,
    owner: String,
    at: Moment,
    approved: String,
    ends: Option<Moment>,
    /// What went through on account of it.
    touched: Vec<String>,
    /// Where it is looked at, if it has a page of its own.
    path: Option<String>,
    may_approve: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    /// All kinds when it is empty.
    kind: String,
}

pub(super) async fn page(visit: Visit, Asked(asked): Asked<Filter>) -> Response {
    let content = {
        let state = visit.state();
        draw(&visit, &state, &visit.sight(&state), asked)
    };
    visit.show(&Shown { title: "Exceptions".into(), area: Area::Changes, motion: Motion::Live, content })
}

fn draw(visit: &Visit, state: &State, sight: &Sight<'_>, asked: Filter) -> Exceptions {
    let mut groups = ["Asked for", "In force", "Over"].map(|title| Group { title, rows: Vec::new() });
    let mut n_more = 0;
    let wanted =
        |it: &Entry| (asked.kind.is_empty() || it.kind.as_str() == asked.kind) && sight.exception(it);
    for entry in register(state, visit.now()).into_iter().filter(wanted) {
        let idx = match entry.standing {
            "requested" | "to be reviewed" => 0,
            it if OVER.contains(&it) => 2,
            _ => 1,
        };
        match idx == 2 && groups[2].rows.len() >= OVER_MAX {
            true => n_more += 1,
            false => groups[idx].rows.push(row(visit, state, entry)),
        }
    }
    Exceptions {
        groups: groups.into_iter().filter(|it| !it.rows.is_empty()).collect(),
        kinds: Kind::ALL.map(Kind::as_str).into(),
        kind: asked.kind,
        n_more,
        csrf: visit.csrf.as_str().to_owned(),
        key: visit.app.runtime.random_secret(),
    }
}

fn row(visit: &Visit, state: &State, it: Entry) -> Row {
    let clock = &visit.clock;
    Row {
        kind: it.kind.as_str(),
        badge: of_standing(it.standing),
        may_approve: may_approve(visit, state, &it),
        path: (it.kind == Kind::Hotfix).then(|| format!("/changes/{}", it.id)),
        id: it.id,
        what: it.what,
        why: it.why,
        owner: it.owner,
        at: clock.moment(it.requested),
        approved: it.approved_by.join(", "),
        ends: it.expires.map(|at| clock.moment(at)),
        touched: it.touched,
    }
}

/// What is asked for waits, what lets something through stands out, and the rest is over.
fn of_standing(standing: &'static str) -> Badge {
    match standing {
        "requested" | "to be reviewed" => Tone::Hold.badge(standing),
        it if OVER.contains(&it) => Tone::Idle.badge(standing),
        _ => badge(Tone::Undo, "△", standing),
    }
}

/// What the reader's word for it is, and what it takes; nothing for what is signed elsewhere.
fn approval(kind: &str, id: &str) -> Option<(Command, Permission)> {
    Some(match kind {
        "calendar" => (Command::ApproveException { id: id.parse().ok()? }, ApproveException::PERMISSION),
        "waiver" => (Command::ApproveWaiver { id: id.parse().ok()? }, ApproveWaiver::PERMISSION),
        "late-item" => (Command::ApproveLate { id: id.parse().ok()? }, ApproveLateItem::PERMISSION),
        "privilege" => (Command::ApproveGrant { id: id.parse().ok()? }, ApproveGrant::PERMISSION),
        _ => return None,
    })
}

/// The core is asked, so that nothing is offered that it would refuse.
fn may_approve(visit: &Visit, state: &State, it: &Entry) -> bool {
    let Some((command, permission)) = approval(it.kind.as_str(), &it.id) else { return false };
    let ctx = Context { actor: &visit.caller.actor(), now: visit.now() };
    visit.is_now()
        && it.standing == "requested"
        && permission.allows(visit.caller.role)
        && shipway_engine::decide(state, &command, &ctx).is_ok_and(|events| !events.is_empty())
}

/// Gives the reader's word for one, and shows them again.
pub(super) async fn approve(sent: Sent) -> Response {
    visit::answer(&sent.visit, approved(&sent).await)
}

async fn approved(sent: &Sent) -> Result<Response, Failure> {
    let (command, _) = approval(sent.field("kind"), sent.field("id")).ok_or_else(|| {
        Failure::new(Code::InvalidRequest, "the form names nothing that could be approved")
            .hint("open the page again")
    })?;
    submit(sent, command).await?;
    Ok(see("/exceptions"))
}
