//! What steps have extracted, and where later steps use it: `${NAME}` in paths, headers and JSON texts.

use std::collections::BTreeMap;

use serde_json::Value;
use shipway_model::Name;
use shipway_model::resource::journey::Extract;

use crate::outbound::{Answer, excerpt};

const VALUE_BYTES_MAX: usize = 8 * 1024;

/// Texts, numbers and booleans by name.
#[derive(Debug, Default)]
pub(super) struct Extracted(BTreeMap<Name, Value>);

impl Extracted {
    /// Keeps what a step extracts from its answer. A sentence for each that is not there.
    pub(super) fn extract(&mut self, wanted: &BTreeMap<Name, Extract>, answer: &Answer) -> Vec<String> {
        let mut faults = Vec::new();
        for (name, extract) in wanted {
            match find(extract, answer) {
                Ok(value) => {
                    self.0.insert(name.clone(), value);
                }
                Err(fault) => faults.push(format!("`{name}` cannot be extracted: {fault}")),
            }
        }
        faults
    }

    /// The text with every known `${NAME}` replaced. Inserted values are not looked through again.
    pub(super) fn insert_into(&self, text: &str) -> String {
        let (mut whole, mut rest) = (String::with_capacity(text.len()), text);
        while let Some((before, placeholder, after)) = next_placeholder(rest) {
            whole += before;
            match self.0.get(placeholder) {
                Some(Value::String(value)) => whole += value,
                Some(value) => whole += &value.to_string(),
                None => {
                    whole += "${";
                    rest = &rest[before.len() + 2..];
                    continue;
                }
            }
            rest = after;
        }
        whole + rest
    }

    /// The same in every text of a JSON value. A text that is one placeholder and nothing else becomes the value with
    /// its type, so that a number stays one.
    pub(super) fn insert_into_json(&self, json: &Value) -> Value {
        match json {
            Value::String(text) => match next_placeholder(text) {
                Some(("", name, "")) if self.0.contains_key(name) => self.0[name].clone(),
                _ => Value::String(self.insert_into(text)),
            },
            Value::Array(items) => items.iter().map(|it| self.insert_into_json(it)).collect(),
            Value::Object(fields) => {
                let fields = fields.iter().map(|(key, it)| (key.clone(), self.insert_into_json(it)));
                Value::Object(fields.collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => json.clone(),
        }
    }
}

/// What is before the first `${…}`, inside of it, and after it.
fn next_placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("${")?;
    let (inside, after) = rest.split_once('}')?;
    Some((before, inside, after))
}

fn find(extract: &Extract, answer: &Answer) -> Result<Value, String> {
    let value = match extract {
        Extract::Header(name) => {
            let value = answer.headers.get(name).and_then(|value| value.to_str().ok());
            value
                .map(Value::from)
                .ok_or_else(|| format!("there is no header `{}` of plain text", excerpt(name)))
        }
        Extract::Json(pointer) => {
            let body: Value = serde_json::from_slice(&answer.body).map_err(|_| "the body is not JSON")?;
            body.pointer(pointer)
                .cloned()
                .ok_or_else(|| format!("there is nothing at `{}`", excerpt(pointer)))
        }
    }?;
    match &value {
        Value::String(text) if text.len() > VALUE_BYTES_MAX => {
            Err(format!("it has {} bytes, and {VALUE_BYTES_MAX} are the limit", text.len()))
        }
        Value::String(_) | Value::Number(_) | Value::Bool(_) => Ok(value),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(format!(
            "it is {}, and only a text, a number or a boolean can be used",
            excerpt(&value.to_string())
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn extracted() -> Extracted {
        let values = [("id", json!("a b")), ("count", json!(3)), ("sly", json!("${id}"))];
        Extracted(values.into_iter().map(|(name, value)| (name.parse().unwrap(), value)).collect())
    }

    #[test]
    fn placeholders_are_replaced_once() {
        for (text, expect) in [
            ("/carts/${id}/items?n=${count}", "/carts/a b/items?n=3"),
            ("${sly}${id}", "${id}a b"),
            ("${unknown}-${id}", "${unknown}-a b"),
            ("${${id}", "${a b"),
            ("${id", "${id"),
            ("$${id} {id}", "$a b {id}"),
        ] {
            assert_eq!(extracted().insert_into(text), expect, "{text}");
        }
    }

    #[test]
    fn a_lone_placeholder_keeps_its_type() {
        let json = json!({"n": "${count}", "text": "n=${count}", "deep": [{"id": "${id}"}, null, 7]});
        let expect = json!({"n": 3, "text": "n=3", "deep": [{"id": "a b"}, null, 7]});
        assert_eq!(extracted().insert_into_json(&json), expect);
    }
}
