//! Instants and stretches of time as people read them: in the reader's zone, with the exact instant on hover.

use std::fmt;

use askama::filters::HtmlSafe;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use shipway_model::Millis;

/// The reader's clock.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    pub(super) zone: TimeZone,
    /// The instant that is shown: now, or the one that is looked back at.
    pub(super) now: Timestamp,
}

/// An instant; it writes itself as a `time` element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment {
    at: Timestamp,
    text: String,
}

impl Clock {
    /// As short as can be told apart: the time today, the day before that.
    pub(super) fn moment(&self, at: Timestamp) -> Moment {
        let (then, now) = (self.local(at), self.local(self.now));
        let format = match () {
            () if then.date() == now.date() => "%H:%M:%S",
            () if then.year() == now.year() => "%-d %b %H:%M",
            () => "%-d %b %Y %H:%M",
        };
        Moment { at, text: then.strftime(format).to_string() }
    }

    /// With its day and its zone.
    pub(super) fn full(&self, at: Timestamp) -> Moment {
        Moment { at, text: self.local(at).strftime("%-d %b %Y %H:%M:%S %Z").to_string() }
    }

    pub(super) fn local(&self, at: Timestamp) -> Zoned {
        at.to_zoned(self.zone.clone())
    }

    /// How long ago, in one unit: `just now`, `4 min`, `3 h`, `12 d`.
    pub(super) fn age(&self, since: Timestamp) -> String {
        match self.now.duration_since(since).as_secs() {
            ..10 => "just now".to_owned(),
            it @ 10..120 => format!("{it} s"),
            it @ 120..7200 => format!("{} min", it / 60),
            it @ 7200..172_800 => format!("{} h", it / 3600),
            it => format!("{} d", it / 86_400),
        }
    }

    /// Between two instants, or until now.
    pub(super) fn length(&self, from: Timestamp, to: Option<Timestamp>) -> String {
        let length = to.unwrap_or(self.now).duration_since(from).as_millis();
        words(u64::try_from(length).unwrap_or(0))
    }

    /// The instant that a reader means by a local time; in a gap the later one.
    pub(super) fn instant(&self, local: DateTime) -> Option<Timestamp> {
        local.to_zoned(self.zone.clone()).ok().map(|it| it.timestamp())
    }

    /// The zone's name, as people know it.
    pub(super) fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }
}

/// `0 s`, `0.4 s`, `45 s`, `3 min 05 s`, `2 h 10 min`, `3 d 4 h`; nothing of the smaller unit where there is none of it.
pub(super) fn length(millis: Millis) -> String {
    words(millis.0)
}

fn words(millis: u64) -> String {
    let seconds = millis / 1000;
    match seconds {
        0 if millis > 0 => format!("0.{} s", (millis / 100).max(1)),
        0..60 => format!("{seconds} s"),
        60..3600 => both(seconds / 60, "min", &format!("{:02}", seconds % 60), "s"),
        3600..86_400 => both(seconds / 3600, "h", &format!("{:02}", seconds % 3600 / 60), "min"),
        _ => both(seconds / 86_400, "d", &(seconds % 86_400 / 3600).to_string(), "h"),
    }
}

fn both(n: u64, unit: &str, rest: &str, of: &str) -> String {
    match rest {
        "0" | "00" => format!("{n} {unit}"),
        _ => format!("{n} {unit} {rest} {of}"),
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = self.at.strftime("%Y-%m-%d %H:%M:%S%.3f UTC");
        write!(f, "<time datetime=\"{}\" title=\"{exact}\">{}</time>", self.at, self.text)
    }
}

/// Digits, names of months and of zones alone.
impl HtmlSafe for Moment {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_local_and_carry_the_exact_instant() {
        let clock = Clock {
            zone: TimeZone::get("Asia/Kolkata").unwrap(),
            now: "2026-11-21T12:00:00Z".parse().unwrap(),
        };
        let shown = |at: &str| clock.moment(at.parse().unwrap()).to_string();
        assert_eq!(
            shown("2026-11-21T08:30:05.25Z"),
            "<time datetime=\"2026-11-21T08:30:05.25Z\" title=\"2026-11-21 08:30:05.250 UTC\">14:00:05</time>"
        );
        assert!(shown("2026-11-20T08:30:05Z").contains(">20 Nov 14:00<"));
        assert!(shown("2025-12-31T23:30:05Z").contains(">1 Jan 05:00<"));
        assert!(shown("2025-11-20T08:30:05Z").contains(">20 Nov 2025 14:00<"));
    }

    #[test]
    fn lengths_have_units() {
        let told = [0, 40, 400, 45_000, 185_000, 7_800_000, 277_200_000].map(words);
        assert_eq!(told, ["0 s", "0.1 s", "0.4 s", "45 s", "3 min 05 s", "2 h 10 min", "3 d 5 h"]);
        assert_eq!([300_000, 3_600_000, 86_400_000].map(words), ["5 min", "1 h", "1 d"]);
    }
}
