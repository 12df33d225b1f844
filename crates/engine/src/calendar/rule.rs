//! One rule, read: from local times to stretches of real time.

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Span, Timestamp, ToSpan, Zoned};
use serde::Serialize;
use shipway_model::Name;
use shipway_model::resource::Calendar;
use shipway_model::resource::calendar::{CalendarRule, Coverage, OnFold, OnGap, Purpose, RuleKind};

use super::Subject;
use super::recurrence::{Endless, OCCURRENCES_MAX, Recurrence, YEAR_MAX, YEAR_MIN};
use super::zone;

/// The longest occurrence.
const DAYS_MAX: i64 = 400;

/// A rule of a calendar that was found to make sense.
#[derive(Debug, Clone)]
pub struct Rule {
    pub calendar: Name,
    pub declared: CalendarRule,
    pub coverage: Coverage,
    /// The Team whose services it does not cover: it has booked what others are kept out of.
    pub exempt: Option<Name>,
    schedule: Schedule,
}

/// Local starts in a zone, and how long each lasts.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    zone: TimeZone,
    start: DateTime,
    length: Length,
    recurrence: Option<Recurrence>,
    further: Vec<DateTime>,
    without: Vec<Without>,
    gap: OnGap,
    fold: OnFold,
}

/// Days by the calendar and then time by the clock (RFC 5545, section 3.3.6).
#[derive(Debug, Clone, Copy)]
struct Length {
    days: i64,
    clock: SignedDuration,
}

#[derive(Debug, Clone, Copy)]
enum Without {
    Day(Date),
    Start(DateTime),
}

/// Names a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleRef {
    pub calendar: Name,
    pub rule: Name,
    pub kind: RuleKind,
    pub purpose: Purpose,
}

/// One stretch of time. `until` itself no longer belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Occurrence {
    pub from: Zoned,
    pub until: Zoned,
    /// The start as the rule gives it.
    pub local: DateTime,
    /// Where the clock was being changed at its start.
    pub clash: Option<Clash>,
}

/// What the clock did at a local start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clash {
    /// The clock skips it.
    Gap,
    /// The clock shows it twice.
    Fold,
}

/// What is wrong with a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub rule: Name,
    pub field: &'static str,
    /// What it says there.
    pub value: String,
    pub message: String,
    /// What to write instead.
    pub help: String,
}

/// The occurrences asked for are more than [`OCCURRENCES_MAX`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooMany {
    pub rule: Name,
}

impl std::fmt::Display for TooMany {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the rule {} has more than {OCCURRENCES_MAX} occurrences in that time", self.rule)
    }
}

impl std::error::Error for TooMany {}

/// Reads every rule of a calendar.
///
/// # Errors
/// Everything that is wrong with any of them.
pub fn compile(name: &Name, calendar: &Calendar) -> Result<Vec<Rule>, Vec<Fault>> {
    let (mut rules, mut faults) = (Vec::with_capacity(calendar.rules.len()), Vec::new());
    for declared in &calendar.rules {
        match Schedule::of_rule(declared, calendar.zone(declared)) {
            Ok(schedule) => {
                let rule = Rule {
                    calendar: name.clone(),
                    coverage: calendar.coverage(declared).clone(),
                    declared: declared.clone(),
                    exempt: None,
                    schedule,
                };
                match rule.refused_clash() {
                    None => rules.push(rule),
                    Some(fault) => faults.push(fault),
                }
            }
            Err(of_rule) => faults.extend(of_rule),
        }
    }
    if faults.is_empty() { Ok(rules) } else { Err(faults) }
}

impl Rule {
    pub fn reference(&self) -> RuleRef {
        RuleRef {
            calendar: self.calendar.clone(),
            rule: self.declared.name.clone(),
            kind: self.declared.kind,
            purpose: self.declared.purpose,
        }
    }

    /// For sentences: `the freeze year-end of calendar trading`.
    pub fn title(&self) -> String {
        if let (Purpose::Booking, Some(team)) = (self.declared.purpose, &self.exempt) {
            return format!("the booking {} of team {team}", self.calendar);
        }
        let purpose = match (self.declared.kind, self.declared.purpose) {
            (RuleKind::Deny, Purpose::Window) => "closed time",
            (_, purpose) => purpose.as_str(),
        };
        format!("the {purpose} {} of calendar {}", self.declared.name, self.calendar)
    }

    /// The occurrences of which some part lies at or after `from` and before `to`, by their start.
    ///
    /// # Errors
    /// When there are too many.
    pub fn occurrences(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Occurrence>, TooMany> {
        self.schedule.occurrences(from, to).map_err(|_| TooMany { rule: self.declared.name.clone() })
    }

    /// The local starts at which the clock is changed, those included that are skipped.
    ///
    /// # Errors
    /// When there are too many starts.
    pub fn clashes(&self, from: Timestamp, to: Timestamp) -> Result<Vec<(DateTime, Clash)>, TooMany> {
        let starts =
            self.schedule.starts(from, to).map_err(|_| TooMany { rule: self.declared.name.clone() })?;
        let clash = |local: DateTime| Some((local, clash(&self.schedule.zone, local)?));
        Ok(starts.into_iter().filter_map(clash).collect())
    }

    /// Whether the first start is one that the recurrence itself would give.
    pub fn begins_with_its_own_start(&self) -> bool {
        let Schedule { start, recurrence, .. } = &self.schedule;
        recurrence.as_ref().is_none_or(|it| {
            it.starts(*start, start.saturating_add(1.second()))
                .is_ok_and(|first| first.first() == Some(start))
        })
    }

    /// The first instant at which it could occur.
    pub fn begins(&self) -> Timestamp {
        let first = self.schedule.further.iter().copied().fold(self.schedule.start, DateTime::min);
        instant(&self.schedule.zone, first)
    }

    /// Whether it has a say about the subject.
    pub fn covers(&self, subject: &Subject) -> bool {
        let is_exempt = self.exempt.is_some() && self.exempt == subject.team;
        !is_exempt && subject.is_covered(&self.coverage)
    }

    pub fn zone(&self) -> &TimeZone {
        &self.schedule.zone
    }

    fn refused_clash(&self) -> Option<Fault> {
        let CalendarRule { gap, fold, name, dtstart, .. } = &self.declared;
        if *gap != OnGap::Reject && *fold != OnFold::Reject {
            return None;
        }
        let from = self.begins();
        let clashes = self.clashes(from, super::later(from, TEN_YEARS)).unwrap_or_default();
        let (local, clash) = clashes.into_iter().find(|(_, clash)| match clash {
            Clash::Gap => *gap == OnGap::Reject,
            Clash::Fold => *fold == OnFold::Reject,
        })?;
        let (field, does) = match clash {
            Clash::Gap => ("gap", "does not exist"),
            Clash::Fold => ("fold", "comes twice"),
        };
        Some(Fault {
            rule: name.clone(),
            field,
            value: "reject".to_owned(),
            message: format!("rule {name}: the start {local} {does}, because the clock is changed then"),
            help: format!("choose another time than that of {dtstart}, or `{field}: shift` or `skip`"),
        })
    }
}

/// As far as `reject` and `calendar lint` look.
pub(crate) const TEN_YEARS: SignedDuration = SignedDuration::from_hours(24 * 3653);

impl Schedule {
    fn of_rule(declared: &CalendarRule, zone_name: &str) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut fault = |field, value: &str, message: String, help: String| {
            let (rule, value) = (declared.name.clone(), value.to_owned());
            faults.push(Fault { message: format!("rule {rule}: {message}"), rule, field, value, help });
        };
        let zone =
            find_zone(zone_name).map_err(|(message, help)| fault("timeZone", zone_name, message, help));
        let mut at = |field, text: &str, take: fn(&str) -> Option<DateTime>| {
            let taken = take(text).filter(|it| (YEAR_MIN..=YEAR_MAX).contains(&it.year()));
            if taken.is_none() {
                let text: String = text.chars().take(40).collect();
                fault(
                    field,
                    &text,
                    format!("`{text}` is no local time between {YEAR_MIN} and {YEAR_MAX}"),
                    "write for example 2026-01-05T09:00, without a zone or offset".to_owned(),
                );
            }
            taken
        };
        let start = at("dtstart", &declared.dtstart, local_time);
        let further: Vec<_> = declared.rdate.iter().filter_map(|it| at("rdate", it, local_time)).collect();
        let without = declared.exdate.iter().filter_map(|it| {
            let start = at("exdate", it, local_time)?;
            Some(if it.contains(['T', 't', ' ']) {
                Without::Start(start)
            } else {
                Without::Day(start.date())
            })
        });
        let without: Vec<_> = without.collect();
        let length = length(&declared.duration).map_err(|message| {
            let help = "write for example 8h, 1d or 1d 12h".to_owned();
            fault("duration", &declared.duration, message, help);
        });
        let (Ok(zone), Some(start), Ok(length)) = (zone, start, length) else { return Err(faults) };
        let local_of = |utc: DateTime| TimeZone::UTC.to_timestamp(utc).map_or(utc, |it| zone.to_datetime(it));
        let recurrence =
            declared.rrule.as_ref().map(|text| Recurrence::parse(text, start, local_of)).transpose();
        let recurrence = recurrence
            .map_err(|it| fault("rrule", declared.rrule.as_deref().unwrap_or_default(), it.message, it.help));
        let Ok(recurrence) = recurrence else { return Err(faults) };
        if !faults.is_empty() {
            return Err(faults);
        }
        let (gap, fold) = (declared.gap, declared.fold);
        Ok(Self { zone, start, length, recurrence, further, without, gap, fold })
    }

    fn starts(&self, from: Timestamp, to: Timestamp) -> Result<Vec<DateTime>, Endless> {
        // A day more on either side: zones, gaps and folds move a start by less than that.
        let slack = Span::new().days(1);
        let reach = Span::new().days(self.length.days + 1);
        let first = self.zone.to_datetime(from).saturating_sub(slack).saturating_sub(reach);
        let first = first.checked_sub(self.length.clock).unwrap_or(DateTime::MIN);
        let last = self.zone.to_datetime(to).saturating_add(slack);
        let mut starts = match &self.recurrence {
            Some(recurrence) => recurrence.starts(first, last)?,
            None => vec![self.start],
        };
        starts.extend(&self.further);
        starts.retain(|start| {
            *start >= first
                && *start < last
                && !self.without.iter().any(|without| match without {
                    Without::Day(day) => start.date() == *day,
                    Without::Start(it) => start == it,
                })
        });
        starts.sort_unstable();
        starts.dedup();
        Ok(starts)
    }

    pub(crate) fn occurrences(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Occurrence>, Endless> {
        let starts = self.starts(from, to)?;
        let mut all: Vec<Occurrence> =
            starts.into_iter().filter_map(|start| self.occurrence(start)).collect();
        all.retain(|it| it.from.timestamp() < to && it.until.timestamp() > from);
        // A start that was shifted out of a gap may meet another one.
        all.sort_by_key(|it| it.from.timestamp());
        all.dedup_by_key(|it| it.from.timestamp());
        if all.len() > OCCURRENCES_MAX { Err(Endless) } else { Ok(all) }
    }

    fn occurrence(&self, local: DateTime) -> Option<Occurrence> {
        let ambiguous = self.zone.to_ambiguous_zoned(local);
        let clash = clash(&self.zone, local);
        let from = match (clash, self.gap, self.fold) {
            (Some(Clash::Gap), OnGap::Skip, _) => return None,
            (Some(Clash::Fold), _, OnFold::Shift) => ambiguous.later(),
            // The zone's offset before the gap, or the first of the two.
            _ => ambiguous.compatible(),
        };
        let from = from.ok()?;
        let until =
            from.checked_add(Span::new().days(self.length.days)).ok()?.checked_add(self.length.clock).ok()?;
        Some(Occurrence { from, until, local, clash })
    }
}

fn clash(zone: &TimeZone, local: DateTime) -> Option<Clash> {
    match zone.to_ambiguous_zoned(local).offset() {
        AmbiguousOffset::Unambiguous { .. } => None,
        AmbiguousOffset::Gap { .. } => Some(Clash::Gap),
        AmbiguousOffset::Fold { .. } => Some(Clash::Fold),
    }
}

fn instant(zone: &TimeZone, local: DateTime) -> Timestamp {
    zone.to_ambiguous_timestamp(local).compatible().unwrap_or(Timestamp::MAX)
}

fn find_zone(name: &str) -> Result<TimeZone, (String, String)> {
    zone::zone(name).ok_or_else(|| {
        let shown: String = name.chars().take(64).collect();
        let help = match zone::like(name) {
            Some(near) => format!("write `timeZone: {near}`"),
            None => "write an IANA name, for example `timeZone: Europe/Berlin`".to_owned(),
        };
        (format!("`{shown}` is no time zone"), help)
    })
}

/// A zone or offset is refused: which of the two would hold?
fn local_time(text: &str) -> Option<DateTime> {
    let is_local = !text.contains(['Z', 'z', '+', '[']) && text.matches('-').count() == 2;
    text.parse::<DateTime>().ok().filter(|it| is_local && it.subsec_nanosecond() == 0)
}

fn length(text: &str) -> Result<Length, String> {
    let shown: String = text.chars().take(40).collect();
    let span: Span = text.parse().map_err(|_| format!("`{shown}` is no duration"))?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return Err(format!("`{shown}`: months and years have no fixed length"));
    }
    let days = i64::from(span.get_weeks()) * 7 + i64::from(span.get_days());
    let clock =
        SignedDuration::try_from(span.weeks(0).days(0)).map_err(|_| format!("`{shown}` is no duration"))?;
    let whole = clock.checked_add(SignedDuration::from_hours(24 * days));
    let is_possible =
        |it: &SignedDuration| it.is_positive() && *it <= SignedDuration::from_hours(24 * DAYS_MAX);
    match whole.filter(is_possible) {
        Some(_) if days >= 0 && !clock.is_negative() => Ok(Length { days, clock }),
        _ => Err(format!("`{shown}` is not between one second and {DAYS_MAX} days")),
    }
}
