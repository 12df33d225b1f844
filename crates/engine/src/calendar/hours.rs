//! When people work: the next moment at which somebody is there, and how far a stretch of working time reaches.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use shipway_model::Name;
use shipway_model::resource::hours::{ClockTime, Day, Hours};
use shipway_model::resource::{Kind, Spec};

use super::{later, zone};
use crate::State;

/// Hours come back every week; a day more, because days begin at different instants.
const DAYS_LOOKED_AT: i32 = 9;
/// Stretches that one reckoning of working time walks; at least one a week, so many years.
const STRETCHES_MAX: usize = 5000;

/// Hours in their zones. Without any, somebody is always there.
#[derive(Debug, Clone, Default)]
pub struct WorkingHours {
    parts: Vec<(TimeZone, Vec<Hours>)>,
}

/// What of `hours` cannot be used: the zone, when there is none of that name.
pub(crate) fn fault(zone_name: Option<&str>) -> Option<(String, String)> {
    let name = zone_name?;
    zone::zone(name).is_none().then(|| {
        let help = match zone::like(name) {
            Some(near) => format!("write `zone: {near}`"),
            None => "write an IANA name, for example `zone: Europe/Berlin`".to_owned(),
        };
        (format!("`{}` is no time zone", name.chars().take(64).collect::<String>()), help)
    })
}

impl WorkingHours {
    /// UTC where no zone, or none that is known, is named.
    pub fn new(hours: &[Hours], zone_name: Option<&str>) -> Self {
        let zone = zone_name.and_then(zone::zone).unwrap_or(TimeZone::UTC);
        let parts = if hours.is_empty() { Vec::new() } else { vec![(zone, hours.to_vec())] };
        Self { parts }
    }

    pub fn is_always(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whenever either is there.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        if self.is_always() || other.is_always() {
            return Self::default();
        }
        self.parts.extend(other.parts);
        self
    }

    /// The first instant at or after `at` at which somebody is there.
    pub fn opens(&self, at: Timestamp) -> Option<Timestamp> {
        if self.is_always() { Some(at) } else { self.stretch(at).map(|it| it.0) }
    }

    /// When `length` of working time has passed since `at`.
    pub fn after(&self, at: Timestamp, length: SignedDuration) -> Option<Timestamp> {
        if self.is_always() {
            return Some(later(at, length));
        }
        let (mut at, mut left) = (at, length);
        for _ in 0..STRETCHES_MAX {
            let (from, until) = self.stretch(at)?;
            let there = until.duration_since(from);
            if left <= there {
                return Some(later(from, left));
            }
            left -= there;
            at = until;
        }
        None
    }

    /// The first stretch that is not over at `at`, as far as it lies after it.
    fn stretch(&self, at: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let of_part = |(zone, hours): &(TimeZone, Vec<Hours>)| {
            let today = zone.to_datetime(at).date();
            let days = (-1..DAYS_LOOKED_AT).filter_map(|n| today.checked_add(n.days()).ok());
            let spans = days.flat_map(|day| {
                let that_day = hours.iter().filter(move |it| it.days.contains(&weekday(day)));
                that_day
                    .filter_map(move |it| Some((instant(zone, day, it.from)?, instant(zone, day, it.to)?)))
            });
            // A stretch may vanish whole in a gap of the clock.
            spans.filter(|(from, until)| *until > at && from < until).min()
        };
        let all = self.parts.iter().filter_map(of_part);
        all.min().map(|(from, until)| (from.max(at), until))
    }
}

impl State {
    /// When the person answers who acts under this name: by their own hours, else by those of the first team that lists
    /// them and has some.
    pub fn hours_of(&self, actor: &str) -> WorkingHours {
        let own = self.access.person(actor).and_then(|it| self.access.people.get(it));
        if let Some(person) = own.filter(|it| !it.hours.is_empty()) {
            return WorkingHours::new(&person.hours, person.zone.as_deref());
        }
        let teams = self.catalogue.of_kind(Kind::Team).filter_map(|(key, resource)| match &resource.spec {
            Spec::Team(team) if !team.hours.is_empty() => Some((&key.name, team)),
            _ => None,
        });
        let mut of_them = teams.filter(|(name, _)| self.is_member(name, actor));
        of_them.next().map_or_else(WorkingHours::default, |(_, team)| {
            WorkingHours::new(&team.hours, team.zone.as_deref())
        })
    }

    /// When the team answers: by its own hours, else whenever one of its members does.
    pub fn hours_of_team(&self, name: &Name) -> WorkingHours {
        let Some(team) = self.catalogue.team(name) else { return WorkingHours::default() };
        if !team.hours.is_empty() {
            return WorkingHours::new(&team.hours, team.zone.as_deref());
        }
        let each = team.members.iter().map(|it| self.hours_of(it));
        each.reduce(WorkingHours::or).unwrap_or_default()
    }
}

fn instant(zone: &TimeZone, day: Date, at: ClockTime) -> Option<Timestamp> {
    let (day, at) = match at {
        ClockTime::END_OF_DAY => (day.tomorrow().ok()?, 0),
        at => (day, at.minutes()),
    };
    let (hour, minute) = (i8::try_from(at / 60).ok()?, i8::try_from(at % 60).ok()?);
    zone.to_ambiguous_timestamp(day.at(hour, minute, 0, 0)).compatible().ok()
}

fn weekday(day: Date) -> Day {
    use jiff::civil::Weekday;
    match day.weekday() {
        Weekday::Monday => Day::Mon,
        Weekday::Tuesday => Day::Tue,
        Weekday::Wednesday => Day::Wed,
        Weekday::Thursday => Day::Thu,
        Weekday::Friday => Day::Fri,
        Weekday::Saturday => Day::Sat,
        Weekday::Sunday => Day::Sun,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn office(zone: &str) -> WorkingHours {
        let days = [Day::Mon, Day::Tue, Day::Wed, Day::Thu, Day::Fri].into();
        let hours = Hours { days, from: "09:00".parse().unwrap(), to: "17:00".parse().unwrap() };
        WorkingHours::new(&[hours], Some(zone))
    }

    #[track_caller]
    fn check(hours: &WorkingHours, at: &str, opens: &str) {
        assert_eq!(hours.opens(at.parse().unwrap()), Some(opens.parse().unwrap()), "{at}");
    }

    #[test]
    fn the_next_moment_is_now_this_morning_or_after_the_weekend() {
        let hours = office("Europe/Zurich");
        check(&hours, "2026-03-02T10:00:00Z", "2026-03-02T10:00:00Z");
        check(&hours, "2026-03-02T02:00:00Z", "2026-03-02T08:00:00Z");
        check(&hours, "2026-03-06T16:00:00Z", "2026-03-09T08:00:00Z");
        // In between, Zurich has put its clocks forward.
        check(&hours, "2026-03-27T16:00:00Z", "2026-03-30T07:00:00Z");
        check(&WorkingHours::default(), "2026-03-07T03:00:00Z", "2026-03-07T03:00:00Z");
    }

    #[test]
    fn either_of_two_is_enough() {
        let hours = office("Europe/Zurich").or(office("America/New_York"));
        check(&hours, "2026-03-02T16:30:00Z", "2026-03-02T16:30:00Z");
        check(&hours, "2026-03-02T22:30:00Z", "2026-03-03T08:00:00Z");
        assert!(office("UTC").or(WorkingHours::default()).is_always());
    }

    #[test]
    fn working_time_stands_still_at_night_and_on_weekends() {
        let hours = office("UTC");
        let friday: Timestamp = "2026-03-06T16:00:00Z".parse().unwrap();
        let after = |hours_long| hours.after(friday, SignedDuration::from_hours(hours_long)).unwrap();
        assert_eq!(after(1), "2026-03-06T17:00:00Z".parse().unwrap());
        assert_eq!(after(2), "2026-03-09T10:00:00Z".parse().unwrap());
        assert_eq!(after(9), "2026-03-09T17:00:00Z".parse().unwrap());
    }
}
