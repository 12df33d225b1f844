//! What a step expects of its answer.

use serde_json::Value;
use shipway_model::resource::journey::Expect;

use super::super::http::is_expected;
use crate::outbound::{Answer, excerpt};

/// A sentence for everything that is not as expected: what was expected and what came.
pub(super) fn faults(expect: &Expect, answer: &Answer) -> Vec<String> {
    let mut faults = Vec::new();
    if !is_expected(expect.status, answer.status) {
        let wanted = expect.status.map_or("200 to 299".to_owned(), |it| it.to_string());
        faults.push(format!("expected status {wanted}, and {} came", answer.status.as_u16()));
    }
    if let Some(limit) = expect.max_duration.filter(|it| answer.duration > it.duration()) {
        faults.push(format!(
            "expected an answer within {limit}, and it took {} ms",
            answer.duration.as_millis()
        ));
    }
    if let Some(text) = &expect.body_contains
        && !String::from_utf8_lossy(&answer.body).contains(text)
    {
        faults.push(format!("expected `{}` in the body, and it is not there", excerpt(text)));
    }
    if expect.json.is_empty() {
        return faults;
    }
    match serde_json::from_slice::<Value>(&answer.body) {
        Ok(body) => {
            faults.extend(expect.json.iter().filter_map(|(pointer, wanted)| differs(&body, pointer, wanted)))
        }
        Err(_) => faults.push("expected JSON, and the body is none".to_owned()),
    }
    faults
}

fn differs(body: &Value, pointer: &str, wanted: &Value) -> Option<String> {
    let found = body.pointer(pointer);
    if found.is_some_and(|it| is_equal(it, wanted)) {
        return None;
    }
    let came = found.map_or("nothing".to_owned(), |it| excerpt(&it.to_string()));
    Some(format!("expected {} at `{}`, and {came} came", excerpt(&wanted.to_string()), excerpt(pointer)))
}

/// JSON has one kind of number: `3` and `3.0` are equal.
fn is_equal(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Number(found), Value::Number(wanted)) => {
            found == wanted || (found.as_f64() == wanted.as_f64() && (found.is_f64() || wanted.is_f64()))
        }
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len() && found.iter().zip(wanted).all(|(one, other)| is_equal(one, other))
        }
        (Value::Object(found), Value::Object(wanted)) => {
            let is_in =
                |(key, wanted): (&String, &Value)| found.get(key).is_some_and(|it| is_equal(it, wanted));
            found.len() == wanted.len() && wanted.iter().all(is_in)
        }
        _ => found == wanted,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, StatusCode};
    use serde_json::json;

    use super::*;

    fn check(expect: Value, expected: &[&str]) {
        let body = br#"{"cart": {"items": [1, 2.0], "id": "x"}, "big": 9007199254740993}"#.to_vec();
        let (status, duration) = (StatusCode::CREATED, Duration::from_millis(30));
        let answer = Answer { status, headers: HeaderMap::new(), body, is_cut: false, duration };
        assert_eq!(faults(&serde_json::from_value(expect).unwrap(), &answer), expected);
    }

    #[test]
    fn all_that_differs_is_said() {
        check(json!({}), &[]);
        check(json!({"status": 201, "bodyContains": "cart", "maxDuration": "30ms"}), &[]);
        check(json!({"json": {"/cart": {"id": "x", "items": [1.0, 2]}, "/cart/items/1": 2}}), &[]);
        check(
            json!({"json": {"/big": 9_007_199_254_740_992_u64}}),
            &["expected 9007199254740992 at `/big`, and 9007199254740993 came"],
        );
        check(
            json!({"status": 200, "bodyContains": "\u{7}bell", "maxDuration": "29ms", "json": {"/cart/id": "y", "/none": null}}),
            &[
                "expected status 200, and 201 came",
                "expected an answer within 29ms, and it took 30 ms",
                "expected `\\u{7}bell` in the body, and it is not there",
                "expected \"y\" at `/cart/id`, and \"x\" came",
                "expected null at `/none`, and nothing came",
            ],
        );
    }

    #[test]
    fn a_body_that_is_not_json_meets_no_pointer() {
        let answer = Answer {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: b"<html>".to_vec(),
            is_cut: false,
            duration: Duration::ZERO,
        };
        let expect: Expect = serde_json::from_value(json!({"json": {"": {}}})).unwrap();
        assert_eq!(faults(&expect, &answer), ["expected JSON, and the body is none"]);
    }
}
