//! When people work, so that what waits for their word is counted on only while they are there.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A stretch of the same length on each of some days of the week, by the clock on the wall.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Hours {
    #[schemars(length(min = 1))]
    pub days: BTreeSet<Day>,
    /// For example `09:00`.
    pub from: ClockTime,
    /// For example `17:00`; `24:00` is the end of the day. Not before `from`: a night is two stretches.
    pub to: ClockTime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// Minutes since midnight, 0 to 1440, written as `09:00`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(into = "String", try_from = "String")]
#[schemars(with = "String", example = "09:00")]
pub struct ClockTime(u16);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no time of day: write for example `09:00`, from `00:00` to `24:00`")]
pub struct InvalidClockTime(String);

impl Day {
    /// From Monday on.
    pub const ALL: [Self; 7] = [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mon => "mon",
            Self::Tue => "tue",
            Self::Wed => "wed",
            Self::Thu => "thu",
            Self::Fri => "fri",
            Self::Sat => "sat",
            Self::Sun => "sun",
        }
    }

    /// As RFC 5545 writes it in `BYDAY`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Mon => "MO",
            Self::Tue => "TU",
            Self::Wed => "WE",
            Self::Thu => "TH",
            Self::Fri => "FR",
            Self::Sat => "SA",
            Self::Sun => "SU",
        }
    }
}

impl ClockTime {
    pub const END_OF_DAY: Self = Self(24 * 60);

    pub const fn minutes(self) -> u16 {
        self.0
    }
}

impl FromStr for ClockTime {
    type Err = InvalidClockTime;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let two_digits = |text: &str| {
            let is_number = text.len() == 2 && text.bytes().all(|it| it.is_ascii_digit());
            text.parse::<u16>().ok().filter(|_| is_number)
        };
        let parts =
            text.split_once(':').and_then(|(hour, minute)| Some((two_digits(hour)?, two_digits(minute)?)));
        match parts {
            Some((hour, minute)) if minute < 60 && hour * 60 + minute <= Self::END_OF_DAY.0 => {
                Ok(Self(hour * 60 + minute))
            }
            _ => Err(InvalidClockTime(text.chars().take(20).flat_map(char::escape_debug).collect())),
        }
    }
}

impl TryFrom<String> for ClockTime {
    type Error = InvalidClockTime;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ClockTime> for String {
    fn from(at: ClockTime) -> Self {
        at.to_string()
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl fmt::Debug for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_are_read_and_written_the_same() {
        for text in ["00:00", "09:05", "17:30", "23:59", "24:00"] {
            assert_eq!(text.parse::<ClockTime>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_time_of_day_is_refused() {
        for text in ["", "9:00", "09", "24:01", "25:00", "12:60", "-1:00", "+9:00", "09:00:00", "noon"] {
            assert!(text.parse::<ClockTime>().is_err(), "{text}");
        }
    }
}
