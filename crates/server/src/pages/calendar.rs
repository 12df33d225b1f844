//! When releases may go and when they went, by month, by week or as an agenda, in the reader's time zone; and whether
//! a release would fit.

use std::collections::BTreeSet;

use askama::Template;
use axum::response::Response;
use jiff::civil::{Date, Weekday};
use jiff::{Timestamp, ToSpan};
use serde::Deserialize;
use shipway_engine::State;
use shipway_engine::calendar::Rule;
use shipway_engine::catalogue::graph;
use shipway_model::Name;
use shipway_model::resource::calendar::{Purpose, RuleKind};
use shipway_model::resource::{Key, Kind};

use self::clash::Clash;
use self::fit::{Fit, Question};
use super::document::{Area, Motion};
use super::drawing::Svg;
use super::drawing::week::{self, Block};
use super::moment::{Clock, Moment};
use super::visit::{Asked, Shown, Visit};
use super::words::Tone;
use crate::access::sight::Sight;
use crate::views;

mod clash;
pub(super) mod fit;

/// Chips in a day of the month; the agenda has the rest.
const CHIPS_MAX: usize = 4;
/// Releases that are offered; any other can be written.
const RELEASES_MAX: usize = 50;
const DAY_MINUTES: u64 = 24 * 60;

#[derive(Template)]
#[template(path = "calendar.html")]
struct Calendar {
    view: &'static str,
    title: String,
    day: Date,
    earlier: Date,
    later: Date,
    today: Date,
    zone: String,
    services: Vec<String>,
    environments: Vec<String>,
    filter: Filter,
    /// Of the month.
    weeks: Vec<Vec<Day>>,
    /// Of the week and the agenda.
    days: Vec<Day>,
    permits: Vec<Permit>,
    /// What gets in whose way of what is under way.
    clashes: Vec<Clash>,
    releases: Vec<String>,
    question: Question,
    fit: Option<Fit>,
    /// Why it cannot be said whether it fits.
    unfit: Option<String>,
    first: Date,
    n_days: i64,
    has_rules: bool,
    /// Of the week or the agenda: whether there is nothing at all.
    is_bare: bool,
}

#[derive(Default)]
struct Day {
    date: String,
    iso: String,
    number: i8,
    /// `Mon`.
    weekday: String,
    is_today: bool,
    is_other_month: bool,
    items: Vec<Item>,
    /// As a column, in the week.
    column: Svg,
    more: usize,
}

/// Something on a day.
#[derive(Clone)]
struct Item {
    tone: Tone,
    symbol: &'static str,
    title: String,
    detail: String,
    /// As local times of that day, `09:00–17:00`, or `all day`.
    hours: String,
    path: Option<String>,
    class: &'static str,
    /// In minutes of the day.
    begin: u64,
    end: u64,
}

struct Permit {
    who: String,
    reason: String,
    standing: &'static str,
    from: Moment,
    until: Moment,
    approved_by: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    view: String,
    day: String,
    service: String,
    environment: String,
}

/// A stretch with what it is, before it is cut into days.
struct Stretch {
    from: Timestamp,
    until: Timestamp,
    tone: Tone,
    symbol: &'static str,
    class: &'static str,
    title: String,
    detail: String,
    path: Option<String>,
}

pub(super) async fn page(
    visit: Visit,
    Asked(asked): Asked<Filter>,
    Asked(question): Asked<Question>,
) -> Response {
    visit.show_alike(&visit.audience(), || {
        let state = visit.state();
        let content = draw(&state, &visit.sight(&state), asked, question, &visit.clock);
        // Nothing moves under the hand that drags.
        let motion = if content.fit.is_some() { Motion::Still } else { Motion::Live };
        Shown { title: "Calendar".into(), area: Area::Calendar, motion, content }
    })
}

fn draw(state: &State, sight: &Sight<'_>, asked: Filter, question: Question, clock: &Clock) -> Calendar {
    let today = clock.local(clock.now).date();
    let day = asked.day.parse::<Date>().unwrap_or(today);
    let view = match asked.view.as_str() {
        "week" => "week",
        "agenda" => "agenda",
        _ => "month",
    };
    let month = day.first_of_month();
    let (from, n_days, title, step) = match view {
        "week" => {
            let from = monday(day);
            (from, 7, format!("Week of {}", from.strftime("%-d %B %Y")), 7.days())
        }
        "agenda" => (day, 30, format!("From {}", day.strftime("%-d %B %Y")), 30.days()),
        _ => (monday(month), 42, month.strftime("%B %Y").to_string(), 1.month()),
    };
    let dates: Vec<Date> = (0..n_days).map(|it: i64| from.saturating_add(it.days())).collect();
    let stretches = stretches(state, sight, &asked, clock, from, from.saturating_add(n_days.days()));
    let days = dates.iter().map(|date| on_day(*date, &stretches, clock, today, month));
    let mut days: Vec<Day> = days.collect();
    let mut weeks = Vec::new();
    if view == "month" {
        for day in &mut days {
            day.more = day.items.len().saturating_sub(CHIPS_MAX);
            day.items.truncate(CHIPS_MAX);
        }
        let mut rest = days.into_iter();
        // A last week that lies in the next month alone is left out.
        weeks.extend(std::iter::from_fn(|| {
            Some(rest.by_ref().take(7).collect::<Vec<Day>>()).filter(|it| !it.is_empty())
        }));
        weeks.retain(|week: &Vec<Day>| week.iter().any(|it| !it.is_other_month));
        days = Vec::new();
    } else if view == "week" {
        let local = clock.local(clock.now);
        let minute = u64::try_from(i64::from(local.hour()) * 60 + i64::from(local.minute())).ok();
        for day in &mut days {
            day.column = column(day, minute.filter(|_| day.is_today));
        }
    } else {
        days.retain(|it| !it.items.is_empty());
    }
    let is_bare = view != "month" && days.iter().all(|it| it.items.is_empty());
    let anchor = if view == "month" { month } else { from };
    let names = |kind| {
        let seen = state.catalogue.of_kind(kind).filter(|(key, _)| sight.resource(key));
        seen.map(|(key, _)| key.name.to_string()).collect()
    };
    let question =
        Question { from: question.from.or(Some(from)), days: question.days.or(Some(n_days)), ..question };
    let asks = !question.release.is_empty() && !question.environment.is_empty();
    let (fit, unfit) = match asks.then(|| fit::of(state, clock, question.clone())) {
        None => (None, None),
        Some(Ok(fit)) => (Some(fit), None),
        Some(Err(failure)) => (None, Some(failure.detail().to_owned())),
    };
    Calendar {
        view,
        title,
        day,
        earlier: anchor.saturating_sub(step),
        later: anchor.saturating_add(step),
        today,
        zone: clock.zone_name().to_owned(),
        services: names(shipway_model::resource::Kind::Service),
        environments: names(shipway_model::resource::Kind::Environment),
        releases: releases(state, sight),
        question,
        fit,
        unfit,
        first: from,
        n_days,
        weeks,
        days,
        permits: permits(state, clock),
        clashes: clash::all(state, sight, clock),
        has_rules: !state.calendars.is_empty(),
        is_bare,
        filter: asked,
    }
}

/// The newest that can be shipped.
fn releases(state: &State, sight: &Sight<'_>) -> Vec<String> {
    let sealed = state.releases.iter().rev().filter(|it| it.sealed.is_some() && sight.release(it.id));
    sealed.take(RELEASES_MAX).map(|it| format!("{}@{}", it.bundle.name, it.bundle.version)).collect()
}

fn monday(day: Date) -> Date {
    let behind = i64::from(day.weekday().since(Weekday::Monday));
    day.saturating_sub(behind.days())
}

/// Everything that touches the days from `from` to before `to`.
fn stretches(
    state: &State,
    sight: &Sight<'_>,
    asked: &Filter,
    clock: &Clock,
    from: Date,
    to: Date,
) -> Vec<Stretch> {
    let instant = |date: Date| clock.instant(date.to_datetime(jiff::civil::Time::midnight()));
    let (Some(from), Some(to)) = (instant(from), instant(to)) else { return Vec::new() };
    let mut stretches: Vec<Stretch> = rules(state, sight, asked, from, to).collect();
    stretches.extend(rollouts(state, sight, asked, clock, from, to));
    stretches.sort_by_key(|it| (it.from, it.until));
    stretches
}

fn rules<'a>(
    state: &'a State,
    sight: &'a Sight<'_>,
    asked: &'a Filter,
    from: Timestamp,
    to: Timestamp,
) -> impl Iterator<Item = Stretch> + 'a {
    let among = |named: &std::collections::BTreeSet<Name>, wanted: &str| {
        named.is_empty() || wanted.is_empty() || named.iter().any(|it| it.as_str() == wanted)
    };
    let vendors = vendors(state, &asked.service);
    let about = state.calendars.rules().filter(move |rule| {
        among(&rule.coverage.services, &asked.service)
            && among(&rule.coverage.environments, &asked.environment)
            && (asked.service.is_empty()
                || rule.coverage.vendors.is_empty()
                || !rule.coverage.vendors.is_disjoint(&vendors))
            && sight.rule(rule)
    });
    about.flat_map(move |rule| {
        // A rule that comes back more often than can be drawn is left out, as in its feed.
        let occurrences = rule.occurrences(from, to).unwrap_or_default();
        let (tone, symbol, class) = drawn(rule);
        occurrences.into_iter().map(move |it| Stretch {
            from: it.from.timestamp(),
            until: it.until.timestamp(),
            tone,
            symbol,
            class,
            title: titled(rule),
            detail: rule.declared.reason.clone(),
            path: None,
        })
    })
}

/// How a rule's times are drawn: what binds, whom it binds, and what only tells.
fn drawn(rule: &Rule) -> (Tone, &'static str, &'static str) {
    match (rule.declared.purpose, rule.declared.kind) {
        (Purpose::Booking, _) => (Tone::Undo, "◆", "booked"),
        (Purpose::Vendor, RuleKind::Deny) => (Tone::Bad, "▽", "vendor"),
        (Purpose::OnCall, _) => (Tone::Idle, "●", "people"),
        (_, RuleKind::Allow) => (Tone::Good, "○", "open"),
        (_, RuleKind::Deny) => (Tone::Hold, "✕", "closed"),
    }
}

fn titled(rule: &Rule) -> String {
    match (rule.declared.purpose, &rule.exempt) {
        (Purpose::Booking, Some(team)) => {
            let places: Vec<&str> = rule.coverage.environments.iter().map(Name::as_str).collect();
            format!("{} booked by {team}", places.join(", "))
        }
        (Purpose::Vendor, _) if rule.declared.kind == RuleKind::Deny => {
            let vendors: Vec<&str> = rule.coverage.vendors.iter().map(Name::as_str).collect();
            let who = if vendors.is_empty() { rule.calendar.as_str().to_owned() } else { vendors.join(", ") };
            format!("{who} is away")
        }
        (purpose, _) => format!("{} {}", purpose.as_str(), rule.declared.name),
    }
}

/// On which the service depends.
fn vendors(state: &State, service: &str) -> BTreeSet<Name> {
    let key = service.parse().ok().map(|name| Key { kind: Kind::Service, name });
    let needs = key.and_then(|key| graph::needs(&state.catalogue.get(&key)?.spec)).unwrap_or_default();
    needs.into_iter().filter(|it| it.kind == Kind::Vendor).map(|it| it.name).collect()
}

fn rollouts<'a>(
    state: &'a State,
    sight: &'a Sight<'_>,
    asked: &'a Filter,
    clock: &'a Clock,
    from: Timestamp,
    to: Timestamp,
) -> impl Iterator<Item = Stretch> + 'a {
    let known = state.rollouts.summaries.values().filter(move |it| {
        let ends = it.ended.unwrap_or(clock.now);
        let here = asked.environment.is_empty() || it.environment.as_str() == asked.environment;
        let ships = || {
            let release = state.releases.get(it.release.id);
            release.is_some_and(|it| it.bundle.parts.keys().any(|name| name.as_str() == asked.service))
        };
        it.queued < to
            && ends >= from
            && here
            && (asked.service.is_empty() || ships())
            && sight.rollout(it.id)
    });
    known.map(|it| {
        let badge = super::words::of_phase(&views::rollout::summary(state, it).phase);
        Stretch {
            from: it.started.unwrap_or(it.queued),
            until: it.ended.unwrap_or(clock.now),
            // Rollouts are told from windows by their colour, and how they went by their sign.
            tone: Tone::Busy,
            symbol: badge.symbol,
            class: "ship",
            title: format!("{} {} → {}", it.release.name, it.release.version, it.environment),
            detail: badge.word.to_owned(),
            path: Some(format!("/rollouts/{}", it.id)),
        }
    })
}

fn on_day(date: Date, stretches: &[Stretch], clock: &Clock, today: Date, month: Date) -> Day {
    let start = date.to_datetime(jiff::civil::Time::midnight());
    let end = date.saturating_add(1.day()).to_datetime(jiff::civil::Time::midnight());
    let (Some(from), Some(to)) = (clock.instant(start), clock.instant(end)) else { return Day::default() };
    let here = stretches.iter().filter(|it| it.from < to && (it.until > from || it.from >= from));
    let item = |it: &Stretch| {
        let minutes = |at: Timestamp| {
            u64::try_from(at.clamp(from, to).duration_since(from).as_mins()).unwrap_or(0).min(DAY_MINUTES)
        };
        let (begin, until) = (minutes(it.from), minutes(it.until));
        Item {
            tone: it.tone,
            symbol: it.symbol,
            title: it.title.clone(),
            detail: it.detail.clone(),
            hours: hours(it, from, to, clock),
            path: it.path.clone(),
            class: it.class,
            begin,
            end: until,
        }
    };
    Day {
        date: date.strftime("%A, %-d %B").to_string(),
        iso: date.to_string(),
        number: date.day(),
        weekday: date.strftime("%a").to_string(),
        is_today: date == today,
        is_other_month: date.month() != month.month(),
        items: here.map(item).collect(),
        column: Svg::default(),
        more: 0,
    }
}

fn column(day: &Day, now: Option<u64>) -> Svg {
    let whole: Vec<String> =
        day.items.iter().map(|it| format!("{}: {} {}", it.hours, it.title, it.detail)).collect();
    let blocks: Vec<Block<'_>> = day
        .items
        .iter()
        .zip(&whole)
        .map(|(it, whole)| Block {
            begin: it.begin,
            end: it.end,
            class: it.class,
            symbol: it.symbol,
            title: &it.title,
            whole,
            path: it.path.as_deref(),
        })
        .collect();
    week::draw(&blocks, now)
}

fn hours(it: &Stretch, from: Timestamp, to: Timestamp, clock: &Clock) -> String {
    let time = |at: Timestamp| clock.local(at).strftime("%H:%M").to_string();
    match (it.from <= from, it.until >= to) {
        (true, true) => "all day".to_owned(),
        (true, false) => format!("until {}", time(it.until)),
        (false, true) => format!("from {}", time(it.from)),
        (false, false) if time(it.from) == time(it.until) => time(it.from),
        (false, false) => format!("{}–{}", time(it.from), time(it.until)),
    }
}

fn permits(state: &State, clock: &Clock) -> Vec<Permit> {
    let open = state
        .calendars
        .exceptions
        .iter()
        .filter(|it| matches!(it.standing(clock.now), "requested" | "approved" | "in force"));
    open.map(|it| Permit {
        who: it.requested_by.clone(),
        reason: it.exception.reason.clone(),
        standing: it.standing(clock.now),
        from: clock.moment(it.exception.from),
        until: clock.moment(it.exception.until),
        approved_by: it.approvals.iter().map(|it| it.0.as_str()).collect::<Vec<_>>().join(", "),
    })
    .collect()
}
