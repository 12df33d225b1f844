//! Parameters of a request: in the path, the query, headers and cookies.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::document::{Document, Walk};
use super::schema::{self, Direction, Part};

/// The parameters of the path and the operation.
type Given<'a> = (Option<&'a Value>, &'a Map<String, Value>);

/// Where it stands, and its name; in a path the position tells more than the name.
type Key = (String, String);

pub(super) fn compare<'a>(place: &str, was: Given<'a>, is: Given<'a>, walk: &mut Walk<'a, '_>) {
    let (before, after) = (collect(was, &walk.old), collect(is, &walk.new));
    for (key, was) in &before {
        let place = format!("{place} {} `{}`", key.0, key.1);
        match after.get(key) {
            // The path itself says which of its parameters there are.
            None if key.0 == "path" => {}
            None => walk.changes.warning("request-parameter-removed", &place, "the parameter is gone"),
            Some(is) => {
                match (required(was), required(is)) {
                    (false, true) => walk.changes.error(
                        "request-parameter-became-required",
                        &place,
                        "the parameter has to be given now",
                    ),
                    (true, false) => walk.changes.info(
                        "request-parameter-became-optional",
                        &place,
                        "the parameter need not be given any more",
                    ),
                    _ => {}
                }
                let (was, is) = (was.get("schema"), is.get("schema"));
                schema::compare(&place, Direction::Request, Part::Parameter, was, is, walk);
            }
        }
    }
    for (key, is) in after.iter().filter(|(key, _)| !before.contains_key(*key) && key.0 != "path") {
        let place = format!("{place} {} `{}`", key.0, key.1);
        match required(is) {
            true => {
                let message = "the parameter is new and has to be given";
                walk.changes.error("new-required-request-parameter", &place, message);
            }
            false => walk.changes.info("new-optional-request-parameter", &place, "the parameter is new"),
        }
    }
}

fn required(parameter: &Value) -> bool {
    parameter.get("required").and_then(Value::as_bool).unwrap_or(false)
}

/// What the operation says goes before what the path says.
fn collect<'a>((shared, operation): Given<'a>, document: &Document<'a>) -> BTreeMap<Key, &'a Value> {
    let mut found = BTreeMap::new();
    let lists = [shared, operation.get("parameters")];
    for parameter in lists.into_iter().flatten().filter_map(Value::as_array).flatten() {
        let parameter = document.resolve(parameter);
        let text = |name: &str| parameter.get(name).and_then(Value::as_str).unwrap_or_default();
        let name = match text("in") {
            // Names of headers are the same in any case (RFC 9110, section 5.1).
            "header" => text("name").to_lowercase(),
            _ => text("name").to_owned(),
        };
        found.insert((text("in").to_owned(), name), parameter);
    }
    found
}
