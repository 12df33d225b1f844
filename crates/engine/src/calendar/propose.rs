//! Proposes windows where little is asked, and names those that lie over a peak.
//!
//! A window is weighed by its share of the week's requests: what would fail if nobody were answered for as long as it lasts. That
//! share is compared with what a promise of availability leaves for a week.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::Serialize;
use shipway_model::resource::calendar::{
    Calendar, CalendarRule, Caught, Coverage, Lane, OnFold, OnGap, Purpose, RuleKind, WhenClosed,
};
use shipway_model::resource::hours::{ClockTime, Day};
use shipway_model::{Millis, Name};

use super::rule::{Rule, RuleRef};
use super::traffic::{HOURS, Week, day_of};

/// The longest window that is proposed, in hours.
pub const LENGTH_MAX: usize = 24;
/// An hour is a peak when it is among the busiest tenth of the week's and asks for so many times what hours do on average.
const PEAK_RATIO: f64 = 1.5;
/// How many weeks of declared windows are looked at; rules may come back less often than weekly.
const WEEKS_AHEAD: i64 = 5;

/// What is wanted of windows.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// 1 to [`LENGTH_MAX`].
    pub hours: usize,
    /// On as many different days.
    pub count: usize,
    /// On these days alone; on all when empty.
    pub days: BTreeSet<Day>,
    /// Not before the one, and over by the other.
    pub within: Option<(ClockTime, ClockTime)>,
    /// Percent of requests that are promised to succeed.
    pub availability: Option<f64>,
}

/// Where releases disturb few.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Window {
    pub day: Day,
    pub from: ClockTime,
    pub hours: usize,
    /// Of the week's requests, as it usually is, from 0 to 1.
    pub share: f64,
    /// If each of its hours were as busy as it ever was.
    pub share_highest: f64,
    /// What hours ask for on average, over what these do: how many times quieter it is. Absent where nothing is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times_quieter: Option<f64>,
    /// What would be spent of what the promise leaves for a week if everything asked then failed; 1 is all of it. Absent without a
    /// promise, and where it leaves nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spends: Option<f64>,
}

/// A declared window in which much is asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OverPeak {
    pub rule: RuleRef,
    /// Its busiest hour, local to those who ask.
    pub at: DateTime,
    /// What is asked then, over what hours ask for on average.
    pub times_busier: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Proposal {
    /// The first and the last sample.
    pub from: Timestamp,
    pub until: Timestamp,
    pub time_zone: String,
    /// Hours of the week of which nothing is known. No window lies over one.
    pub hours_unknown: usize,
    /// The quietest first.
    pub windows: Vec<Window>,
    pub over_peak: Vec<OverPeak>,
}

/// The quietest windows of the week, one a day at most, and the declared ones that lie over a peak.
pub fn propose<'r>(week: &Week, ask: &Ask, declared: impl IntoIterator<Item = &'r Rule>) -> Proposal {
    let mut found: Vec<Window> = (0..HOURS).filter_map(|idx| window(week, ask, idx)).collect();
    found.sort_by(|a, b| a.share.total_cmp(&b.share).then(a.share_highest.total_cmp(&b.share_highest)));
    let mut days = BTreeSet::new();
    found.retain(|it| days.len() < ask.count && days.insert(it.day));
    let peaks = peaks(week);
    let over_peak = declared.into_iter().filter_map(|it| over_peak(week, &peaks, it)).collect();
    Proposal {
        from: week.from,
        until: week.until,
        time_zone: week.zone.iana_name().unwrap_or("UTC").to_owned(),
        hours_unknown: week.n_unknown(),
        windows: found,
        over_peak,
    }
}

/// The window that begins with hour `idx` of the week. None where it is not wanted, or not everything is known of it.
fn window(week: &Week, ask: &Ask, idx: usize) -> Option<Window> {
    let (day, hour) = (day_of(idx), idx % 24);
    let from: ClockTime = format!("{hour:02}:00").parse().ok()?;
    let ends = (hour + ask.hours) * 60;
    let fits = ask.within.is_none_or(|(first, last)| first <= from && ends <= usize::from(last.minutes()));
    if !fits || !(ask.days.is_empty() || ask.days.contains(&day)) {
        return None;
    }
    let loads: Option<Vec<_>> = (idx..idx + ask.hours).map(|it| week.hour(it)).collect();
    let loads = loads?;
    let asked: f64 = loads.iter().map(|it| it.typical).sum();
    let share = asked / week.total();
    let left = ask.availability.map(|it| 1.0 - it / 100.0).filter(|it| *it > 0.0);
    Some(Window {
        day,
        from,
        hours: ask.hours,
        share,
        share_highest: loads.iter().map(|it| it.highest).sum::<f64>() / week.total(),
        times_quieter: (asked > 0.0).then(|| week.mean() * ask.hours as f64 / asked),
        spends: left.map(|it| share / it),
    })
}

/// The hours in which most is asked.
fn peaks(week: &Week) -> BTreeMap<usize, f64> {
    let mut known: Vec<(usize, f64)> =
        week.known().map(|(idx, it)| (idx, it.typical / week.mean())).collect();
    known.sort_by(|a, b| b.1.total_cmp(&a.1));
    known.truncate(known.len().div_ceil(10));
    known.into_iter().filter(|it| it.1 >= PEAK_RATIO).collect()
}

/// Only windows are looked at: what closes harms nobody over a peak.
fn over_peak(week: &Week, peaks: &BTreeMap<usize, f64>, rule: &Rule) -> Option<OverPeak> {
    if rule.declared.kind != RuleKind::Allow {
        return None;
    }
    let until = week.until.saturating_add(SignedDuration::from_hours(WEEKS_AHEAD * 7 * 24)).ok()?;
    let mut busiest: Option<(DateTime, f64)> = None;
    for it in rule.occurrences(week.until, until).unwrap_or_default() {
        for (at, ratio) in hours_of(week, it.from.timestamp(), it.until.timestamp().min(until))
            .filter_map(|(idx, at)| Some((at, *peaks.get(&idx)?)))
        {
            if busiest.is_none_or(|known| known.1 < ratio) {
                busiest = Some((at, ratio));
            }
        }
    }
    busiest.map(|(at, times_busier)| OverPeak { rule: rule.reference(), at, times_busier })
}

/// The hours that a stretch of time touches: their places in the week, and when they begin on the wall.
fn hours_of(
    week: &Week,
    from: Timestamp,
    until: Timestamp,
) -> impl Iterator<Item = (usize, DateTime)> + use<'_> {
    let hour = SignedDuration::from_hours(1);
    // From the full hour on the wall that it begins in.
    let begun = week.zone.to_datetime(from);
    let into = i64::from(begun.minute()) * 60 + i64::from(begun.second());
    let first = from.checked_sub(SignedDuration::from_secs(into)).ok();
    let starts = std::iter::successors(first, move |it| it.checked_add(hour).ok());
    starts.take_while(move |it| *it < until).map(|it| {
        let local = week.zone.to_datetime(it);
        let idx = local.date().weekday().to_monday_zero_offset() as usize * 24 + local.hour() as usize;
        (idx, local.date().at(local.hour(), 0, 0, 0))
    })
}

impl Proposal {
    /// The windows as a Calendar: recurring from the week after the last sample on.
    pub fn calendar(&self, scope: Coverage) -> Calendar {
        let rules = self.windows.iter().filter_map(|it| rule(it, self.after()));
        Calendar { time_zone: self.time_zone.clone(), scope, rules: rules.collect() }
    }

    /// The day after the last sample.
    fn after(&self) -> Date {
        let zone = super::zone::zone(&self.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
        zone.to_datetime(self.until).date().saturating_add(1.day())
    }
}

fn rule(window: &Window, after: Date) -> Option<CalendarRule> {
    let is_day = |it: &Date| Day::ALL[it.weekday().to_monday_zero_offset() as usize] == window.day;
    let first = after.series(1.day()).take(7).find(is_day)?;
    let name = format!("{}-{}", window.day.as_str(), window.from).replace(':', "");
    Some(CalendarRule {
        name: name.parse::<Name>().ok()?,
        kind: RuleKind::Allow,
        purpose: Purpose::Window,
        reason: window.reason(),
        dtstart: format!("{first}T{}", window.from),
        time_zone: None,
        duration: Millis::from_secs(window.hours as u64 * 3600).to_string(),
        rrule: Some(format!("FREQ=WEEKLY;BYDAY={}", window.day.code())),
        rdate: Vec::new(),
        exdate: Vec::new(),
        gap: OnGap::default(),
        fold: OnFold::default(),
        scope: None,
        binds: BTreeSet::from([Lane::Releases]),
        caught: Caught::default(),
        closed: WhenClosed::default(),
        people: BTreeSet::new(),
    })
}

impl Window {
    /// Why it is proposed, in a sentence.
    pub fn reason(&self) -> String {
        let percent = |share: f64| format!("{:.2} %", share * 100.0);
        let mut text = format!(
            "{} of a week's requests come then, {} at most so far",
            percent(self.share),
            percent(self.share_highest)
        );
        if let Some(times) = self.times_quieter {
            text += &format!("; {times:.1} times fewer than at other hours");
        }
        if let Some(spends) = self.spends {
            text += &format!(
                "; if all of them failed, that would be {} of what the promise leaves for a week",
                percent(spends)
            );
        }
        text + "."
    }
}

#[cfg(test)]
mod tests;
