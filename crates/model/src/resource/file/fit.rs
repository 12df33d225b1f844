//! Fitting a tree to a shape: every value that does not fit is a fault, and the walk goes on.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;

use serde_json::{Map, Number, Value};

use super::Fitted;
use super::fault::FileFaults;
use super::nearest::nearest;
use super::shape::{Field, Rule, Shape, quoted};
use super::snippet::excerpt;
use super::tree::{Content, Entry, Node, Place};
use crate::resource::hours::ClockTime;
use crate::share::Share;
use crate::{Millis, Name};

/// Where a value stands in its document, for messages: `spec.stages[2].run`.
#[derive(Clone, Copy)]
pub(super) struct Path<'p> {
    above: Option<&'p Path<'p>>,
    segment: Segment<'p>,
}

#[derive(Clone, Copy)]
enum Segment<'p> {
    Root,
    Key(&'p str),
    Index(usize),
}

/// The value as JSON of the shape's type, or none when there was a fault in it. `at` is where to point when the
/// value as a whole is at fault: the key that leads to it.
pub(super) fn fit(
    node: &Node,
    shape: &Shape,
    path: Path<'_>,
    at: Place,
    faults: &mut FileFaults<'_, '_>,
) -> Fitted {
    match shape {
        Shape::Optional(_) if node.is_nothing() => Some(Value::Null),
        Shape::Optional(shape) => fit(node, shape, path, at, faults),
        Shape::Anything => anything(node, path, faults),
        Shape::Text { rule, chars_max } => match node.text() {
            Some(text) if !node.is_nothing() => fit_text(text, *rule, *chars_max, path, node.place, faults),
            _ => mismatch(node, shape, path, at, faults),
        },
        Shape::Whole { min, max } => match plain(node).and_then(whole) {
            Some(number) if (*min..=*max).contains(&number) => Some(json_whole(number)),
            _ => mismatch(node, shape, path, at, faults),
        },
        Shape::Number { min, max } => match plain(node).and_then(number) {
            Some(number) if (*min..=*max).contains(&number) => Number::from_f64(number).map(Value::Number),
            _ => mismatch(node, shape, path, at, faults),
        },
        Shape::Boolean => match plain(node).and_then(boolean) {
            Some(value) => Some(Value::Bool(value)),
            None => mismatch(node, shape, path, at, faults),
        },
        Shape::Word(words) => fit_word(node, words, shape, path, at, faults),
        Shape::List { item, min, max, unique } => match &node.content {
            Content::List(items) if (*min..=*max).contains(&items.len()) => {
                fit_list(items, item, *unique, path, faults)
            }
            Content::List(items) => {
                faults.add(at, wrong_length(path, items.len(), *min, *max), Some(write_instead(shape, path)));
                None
            }
            _ => mismatch(node, shape, path, at, faults),
        },
        Shape::Map { key, value } => match &node.content {
            Content::Map(entries) => fit_map(entries, *key, value, path, faults),
            _ => mismatch(node, shape, path, at, faults),
        },
        Shape::Fields(fields) => match &node.content {
            Content::Map(entries) => fit_fields(entries, fields, path, at, faults),
            // `verify:` with nothing behind it, where nothing needs to be.
            _ if node.is_nothing() && fields.iter().all(|it| !it.required) => Some(Value::Object(Map::new())),
            _ => mismatch(node, shape, path, at, faults),
        },
        Shape::Choice(variants) => match &node.content {
            Content::Map(entries) => fit_choice(entries, variants, path, at, faults),
            _ => mismatch(node, shape, path, at, faults),
        },
    }
}

fn fit_text(
    text: &str,
    rule: Rule,
    chars_max: usize,
    path: Path<'_>,
    place: Place,
    faults: &mut FileFaults<'_, '_>,
) -> Fitted {
    if let Err((message, instead)) = obeys(text, rule) {
        faults.add(
            place,
            format!("{path}: {message}"),
            Some(format!("write for example `{}`", path.written(&instead))),
        );
        return None;
    }
    let n_chars = text.chars().count();
    if n_chars > chars_max {
        let message = format!("{path} has {n_chars} characters; at most {chars_max} are kept");
        faults.add(place, message, Some("shorten it".to_owned()));
        return None;
    }
    // A NUL ends arguments, variables and paths in the system's own calls.
    if text.contains('\0') {
        faults.add(place, format!("{path} holds a NUL character"), Some("remove `\\0`".to_owned()));
        return None;
    }
    Some(Value::String(text.to_owned()))
}

/// The type's own words on why it refuses the text, and something that it would accept.
fn obeys(text: &str, rule: Rule) -> Result<(), (String, String)> {
    match rule {
        Rule::Free => Ok(()),
        Rule::Name => text.parse::<Name>().map(drop).map_err(|error| (error.to_string(), slug(text))),
        Rule::Duration => {
            text.parse::<Millis>().map(drop).map_err(|error| (error.to_string(), seconds(text)))
        }
        Rule::SocketAddress => text.parse::<SocketAddr>().map(drop).map_err(|_| {
            (format!("`{}` is not an IP address and port", excerpt(text, 60)), "127.0.0.1:8080".to_owned())
        }),
        Rule::Instant => text.parse::<jiff::Timestamp>().map(drop).map_err(|_| {
            let shown = excerpt(text, 60);
            (format!("`{shown}` is not an RFC 3339 instant"), "2026-01-01T00:00:00Z".to_owned())
        }),
        Rule::ClockTime => text.parse::<ClockTime>().map(drop).map_err(|_| {
            (
                format!("`{}` is not a time of day, `00:00` to `24:00`", excerpt(text, 60)),
                "\"09:00\"".to_owned(),
            )
        }),
        Rule::Share => text.parse::<Share>().map(drop).map_err(|_| {
            let shown = excerpt(text, 60);
            (format!("`{shown}` is not a share of a whole, such as `2/3`, `>1/2` or `60%`"), "2/3".to_owned())
        }),
    }
}

/// The nearest name to a text that is none.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for it in text.chars().take(40) {
        match it.to_ascii_lowercase() {
            it @ ('a'..='z' | '0'..='9') if !(slug.is_empty() && it.is_ascii_digit()) => slug.push(it),
            _ if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "some-name".to_owned() } else { slug.to_owned() }
}

/// The likely duration behind a bare number.
fn seconds(text: &str) -> String {
    if text.len() < 7 && text.bytes().all(|it| it.is_ascii_digit()) && !text.is_empty() {
        format!("{text}s")
    } else {
        "10s".to_owned()
    }
}

fn fit_word(
    node: &Node,
    words: &[String],
    shape: &Shape,
    path: Path<'_>,
    at: Place,
    faults: &mut FileFaults<'_, '_>,
) -> Fitted {
    let text = match node.text() {
        Some(text) if !node.is_nothing() => text,
        _ => return mismatch(node, shape, path, at, faults),
    };
    if words.iter().any(|it| it == text) {
        return Some(Value::String(text.to_owned()));
    }
    let all = words.iter().map(String::as_str);
    let message = match words {
        [only] => format!("{path} must be `{only}`, not `{}`", excerpt(text, 60)),
        _ => format!("{path}: `{}` is not known", excerpt(text, 60)),
    };
    let help = match (nearest(text, all.clone()), words) {
        (_, [only]) => format!("write `{}`", path.written(only)),
        (Some(near), _) => format!("did you mean `{near}`? Known here: {}", quoted(all)),
        (None, _) => format!("use one of {}", quoted(all)),
    };
    faults.add(node.place, message, Some(help));
    None
}

fn fit_list(
    items: &[Node],
    item: &Shape,
    unique: bool,
    path: Path<'_>,
    faults: &mut FileFaults<'_, '_>,
) -> Fitted {
    let mut seen = BTreeSet::new();
    let mut all = Some(Vec::with_capacity(items.len()));
    for (idx, node) in items.iter().enumerate() {
        if let (true, Some(text)) = (unique, node.text())
            && !seen.insert(text)
        {
            let message = format!("{path} holds `{}` twice", excerpt(text, 60));
            faults.add(node.place, message, Some("keep one of them".to_owned()));
            all = None;
            continue;
        }
        let value = fit(node, item, path.item(idx), node.opening(), faults);
        all = all.zip(value).map(|(mut all, value)| {
            all.push(value);
            all
        });
    }
    all.map(Value::Array)
}

fn fit_map(
    entries: &[Entry],
    key: Rule,
    value: &Shape,
    path: Path<'_>,
    faults: &mut FileFaults<'_, '_>,
) -> Fitted {
    let mut all = Some(Map::new());
    for entry in entries {
        let value = fit(&entry.value, value, path.key(&entry.key), entry.key_place, faults);
        let key = obeys(&entry.key, key).map_err(|(message, instead)| {
            let help = format!("write for example `{instead}: …`");
            faults.add(entry.key_place, format!("a key of {path}: {message}"), Some(help));
        });
        all = all.zip(key.ok().and(value)).map(|(mut all, value)| {
            all.insert(entry.key.clone(), value);
            all
        });
    }
    all.map(Value::Object)
}

fn fit_fields(
    entries: &[Entry],
    fields: &[Field],
    path: Path<'_>,
    at: Place,
    faults: &mut FileFaults<'_, '_>,
) -> Fitted {
    let mut all = Some(Map::new());
    let mut misspelt = BTreeSet::new();
    for entry in entries {
        let Some(field) = fields.iter().find(|it| it.name == entry.key) else {
            misspelt.extend(unknown_field(entry, fields, path, faults));
            all = None;
            continue;
        };
        let value = fit(&entry.value, &field.shape, path.key(&field.name), entry.key_place, faults);
        all = all.zip(value).map(|(mut all, value)| {
            all.insert(field.name.clone(), value);
            all
        });
    }
    // A required field that was only misspelt is not missing as well.
    let missing = |it: &&Field| {
        it.required
            && !misspelt.contains(it.name.as_str())
            && entries.iter().all(|entry| entry.key != it.name)
    };
    for field in fields.iter().filter(missing) {
        let why = if field.about.is_empty() { String::new() } else { format!(" ({})", field.about) };
        let help = format!("add `{}: {}`{why}", field.name, field.shape.example());
        faults.add(at, format!("{path} lacks the field `{}`", field.name), Some(help));
        all = None;
    }
    all.map(Value::Object)
}

/// The field that was meant, if it is missing.
fn unknown_field<'s>(
    entry: &Entry,
    fields: &'s [Field],
    path: Path<'_>,
    faults: &mut FileFaults<'_, '_>,
) -> Option<&'s str> {
    if faults.is_full() {
        faults.add(entry.key_place, String::new(), None);
        return None;
    }
    let known = || fields.iter().map(|it| it.name.as_str());
    let near = nearest(&entry.key, known());
    let help = match (entry.key.as_str(), near) {
        ("<<", _) => {
            "merge keys are not read; write the fields out, or use `*alias` for a whole value".to_owned()
        }
        (_, Some(near)) => format!("did you mean `{near}`? Known here: {}", quoted(known())),
        (_, None) if fields.is_empty() => "nothing can be set here".to_owned(),
        (_, None) => format!("known here: {}", quoted(known())),
    };
    faults.add(entry.key_place, format!("unknown field `{}` in {path}", excerpt(&entry.key, 60)), Some(help));
    near
}

fn fit_choice(
    entries: &[Entry],
    variants: &[Field],
    path: Path<'_>,
    at: Place,
    faults: &mut FileFaults<'_, '_>,
) -> Fitted {
    let known = || quoted(variants.iter().map(|it| it.name.as_str()));
    let fitted: Vec<Fitted> = entries
        .iter()
        .map(|entry| {
            let Some(variant) = variants.iter().find(|it| it.name == entry.key) else {
                unknown_field(entry, variants, path, faults);
                return None;
            };
            let value = fit(&entry.value, &variant.shape, path.key(&variant.name), entry.key_place, faults)?;
            Some(Value::Object(Map::from_iter([(variant.name.clone(), value)])))
        })
        .collect();
    match fitted.len() {
        1 => fitted.into_iter().next().flatten(),
        0 => {
            faults.add(at, format!("{path} is empty"), Some(format!("choose one of {}", known())));
            None
        }
        _ => {
            let message = format!("{path} has {} keys; exactly one is possible", entries.len());
            let help = format!("keep one of {}; as items of a list, each needs its own `-`", known());
            faults.add(entries[1].key_place, message, Some(help));
            None
        }
    }
}

fn mismatch(
    node: &Node,
    shape: &Shape,
    path: Path<'_>,
    at: Place,
    faults: &mut FileFaults<'_, '_>,
) -> Fitted {
    let found = match &node.content {
        Content::List(_) => "a list".to_owned(),
        Content::Map(_) => "a mapping".to_owned(),
        Content::Quoted(text) => format!("the text \"{}\"", excerpt(text, 60)),
        Content::Plain(_) if node.is_nothing() => "nothing".to_owned(),
        Content::Plain(text) => format!("`{}`", excerpt(text, 60)),
    };
    let place = match &node.content {
        Content::Plain(_) | Content::Quoted(_) if !node.is_nothing() => node.place,
        _ => at,
    };
    faults.add(
        place,
        format!("{path} must be {}, not {found}", shape.expectation()),
        Some(correction(node, shape, path)),
    );
    None
}

/// What to write instead, nearest to what was meant.
fn correction(node: &Node, shape: &Shape, path: Path<'_>) -> String {
    match (&node.content, shape) {
        (Content::Plain(text), Shape::Boolean) => match text.to_lowercase().as_str() {
            "yes" | "on" | "y" | "true" => format!("write `{}`", path.written("true")),
            "no" | "off" | "n" | "false" => format!("write `{}`", path.written("false")),
            _ => write_instead(shape, path),
        },
        (Content::Quoted(text), Shape::Boolean) if boolean(text).is_some() => "remove the quotes".to_owned(),
        (Content::Quoted(text), Shape::Whole { .. } | Shape::Number { .. }) if number(text).is_some() => {
            "remove the quotes".to_owned()
        }
        (Content::Plain(text) | Content::Quoted(text), Shape::List { item, .. })
            if matches!(**item, Shape::Text { .. } | Shape::Word(_)) && !node.is_nothing() =>
        {
            let words: Vec<String> = text.split_whitespace().take(8).map(|it| excerpt(it, 40)).collect();
            format!("write for example `{}`", path.written(&format!("[{}]", words.join(", "))))
        }
        _ => write_instead(shape, path),
    }
}

fn write_instead(shape: &Shape, path: Path<'_>) -> String {
    format!("write for example `{}`", path.written(&shape.example()))
}

fn wrong_length(path: Path<'_>, len: usize, min: usize, max: usize) -> String {
    if len < min {
        format!("{path} has {len} entries; it needs at least {min}")
    } else {
        format!("{path} has {len} entries; at most {max} are possible")
    }
}

/// YAML 1.2's core schema, for the values that users give as JSON.
fn anything(node: &Node, path: Path<'_>, faults: &mut FileFaults<'_, '_>) -> Fitted {
    match &node.content {
        Content::Quoted(text) => Some(Value::String(text.clone())),
        Content::Plain(_) if node.is_nothing() => Some(Value::Null),
        Content::Plain(text) => Some(
            boolean(text)
                .map(Value::Bool)
                .or_else(|| {
                    whole(text).filter(|it| (i64::MIN.into()..=u64::MAX.into()).contains(it)).map(json_whole)
                })
                .or_else(|| number(text).and_then(Number::from_f64).map(Value::Number))
                .unwrap_or_else(|| Value::String(text.clone())),
        ),
        Content::List(items) => fit_list(items, &Shape::Anything, false, path, faults),
        Content::Map(entries) => fit_map(entries, Rule::Free, &Shape::Anything, path, faults),
    }
}

fn plain(node: &Node) -> Option<&str> {
    match &node.content {
        Content::Plain(text) => Some(text),
        Content::Quoted(_) | Content::List(_) | Content::Map(_) => None,
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Decimal only; `014` is 12 to some readers and 14 to others, so it is no number here.
fn whole(text: &str) -> Option<i128> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.bytes().all(|it| it.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}

fn number(text: &str) -> Option<f64> {
    let starts_well = text.trim_start_matches('-').starts_with(|it: char| it.is_ascii_digit());
    let octal_look = whole(text).is_none() && text.bytes().all(|it| it.is_ascii_digit());
    text.parse().ok().filter(|it: &f64| starts_well && !octal_look && it.is_finite())
}

fn json_whole(number: i128) -> Value {
    match u64::try_from(number) {
        Ok(number) => Value::from(number),
        Err(_) => i64::try_from(number).map_or(Value::Null, Value::from),
    }
}

impl<'p> Path<'p> {
    pub(super) const fn root() -> Self {
        Self { above: None, segment: Segment::Root }
    }

    const fn key(&'p self, key: &'p str) -> Self {
        Self { above: Some(self), segment: Segment::Key(key) }
    }

    const fn item(&'p self, idx: usize) -> Self {
        Self { above: Some(self), segment: Segment::Index(idx) }
    }

    /// The value as it would stand at the path's end.
    fn written(&self, value: &str) -> String {
        match self.segment {
            Segment::Root => value.to_owned(),
            Segment::Key(key) => format!("{}: {value}", excerpt(key, 60)),
            Segment::Index(_) => format!("- {value}"),
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let top = |above: &Path<'_>| matches!(above.segment, Segment::Root);
        if let Some(above) = self.above.filter(|above| !top(above)) {
            write!(f, "{above}")?;
        }
        match self.segment {
            Segment::Root => f.write_str("the document"),
            Segment::Key(key) if self.above.is_some_and(top) => f.write_str(&excerpt(key, 60)),
            Segment::Key(key) => write!(f, ".{}", excerpt(key, 60)),
            Segment::Index(idx) => write!(f, "[{idx}]"),
        }
    }
}
