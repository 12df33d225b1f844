//! Where two documents differ, in sentences.

use serde::Serialize;
use serde_json::Value;

/// Most differences that are told.
const TOLD_MAX: usize = 20;
/// Longest value that is shown, in characters.
const VALUE_CHARS_MAX: usize = 120;

/// One sentence per place, by its JSON pointer below `name`.
pub(super) fn differences<T: Serialize>(name: &str, recorded: &T, computed: &T) -> Vec<String> {
    let json = |it: &T| serde_json::to_value(it).expect("what is recorded has string keys");
    let mut told = Vec::new();
    compare(&format!("/{name}"), &json(recorded), &json(computed), &mut told);
    if told.len() > TOLD_MAX {
        let more = told.len() - TOLD_MAX;
        told.truncate(TOLD_MAX);
        told.push(format!("and {more} more"));
    }
    told
}

fn compare(at: &str, recorded: &Value, computed: &Value, told: &mut Vec<String>) {
    match (recorded, computed) {
        (Value::Object(was), Value::Object(is)) => {
            let keys: std::collections::BTreeSet<_> = was.keys().chain(is.keys()).collect();
            for key in keys {
                let of = |it: &serde_json::Map<String, Value>| it.get(key).cloned().unwrap_or(Value::Null);
                compare(&format!("{at}/{key}"), &of(was), &of(is), told);
            }
        }
        (Value::Array(was), Value::Array(is)) if was.len() == is.len() => {
            for (idx, (was, is)) in was.iter().zip(is).enumerate() {
                compare(&format!("{at}/{idx}"), was, is, told);
            }
        }
        (was, is) if was == is => {}
        (was, is) => told.push(format!("{at} was {} and is {}", shown(was), shown(is))),
    }
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => "absent".to_owned(),
        Value::Array(items) => format!("a list of {}", items.len()),
        other => other.to_string(),
    };
    text.chars().take(VALUE_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_place_that_differs_is_named_once() {
        let was = json!({"a": 1, "b": [1, 2], "c": {"d": "x"}, "e": true});
        let is = json!({"a": 1, "b": [1, 3], "c": {"d": "y"}, "f": []});
        assert_eq!(
            differences("it", &was, &is),
            [
                "/it/b/1 was 2 and is 3",
                "/it/c/d was \"x\" and is \"y\"",
                "/it/e was true and is absent",
                "/it/f was absent and is a list of 0",
            ]
        );
        assert_eq!(differences("it", &was, &was), Vec::<String>::new());
    }
}
