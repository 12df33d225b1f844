//! Somebody else's calendar, read into rules of ours. It is foreign text: everything in it has a limit.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Unit};
use shipway_model::Name;
use shipway_model::resource::calendar::{
    Calendar, CalendarRule, Caught, Coverage, Lane, OnFold, OnGap, Purpose, RuleKind, WhenClosed,
};

use crate::calendar::{compile, zone};

/// Longest feed, in bytes.
const FEED_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Longest logical line, in bytes.
const LINE_BYTES_MAX: usize = 16 * 1024;
const LINES_MAX: usize = 200_000;
/// As many rules as a Calendar may have.
const EVENTS_MAX: usize = 2000;
/// Components in one another: calendar, zone or event, alarm.
const DEPTH_MAX: usize = 4;

/// A feed as a Calendar, and what of it could not be taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    pub calendar: Calendar,
    /// Events that were left out, each with its reason.
    pub left_out: Vec<String>,
}

/// Why a feed was refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportFault {
    /// From 1; 0 when it concerns the whole.
    pub line: usize,
    pub message: String,
}

impl std::fmt::Display for ImportFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => f.write_str(&self.message),
            line => write!(f, "line {line}: {}", self.message),
        }
    }
}

impl std::error::Error for ImportFault {}

/// Reads the events of a feed as rules of `kind`. Floating times are read in `zone`; events that were cancelled, or
/// that cannot be a rule of ours, are left out with a reason.
///
/// # Errors
/// When it is no iCalendar, or larger or deeper than anything honest.
pub fn import(text: &str, kind: RuleKind, zone: &str) -> Result<Imported, ImportFault> {
    let whole = |message: String| ImportFault { line: 0, message };
    if text.len() > FEED_BYTES_MAX {
        return Err(whole(format!("the feed has {} bytes; at most {FEED_BYTES_MAX} are read", text.len())));
    }
    let lines = unfold(text)?;
    if !lines.first().is_some_and(|it| it.text.eq_ignore_ascii_case("BEGIN:VCALENDAR")) {
        return Err(whole("this is no iCalendar: it does not begin with BEGIN:VCALENDAR".to_owned()));
    }
    let events = events(&lines)?;
    let mut calendar = Calendar { time_zone: zone.to_owned(), scope: Coverage::default(), rules: Vec::new() };
    let (mut left_out, mut taken) = (Vec::new(), BTreeMap::new());
    for (line, event) in events {
        match rule(&event, kind, zone, &mut taken) {
            Ok(Some(rule)) => calendar.rules.push(rule),
            Ok(None) => {}
            Err(reason) => left_out.push(format!("line {line}: {}: {reason}", event.title())),
        }
    }
    let name: Name = "import".parse().expect("it is a name");
    if let Err(faults) = compile(&name, &calendar) {
        for fault in faults {
            calendar.rules.retain(|it| it.name != fault.rule);
            left_out.push(fault.message);
        }
    }
    Ok(Imported { calendar, left_out })
}

struct Line {
    number: usize,
    text: String,
}

fn unfold(text: &str) -> Result<Vec<Line>, ImportFault> {
    let mut lines: Vec<Line> = Vec::new();
    for (idx, raw) in text.lines().enumerate() {
        let number = idx + 1;
        if number > LINES_MAX {
            return Err(ImportFault { line: number, message: format!("more than {LINES_MAX} lines") });
        }
        match (raw.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(last)) => last.text += rest,
            _ if raw.is_empty() => {}
            _ => lines.push(Line { number, text: raw.trim_start_matches('\u{feff}').to_owned() }),
        }
        if lines.last().is_some_and(|it| it.text.len() > LINE_BYTES_MAX) {
            return Err(ImportFault {
                line: number,
                message: format!("a line of more than {LINE_BYTES_MAX} bytes"),
            });
        }
    }
    Ok(lines)
}

/// The properties of one event; of those that may be repeated, all.
#[derive(Debug, Default)]
struct Event {
    properties: Vec<Property>,
}

#[derive(Debug)]
struct Property {
    name: String,
    zone: Option<String>,
    value: String,
}

impl Event {
    fn get(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|it| it.name == name)
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &Property> {
        self.properties.iter().filter(move |it| it.name == name)
    }

    fn title(&self) -> String {
        let text = self.get("SUMMARY").map_or("an event without a summary", |it| it.value.as_str());
        text.chars().take(80).filter(|it| !it.is_control()).collect()
    }
}

fn events(lines: &[Line]) -> Result<Vec<(usize, Event)>, ImportFault> {
    let mut open: Vec<String> = Vec::new();
    let mut events: Vec<(usize, Event)> = Vec::new();
    for Line { number, text } in lines {
        let fault = |message: String| Err(ImportFault { line: *number, message });
        let property = property(text);
        match property.name.as_str() {
            "BEGIN" => {
                open.push(property.value.to_ascii_uppercase());
                if open.len() > DEPTH_MAX {
                    return fault(format!("components are nested deeper than {DEPTH_MAX}"));
                }
                if open.last().is_some_and(|it| it == "VEVENT") {
                    if events.len() == EVENTS_MAX {
                        return fault(format!("more than {EVENTS_MAX} events"));
                    }
                    events.push((*number, Event::default()));
                }
            }
            "END" => {
                let ended = open.pop();
                if ended.as_deref() != Some(property.value.to_ascii_uppercase().as_str()) {
                    return fault(format!(
                        "{} ends what was not begun",
                        text.chars().take(40).collect::<String>()
                    ));
                }
            }
            _ if open.last().is_some_and(|it| it == "VEVENT") => {
                if let Some((_, event)) = events.last_mut() {
                    event.properties.push(property);
                }
            }
            _ => {}
        }
    }
    match open.last() {
        None => Ok(events),
        Some(name) => Err(ImportFault { line: 0, message: format!("the feed ends within {name}") }),
    }
}

/// `NAME;PARAM=VALUE:VALUE`; a colon within quotes does not end the parameters.
fn property(text: &str) -> Property {
    let mut quoted = false;
    let colon = text.char_indices().find(|(_, it)| {
        quoted ^= *it == '"';
        *it == ':' && !quoted
    });
    let (head, value) = colon.map_or((text, ""), |(at, _)| (&text[..at], &text[at + 1..]));
    let mut parts = head.split(';');
    let name = parts.next().unwrap_or_default().to_ascii_uppercase();
    let zone = parts.find_map(|it| {
        let (key, value) = it.split_once('=')?;
        key.eq_ignore_ascii_case("TZID").then(|| value.trim_matches('"').to_owned())
    });
    Property { name, zone, value: value.to_owned() }
}

/// None for an event that was cancelled.
fn rule(
    event: &Event,
    kind: RuleKind,
    zone: &str,
    taken: &mut BTreeMap<String, usize>,
) -> Result<Option<CalendarRule>, String> {
    if event.get("STATUS").is_some_and(|it| it.value.eq_ignore_ascii_case("CANCELLED")) {
        return Ok(None);
    }
    if event.get("RECURRENCE-ID").is_some() {
        return Err("it moves one occurrence of another event, which is not read".to_owned());
    }
    let start = event.get("DTSTART").ok_or("it has no DTSTART")?;
    let time_zone = zone_of(start, zone)?;
    let first = local(&start.value, &time_zone)?;
    let duration = duration(event, &time_zone, first)?;
    let dates = |name| {
        let values =
            event.all(name).flat_map(|it| it.value.split(',').map(move |value| (value, it.zone.clone())));
        let values = values.filter(|it| !it.0.is_empty());
        let read = values.map(|(value, _)| local(value, &time_zone).map(|at| written(value, at)));
        read.collect::<Result<Vec<_>, String>>()
    };
    let mut name = slug(&event.title());
    let count = taken.entry(name.clone()).or_default();
    *count += 1;
    if *count > 1 {
        name = format!("{}-{count}", name.chars().take(50).collect::<String>().trim_end_matches('-'));
    }
    Ok(Some(CalendarRule {
        name: name.parse().map_err(|_| "its summary gives no name".to_owned())?,
        kind,
        purpose: Purpose::default(),
        reason: unescaped(&event.title()),
        dtstart: first.to_string(),
        time_zone: (time_zone != zone).then(|| time_zone.clone()),
        duration,
        rrule: event.get("RRULE").map(|it| it.value.clone()),
        rdate: dates("RDATE")?,
        exdate: dates("EXDATE")?,
        gap: OnGap::default(),
        fold: OnFold::default(),
        scope: None,
        binds: [Lane::Releases].into(),
        caught: Caught::default(),
        closed: WhenClosed::default(),
        people: Default::default(),
    }))
}

fn zone_of(start: &Property, otherwise: &str) -> Result<String, String> {
    match &start.zone {
        _ if start.value.ends_with('Z') => Ok("UTC".to_owned()),
        None => Ok(otherwise.to_owned()),
        Some(name) if zone::zone(name).is_some() => Ok(name.clone()),
        Some(name) => {
            Err(format!("its time zone {} is no IANA name", name.chars().take(60).collect::<String>()))
        }
    }
}

/// In the event's zone.
fn local(text: &str, time_zone: &str) -> Result<DateTime, String> {
    let bad = || format!("`{}` is no time", text.chars().take(40).collect::<String>());
    let zone = zone::zone(time_zone).ok_or_else(bad)?;
    if let Some(utc) = text.strip_suffix('Z') {
        let utc = DateTime::strptime("%Y%m%dT%H%M%S", utc).map_err(|_| bad())?;
        return Ok(zone.to_datetime(TimeZone::UTC.to_timestamp(utc).map_err(|_| bad())?));
    }
    // Of a period, its start.
    let text = text.split('/').next().unwrap_or(text);
    DateTime::strptime("%Y%m%dT%H%M%S", text)
        .or_else(|_| Date::strptime("%Y%m%d", text).map(|it| it.at(0, 0, 0, 0)))
        .map_err(|_| bad())
}

/// A date stays a date, because as an exception it means the whole day.
fn written(text: &str, at: DateTime) -> String {
    if text.contains('T') { at.to_string() } else { at.date().to_string() }
}

fn duration(event: &Event, time_zone: &str, first: DateTime) -> Result<String, String> {
    if let Some(duration) = event.get("DURATION") {
        return Ok(duration.value.clone());
    }
    let start = event.get("DTSTART").ok_or("it has no DTSTART")?;
    let Some(end) = event.get("DTEND") else {
        // RFC 5545, section 3.6.1: a day when it starts with a date, else no time at all.
        return if start.value.contains('T') {
            Err("it takes no time".to_owned())
        } else {
            Ok("P1D".to_owned())
        };
    };
    let last = local(&end.value, time_zone)?;
    if !start.value.contains('T') {
        let days = first.date().until(last.date()).map_err(|error| error.to_string())?;
        return Ok(format!("P{}D", days.get_days()));
    }
    let zone = zone::zone(time_zone).ok_or("its zone is not known")?;
    let at = |local| zone.to_ambiguous_timestamp(local).compatible().map_err(|error| error.to_string());
    let seconds = at(last)?.duration_since(at(first)?).as_secs();
    let span = Span::new().try_seconds(seconds).map_err(|error| error.to_string())?;
    let days_are_24_hours = SpanRelativeTo::days_are_24_hours();
    let round = jiff::SpanRound::new().largest(Unit::Hour).relative(days_are_24_hours);
    Ok(span.round(round).map_err(|error| error.to_string())?.to_string())
}

fn slug(text: &str) -> String {
    let mut slug = String::new();
    for it in text.chars().take(55) {
        match it.to_ascii_lowercase() {
            it @ ('a'..='z' | '0'..='9') if !(slug.is_empty() && it.is_ascii_digit()) => slug.push(it),
            _ if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "event".to_owned() } else { slug.to_owned() }
}

fn unescaped(text: &str) -> String {
    text.replace("\\n", " ").replace("\\N", " ").replace("\\,", ",").replace("\\;", ";").replace("\\\\", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(events: &str) -> String {
        format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n")
    }

    fn deny(text: &str) -> Result<Imported, ImportFault> {
        import(text, RuleKind::Deny, "Europe/Berlin")
    }

    #[test]
    fn events_become_rules() {
        let text = feed(
            "BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Inventory\\, the\r\n  long one\r\nDTSTART;TZID=America/New_York:20260105T\r\n 220000\r\nDTEND;TZID=America/New_York:20260106T020000\r\nRRULE:FREQ=WEEKLY;BYDAY=MO\r\nEXDATE;TZID=America/New_York:20260112T220000\r\nBEGIN:VALARM\r\nTRIGGER:-PT1H\r\nEND:VALARM\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:Inventory\\, the long one\r\nDTSTART;VALUE=DATE:20261225\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:off\r\nSTATUS:CANCELLED\r\nDTSTART:20260101T000000Z\r\nEND:VEVENT\r\n",
        );
        let imported = deny(&text).unwrap();
        assert_eq!(imported.left_out, Vec::<String>::new());
        let [first, second] = &imported.calendar.rules[..] else { panic!("{imported:?}") };
        assert_eq!(
            (first.dtstart.as_str(), first.duration.as_str(), first.reason.as_str()),
            ("2026-01-05T22:00:00", "PT4H", "Inventory, the long one")
        );
        assert_eq!(first.time_zone.as_deref(), Some("America/New_York"));
        assert_eq!(first.exdate, ["2026-01-12T22:00:00"]);
        assert_eq!((second.dtstart.as_str(), second.duration.as_str()), ("2026-12-25T00:00:00", "P1D"));
        assert_eq!(second.name.as_str(), "inventory-the-long-one-2");
    }

    #[test]
    fn bombs_and_rubbish_are_refused() {
        let deep = "BEGIN:VEVENT\r\n".repeat(50);
        let many = "BEGIN:VEVENT\r\nDTSTART:20260101T000000Z\r\nEND:VEVENT\r\n".repeat(EVENTS_MAX + 1);
        let long = format!("SUMMARY:{}\r\n", " x\r\n ".repeat(LINE_BYTES_MAX));
        let large = "X-PAD:x\r\n".repeat(FEED_BYTES_MAX / 8);
        for (text, reason) in [
            (feed(&deep), "deeper than 4"),
            (feed(&many), "more than 2000 events"),
            (feed(&long), "more than 16384 bytes"),
            (feed(&large), "at most 4194304 are read"),
            (feed(&"A:b\r\n".repeat(LINES_MAX)), "more than 200000 lines"),
            ("<html>".to_owned(), "no iCalendar"),
            (feed("END:VEVENT\r\n"), "ends what was not begun"),
            ("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n".to_owned(), "ends within VEVENT"),
        ] {
            let fault = deny(&text).err().unwrap_or_else(|| panic!("{reason} was taken"));
            assert!(fault.to_string().contains(reason), "{fault}");
        }
    }

    #[test]
    fn what_cannot_be_a_rule_is_left_out_with_a_reason() {
        let event = |lines: &str| feed(&format!("BEGIN:VEVENT\r\nSUMMARY:Odd\r\n{lines}END:VEVENT\r\n"));
        for (lines, reason) in [
            (
                "DTSTART:20260101T000000Z\r\nDURATION:PT1M\r\nRRULE:FREQ=SECONDLY\r\n",
                "FREQ=SECONDLY is refused",
            ),
            ("DTSTART:20260101T000000Z\r\n", "takes no time"),
            ("DTSTART;TZID=\"W. Europe: Standard\":20260101T000000\r\nDURATION:PT1H\r\n", "no IANA name"),
            ("DTSTART:20260101T000000Z\r\nDTEND:20250101T000000Z\r\n", "is not between one second and"),
            ("DURATION:PT1H\r\n", "no DTSTART"),
        ] {
            let imported = deny(&event(lines)).unwrap();
            assert!(imported.calendar.rules.is_empty(), "{lines}");
            assert!(
                imported.left_out.iter().any(|it| it.contains(reason)),
                "{reason}: {:?}",
                imported.left_out
            );
        }
    }
}
