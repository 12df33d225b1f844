//! A share of a whole, exactly as it was written: counted with whole numbers, never rounded.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `2/3` and `60%` are at least so much, `>1/2` and `>50%` are more. At most the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(into = "String", try_from = "String")]
#[schemars(with = "String", example = "2/3", example = ">1/2", example = "60%")]
pub struct Share {
    /// The share itself is not enough.
    more: bool,
    numerator: u32,
    /// Never 0.
    denominator: u32,
    /// As it was written, so that it is read back as it was written.
    percent: bool,
}

/// Why a text is not a share.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a share of a whole: write for example `2/3`, `>1/2` or `60%`")]
pub struct InvalidShare(String);

impl Share {
    /// At least `numerator` of `denominator`.
    ///
    /// # Errors
    /// When that is more than the whole, or of nothing.
    pub fn at_least(numerator: u32, denominator: u32) -> Result<Self, InvalidShare> {
        Self::new(false, numerator, denominator, false)
    }

    /// More than `numerator` of `denominator`.
    ///
    /// # Errors
    /// As for [`Self::at_least`]; nothing is more than the whole.
    pub fn more_than(numerator: u32, denominator: u32) -> Result<Self, InvalidShare> {
        Self::new(true, numerator, denominator, false)
    }

    fn new(more: bool, numerator: u32, denominator: u32, percent: bool) -> Result<Self, InvalidShare> {
        let share = Self { more, numerator, denominator, percent };
        let possible = if more { numerator < denominator } else { numerator <= denominator };
        if denominator > 0 && possible { Ok(share) } else { Err(InvalidShare(share.to_string())) }
    }

    /// Whether `part` of `whole` is so much. Of nothing, nothing is.
    pub fn is_met(self, part: u32, whole: u32) -> bool {
        // Both products are below 2^64.
        let (has, asked) =
            (u64::from(part) * u64::from(self.denominator), u64::from(self.numerator) * u64::from(whole));
        whole > 0 && if self.more { has > asked } else { has >= asked }
    }

    /// The fewest of `whole` that are so much.
    pub fn fewest(self, whole: u32) -> u32 {
        let asked = u64::from(self.numerator) * u64::from(whole);
        let denominator = u64::from(self.denominator);
        let fewest = if self.more { asked / denominator + 1 } else { asked.div_ceil(denominator) };
        u32::try_from(fewest).unwrap_or(u32::MAX)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = if self.more { ">" } else { "" };
        match self.percent {
            true => write!(f, "{more}{}%", self.numerator),
            false => write!(f, "{more}{}/{}", self.numerator, self.denominator),
        }
    }
}

impl FromStr for Share {
    type Err = InvalidShare;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidShare(text.chars().take(40).flat_map(char::escape_debug).collect());
        let (more, rest) = match text.trim().strip_prefix('>') {
            Some(rest) => (true, rest.trim()),
            None => (false, text.trim()),
        };
        let number = |text: &str| {
            let is_plain = !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
            is_plain.then(|| text.parse::<u32>().ok()).flatten().ok_or_else(invalid)
        };
        let share = match (rest.strip_suffix('%'), rest.split_once('/')) {
            (Some(percent), _) => Self::new(more, number(percent.trim())?, 100, true),
            (None, Some((above, below))) => {
                Self::new(more, number(above.trim())?, number(below.trim())?, false)
            }
            (None, None) => return Err(invalid()),
        };
        share.map_err(|_| invalid())
    }
}

impl TryFrom<String> for Share {
    type Error = InvalidShare;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Share> for String {
    fn from(share: Share) -> Self {
        share.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, part: u32, whole: u32, expected: bool) {
        let share: Share = text.parse().unwrap();
        assert_eq!(share.is_met(part, whole), expected, "{part} of {whole} for {text}");
        assert_eq!(share.to_string(), text);
    }

    #[test]
    fn a_share_is_counted_exactly_as_written() {
        check("2/3", 2, 3, true);
        check("2/3", 6, 9, true);
        // 66.6 percent would let this pass once it was rounded.
        check("2/3", 665, 999, false);
        check("2/3", 666, 999, true);
        check("67%", 2, 3, false);
        check("66%", 2, 3, true);
        check("1/2", 2, 4, true);
        check(">1/2", 2, 4, false);
        check(">50%", 3, 5, true);
        check("1/1", 4, 4, true);
        check("0/1", 0, 4, true);
        check("0/1", 0, 0, false);
        check("2/3", 2_863_311_530, u32::MAX, true);
        check("2/3", 2_863_311_529, u32::MAX, false);
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for text in [
            "",
            "2",
            "2/0",
            "3/2",
            ">1/1",
            "101%",
            "-1/2",
            "1/-2",
            "+1/2",
            "0.5",
            "1/2/3",
            "½",
            "99999999999/1",
        ] {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
    }

    proptest::proptest! {
        /// Against the definition in numbers that cannot overflow, and against the fewest that are enough.
        #[test]
        fn no_share_is_ever_rounded(part: u32, whole: u32, above: u32, below in 1_u32.., more: bool) {
            proptest::prop_assume!(if more { above < below } else { above <= below });
            let share = if more { Share::more_than(above, below) } else { Share::at_least(above, below) }.unwrap();
            let (has, asked) = (u128::from(part) * u128::from(below), u128::from(above) * u128::from(whole));
            let expected = whole > 0 && if more { has > asked } else { has >= asked };
            proptest::prop_assert_eq!(share.is_met(part, whole), expected);
            let fewest = share.fewest(whole);
            proptest::prop_assert!(whole == 0 || share.is_met(fewest, whole));
            proptest::prop_assert!(fewest == 0 || !share.is_met(fewest - 1, whole));
            proptest::prop_assert_eq!(share.to_string().parse::<Share>().unwrap(), share);
        }
    }
}
