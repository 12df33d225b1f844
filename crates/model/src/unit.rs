//! Units: a duration as people write it, and a share in basis points.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::read_as_text;

/// A duration in whole milliseconds, written in files as `250ms`, `10s`, `5m`, `1h 30m`, `2d`, or ISO 8601 (`PT10S`).
/// At most 10 years.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(into = "String")]
#[schemars(with = "String", example = "10s", example = "1h 30m")]
pub struct Millis(pub u64);

/// A share of traffic or of a set, in hundredths of a percent: 0 to 10000.
#[derive(
    Clone, Copy, Default, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "u16")]
pub struct BasisPoints(#[schemars(range(min = 0, max = 10000))] u16);

const MILLIS_MAX: u64 = 10 * 366 * 24 * 3_600_000;

/// Why a text or number is not a value of the unit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUnit {
    #[error("`{0}` is not a duration: write for example `250ms`, `10s`, `5m`, `1h 30m` or `2d`")]
    Duration(String),
    #[error("`{0}` is longer than ten years")]
    TooLong(String),
    #[error("{0} basis points is more than the whole: use 0 to 10000")]
    BasisPoints(u16),
}

impl Millis {
    pub const ZERO: Self = Self(0);

    pub const fn is_zero(&self) -> bool {
        self.0 == 0
    }

    /// Whole milliseconds of a duration.
    pub fn of(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds * 1000)
    }

    pub const fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }

    pub fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        let mut text = String::new();
        for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)] {
            let count = rest / size;
            rest %= size;
            if count > 0 {
                text += &format!("{}{count}{unit}", if text.is_empty() { "" } else { " " });
            }
        }
        f.pad(if text.is_empty() { "0s" } else { &text })
    }
}

impl fmt::Debug for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Millis {
    type Err = InvalidUnit;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidUnit::Duration(text.chars().take(40).flat_map(char::escape_debug).collect());
        // jiff reads both the friendly and the ISO 8601 forms; months and years have no fixed length.
        let duration: jiff::SignedDuration = match text.parse::<jiff::Span>().map_err(|_| invalid())? {
            span if span.get_years() != 0 || span.get_months() != 0 => return Err(invalid()),
            span => span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| invalid())?,
        };
        let millis = u64::try_from(duration.as_millis()).map_err(|_| invalid())?;
        if millis > MILLIS_MAX {
            return Err(InvalidUnit::TooLong(text.chars().take(40).collect()));
        }
        Ok(Self(millis))
    }
}

impl TryFrom<String> for Millis {
    type Error = InvalidUnit;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

read_as_text!(Millis);

impl From<Millis> for String {
    fn from(millis: Millis) -> Self {
        millis.to_string()
    }
}

impl BasisPoints {
    pub const ZERO: Self = Self(0);
    pub const FULL: Self = Self(10_000);

    pub const fn new(basis_points: u16) -> Result<Self, InvalidUnit> {
        if basis_points > 10_000 {
            Err(InvalidUnit::BasisPoints(basis_points))
        } else {
            Ok(Self(basis_points))
        }
    }

    /// `percent` of the whole; more than 100 counts as 100.
    pub const fn from_percent(percent: u8) -> Self {
        Self(if percent > 100 { 10_000 } else { percent as u16 * 100 })
    }

    pub const fn get(self) -> u16 {
        self.0
    }

    pub const fn complement(self) -> Self {
        Self(10_000 - self.0)
    }

    /// Twice the share; never more than the whole.
    pub const fn twice(self) -> Self {
        if self.0 > 5_000 { Self::FULL } else { Self(2 * self.0) }
    }

    /// The number of items, rounded up, that make this share of `count`.
    pub fn of_count(self, count: usize) -> usize {
        (count * usize::from(self.0)).div_ceil(10_000)
    }
}

impl TryFrom<u16> for BasisPoints {
    type Error = InvalidUnit;

    fn try_from(basis_points: u16) -> Result<Self, Self::Error> {
        Self::new(basis_points)
    }
}

impl fmt::Display for BasisPoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 100, self.0 % 100);
        match part {
            0 => f.pad(&format!("{whole} %")),
            _ => f.pad(&format!("{whole}.{part:02} %")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_back() {
        for (text, millis) in
            [("250ms", 250), ("10s", 10_000), ("1h 30m", 5_400_000), ("2d", 172_800_000), ("PT10S", 10_000)]
        {
            let read: Millis = text.parse().unwrap();
            assert_eq!(read, Millis(millis), "{text}");
            assert_eq!(read.to_string().parse(), Ok(read));
        }
        for bad in ["", "10", "-3s", "1 month", "99999d", "soon"] {
            assert!(bad.parse::<Millis>().is_err(), "{bad}");
        }
    }

    #[test]
    fn shares_round_up_to_items() {
        assert_eq!(BasisPoints::from_percent(5).of_count(3), 1);
        assert_eq!(BasisPoints::from_percent(50).of_count(3), 2);
        assert_eq!(BasisPoints::FULL.of_count(3), 3);
        assert_eq!(BasisPoints::ZERO.of_count(3), 0);
        assert_eq!(BasisPoints::from_percent(5).twice(), BasisPoints::from_percent(10));
        assert_eq!(BasisPoints::from_percent(51).twice(), BasisPoints::FULL);
    }
}
