//! The ledger: every event, what it says, and the proof that it is there.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use jiff::Timestamp;
use memchr::memmem::Finder;
use serde::Deserialize;
use serde_json::Value;
use shipway_api::Code;
use shipway_api::view::ledger::LedgerEvent;
use shipway_engine::State;
use shipway_model::{AlertId, ChangeId, Digest, RolloutId};
use shipway_runtime::Record;
use shipway_runtime::store::Disclosure;

use super::changes;
use super::document::{Area, Motion};
use super::moment::Moment;
use super::prose::Prose;
use super::visit::{self, Asked, Shown, Visit};
use super::words::{Hash, grouped};
use crate::problem::Failure;
use crate::views;

const PAGE: u64 = 50;
/// Events that one search looks through, from the newest on; the next page looks further.
const SEARCHED_MAX: u64 = 2000;
/// A search that has taken as long says how far it came; the next page looks further. Of 50 ms that a page may take.
const SEARCH_MAX: Duration = Duration::from_millis(25);
/// Read at once while searching: what is done between two looks at the clock.
const BATCH: u64 = 50;

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
    summary: Prose,
    /// What it is about, by its name where that is known, and its page.
    thing: Option<Thing>,
}

struct Thing {
    name: String,
    id: String,
    path: Option<String>,
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
    let mut words = Words::new(&asked.q);
    let depth = if words.texts.is_empty() { PAGE } else { SEARCHED_MAX };
    let floor = before.saturating_sub(depth);
    let (mut rows, mut reached) = (Vec::new(), before);
    let began = Instant::now();
    while reached > floor && rows.len() < PAGE as usize && (reached == before || began.elapsed() < SEARCH_MAX)
    {
        let from = reached.saturating_sub(BATCH.min(depth)).max(floor);
        let (records, disclosures) = read(visit, from, reached - from).await?;
        let texts = beside(&disclosures);
        for record in records.iter().rev() {
            if rows.len() == PAGE as usize {
                break;
            }
            reached = record.position;
            if words.are_in(record, &texts) {
                rows.push(row(visit, &views::ledger::event(record, &disclosures)?));
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
    Ok(visit.show(&Shown { title: "Ledger".into(), area: Area::Ledger, motion: Motion::Live, content }))
}

async fn read(visit: &Visit, from: u64, n: u64) -> Result<(Vec<Record>, Vec<Disclosure>), Failure> {
    let runtime = &visit.app.runtime;
    let records = runtime.records(from, n as usize).await?;
    let disclosures = runtime.disclosures(&records).await?;
    Ok((records, disclosures))
}

/// The texts beside the ledger, in small letters, by the record that commits to them.
type Beside = BTreeMap<u64, Vec<String>>;

fn beside(disclosures: &[Disclosure]) -> Beside {
    let mut beside = Beside::new();
    for it in disclosures {
        beside.entry(it.position).or_default().push(it.text.to_lowercase());
    }
    beside
}

/// Words that are looked for in many records.
struct Words {
    texts: Vec<String>,
    finders: Vec<Finder<'static>>,
    /// Small letters of ASCII are other bytes of the same number, so that one buffer serves all records.
    is_ascii: bool,
    folded: Vec<u8>,
}

impl Words {
    fn new(q: &str) -> Self {
        let texts: Vec<String> = q.split_whitespace().map(str::to_lowercase).collect();
        Self {
            finders: texts.iter().map(|it| Finder::new(it.as_bytes()).into_owned()).collect(),
            is_ascii: texts.iter().all(|it| it.is_ascii()),
            texts,
            folded: Vec::new(),
        }
    }

    /// Whether every word is somewhere in what was hashed or in the texts beside it. Only what is found is read as JSON.
    fn are_in(&mut self, record: &Record, beside: &Beside) -> bool {
        if self.texts.is_empty() {
            return true;
        }
        self.folded.clear();
        match self.is_ascii {
            true => self.folded.extend(record.bytes.iter().map(u8::to_ascii_lowercase)),
            false => self.folded.extend(String::from_utf8_lossy(&record.bytes).to_lowercase().bytes()),
        }
        let beside = beside.get(&record.position);
        self.texts.iter().zip(&self.finders).all(|(text, finder)| {
            finder.find(&self.folded).is_some()
                || beside.is_some_and(|it| it.iter().any(|it| it.contains(text.as_str())))
        })
    }
}

fn row(visit: &Visit, event: &LedgerEvent) -> Row {
    let opened = event.opened();
    let text = |name: &str| opened.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Row {
        position: event.position,
        kind: text("type"),
        actor: text("actor"),
        at: text("at").parse::<Timestamp>().ok().map(|it| visit.clock.moment(it)),
        summary: visit.clock.prose(&opened.get("data").map(summary).unwrap_or_default()),
        thing: opened.get("data").and_then(id).map(|it| thing(&visit.state(), it)),
    }
}

/// Its own, or that of what is within it, or of the rollout that it is about.
fn id(data: &Value) -> Option<&str> {
    let within = data.as_object()?.values().filter(|it| it.is_object());
    let own = std::iter::once(data).chain(within).find_map(|it| it.get("id").and_then(Value::as_str));
    own.or_else(|| data.get("rollout").and_then(Value::as_str))
}

/// Ids are for machines: people know a rollout or a change by what goes where.
fn thing(state: &State, id: &str) -> Thing {
    let of_rollout = |it: RolloutId| state.rollouts.summaries.get(&it).map(changes::title);
    let (name, path) = match id.split_once('_') {
        Some(("rol", _)) => (id.parse().ok().and_then(of_rollout), Some(format!("/rollouts/{id}"))),
        Some(("chg", _)) => {
            let change = id.parse::<ChangeId>().ok();
            (change.and_then(|it| of_rollout(it.rollout())), Some(format!("/changes/{id}")))
        }
        Some(("alr", _)) => (None, Some(format!("/alerts/{id}"))),
        _ => (None, None),
    };
    // What the state has let go of has no page either.
    let is_known = name.is_some() || id.parse().is_ok_and(|it: AlertId| state.alerts.get(it).is_some());
    Thing { name: name.unwrap_or_else(|| shortened(id)), id: id.to_owned(), path: path.filter(|_| is_known) }
}

/// `rol_01a1fedb7dfe7a698c3c10403c2adc49` as `rol_…2adc49`, and a digest as it is shown everywhere; what is short already stays.
fn shortened(id: &str) -> String {
    const END: usize = 6;
    if let Ok(digest) = id.parse::<Digest>() {
        return digest.short();
    }
    match id.split_once('_') {
        Some((prefix, rest)) if rest.len() > 2 * END && rest.is_ascii() => {
            format!("{prefix}_…{}", &rest[rest.len() - END..])
        }
        _ => id.to_owned(),
    }
}

/// The fields by which people know a thing, in this order.
const KNOWN_BY: [&str; 13] = [
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
    summary: Prose,
    thing: Option<Thing>,
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
    let (records, disclosures) = read(visit, position, 1).await?;
    let event = views::ledger::event(records.first().ok_or_else(unknown)?, &disclosures)?;
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
        thing: line.thing,
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
    Ok(visit.show(&Shown {
        title: title.as_str().into(),
        area: Area::Ledger,
        motion: Motion::Still,
        content,
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_are_cut_to_what_tells_them_apart() {
        let check = |id, told| assert_eq!(shortened(id), told);
        check("rol_01a1fedb7dfe7a698c3c10403c2adc49", "rol_…2adc49");
        let key = "sha256:9368a7d21e018f64ae3327d2f25cd4d7693b2d85328e4bb680bcfcbd4c26b90e";
        check(key, "9368a7d21e01");
        check("rol_1", "rol_1");
        check("laptop", "laptop");
    }

    #[test]
    fn a_summary_says_what_people_know_a_thing_by() {
        let check = |data: Value, told: &str| assert_eq!(summary(&data), told);
        check(json!({ "resource": { "metadata": { "name": "web" } } }), "web");
        check(json!({ "id": "rol_1", "step": 3, "attempt": 1 }), "step 3 · attempt 1");
        check(json!({ "scope": { "environment": "staging" }, "reason": "" }), "staging");
        check(json!({ "reason": "x".repeat(500) }), &format!("{}…", "x".repeat(159)));
    }
}
