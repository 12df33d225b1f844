//! The feed that calendar programs subscribe to.

use std::sync::Arc;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use jiff::{SignedDuration, Timestamp};
use shipway_api::Code;
use shipway_api::operations::calendar::{FeedQuery, ReadCalendar};
use shipway_engine::calendar::{Rule, ics};
use shipway_model::Name;

use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;

const BEFORE: SignedDuration = SignedDuration::from_hours(24 * 30);
const AFTER: SignedDuration = SignedDuration::from_hours(24 * 366);
const REFRESH: SignedDuration = SignedDuration::from_mins(15);

pub(super) async fn handle(it: Incoming<ReadCalendar>) -> Outcome<ReadCalendar> {
    let now = it.now();
    let rules: Vec<Arc<Rule>> = {
        let state = it.state();
        let sight = it.sight(&state);
        let about = state.calendars.rules().filter(|rule| is_about(rule, &it.query));
        about.filter(|rule| sight.rule(rule)).cloned().collect()
    };
    let feed = ics::Feed {
        title: title(&it.query),
        rules,
        from: now.checked_sub(BEFORE).unwrap_or(Timestamp::MIN),
        to: now.checked_add(AFTER).unwrap_or(Timestamp::MAX),
        made: now,
        refresh: REFRESH,
    };
    let text = ics::write(&feed).map_err(|error| {
        Failure::new(Code::TooLarge, error.to_string())
            .hint("narrow it: `?service=…`, `?team=…` or `?environment=…`")
    })?;
    let headers = [(CONTENT_TYPE, "text/calendar; charset=utf-8"), (CACHE_CONTROL, "private, no-cache")];
    Ok((headers, text).into_response())
}

/// Rules that name nothing cover everything, so they are about each.
fn is_about(rule: &Rule, query: &FeedQuery) -> bool {
    let among = |named: &std::collections::BTreeSet<Name>, wanted: &Option<Name>| {
        named.is_empty() || wanted.as_ref().is_none_or(|it| named.contains(it))
    };
    among(&rule.coverage.teams, &query.team)
        && among(&rule.coverage.services, &query.service)
        && among(&rule.coverage.environments, &query.environment)
}

fn title(query: &FeedQuery) -> String {
    let named = [("team", &query.team), ("service", &query.service), ("environment", &query.environment)];
    let named: Vec<String> =
        named.into_iter().filter_map(|(word, name)| Some(format!("{word} {}", name.as_ref()?))).collect();
    if named.is_empty() {
        "Shipway: all releases".to_owned()
    } else {
        format!("Shipway: {}", named.join(", "))
    }
}
