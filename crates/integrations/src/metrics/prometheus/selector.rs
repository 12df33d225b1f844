//! A series selector: read, narrowed, and written again, so that nothing in it or in what is added can be anything else.

use std::fmt;
use std::str::FromStr;

/// `name{label="value",…}`, without functions, ranges or offsets.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Selector {
    name: String,
    matchers: Vec<Matcher>,
    /// Series of the name with this behind it belong to it too.
    suffix: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq)]
struct Matcher {
    label: String,
    operator: &'static str,
    /// As it is meant, without escapes.
    value: String,
}

impl Selector {
    /// Narrows the selector to series whose label has this value. What it says of the label itself is replaced.
    pub(super) fn require(&mut self, label: &str, value: &str) {
        self.matchers.retain(|it| it.label != label);
        self.matchers.push(Matcher { label: label.to_owned(), operator: "=", value: value.to_owned() });
    }

    pub(super) fn allow_suffix(&mut self, suffix: &'static str) {
        self.suffix = Some(suffix);
    }
}

impl FromStr for Selector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let invalid = |why: &str| format!("`{text}` is no series selector: {why}");
        let text = text.trim();
        let end = text.find(|it: char| !is_word(it, true)).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        if name.is_empty() || name.starts_with(|it: char| it.is_ascii_digit()) {
            return Err(invalid("it begins with no name"));
        }
        let mut selector = Self { name: name.to_owned(), matchers: Vec::new(), suffix: None };
        let rest = rest.trim_start();
        if rest.is_empty() {
            return Ok(selector);
        }
        let mut rest = rest.strip_prefix('{').ok_or_else(|| invalid("only labels may follow the name"))?;
        loop {
            rest = rest.trim_start();
            if let Some(after) = rest.strip_prefix('}') {
                return match after.trim().is_empty() {
                    true => Ok(selector),
                    false => Err(invalid("nothing may follow the labels")),
                };
            }
            let end = rest.find(|it: char| !is_word(it, false)).filter(|end| *end > 0);
            let (label, after) = rest.split_at(end.ok_or_else(|| invalid("a label is missing"))?);
            let after = after.trim_start();
            let operator = ["=~", "!~", "!=", "="].into_iter().find(|it| after.starts_with(it));
            let operator = operator.ok_or_else(|| invalid("an operator is missing"))?;
            let (value, after) = quoted(after[operator.len()..].trim_start())
                .ok_or_else(|| invalid("a value is not quoted"))?;
            selector.matchers.push(Matcher { label: label.to_owned(), operator, value });
            let after = after.trim_start();
            rest = match after.strip_prefix(',') {
                Some(next) => next,
                None if after.starts_with('}') => after,
                None => return Err(invalid("the labels do not end")),
            };
        }
    }
}

/// What follows the opening quote, and what comes after the closing one.
fn quoted(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|it| matches!(it, '"' | '\''))?;
    let (mut value, mut chars) = (String::new(), text[1..].chars());
    loop {
        match chars.next()? {
            it if it == quote => return Some((value, chars.as_str())),
            '\\' => value.push(match chars.next()? {
                'n' => '\n',
                't' => '\t',
                it @ ('\\' | '"' | '\'') => it,
                // A backslash of a regular expression has to be doubled, as in Prometheus itself.
                _ => return None,
            }),
            '\n' => return None,
            it => value.push(it),
        }
    }
}

fn is_word(char: char, is_name: bool) -> bool {
    char.is_ascii_alphanumeric() || char == '_' || (is_name && char == ':')
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.suffix {
            // A name has no character that a regular expression takes for anything else.
            Some(suffix) => write!(f, "{{__name__=~\"{}({suffix})?\"", self.name)?,
            None => write!(f, "{{__name__=\"{}\"", self.name)?,
        }
        for Matcher { label, operator, value } in &self.matchers {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            write!(f, ",{label}{operator}\"{value}\"")?;
        }
        f.write_str("}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, version: &str, expect: &str) {
        let mut selector: Selector = text.parse().unwrap();
        selector.require("version", version);
        assert_eq!(selector.to_string(), expect);
    }

    #[test]
    fn narrows_to_a_version() {
        check("http_requests_total", "1.0.0", r#"{__name__="http_requests_total",version="1.0.0"}"#);
        check(
            r#" a:b { code =~ "5..", path='/x"y' , version="9"} "#,
            "1.0.0+a",
            r#"{__name__="a:b",code=~"5..",path="/x\"y",version="1.0.0+a"}"#,
        );
    }

    #[test]
    fn values_cannot_break_out() {
        check("a", "1\"} or up{x=\"\\\n", r#"{__name__="a",version="1\"} or up{x=\"\\\n"}"#);
        check(r#"a{b!="\"}\\"}"#, "1", r#"{__name__="a",b!="\"}\\",version="1"}"#);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "{a=\"b\"}",
            "rate(a[5m])",
            "a[5m]",
            "a offset 5m",
            "a + b",
            "a{b=\"c\"} or d",
            "a{b}",
            "a{b=c}",
            "a{b=\"c",
            "a{b=\"\\d\"}",
            "a{b=\"c\" d=\"e\"}",
            "9a",
        ] {
            assert!(text.parse::<Selector>().is_err(), "{text}");
        }
    }
}
