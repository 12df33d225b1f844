//! Recorded requests, and the week that they make: how much is asked in each hour of it, by the clock of those who ask.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use shipway_model::resource::hours::Day;

use super::zone;

/// Hours of a week, from Monday's midnight on.
pub const HOURS: usize = 168;
/// An hour that was seen less often says nothing of the weeks to come.
pub const SEEN_MIN: usize = 2;
/// The most samples that are read: ten years of minutes.
pub const SAMPLES_MAX: usize = 5_300_000;

/// How much was asked around an instant: a count or a rate, as long as all of them are the same.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sample {
    pub at: Timestamp,
    pub requests: f64,
}

/// What was asked in one hour of the week, over the weeks in which it was seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// The median of the weeks: one incident does not make an hour busy.
    pub typical: f64,
    pub highest: f64,
}

/// A week as it usually is.
#[derive(Debug, Clone, PartialEq)]
pub struct Week {
    pub zone: TimeZone,
    /// The first and the last sample.
    pub from: Timestamp,
    pub until: Timestamp,
    /// None for an hour that was not seen in [`SEEN_MIN`] weeks: nobody knows that it is quiet.
    hours: Vec<Option<Load>>,
}

/// Why recorded requests say nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    #[error(
        "it is neither a list of `{{\"at\", \"requests\"}}` nor Prometheus' answer to a range query: {0}"
    )]
    Form(String),
    #[error("{0} is no number of requests")]
    Number(String),
    #[error("it holds more than {SAMPLES_MAX} samples")]
    TooMany,
    #[error("`{0}` is no time zone: write for example `Europe/Zurich`")]
    Zone(String),
    #[error("no hour of the week was seen in {SEEN_MIN} weeks: record for two weeks or more")]
    TooLittle,
    #[error("nothing was asked in all that time")]
    Nothing,
}

/// An answer of Prometheus' `/api/v1/query_range`.
#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    result: Vec<Series>,
}

#[derive(Deserialize)]
struct Series {
    values: Vec<(f64, String)>,
}

/// Reads samples: a JSON list of them, or Prometheus' answer to a range query, whose series are added up.
///
/// # Errors
/// What is wrong with the text. Gaps, and what Prometheus gives as `NaN`, are no samples.
pub fn read(text: &str) -> Result<Vec<Sample>, Unusable> {
    let form = |error: serde_json::Error| Unusable::Form(error.to_string());
    let samples = match text.trim_start().starts_with('[') {
        true => serde_json::from_str::<Vec<Sample>>(text).map_err(form)?,
        false => summed(serde_json::from_str::<Answer>(text).map_err(form)?.data.result)?,
    };
    if samples.len() > SAMPLES_MAX {
        return Err(Unusable::TooMany);
    }
    match samples.iter().find(|it| !it.requests.is_finite() || it.requests < 0.0) {
        Some(wrong) => Err(Unusable::Number(wrong.requests.to_string())),
        None => Ok(samples),
    }
}

fn summed(all: Vec<Series>) -> Result<Vec<Sample>, Unusable> {
    let mut at: BTreeMap<Timestamp, f64> = BTreeMap::new();
    for (second, text) in all.into_iter().flat_map(|it| it.values) {
        let number = text.parse::<f64>().map_err(|_| Unusable::Number(format!("`{text}`")))?;
        if number.is_nan() {
            continue;
        }
        let since = SignedDuration::try_from_secs_f64(second).ok();
        let instant = since.and_then(|it| Timestamp::from_duration(it).ok());
        let instant = instant.ok_or_else(|| Unusable::Form(format!("{second} is no instant")))?;
        *at.entry(instant).or_default() += number;
    }
    Ok(at.into_iter().map(|(at, requests)| Sample { at, requests }).collect())
}

impl Week {
    /// The week that the samples make by the clocks of `zone`.
    ///
    /// # Errors
    /// The zone is none, or there is too little to say anything.
    pub fn of(samples: &[Sample], zone_name: &str) -> Result<Self, Unusable> {
        let zone = zone::zone(zone_name).ok_or_else(|| Unusable::Zone(zone_name.to_owned()))?;
        let instants = || samples.iter().map(|it| it.at);
        let (Some(from), Some(until)) = (instants().min(), instants().max()) else {
            return Err(Unusable::TooLittle);
        };
        // Each hour of each day that was seen, as the mean of its samples: how many there are in it does not matter then.
        let mut seen: BTreeMap<(Date, i8), (f64, u32)> = BTreeMap::new();
        for sample in samples {
            let local = zone.to_datetime(sample.at);
            let hour = seen.entry((local.date(), local.hour())).or_default();
            *hour = (hour.0 + sample.requests, hour.1 + 1);
        }
        let mut by_hour = vec![Vec::new(); HOURS];
        for ((date, hour), (sum, n)) in seen {
            let day = date.weekday().to_monday_zero_offset();
            by_hour[day as usize * 24 + hour as usize].push(sum / f64::from(n));
        }
        let hours: Vec<Option<Load>> = by_hour.into_iter().map(load).collect();
        let week = Self { zone, from, until, hours };
        match week.n_unknown() {
            HOURS => Err(Unusable::TooLittle),
            _ if week.total() <= 0.0 => Err(Unusable::Nothing),
            _ => Ok(week),
        }
    }

    /// Hour `idx` of the week, which begins again behind its end.
    pub fn hour(&self, idx: usize) -> Option<Load> {
        self.hours[idx % HOURS]
    }

    pub fn n_unknown(&self) -> usize {
        self.hours.iter().filter(|it| it.is_none()).count()
    }

    /// What is asked in the hours that are known.
    pub fn total(&self) -> f64 {
        self.known().map(|(_, it)| it.typical).sum()
    }

    /// What is asked in a known hour on average.
    pub fn mean(&self) -> f64 {
        self.total() / (HOURS - self.n_unknown()) as f64
    }

    /// The hours that are known.
    pub fn known(&self) -> impl Iterator<Item = (usize, Load)> {
        self.hours.iter().enumerate().filter_map(|(idx, it)| Some((idx, (*it)?)))
    }
}

fn load(mut seen: Vec<f64>) -> Option<Load> {
    if seen.len() < SEEN_MIN {
        return None;
    }
    seen.sort_by(f64::total_cmp);
    let (low, high) = (seen[(seen.len() - 1) / 2], seen[seen.len() / 2]);
    Some(Load { typical: f64::midpoint(low, high), highest: seen[seen.len() - 1] })
}

/// The day of an hour of the week.
pub fn day_of(idx: usize) -> Day {
    Day::ALL[idx % HOURS / 24]
}
