//! The ledger: every event, what it says, and the proof that it is there.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use shipway_api::Code;
use shipway_api::view::ledger::LedgerEvent;

use super::document::{Area, Motion};
use super::moment::Moment;
use super::visit::{self, Asked, Shown, Visit};
use super::words::{Hash, grouped};
use crate::problem::Failure;
use crate::views;

const PAGE: u64 = 50;
/// Events that one search looks through, from the newest on; the next page looks further.
const SEARCHED_MAX: u64 = 5000;
/// Read at once while searching.
const BATCH: u64 = 1000;

#[derive(Template)]
#[template(path = "events.html")]
struct Events {
    rows: Vec<Row>,
    q: String,
    /// Events before this position follow on the next page.
    next: Option<u64>,
    is_first: bool,
    searched: String,
    size: String,
    root: Hash,
    checkpoint: String,
}

struct Row {
    position: u64,
    kind: String,
    actor: String,
    at: Option<Moment>,
    summary: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    q: String,
    before: Option<u64>,
}

pub(super) async fn page(visit: Visit, Asked(asked): Asked<Filter>) -> Response {
    visit::answer(&visit, list(&visit, asked).await)
}

async fn list(visit: &Visit, asked: Filter) -> Result<Response, Failure> {
    let size = visit.ledger_size();
    let before = asked.before.unwrap_or(size).min(size);
    let words: Vec<String> = asked.q.split_whitespace().map(str::to_lowercase).collect();
    let depth = if words.is_empty() { PAGE } else { SEARCHED_MAX };
    let floor = before.saturating_sub(depth);
    let (mut rows, mut reached) = (Vec::new(), before);
    while reached > floor && rows.len() < PAGE as usize {
        let from = reached.saturating_sub(BATCH.min(depth)).max(floor);
        for event in read(visit, from, reached - from).await?.iter().rev() {
            if rows.len() == PAGE as usize {
                break;
            }
            reached = event.position;
            if is_about(event, &words) {
                rows.push(row(visit, event));
            }
        }
    }
    let head = visit.app.runtime.head();
    let content = Events {
        rows,
        next: Some(reached).filter(|it| *it > 0),
        is_first: asked.before.is_none(),
        searched: grouped(before - reached),
        size: grouped(size),
        root: Hash(visit.past().map_or(head.root, shipway_runtime::Past::root)),
        checkpoint: if visit.is_now() { head.checkpoint } else { String::new() },
        q: asked.q,
    };
    Ok(visit.show(&Shown { title: "Ledger", area: Area::Ledger, motion: Motion::Live, content }))
}

async fn read(visit: &Visit, from: u64, n: u64) -> Result<Vec<LedgerEvent>, Failure> {
    let runtime = &visit.app.runtime;
    let records = runtime.records(from, n as usize).await?;
    let disclosures = runtime.disclosures(&records).await?;
    let events = records.iter().map(|it| views::ledger::event(it, &disclosures));
    Ok(events.collect::<Result<_, _>>()?)
}

/// Whether every word is somewhere in it.
fn is_about(event: &LedgerEvent, words: &[String]) -> bool {
    if words.is_empty() {
        return true;
    }
    let text = event.opened().to_string().to_lowercase();
    words.iter().all(|it| text.contains(it.as_str()))
}

fn row(visit: &Visit, event: &LedgerEvent) -> Row {
    let opened = event.opened();
    let text = |name: &str| opened.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Row {
        position: event.position,
        kind: text("type"),
        actor: text("actor"),
        at: text("at").parse::<Timestamp>().ok().map(|it| visit.clock.moment(it)),
        summary: opened.get("data").map(summary).unwrap_or_default(),
    }
}

/// The fields by which people know a thing, in this order.
const KNOWN_BY: [&str; 14] = [
    "name",
    "version",
    "service",
    "environment",
    "host",
    "target",
    "scope",
    "step",
    "direction",
    "attempt",
    "condition",
    "reason",
    "detail",
    "id",
];
/// Of a summary, in characters.
const SUMMARY_MAX: usize = 160;

/// What an event is about, in one line: what it or the thing within it is known by.
fn summary(data: &Value) -> String {
    let within = data.as_object().into_iter().flat_map(|it| it.values()).filter(|it| it.is_object());
    let places: Vec<&Value> = std::iter::once(data).chain(within).collect();
    let mut told: Vec<String> = Vec::new();
    for name in KNOWN_BY {
        let found =
            places.iter().filter_map(|it| it.get(name).or_else(|| it.pointer(&format!("/metadata/{name}"))));
        let plain = found.filter_map(|it| match it {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(format!("{name} {number}")),
            Value::Object(fields) if name == "scope" => {
                fields.values().find_map(Value::as_str).map(str::to_owned)
            }
            _ => None,
        });
        for text in plain.take(1).filter(|it| !told.contains(it)).collect::<Vec<_>>() {
            told.push(text);
        }
    }
    let text = told.join(" · ");
    if text.chars().count() <= SUMMARY_MAX {
        text
    } else {
        text.chars().take(SUMMARY_MAX - 1).chain(['…']).collect()
    }
}

#[derive(Template)]
#[template(path = "event.html")]
struct Shape {
    position: u64,
    earlier: Option<u64>,
    later: Option<u64>,
    kind: String,
    actor: String,
    at: Option<Moment>,
    summary: String,
    json: String,
    personal: Vec<(String, &'static str)>,
    leaf: String,
    path: Vec<String>,
    size: String,
    root: String,
    rollout: Option<String>,
}

pub(super) async fn event(visit: Visit, Path(text): Path<String>) -> Response {
    visit::answer(&visit, shown(&visit, &text).await)
}

async fn shown(visit: &Visit, text: &str) -> Result<Response, Failure> {
    let size = visit.ledger_size();
    let unknown = || {
        let detail = format!("the ledger has no event `{}`", crate::problem::shown(text));
        Failure::new(Code::UnknownPosition, detail)
            .hint("positions go from 0 to the number of events less one")
    };
    let position: u64 = text.parse().map_err(|_| unknown())?;
    if position >= size {
        return Err(unknown());
    }
    let event = read(visit, position, 1).await?.into_iter().next().ok_or_else(unknown)?;
    let runtime = &visit.app.runtime;
    // Of one and the same tree: more may be written between two questions.
    let head = runtime.head();
    let (size, root) = visit.past().map_or((head.size, head.root), |it| (it.size(), it.root()));
    let path = runtime.inclusion_proof(position, size).await?;
    let line = row(visit, &event);
    let opened = event.opened();
    let rollout = opened.pointer("/data/id").and_then(Value::as_str).filter(|it| it.starts_with("rol_"));
    let content = Shape {
        position,
        earlier: position.checked_sub(1),
        later: Some(position + 1).filter(|it| *it < size),
        kind: line.kind,
        actor: line.actor,
        at: opened
            .get("at")
            .and_then(Value::as_str)
            .and_then(|it| it.parse::<Timestamp>().ok())
            .map(|it| visit.clock.full(it)),
        summary: line.summary,
        json: serde_json::to_string_pretty(&opened).unwrap_or_default(),
        personal: event
            .personal
            .iter()
            .map(|(pointer, it)| {
                let kept = matches!(it, shipway_api::view::ledger::PersonalText::Kept { .. });
                (pointer.clone(), if kept { "kept beside the ledger" } else { "erased" })
            })
            .collect(),
        leaf: event.leaf.to_string(),
        path: path.iter().map(ToString::to_string).collect(),
        size: grouped(size),
        root: root.to_string(),
        rollout: rollout.map(|it| format!("/rollouts/{it}")),
    };
    let title = format!("Event {position}");
    Ok(visit.show(&Shown { title: &title, area: Area::Ledger, motion: Motion::Still, content }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_summary_says_what_people_know_a_thing_by() {
        let check = |data: Value, told: &str| assert_eq!(summary(&data), told);
        check(json!({ "resource": { "metadata": { "name": "web" } } }), "web");
        check(json!({ "id": "rol_1", "step": 3, "attempt": 1 }), "step 3 · attempt 1 · rol_1");
        check(json!({ "scope": { "environment": "staging" }, "reason": "" }), "staging");
        check(json!({ "reason": "x".repeat(500) }), &format!("{}…", "x".repeat(159)));
    }
}
