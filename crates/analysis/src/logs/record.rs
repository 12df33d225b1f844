//! One line, structured or not.

use std::borrow::Cow;

use serde_json::{Map, Value};
pub use shipway_model::resource::strategy::LogLevel as Level;

/// A line as it is compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Record<'a> {
    pub level: Option<Level>,
    pub message: Cow<'a, str>,
    /// The fields of a structured line.
    pub fields: Option<Map<String, Value>>,
    /// Whether the line starts like a JSON object, and is none.
    pub is_broken: bool,
}

/// Names of the field that holds the message, as loggers and OpenTelemetry call it.
const MESSAGE_FIELDS: [&str; 6] = ["message", "msg", "event", "body", "log", "text"];
const LEVEL_FIELDS: [&str; 6] = ["level", "severity", "lvl", "severityText", "severity_text", "log.level"];

/// A level stands among the first words of a line, behind a time and a place.
const LEVEL_WITHIN_WORDS: usize = 6;

impl<'a> Record<'a> {
    pub fn read(line: &'a str) -> Self {
        let line = line.trim();
        if line.starts_with('{') {
            return match serde_json::from_str::<Map<String, Value>>(line) {
                Ok(fields) => Self::structured(fields),
                Err(_) => Self { is_broken: true, ..Self::plain(line) },
            };
        }
        Self::plain(line)
    }

    fn plain(line: &'a str) -> Self {
        let level = line.split_whitespace().take(LEVEL_WITHIN_WORDS).find_map(level_in_capitals);
        Self { level, message: Cow::Borrowed(line), fields: None, is_broken: false }
    }

    fn structured(fields: Map<String, Value>) -> Self {
        let text = |names: &[&str]| names.iter().find_map(|it| fields.get(*it)).and_then(Value::as_str);
        let level = text(&LEVEL_FIELDS).and_then(Level::read);
        // Without a message the names of the fields tell lines apart.
        let message = text(&MESSAGE_FIELDS)
            .map_or_else(|| fields.keys().cloned().collect::<Vec<_>>().join(" "), str::to_owned);
        Self { level, message: Cow::Owned(message), fields: Some(fields), is_broken: false }
    }
}

/// In running text only words in capitals are levels: an "error" may be what a sentence is about.
fn level_in_capitals(word: &str) -> Option<Level> {
    let word = word.trim_matches(|it: char| !it.is_ascii_alphabetic());
    let is_upper = !word.is_empty() && word.bytes().all(|it| it.is_ascii_uppercase());
    if is_upper { Level::read(word) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, level: Option<Level>, message: &str) {
        let record = Record::read(line);
        assert_eq!((record.level, record.message.as_ref()), (level, message));
    }

    #[test]
    fn levels_and_messages_are_found() {
        check(r#"{"ts":1,"level":"warn","msg":"slow query"}"#, Some(Level::Warn), "slow query");
        check(r#"{"severityText":"ERROR","body":"boom"}"#, Some(Level::Error), "boom");
        check(r#"{"a":1,"b":2}"#, None, "a b");
        let plain = "2026-01-01T00:00:00Z [ERROR] boom";
        check(plain, Some(Level::Error), plain);
        check("an error is not a level", None, "an error is not a level");
    }

    #[test]
    fn a_broken_object_is_told() {
        assert!(Record::read("{\"level\":").is_broken);
        assert!(!Record::read("no object").is_broken);
    }
}
