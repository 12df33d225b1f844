//! What a schema says once `allOf` is merged and the dialects of 3.0 and 3.1 are one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::contracts::openapi::document::Document;

/// Bounds by the words of the rules, and whether each is an upper one.
pub(super) const BOUNDS: [(&str, bool); 6] = [
    ("max", true),
    ("min", false),
    ("max-length", true),
    ("min-length", false),
    ("max-items", true),
    ("min-items", false),
];
const BOUND_KEYS: [&str; 6] = ["maximum", "minimum", "maxLength", "minLength", "maxItems", "minItems"];
/// How deep `allOf` may stand in `allOf`.
const MERGE_DEPTH_MAX: usize = 32;
/// Most schemas that are merged into one.
const MERGED_MAX: usize = 1_000;

#[derive(Debug, Default)]
pub(super) struct Effective<'a> {
    /// Without `null`; every type when empty.
    pub(super) types: BTreeSet<&'a str>,
    pub(super) nullable: bool,
    pub(super) format: Option<&'a str>,
    pub(super) pattern: Option<&'a str>,
    /// In the order of [`BOUNDS`].
    pub(super) bounds: [Option<f64>; 6],
    /// Allowed values as JSON.
    pub(super) values: Option<BTreeSet<String>>,
    pub(super) properties: BTreeMap<&'a str, &'a Value>,
    pub(super) required: BTreeSet<&'a str>,
    pub(super) items: Option<&'a Value>,
    pub(super) one_of: Option<BTreeSet<String>>,
    pub(super) any_of: Option<BTreeSet<String>>,
    /// Whether it takes properties that it does not name.
    pub(super) is_open: bool,
}

impl<'a> Effective<'a> {
    pub(super) fn of(schema: &'a Value, document: &Document<'a>) -> Self {
        let mut merged = Self { is_open: true, ..Self::default() };
        let mut n_left = MERGED_MAX;
        merged.merge(schema, document, MERGE_DEPTH_MAX, &mut n_left);
        merged
    }

    fn merge(&mut self, schema: &'a Value, document: &Document<'a>, depth: usize, n_left: &mut usize) {
        if depth == 0 || *n_left == 0 {
            return;
        }
        *n_left -= 1;
        let text = |name: &str| schema.get(name).and_then(Value::as_str);
        self.merge_types(schema);
        self.format = text("format").or(self.format);
        self.pattern = text("pattern").or(self.pattern);
        for (idx, key) in BOUND_KEYS.iter().enumerate() {
            if let Some(bound) = schema.get(*key).and_then(Value::as_f64) {
                let tighter = if BOUNDS[idx].1 { f64::min } else { f64::max };
                self.bounds[idx] = Some(self.bounds[idx].map_or(bound, |it| tighter(it, bound)));
            }
        }
        let listed = schema.get("enum").and_then(Value::as_array);
        let constant = schema.get("const").map(std::slice::from_ref);
        if let Some(values) = listed.map(Vec::as_slice).or(constant) {
            // 3.0 writes `null` among the values of what may be null.
            let values = values.iter().filter(|it| !it.is_null());
            self.values = Some(values.map(ToString::to_string).collect());
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        self.properties.extend(properties.into_iter().flatten().map(|(name, it)| (name.as_str(), it)));
        let required = schema.get("required").and_then(Value::as_array);
        self.required.extend(required.into_iter().flatten().filter_map(Value::as_str));
        self.items = schema.get("items").or(self.items);
        self.one_of = alternatives(schema, "oneOf").or(self.one_of.take());
        self.any_of = alternatives(schema, "anyOf").or(self.any_of.take());
        self.is_open &= schema.get("additionalProperties") != Some(&Value::Bool(false));
        let all_of = schema.get("allOf").and_then(Value::as_array);
        for part in all_of.into_iter().flatten() {
            self.merge(document.resolve(part), document, depth - 1, n_left);
        }
    }

    /// 3.0 says `nullable: true`, 3.1 has `null` among the types.
    fn merge_types(&mut self, schema: &'a Value) {
        let types: Vec<&str> = match schema.get("type") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        self.nullable |= schema.get("nullable") == Some(&Value::Bool(true)) || types.contains(&"null");
        self.types.extend(types.into_iter().filter(|it| *it != "null"));
    }
}

fn alternatives(schema: &Value, key: &str) -> Option<BTreeSet<String>> {
    let list = schema.get(key)?.as_array()?;
    let shown = |it: &Value| match it.get("$ref").and_then(Value::as_str) {
        Some(reference) => reference.rsplit('/').next().unwrap_or(reference).to_owned(),
        None => it.to_string(),
    };
    Some(list.iter().map(shown).collect())
}
