//! Free JSON, written so that the order in which its keys were given does not show.
//!
//! Digests are taken over bytes. Whether `serde_json` keeps the keys of free JSON sorted or as they came is decided by a
//! feature that any dependency may switch on, so it is decided here instead: sorted.

use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

struct Sorted<'a>(&'a Value);

impl Serialize for Sorted<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(map) => {
                to.collect_map(map.iter().map(|(key, it)| (key, Sorted(it))).collect::<BTreeMap<_, _>>())
            }
            Value::Array(items) => to.collect_seq(items.iter().map(Sorted)),
            plain => plain.serialize(to),
        }
    }
}

pub(crate) fn sorted<S: Serializer>(value: &Value, to: S) -> Result<S::Ok, S::Error> {
    Sorted(value).serialize(to)
}

#[expect(clippy::ref_option, reason = "serde hands over the field as it is")]
pub(crate) fn sorted_if_any<S: Serializer>(value: &Option<Value>, to: S) -> Result<S::Ok, S::Error> {
    value.as_ref().map(Sorted).serialize(to)
}

pub(crate) fn sorted_values<S: Serializer>(
    values: &BTreeMap<String, Value>,
    to: S,
) -> Result<S::Ok, S::Error> {
    let mut map = to.serialize_map(Some(values.len()))?;
    for (key, value) in values {
        map.serialize_entry(key, &Sorted(value))?;
    }
    map.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_at_every_depth_whatever_order_they_came_in() {
        let value: Value = serde_json::from_str(r#"{"b":[{"z":1,"a":2}],"a":{"y":null,"x":"t"}}"#).unwrap();
        let text = serde_json::to_string(&Sorted(&value)).unwrap();
        assert_eq!(text, r#"{"a":{"x":"t","y":null},"b":[{"a":2,"z":1}]}"#);
    }
}
