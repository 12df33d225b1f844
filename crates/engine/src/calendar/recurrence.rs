//! RFC 5545 recurrence rules over local times. The expansion is the crate `rrule`'s, in time without zones; what it
//! would do without end is refused here.

use chrono::{Datelike, TimeZone, Timelike};
use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, ToSpan};
use rrule::{Frequency, RRule, RRuleSet, Tz, Unvalidated, Validated};

/// More occurrences than these of one rule are not worked out at once.
pub const OCCURRENCES_MAX: usize = 100_000;
/// More starts than one each quarter of an hour are no calendar.
const STARTS_PER_DAY_MAX: usize = 96;
/// Steps that one expansion may take, those before the wanted time included.
const STEPS_MAX: usize = 1_000_000;
const COUNT_MAX: u32 = 100_000;
/// Rules begin no earlier; an occurrence of today would be reached in too many steps.
pub(super) const YEAR_MIN: i16 = 1970;
pub(super) const YEAR_MAX: i16 = 2200;

const PARTS: [&str; 14] = [
    "FREQ",
    "INTERVAL",
    "COUNT",
    "UNTIL",
    "WKST",
    "BYMONTH",
    "BYWEEKNO",
    "BYYEARDAY",
    "BYMONTHDAY",
    "BYDAY",
    "BYHOUR",
    "BYMINUTE",
    "BYSECOND",
    "BYSETPOS",
];

/// A recurrence that was found to make sense.
#[derive(Debug, Clone)]
pub(super) struct Recurrence {
    rule: RRule<Validated>,
    start: DateTime,
    until: Option<DateTime>,
}

/// What is wrong with a recurrence, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) message: String,
    pub(super) help: String,
}

/// An expansion took too many steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Endless;

fn refuse<T>(message: impl Into<String>, help: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { message: message.into(), help: help.into() })
}

impl Recurrence {
    /// `until_of` gives the local time of an `UNTIL` that is written in UTC.
    pub(super) fn parse(
        text: &str,
        start: DateTime,
        until_of: impl Fn(DateTime) -> DateTime,
    ) -> Result<Self, Refusal> {
        let text = text.trim().to_ascii_uppercase();
        let mut parts: Vec<(&str, &str)> = Vec::new();
        for part in text.strip_prefix("RRULE:").unwrap_or(&text).split(';').filter(|it| !it.is_empty()) {
            let Some((name, value)) = part.split_once('=') else {
                return refuse(
                    format!("`{}` is no part of a rule", shown(part)),
                    "write NAME=VALUE;NAME=VALUE",
                );
            };
            if !PARTS.contains(&name) {
                let known = PARTS.join(", ");
                return refuse(
                    format!("`{}` is no part of a rule", shown(name)),
                    format!("known are {known}"),
                );
            }
            if parts.iter().any(|it| it.0 == name) {
                return refuse(format!("{name} is given twice"), "keep one of them");
            }
            parts.push((name, value));
        }
        let value = |name: &str| parts.iter().find(|it| it.0 == name).map(|it| it.1);
        refuse_frequency(value("FREQ"))?;
        refuse_crowd(&parts)?;
        if value("COUNT").is_some() && value("UNTIL").is_some() {
            return refuse("COUNT and UNTIL stand together", "keep one of them (RFC 5545, section 3.3.10)");
        }
        if let Some(count) = value("COUNT")
            && !count.parse().is_ok_and(|it: u32| (1..=COUNT_MAX).contains(&it))
        {
            return refuse(
                format!("COUNT={} is out of range", shown(count)),
                format!("use 1 to {COUNT_MAX}"),
            );
        }
        if value("INTERVAL").is_some_and(|it| it.parse() == Ok(0)) {
            return refuse("INTERVAL=0 never comes to an end", "use 1 or more");
        }
        let until = value("UNTIL").map(|it| parse_until(it, until_of)).transpose()?;
        let rest: Vec<String> = parts
            .iter()
            .filter(|it| it.0 != "UNTIL")
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let help = "see RFC 5545, section 3.3.10; for example FREQ=WEEKLY;BYDAY=MO,WE;BYHOUR=9";
        let rule: RRule<Unvalidated> = match rest.join(";").parse() {
            Ok(rule) => rule,
            Err(error) => return refuse(format!("the rule cannot be read: {error}"), help),
        };
        match rule.validate(instant(start)) {
            Ok(rule) => Ok(Self { rule, start, until }),
            Err(error) => refuse(format!("the rule makes no sense: {error}"), help),
        }
    }

    /// The local starts at or after `from` and before `to`, in order, each once.
    pub(super) fn starts(&self, from: DateTime, to: DateTime) -> Result<Vec<DateTime>, Endless> {
        let to = match self.until {
            Some(until) => to.min(until.saturating_add(1.second())),
            None => to,
        };
        let mut starts: Vec<DateTime> = Vec::new();
        if to <= from || to <= self.start {
            return Ok(starts);
        }
        let first = self.first_step(from);
        let set = RRuleSet::new(instant(first)).rrule(self.rule.clone()).limit();
        for (n_steps, at) in (&set).into_iter().enumerate() {
            let at = local(&at);
            if at >= to {
                break;
            }
            if n_steps >= STEPS_MAX || starts.len() > OCCURRENCES_MAX {
                return Err(Endless);
            }
            if at >= from && at >= self.start && starts.last() != Some(&at) {
                starts.push(at);
            }
        }
        Ok(starts)
    }

    /// A start of the same rhythm that lies shortly before `from`, so that years of occurrences need not be walked.
    /// The rule was made explicit when it was validated, so nothing of the first start is lost.
    fn first_step(&self, from: DateTime) -> DateTime {
        let interval = i64::from(self.rule.get_interval());
        let hours = match self.rule.get_freq() {
            _ if self.rule.get_count().is_some() => return self.start,
            Frequency::Hourly => 1,
            Frequency::Daily => 24,
            Frequency::Weekly => 7 * 24,
            Frequency::Yearly | Frequency::Monthly | Frequency::Minutely | Frequency::Secondly => {
                return self.start;
            }
        };
        let step_hours = interval * hours;
        let n_steps = from.duration_since(self.start).as_hours() / step_hours - 1;
        if n_steps <= 0 {
            return self.start;
        }
        self.start.checked_add(SignedDuration::from_hours(n_steps * step_hours)).unwrap_or(self.start)
    }
}

fn refuse_frequency(frequency: Option<&str>) -> Result<(), Refusal> {
    match frequency {
        Some("YEARLY" | "MONTHLY" | "WEEKLY" | "DAILY" | "HOURLY") => Ok(()),
        Some(fast @ ("MINUTELY" | "SECONDLY")) => refuse(
            format!(
                "FREQ={fast} is refused: windows that open every minute are no calendar, and readers of such rules disagree"
            ),
            "use FREQ=HOURLY or slower, with a duration",
        ),
        Some(other) => refuse(
            format!("FREQ={} is not known", shown(other)),
            "use YEARLY, MONTHLY, WEEKLY, DAILY or HOURLY",
        ),
        None => refuse("the rule lacks FREQ", "write for example FREQ=WEEKLY;BYDAY=MO"),
    }
}

/// Lists of hours, minutes and seconds multiply to a rule by the second.
fn refuse_crowd(parts: &[(&str, &str)]) -> Result<(), Refusal> {
    let count = |name: &str, otherwise| {
        parts.iter().find(|it| it.0 == name).map_or(otherwise, |it| it.1.split(',').count())
    };
    let is_hourly = parts.contains(&("FREQ", "HOURLY"));
    let n_starts =
        count("BYHOUR", if is_hourly { 24 } else { 1 }) * count("BYMINUTE", 1) * count("BYSECOND", 1);
    if n_starts > STARTS_PER_DAY_MAX {
        return refuse(
            format!("the rule starts {n_starts} times a day; at most {STARTS_PER_DAY_MAX} are possible"),
            "start less often, with a longer duration",
        );
    }
    Ok(())
}

fn parse_until(text: &str, until_of: impl Fn(DateTime) -> DateTime) -> Result<DateTime, Refusal> {
    let parsed = match text.strip_suffix('Z') {
        Some(utc) => DateTime::strptime("%Y%m%dT%H%M%S", utc).ok().map(until_of),
        None => DateTime::strptime("%Y%m%dT%H%M%S", text)
            .or_else(|_| Date::strptime("%Y%m%d", text).map(|it| it.at(23, 59, 59, 0)))
            .ok(),
    };
    match parsed {
        Some(until) => Ok(until),
        None => refuse(
            format!("UNTIL={} is no time", shown(text)),
            "write 20261231, 20261231T170000 (local) or 20261231T160000Z",
        ),
    }
}

fn shown(text: &str) -> String {
    text.chars().take(40).flat_map(char::escape_debug).collect()
}

fn instant(at: DateTime) -> chrono::DateTime<Tz> {
    let (year, month, day) = (i32::from(at.year()), at.month().unsigned_abs(), at.day().unsigned_abs());
    let (hour, minute, second) =
        (at.hour().unsigned_abs(), at.minute().unsigned_abs(), at.second().unsigned_abs());
    Tz::UTC
        .with_ymd_and_hms(year, month.into(), day.into(), hour.into(), minute.into(), second.into())
        .single()
        .expect("UTC has every time once")
}

fn local(at: &chrono::DateTime<Tz>) -> DateTime {
    let narrow = |it: u32| i8::try_from(it).expect("a month, day, hour, minute or second");
    DateTime::new(
        i16::try_from(at.year()).unwrap_or(DateTime::MAX.year()),
        narrow(at.month()),
        narrow(at.day()),
        narrow(at.hour()),
        narrow(at.minute()),
        narrow(at.second()),
        0,
    )
    .expect("chrono's dates are jiff's")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recurrence(rule: &str) -> Result<Recurrence, Refusal> {
        Recurrence::parse(rule, "2026-01-05T09:00".parse().unwrap(), |utc| utc)
    }

    #[test]
    fn what_would_never_end_is_refused_with_a_reason() {
        for (rule, reason) in [
            ("FREQ=MINUTELY", "FREQ=MINUTELY is refused"),
            ("FREQ=SECONDLY;INTERVAL=3600", "FREQ=SECONDLY is refused"),
            (
                "FREQ=DAILY;BYHOUR=0,1,2,3,4;BYMINUTE=0,1,2,3,4,5,6,7,8,9;BYSECOND=0,1",
                "starts 100 times a day",
            ),
            ("FREQ=HOURLY;BYMINUTE=0,1,2,3,4", "starts 120 times a day"),
            ("FREQ=DAILY;COUNT=4000000000", "COUNT=4000000000 is out of range"),
            ("FREQ=DAILY;COUNT=3;UNTIL=20270101", "COUNT and UNTIL stand together"),
            ("FREQ=DAILY;FREQ=HOURLY", "FREQ is given twice"),
            ("FREQ=DAILY;BYEASTER=1", "`BYEASTER` is no part"),
            ("FREQ=FORTNIGHTLY", "FREQ=FORTNIGHTLY is not known"),
            ("BYDAY=MO", "lacks FREQ"),
            ("FREQ=DAILY;UNTIL=soon", "UNTIL=SOON is no time"),
            ("FREQ=DAILY;INTERVAL=0", "INTERVAL"),
            ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY"),
        ] {
            let refusal = recurrence(rule).err().unwrap_or_else(|| panic!("{rule} was taken"));
            assert!(refusal.message.contains(reason), "{rule}: {}", refusal.message);
        }
    }

    #[test]
    fn a_rule_that_never_happens_ends() {
        for rule in ["FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=HOURLY;INTERVAL=24;BYHOUR=5"] {
            let all = recurrence(rule).unwrap();
            let (from, to) = ("2026-01-01T00:00".parse().unwrap(), "2036-01-01T00:00".parse().unwrap());
            assert_eq!(all.starts(from, to), Ok(Vec::new()), "{rule}");
        }
    }

    #[test]
    fn looking_from_later_on_sees_the_same() {
        for rule in [
            "FREQ=HOURLY;INTERVAL=7",
            "FREQ=HOURLY;INTERVAL=5;BYMINUTE=0,30;BYDAY=TU,SA",
            "FREQ=DAILY;INTERVAL=3;BYHOUR=22,4",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU",
            "FREQ=WEEKLY;INTERVAL=3;BYDAY=FR,SA,SU;BYSETPOS=-1",
            "FREQ=MONTHLY;BYDAY=-1FR",
            "FREQ=YEARLY;BYWEEKNO=20,53;BYDAY=MO",
            "FREQ=DAILY;COUNT=500",
            "FREQ=DAILY;UNTIL=20270305T090000",
        ] {
            let all = recurrence(rule).unwrap();
            let from = "2026-01-01T00:00".parse().unwrap();
            let (middle, to) = ("2027-02-17T13:30".parse().unwrap(), "2027-07-01T00:00".parse().unwrap());
            let whole = all.starts(from, to).unwrap();
            let part: Vec<_> = whole.iter().copied().filter(|it| *it >= middle).collect();
            assert!(whole.len() > part.len() && !part.is_empty(), "{rule}");
            assert_eq!(all.starts(middle, to).unwrap(), part, "{rule}");
        }
    }
}
