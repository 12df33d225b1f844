//! Going anywhere by name: one search over pages and everything that has one, as a page and for the palette.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use shipway_engine::{Release, State};
use shipway_model::resource::{Key, Kind};
use shipway_model::{ChangeId, Digest};

use super::changes;
use super::document::{self, Area, Motion};
use super::moment::Clock;
use super::now::is_place;
use super::releases;
use super::visit::{Asked, Shown, Visit};
use super::words;
use crate::access::sight::Sight;
use crate::views;

const FOUND_MAX: usize = 24;
/// Of one kind, so that many releases do not hide the one service.
const OF_KIND_MAX: usize = 8;
/// Pages that the navigation does not list.
const ASIDE: [(&str, &str); 7] = [
    ("Alerts", "/alerts"),
    ("Boards", "/cab"),
    ("Exceptions", "/exceptions"),
    ("Reviews", "/reviews"),
    ("Who can", "/access"),
    ("You", "/me"),
    ("Design", "/design"),
];
/// Ranks that there are, from 0.
const RANKS: usize = 4;
/// Of a digest's beginning: fewer are too many digests' own.
const DIGEST_CHARS_MIN: usize = 6;

#[derive(Template)]
#[template(path = "search.html")]
struct Search {
    q: String,
    hits: Hits,
}

#[derive(Template)]
#[template(path = "hits.html")]
struct Hits {
    q: String,
    hits: Vec<Hit>,
}

struct Hit {
    kind: &'static str,
    title: String,
    path: String,
    /// Where it stands, in a few words.
    detail: String,
    /// Better is less: the name itself, its beginning, a word's beginning, anywhere.
    rank: u8,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Question {
    q: String,
}

pub(super) async fn page(visit: Visit, Asked(asked): Asked<Question>) -> Response {
    let hits = {
        let state = visit.state();
        search(&state, &visit.sight(&state), asked.q.trim(), &visit.clock)
    };
    let hits = Hits { hits, q: asked.q.trim().to_owned() };
    if visit.is_part() {
        return document::html(StatusCode::OK, hits.render().expect("texts take everything"));
    }
    let content = Search { q: hits.q.clone(), hits };
    visit.show(&Shown { title: "Search".into(), area: Area::Aside, motion: Motion::Still, content })
}

fn search(state: &State, sight: &Sight<'_>, q: &str, clock: &Clock) -> Vec<Hit> {
    let q = q.to_lowercase();
    let mut hits: Vec<Hit> = Vec::new();
    let listed = Area::LISTED.map(|it| (it.title(), it.path()));
    let pages =
        listed.into_iter().chain(ASIDE).map(|(title, path)| ("page", title.to_owned(), path.to_owned()));
    add(&mut hits, &q, pages.map(|it| (it, ())), |()| true);
    if q.is_empty() {
        return hits;
    }
    let services = state.catalogue.of_kind(Kind::Service);
    let services =
        services.map(|(key, _)| (("service", key.name.to_string(), format!("/services/{}", key.name)), key));
    add(&mut hits, &q, services, |key| sight.resource(key));
    let places = state.catalogue.environments().filter(|it| is_place(state, it));
    let places = places.map(|it| (("environment", it.to_string(), format!("/environments/{it}")), it));
    add(&mut hits, &q, places, |it| sight.environment(it));
    let newest = state.releases.iter().rev();
    let newest = newest.map(|it| (("release", releases::title(it), releases::path(it)), it.id));
    add(&mut hits, &q, newest, |id| sight.release(id));
    let rollouts = state.rollouts.summaries.values().rev().map(|it| {
        let title = format!("{} {} → {}", it.release.name, it.release.version, it.environment);
        (("rollout", title, format!("/rollouts/{}", it.id)), it.id)
    });
    add(&mut hits, &q, rollouts, |id| sight.rollout(id));
    let changes = state.changes.iter().rev().filter_map(|it| {
        let summary = state.rollouts.summaries.get(&it.change.rollout)?;
        Some((("change", changes::title(summary), format!("/changes/{}", it.id)), it.id))
    });
    add(&mut hits, &q, changes, |id| sight.change(id));
    let boards = state.catalogue.of_kind(Kind::Board);
    let boards = boards.map(|(key, _)| (("board", key.name.to_string(), format!("/cab/{}", key.name)), key));
    add(&mut hits, &q, boards, |key| sight.resource(key));
    let alerts = state.alerts.iter().rev();
    let alerts = alerts.map(|it| (("alert", it.alert.name.clone(), format!("/alerts/{}", it.id)), it.id));
    add(&mut hits, &q, alerts, |id| sight.alert(id));
    hits.extend(by_digest(state, sight, &q));
    if let Ok(position) = q.trim_start_matches('@').parse::<u64>() {
        hits.push(Hit {
            kind: "event",
            title: format!("event {position}"),
            path: format!("/ledger/{position}"),
            detail: String::new(),
            rank: 0,
        });
    }
    hits.sort_by_key(|it| it.rank);
    hits.truncate(FOUND_MAX);
    for hit in &mut hits {
        hit.detail = detail(state, hit, clock);
    }
    // Whatever has no page of its own is in the ledger.
    let path = format!("/ledger?q={}", urlencoding(&q));
    let title = format!("events with “{q}”");
    hits.push(Hit { kind: "ledger", title, path, detail: String::new(), rank: RANKS as u8 });
    hits
}

/// Releases whose digest, or that of a build in them, begins so.
fn by_digest(state: &State, sight: &Sight<'_>, q: &str) -> Vec<Hit> {
    let q = q.strip_prefix("sha256:").unwrap_or(q);
    if q.len() < DIGEST_CHARS_MIN || !q.bytes().all(|it| it.is_ascii_hexdigit()) {
        return Vec::new();
    }
    let begins = |it: &Digest| it.hex().starts_with(q);
    let is_it = |it: &&Release| {
        it.sealed.as_ref().is_some_and(|it| begins(&it.digest))
            || it.bundle.parts.values().any(|it| begins(&it.artifact))
    };
    let found = state.releases.iter().rev().filter(is_it).filter(|it| sight.release(it.id)).take(OF_KIND_MAX);
    let hit = |it: &Release| Hit {
        kind: "release",
        title: releases::title(it),
        path: releases::path(it),
        detail: String::new(),
        rank: 0,
    };
    found.map(hit).collect()
}

/// Asked of what is shown alone: most of what is found is not.
fn detail(state: &State, hit: &Hit, clock: &Clock) -> String {
    let rollout = |id: &str| {
        let summary = state.rollouts.summaries.get(&id.parse().ok()?)?;
        let phase = views::rollout::summary(state, summary).phase;
        Some(format!("{} · {}", words::of_phase(&phase).word, ago(clock, summary.queued)))
    };
    let of_kind = |kind, name: &str| state.catalogue.get(&Key { kind, name: name.parse().ok()? });
    let last = hit.path.rsplit('/').next().unwrap_or_default();
    let told = match hit.kind {
        "rollout" => rollout(last),
        "change" => last.parse::<ChangeId>().ok().and_then(|it| rollout(&it.rollout().to_string())),
        "service" => of_kind(Kind::Service, last).map(|it| it.metadata.description.clone()),
        "environment" => of_kind(Kind::Environment, last).map(|it| it.metadata.description.clone()),
        "alert" => last.parse().ok().and_then(|id| state.alerts.get(id)).map(|it| {
            let word = if it.ended_at.is_none() { "firing" } else { "ended" };
            format!("{word} · {}", ago(clock, it.at))
        }),
        _ => None,
    };
    told.unwrap_or_default()
}

fn ago(clock: &Clock, at: Timestamp) -> String {
    match clock.age(at) {
        it if it == "just now" => it,
        it => format!("{it} ago"),
    }
}

fn urlencoding(text: &str) -> String {
    askama::filters::urlencode(text).map(|it| it.to_string()).unwrap_or_default()
}

/// A kind, a title and an address.
type Named = (&'static str, String, String);

/// Adds those that hold every word of `q` and that the reader sees, the best of the kind first.
fn add<T>(hits: &mut Vec<Hit>, q: &str, things: impl Iterator<Item = (Named, T)>, sees: impl Fn(T) -> bool) {
    let mut found: Vec<Hit> = Vec::new();
    // How many were found of each rank: among ten thousand things nobody wants to count them anew for each.
    let mut n_of_rank = [0; RANKS];
    for ((kind, title, path), thing) in things {
        let Some(rank) = rank(&title, &path, q).filter(|_| sees(thing)) else { continue };
        n_of_rank[usize::from(rank)] += 1;
        found.push(Hit { kind, title, path, detail: String::new(), rank });
        if n_of_rank[..=usize::from(rank)].iter().sum::<usize>() > OF_KIND_MAX * 4 {
            break;
        }
    }
    found.sort_by_key(|it| it.rank);
    hits.extend(found.into_iter().take(OF_KIND_MAX));
}

fn rank(title: &str, path: &str, q: &str) -> Option<u8> {
    let title = title.to_lowercase();
    let all = q.split_whitespace().all(|it| title.contains(it) || path.contains(it));
    all.then(|| match () {
        () if title == q => 0,
        () if title.starts_with(q) => 1,
        () if title.contains(&format!(" {q}")) || title.contains(&format!("-{q}")) => 2,
        () => 3,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_itself_comes_first() {
        let rank = |title| rank(title, "/x", "web");
        let ranks = ["web", "web-shop", "the web", "cobweb", "shop"].map(rank);
        assert_eq!(ranks, [Some(0), Some(1), Some(2), Some(3), None]);
    }

    #[test]
    fn every_word_has_to_be_there() {
        assert!(rank("shop 1.2.0 → production", "/rollouts/rol_1", "prod 1.2").is_some());
        assert!(rank("shop 1.2.0 → production", "/rollouts/rol_1", "staging 1.2").is_none());
    }
}
