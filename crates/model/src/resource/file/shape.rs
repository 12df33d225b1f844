//! What a value must look like: the published JSON Schema, compiled into something to walk beside a tree.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use super::schema::{header_schema, schema};
use crate::resource::Kind;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    /// Any JSON value; what plain scalars mean follows YAML 1.2's core schema.
    Anything,
    Text {
        rule: Rule,
        chars_max: usize,
    },
    Whole {
        min: i128,
        max: i128,
    },
    Number {
        min: f64,
        max: f64,
    },
    Boolean,
    /// One of a few words.
    Word(Vec<String>),
    List {
        item: Box<Shape>,
        min: usize,
        max: usize,
        unique: bool,
    },
    /// Keys that the user chooses.
    Map {
        key: Rule,
        value: Box<Shape>,
    },
    /// Keys that we know.
    Fields(Vec<Field>),
    /// Exactly one of the keys that we know.
    Choice(Vec<Field>),
    /// Or nothing.
    Optional(Box<Shape>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    pub(super) name: String,
    /// The first sentence of its description.
    pub(super) about: String,
    pub(super) shape: Shape,
    pub(super) required: bool,
}

/// What a text must obey beyond being one: the rule of the type that it is parsed into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Free,
    Name,
    Duration,
    SocketAddress,
    Instant,
    ClockTime,
    Share,
}

static BY_KIND: LazyLock<BTreeMap<Kind, Shape>> =
    LazyLock::new(|| Kind::ALL.into_iter().map(|kind| (kind, compile_whole(&schema(Some(kind))))).collect());

static HEADER: LazyLock<Shape> = LazyLock::new(|| compile_whole(&header_schema()));

impl Shape {
    pub(super) fn of_kind(kind: Kind) -> &'static Self {
        &BY_KIND[&kind]
    }

    /// Of a document whose kind is missing or unknown.
    pub(super) fn of_no_kind() -> &'static Self {
        &HEADER
    }

    /// What is expected, as the end of the sentence "… must be".
    pub(super) fn expectation(&self) -> String {
        match self {
            Self::Anything => "any value".to_owned(),
            Self::Text { rule: Rule::Free, .. } => "a text".to_owned(),
            Self::Text { rule: Rule::Name, .. } => "a name".to_owned(),
            Self::Text { rule: Rule::Duration, .. } => "a duration".to_owned(),
            Self::Text { rule: Rule::SocketAddress, .. } => "an IP address and port".to_owned(),
            Self::Text { rule: Rule::Instant, .. } => "an instant".to_owned(),
            Self::Text { rule: Rule::ClockTime, .. } => "a time of day".to_owned(),
            Self::Text { rule: Rule::Share, .. } => "a share of a whole".to_owned(),
            Self::Whole { min, max } => match (*min, *max) {
                (0, max) if max >= i128::from(u32::MAX) => "a whole number".to_owned(),
                (min, max) if max >= i128::from(u32::MAX) => format!("a whole number from {min} up"),
                (min, max) => format!("a whole number from {min} to {max}"),
            },
            Self::Number { min, max } if min.is_finite() && max.is_finite() => {
                format!("a number from {min} to {max}")
            }
            Self::Number { .. } => "a number".to_owned(),
            Self::Boolean => "`true` or `false`".to_owned(),
            Self::Word(words) => format!("one of {}", quoted(words.iter().map(String::as_str))),
            Self::List { .. } => "a list".to_owned(),
            Self::Map { .. } | Self::Fields(_) => "a mapping".to_owned(),
            Self::Choice(fields) => {
                format!("a mapping with one of {}", quoted(fields.iter().map(|it| it.name.as_str())))
            }
            Self::Optional(shape) => shape.expectation(),
        }
    }

    /// A value that fits, as it could be written on one line.
    pub(super) fn example(&self) -> String {
        match self {
            Self::Anything => "{}".to_owned(),
            Self::Text { rule: Rule::Free, .. } => "\"some text\"".to_owned(),
            Self::Text { rule: Rule::Name, .. } => "some-name".to_owned(),
            Self::Text { rule: Rule::Duration, .. } => "10s".to_owned(),
            Self::Text { rule: Rule::SocketAddress, .. } => "127.0.0.1:8080".to_owned(),
            Self::Text { rule: Rule::Instant, .. } => "2026-01-01T00:00:00Z".to_owned(),
            Self::Text { rule: Rule::ClockTime, .. } => "\"09:00\"".to_owned(),
            Self::Text { rule: Rule::Share, .. } => "2/3".to_owned(),
            Self::Whole { min, max } => (*min).max(1).min(*max).to_string(),
            Self::Number { min, max } => min.max(1.0).min(*max).to_string(),
            Self::Boolean => "true".to_owned(),
            Self::Word(words) => words.first().cloned().unwrap_or_default(),
            Self::List { item, .. } => format!("[{}]", item.example()),
            Self::Map { key: Rule::Name, value } => format!("{{some-name: {}}}", value.example()),
            Self::Map { value, .. } => format!("{{KEY: {}}}", value.example()),
            Self::Fields(fields) => format!("{{{}}}", examples(fields.iter().filter(|it| it.required))),
            Self::Choice(fields) => format!("{{{}}}", examples(fields.first().into_iter())),
            Self::Optional(shape) => shape.example(),
        }
    }
}

fn examples<'f>(fields: impl Iterator<Item = &'f Field>) -> String {
    fields.map(|it| format!("{}: {}", it.name, it.shape.example())).collect::<Vec<_>>().join(", ")
}

/// `a`, `b` or `c`, all in backquotes.
pub(super) fn quoted<'w>(words: impl Iterator<Item = &'w str>) -> String {
    words.map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ")
}

fn compile_whole(schema: &Value) -> Shape {
    Compiler { definitions: &schema["$defs"] }.shape(schema)
}

/// Understands what schemars writes for our structs. What it does not understand is a defect of ours, found by the
/// first test that touches the kind.
struct Compiler<'s> {
    definitions: &'s Value,
}

impl Compiler<'_> {
    fn shape(&self, schema: &Value) -> Shape {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.definition(reference.trim_start_matches("#/$defs/"));
        }
        if let Some(branches) = schema["anyOf"].as_array() {
            let value = branches.iter().find(|it| it["type"] != "null").expect("anyOf stands for an option");
            return Shape::Optional(Box::new(self.shape(value)));
        }
        if let Some(branches) = schema["oneOf"].as_array() {
            return self.alternatives(branches);
        }
        if let Some(words) = schema["enum"].as_array() {
            return Shape::Word(words.iter().map(text_of).collect());
        }
        if let Some(word) = schema["const"].as_str() {
            return Shape::Word(vec![word.to_owned()]);
        }
        match &schema["type"] {
            Value::String(one) => self.typed(one, schema),
            Value::Array(several) => {
                let one = several.iter().find(|it| *it != "null").expect("null is not the only type");
                Shape::Optional(Box::new(self.typed(&text_of(one), schema)))
            }
            _ => Shape::Anything,
        }
    }

    fn definition(&self, name: &str) -> Shape {
        let schema = &self.definitions[name];
        assert!(!schema.is_null(), "the schema defines {name}");
        let rule = match name {
            "Name" => Rule::Name,
            "Millis" => Rule::Duration,
            "SocketAddress" => Rule::SocketAddress,
            "ClockTime" => Rule::ClockTime,
            "Share" => Rule::Share,
            _ => return self.shape(schema),
        };
        Shape::Text { rule, chars_max: usize::MAX }
    }

    fn alternatives(&self, branches: &[Value]) -> Shape {
        let words = branches.iter().all(|it| it["type"] == "string");
        if words {
            let of = |branch: &Value| match branch["enum"].as_array() {
                Some(words) => words.iter().map(text_of).collect(),
                None => vec![text_of(&branch["const"])],
            };
            return Shape::Word(branches.iter().flat_map(of).collect());
        }
        let field = |branch: &Value| {
            let (name, schema) = branch["properties"]
                .as_object()
                .and_then(|it| it.iter().next())
                .expect("a variant has one property");
            Field { name: name.clone(), about: about(branch), shape: self.shape(schema), required: false }
        };
        Shape::Choice(branches.iter().map(field).collect())
    }

    fn typed(&self, kind: &str, schema: &Value) -> Shape {
        match kind {
            "string" if schema["format"] == "date-time" => {
                Shape::Text { rule: Rule::Instant, chars_max: usize::MAX }
            }
            "string" => Shape::Text { rule: Rule::Free, chars_max: size(&schema["maxLength"], usize::MAX) },
            "boolean" => Shape::Boolean,
            "integer" => Shape::Whole {
                min: whole(&schema["minimum"], 0),
                max: whole(&schema["maximum"], largest(schema["format"].as_str())),
            },
            "number" => Shape::Number {
                min: schema["minimum"].as_f64().unwrap_or(f64::NEG_INFINITY),
                max: schema["maximum"].as_f64().unwrap_or(f64::INFINITY),
            },
            "array" => Shape::List {
                item: Box::new(self.shape(&schema["items"])),
                min: size(&schema["minItems"], 0),
                max: size(&schema["maxItems"], usize::MAX),
                unique: schema["uniqueItems"] == true,
            },
            "object" => self.object(schema),
            other => unreachable!("no struct of ours has the JSON type {other}"),
        }
    }

    fn object(&self, schema: &Value) -> Shape {
        // Names are the only checked keys that maps of ours have.
        if let Some((_, value)) = schema["patternProperties"].as_object().and_then(|it| it.iter().next()) {
            return Shape::Map { key: Rule::Name, value: Box::new(self.shape(value)) };
        }
        match &schema["additionalProperties"] {
            Value::Bool(false) => Shape::Fields(self.fields(schema)),
            value => Shape::Map { key: Rule::Free, value: Box::new(self.shape(value)) },
        }
    }

    fn fields(&self, schema: &Value) -> Vec<Field> {
        let required =
            |name: &String| schema["required"].as_array().is_some_and(|it| it.iter().any(|it| it == name));
        let properties = schema["properties"].as_object().into_iter().flatten();
        let mut fields: Vec<Field> = properties
            .map(|(name, schema)| Field {
                name: name.clone(),
                about: about(schema),
                shape: self.shape(schema),
                required: required(name),
            })
            .collect();
        // As they are told, whatever order `serde_json` is built to keep.
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        fields
    }
}

fn about(schema: &Value) -> String {
    let text = schema["description"].as_str().unwrap_or_default().replace('\n', " ");
    text.split(". ").next().unwrap_or_default().trim_end_matches('.').to_owned()
}

fn text_of(value: &Value) -> String {
    value.as_str().expect("words are texts").to_owned()
}

fn size(value: &Value, otherwise: usize) -> usize {
    value.as_u64().and_then(|it| usize::try_from(it).ok()).unwrap_or(otherwise)
}

fn whole(value: &Value, otherwise: i128) -> i128 {
    value.as_i64().map(i128::from).or(value.as_f64().map(|it| it as i128)).unwrap_or(otherwise)
}

fn largest(format: Option<&str>) -> i128 {
    match format {
        Some("uint8") => u8::MAX.into(),
        Some("uint16") => u16::MAX.into(),
        Some("uint32") => u32::MAX.into(),
        _ => u64::MAX.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything means that a construct of the schema was not understood, except where JSON is asked for.
    #[test]
    fn only_journeys_policies_and_configurations_of_kayenta_take_any_value() {
        fn holds_anything(shape: &Shape) -> bool {
            match shape {
                Shape::Anything => true,
                Shape::Text { .. }
                | Shape::Whole { .. }
                | Shape::Number { .. }
                | Shape::Boolean
                | Shape::Word(_) => false,
                Shape::List { item, .. } => holds_anything(item),
                Shape::Map { value, .. } | Shape::Optional(value) => holds_anything(value),
                Shape::Fields(fields) | Shape::Choice(fields) => {
                    fields.iter().any(|it| holds_anything(&it.shape))
                }
            }
        }
        for kind in Kind::ALL {
            let takes_json = matches!(kind, Kind::Journey | Kind::Policy | Kind::Strategy);
            assert_eq!(holds_anything(Shape::of_kind(kind)), takes_json, "{kind}");
        }
    }
}
