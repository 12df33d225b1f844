//! OpenAPI 3.0 and 3.1, by oasdiff's rules.
//!
//! What a client sends may only become wider, and what it gets only narrower. The document is walked as it was
//! written; references within it are followed, recursion is cut where both sides recur, and the walk has a budget.

pub(super) mod document;
mod parameter;
pub(super) mod schema;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use shipway_model::contract::OpenApi;

use super::Changes;
use document::{Document, Walk};
use schema::{Direction, Part};

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

pub(super) fn diff(old: &OpenApi, new: &OpenApi, changes: &mut Changes) {
    let mut walk = Walk::new(Document::new(&old.document), Document::new(&new.document), changes);
    let (before, after) = (operations(&walk.old), operations(&walk.new));
    let paths: BTreeSet<&str> = after.keys().map(|(path, _)| path.as_str()).collect();
    for (key, was) in &before {
        let place = format!("{} {}", key.1.to_uppercase(), was.path);
        match after.get(key) {
            Some(is) => of_operation(&place, was, is, &mut walk),
            None => gone(&place, was, paths.contains(key.0.as_str()), &mut walk),
        }
    }
    for ((_, method), is) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
        let place = format!("{} {}", method.to_uppercase(), is.path);
        walk.changes.info("endpoint-added", &place, "the endpoint is new");
    }
    walk.finish();
}

/// A method on a path.
struct Operation<'a> {
    path: &'a str,
    value: &'a Map<String, Value>,
    /// Of the path as a whole.
    shared: Option<&'a Value>,
}

/// By path without the names of its parameters, and method.
fn operations<'a>(document: &Document<'a>) -> BTreeMap<(String, &'static str), Operation<'a>> {
    let mut found = BTreeMap::new();
    let paths = document.root.get("paths").and_then(Value::as_object);
    for (path, item) in paths.into_iter().flatten() {
        let item = document.resolve(item);
        for method in METHODS {
            if let Some(value) = item.get(method).and_then(Value::as_object) {
                let operation = Operation { path, value, shared: item.get("parameters") };
                found.insert((nameless(path), method), operation);
            }
        }
    }
    found
}

/// `/orders/{id}` and `/orders/{order}` are one path.
fn nameless(path: &str) -> String {
    let part = |it: &str| if it.starts_with('{') && it.ends_with('}') { "{}" } else { it }.to_owned();
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn gone(place: &str, was: &Operation<'_>, path_is_there: bool, walk: &mut Walk<'_, '_>) {
    let is_deprecated = was.value.get("deprecated").and_then(Value::as_bool).unwrap_or(false);
    match (is_deprecated, path_is_there) {
        (true, _) => {
            walk.changes.info("api-removed-with-deprecation", place, "the deprecated endpoint is gone")
        }
        (false, true) => {
            walk.changes.error("api-removed-without-deprecation", place, "the endpoint is gone");
        }
        (false, false) => {
            walk.changes.error("api-path-removed-without-deprecation", place, "the path is gone");
        }
    }
}

fn of_operation<'a>(place: &str, was: &Operation<'a>, is: &Operation<'a>, walk: &mut Walk<'a, '_>) {
    let deprecated =
        |it: &Operation<'_>| it.value.get("deprecated").and_then(Value::as_bool).unwrap_or(false);
    match (deprecated(was), deprecated(is)) {
        (false, true) => walk.changes.info("endpoint-deprecated", place, "the endpoint is deprecated now"),
        (true, false) => {
            walk.changes.info("endpoint-reactivated", place, "the endpoint is no longer deprecated");
        }
        _ => {}
    }
    parameter::compare(place, (was.shared, was.value), (is.shared, is.value), walk);
    of_body(place, was.value.get("requestBody"), is.value.get("requestBody"), walk);
    of_responses(place, was.value.get("responses"), is.value.get("responses"), walk);
    of_security(place, was, is, walk);
}

fn of_body<'a>(place: &str, was: Option<&'a Value>, is: Option<&'a Value>, walk: &mut Walk<'a, '_>) {
    let was = was.map(|it| walk.old.resolve(it));
    let is = is.map(|it| walk.new.resolve(it));
    let required = |it: &Value| it.get("required").and_then(Value::as_bool).unwrap_or(false);
    match (was, is) {
        (None, None) => {}
        (None, Some(is)) if required(is) => {
            walk.changes.error("request-body-added-required", place, "a body has to be sent now");
        }
        (None, Some(_)) => walk.changes.info("request-body-added-optional", place, "a body may be sent now"),
        (Some(_), None) => walk.changes.error("request-body-removed", place, "no body is taken any more"),
        (Some(was), Some(is)) => {
            match (required(was), required(is)) {
                (false, true) => {
                    walk.changes.error("request-body-became-required", place, "a body has to be sent now");
                }
                (true, false) => {
                    walk.changes.info(
                        "request-body-became-optional",
                        place,
                        "a body need not be sent any more",
                    );
                }
                _ => {}
            }
            of_content(place, Direction::Request, was, is, walk);
        }
    }
}

fn of_content<'a>(place: &str, direction: Direction, was: &'a Value, is: &'a Value, walk: &mut Walk<'a, '_>) {
    let part = match direction {
        Direction::Request => "request-body",
        Direction::Response => "response",
    };
    let (before, after) = (entries(was.get("content")), entries(is.get("content")));
    for (media, was) in &before {
        match after.get(media) {
            None => {
                let message = format!("`{media}` is gone");
                walk.changes.error(format!("{part}-media-type-removed"), place, message);
            }
            Some(is) => {
                let (was, is) = (was.get("schema"), is.get("schema"));
                schema::compare(place, direction, Part::Body, was, is, walk);
            }
        }
    }
    for media in after.keys().filter(|it| !before.contains_key(*it)) {
        walk.changes.info(format!("{part}-media-type-added"), place, format!("`{media}` is new"));
    }
}

fn entries(value: Option<&Value>) -> BTreeMap<&str, &Value> {
    value.and_then(Value::as_object).into_iter().flatten().map(|(key, it)| (key.as_str(), it)).collect()
}

fn of_responses<'a>(place: &str, was: Option<&'a Value>, is: Option<&'a Value>, walk: &mut Walk<'a, '_>) {
    let (before, after) = (entries(was), entries(is));
    for (status, was) in &before {
        let place = format!("{place} {status}");
        let Some(is) = after.get(status) else {
            match status.starts_with('2') {
                true => walk.changes.error("response-success-status-removed", &place, "the status is gone"),
                false => {
                    walk.changes.info("response-non-success-status-removed", &place, "the status is gone")
                }
            }
            continue;
        };
        let (was, is) = (walk.old.resolve(was), walk.new.resolve(is));
        of_content(&place, Direction::Response, was, is, walk);
        of_headers(&place, was.get("headers"), is.get("headers"), walk);
    }
    for status in after.keys().filter(|it| !before.contains_key(*it)) {
        let kind = if status.starts_with('2') { "success" } else { "non-success" };
        let rule = format!("response-{kind}-status-added");
        walk.changes.info(rule, &format!("{place} {status}"), "the status is new");
    }
}

fn of_headers(place: &str, was: Option<&Value>, is: Option<&Value>, walk: &mut Walk<'_, '_>) {
    let required = |it: &Value| it.get("required").and_then(Value::as_bool).unwrap_or(false);
    let after = entries(is);
    for (name, was) in entries(was) {
        let was = required(walk.old.resolve(was));
        let found = after.iter().find(|(it, _)| it.eq_ignore_ascii_case(name));
        match found.map(|(_, is)| required(walk.new.resolve(is))) {
            None if was => {
                let message = format!("the header `{name}` is gone");
                walk.changes.error("required-response-header-removed", place, message);
            }
            None => {
                let message = format!("the header `{name}` is gone");
                walk.changes.warning("optional-response-header-removed", place, message);
            }
            Some(is) if was && !is => {
                let message = format!("the header `{name}` may be absent now");
                walk.changes.error("response-header-became-optional", place, message);
            }
            Some(_) => {}
        }
    }
}

/// Each way in is a set of schemes with scopes; who had one of them must still get in.
fn of_security(place: &str, was: &Operation<'_>, is: &Operation<'_>, walk: &mut Walk<'_, '_>) {
    let ways = |operation: &Operation<'_>, document: &Document<'_>| -> BTreeSet<String> {
        let own = operation.value.get("security").or_else(|| document.root.get("security"));
        own.and_then(Value::as_array).into_iter().flatten().map(ToString::to_string).collect()
    };
    let (before, after) = (ways(was, &walk.old), ways(is, &walk.new));
    if before.is_empty() && !after.is_empty() {
        walk.changes.error("api-security-added", place, "the endpoint asks who calls now");
        return;
    }
    for it in before.difference(&after).filter(|_| !after.is_empty()) {
        walk.changes.error("api-security-removed", place, format!("{it} no longer lets anybody in"));
    }
    for it in after.difference(&before).filter(|_| !before.is_empty()) {
        walk.changes.info("api-security-added", place, format!("{it} lets in too"));
    }
}
