//! One line of the Prometheus text format, version 0.0.4.

use std::borrow::Cow;

/// One value of one series.
#[derive(Debug, PartialEq)]
pub(super) struct Sample<'a> {
    pub(super) name: &'a str,
    labels: Vec<(&'a str, Cow<'a, str>)>,
    pub(super) value: f64,
}

impl Sample<'_> {
    pub(super) fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(label, _)| *label == name).map(|(_, value)| value.as_ref())
    }
}

/// `name{label="value",…} value [timestamp]`; nothing when the line has another form.
pub(super) fn parse_line(line: &str) -> Option<Sample<'_>> {
    let end = line.find(|it: char| !is_word(it)).filter(|end| *end > 0)?;
    let (name, rest) = line.split_at(end);
    let (labels, rest) = match rest.trim_start().strip_prefix('{') {
        Some(rest) => parse_labels(rest)?,
        None => (Vec::new(), rest),
    };
    let mut words = rest.split_ascii_whitespace();
    let value = words.next()?.parse().ok()?;
    // A time may follow.
    let has_time = words.next().is_none_or(|it| it.parse::<i64>().is_ok());
    (has_time && words.next().is_none()).then_some(Sample { name, labels, value })
}

type Labels<'a> = Vec<(&'a str, Cow<'a, str>)>;

/// What follows the opening brace: the labels, and what comes after the closing one.
fn parse_labels(mut rest: &str) -> Option<(Labels<'_>, &str)> {
    let mut labels = Vec::new();
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('}') {
            return Some((labels, after));
        }
        let end = rest.find(|it: char| !is_word(it)).filter(|end| *end > 0)?;
        let (name, after) = rest.split_at(end);
        let after = after.trim_start().strip_prefix('=')?.trim_start().strip_prefix('"')?;
        let (value, after) = parse_value(after)?;
        labels.push((name, value));
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(next) => next,
            None => after.starts_with('}').then_some(after)?,
        };
    }
}

/// What follows the opening quote: the value, and what comes after the closing one.
fn parse_value(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let end = text.find(['"', '\\'])?;
    if text[end..].starts_with('"') {
        return Some((Cow::Borrowed(&text[..end]), &text[end + 1..]));
    }
    let mut value = text[..end].to_owned();
    let mut chars = text[end..].chars();
    loop {
        match chars.next()? {
            '"' => return Some((Cow::Owned(value), chars.as_str())),
            '\\' => value.push(match chars.next()? {
                'n' => '\n',
                escaped @ ('\\' | '"') => escaped,
                _ => return None,
            }),
            plain => value.push(plain),
        }
    }
}

fn is_word(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '_' | ':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, name: &str, labels: &[(&str, &str)], value: f64) {
        let sample = parse_line(line).unwrap_or_else(|| panic!("{line} is a sample"));
        let found: Vec<_> = sample.labels.iter().map(|(name, value)| (*name, value.as_ref())).collect();
        assert_eq!((sample.name, found.as_slice()), (name, labels));
        assert_eq!(sample.value.to_bits(), value.to_bits());
    }

    #[test]
    fn reads_every_form_of_a_sample() {
        check("up 1", "up", &[], 1.0);
        check("up{} 1.5e3 1700000000000", "up", &[], 1500.0);
        check(r#"a:b{x="1", y = "two" ,} +Inf"#, "a:b", &[("x", "1"), ("y", "two")], f64::INFINITY);
        check(r#"a{x="q\"b\\s\nn}é"} 0"#, "a", &[("x", "q\"b\\s\nn}é")], 0.0);
        assert!(parse_line("a NaN").unwrap().value.is_nan());
    }

    #[test]
    fn anything_else_is_no_sample() {
        for line in [
            "",
            " ",
            "# HELP a b",
            "a",
            "a ",
            "a{",
            "a{x",
            "a{x=",
            "a{x=\"",
            "a{x=\"1",
            "a{x=\"1\"",
            "a{x=\"1\"}",
            "a{x=\"\\",
            "a{x=\"\\q\"} 1",
            "a{x=\"1\"y=\"2\"} 1",
            "a{=\"1\"} 1",
            "a one",
            "a 1 2 3",
            "a 1 soon",
            "é 1",
            "{x=\"1\"} 1",
            "a{,} 1",
        ] {
            assert_eq!(parse_line(line), None, "{line}");
        }
    }
}
