//! A feed that calendar programs subscribe to.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use shipway_model::resource::calendar::RuleKind;

use crate::calendar::rule::{Rule, TooMany};

/// Octets of a line before it is folded (RFC 5545, section 3.1).
const LINE_BYTES_MAX: usize = 75;
/// Occurrences in one feed; more make calendar programs give up.
const EVENTS_MAX: usize = 20_000;

/// What a feed shows.
#[derive(Debug, Clone)]
pub struct Feed {
    /// Its title, for example `Shipway: service checkout`.
    pub title: String,
    pub rules: Vec<Arc<Rule>>,
    pub from: Timestamp,
    pub to: Timestamp,
    /// When it was made (`DTSTAMP`).
    pub made: Timestamp,
    /// How often a subscriber should look again.
    pub refresh: SignedDuration,
}

/// The feed as text, with the line ends that RFC 5545 asks for.
///
/// # Errors
/// When a rule has too many occurrences in that time.
pub fn write(feed: &Feed) -> Result<String, TooMany> {
    let mut text = Lines::default();
    let refresh = format!("PT{}M", feed.refresh.as_mins());
    text.line("BEGIN:VCALENDAR");
    text.line("VERSION:2.0");
    text.line("PRODID:-//Shipway//Release calendar//EN");
    text.line("CALSCALE:GREGORIAN");
    text.line("METHOD:PUBLISH");
    text.line(&format!("NAME:{}", escaped(&feed.title)));
    text.line(&format!("X-WR-CALNAME:{}", escaped(&feed.title)));
    text.line(&format!("REFRESH-INTERVAL;VALUE=DURATION:{refresh}"));
    text.line(&format!("X-PUBLISHED-TTL:{refresh}"));
    let mut n_events = 0;
    for rule in &feed.rules {
        for occurrence in rule.occurrences(feed.from, feed.to)? {
            n_events += 1;
            if n_events > EVENTS_MAX {
                return Err(TooMany { rule: rule.declared.name.clone() });
            }
            event(&mut text, rule, occurrence.from.timestamp(), occurrence.until.timestamp(), feed.made);
        }
    }
    text.line("END:VCALENDAR");
    Ok(text.0)
}

fn event(text: &mut Lines, rule: &Rule, from: Timestamp, until: Timestamp, made: Timestamp) {
    let declared = &rule.declared;
    let (word, busy) = match declared.kind {
        RuleKind::Allow => ("Releases may go", "TRANSPARENT"),
        // A vendor's own windows keep nobody from going.
        RuleKind::Deny if declared.binds.is_empty() => ("Away", "TRANSPARENT"),
        RuleKind::Deny => ("No releases", "OPAQUE"),
    };
    text.line("BEGIN:VEVENT");
    // The same occurrence keeps its name from feed to feed.
    text.line(&format!("UID:{}-{}-{}@shipway", rule.calendar, declared.name, utc(from)));
    text.line(&format!("DTSTAMP:{}", utc(made)));
    text.line(&format!("DTSTART:{}", utc(from)));
    text.line(&format!("DTEND:{}", utc(until)));
    text.line(&format!("SUMMARY:{}", escaped(&format!("{word}: {}", declared.name))));
    let about = format!("{} ({})", rule.title(), declared.kind.as_str());
    let about = if declared.reason.is_empty() { about } else { format!("{}\n{about}", declared.reason) };
    text.line(&format!("DESCRIPTION:{}", escaped(&about)));
    text.line(&format!("CATEGORIES:{}", escaped(declared.purpose.as_str())));
    text.line(&format!("TRANSP:{busy}"));
    text.line("END:VEVENT");
}

fn utc(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// A value of type TEXT (RFC 5545, section 3.3.11).
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            '\\' | ';' | ',' => escaped.extend(['\\', it]),
            '\n' => escaped += "\\n",
            it if it.is_control() => {}
            it => escaped.push(it),
        }
    }
    escaped
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    /// Folded where it is too long, never within a character.
    fn line(&mut self, line: &str) {
        let mut n_bytes = 0;
        for it in line.chars() {
            if n_bytes + it.len_utf8() > LINE_BYTES_MAX {
                self.0 += "\r\n ";
                n_bytes = 1;
            }
            self.0.push(it);
            n_bytes += it.len_utf8();
        }
        self.0 += "\r\n";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_folded_and_unfold_to_themselves() {
        let mut lines = Lines::default();
        let long = "é".repeat(100);
        lines.line(&long);
        assert!(lines.0.split("\r\n").all(|it| it.len() <= LINE_BYTES_MAX), "{}", lines.0);
        assert_eq!(lines.0.replace("\r\n ", ""), format!("{long}\r\n"));
    }

    #[test]
    fn texts_cannot_end_a_line() {
        assert_eq!(escaped("a,b;c\\d\r\nEND:VEVENT"), "a\\,b\\;c\\\\d\\nEND:VEVENT");
    }
}
