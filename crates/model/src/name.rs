//! Names and versions as users write them, checked once at the edge.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::text::read_as_text;

/// Longest name, in bytes: it must fit a DNS label.
pub const NAME_BYTES_MAX: usize = 63;
/// Longest version, in bytes.
pub const VERSION_BYTES_MAX: usize = 64;

/// A name: 1 to 63 lower-case letters, digits and single hyphens, starting with a letter and not ending with a
/// hyphen (a DNS label, so it is safe in paths, URLs, labels and file names).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(with = "String", extend("minLength" = 1, "maxLength" = 63), extend("pattern" = r"^[a-z]([a-z0-9-]*[a-z0-9])?$"))]
pub struct Name(Arc<str>);

/// A version: 1 to 64 letters, digits, `.`, `-`, `+` and `_`, starting with a letter or digit, without `..`.
/// Semantic versions are the usual case; the rules over them belong to policy.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(with = "String", extend("minLength" = 1, "maxLength" = 64), extend("pattern" = r"^[A-Za-z0-9][A-Za-z0-9.+_-]*$"))]
pub struct Version(Arc<str>);

/// Why a text is not a name or version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a valid {what}: {rule}")]
pub struct InvalidName {
    text: String,
    what: &'static str,
    rule: &'static str,
}

fn is_name(text: &str) -> bool {
    text.len() <= NAME_BYTES_MAX
        && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
}

fn is_version(text: &str) -> bool {
    text.len() <= VERSION_BYTES_MAX
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+' | b'_'))
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !text.contains("..")
}

macro_rules! checked_text {
    ($type:ident, $check:ident, $what:literal, $rule:literal) => {
        impl $type {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                if $check(text) {
                    Ok(Self(text.into()))
                } else {
                    // Shown to people: control characters must not reach a terminal.
                    let text = text.chars().take(80).flat_map(char::escape_debug).collect();
                    Err(InvalidName { text, what: $what, rule: $rule })
                }
            }
        }

        impl TryFrom<String> for $type {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        read_as_text!($type);

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.0.as_ref().to_owned()
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl std::borrow::Borrow<str> for $type {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

checked_text!(
    Name,
    is_name,
    "name",
    "use 1 to 63 lower-case letters, digits and hyphens, starting with a letter and not ending with a hyphen"
);
checked_text!(
    Version,
    is_version,
    "version",
    "use 1 to 64 letters, digits, `.`, `-`, `+` and `_`, starting with a letter or digit, without `..`"
);

/// What the version of a fresh control ends with.
const CONTROL: &str = "+control";

impl Version {
    /// The name under which instances of this version stand that are started anew beside a canary, only to be compared with
    /// it: routers, metrics, logs and traces tell them by it from those of the same version that stood before.
    ///
    /// # Errors
    /// The version is longer than [`VERSION_BYTES_MAX`] with that.
    pub fn control(&self) -> Result<Self, InvalidName> {
        format!("{self}{CONTROL}").parse()
    }

    /// Whether it names a fresh control. No build has such a version.
    pub fn is_control(&self) -> bool {
        self.0.ends_with(CONTROL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_control_is_told_from_the_version_that_it_is() {
        let version: Version = "1.0.0+build.5".parse().unwrap();
        let control = version.control().unwrap();
        assert_eq!(control.as_str(), "1.0.0+build.5+control");
        assert!(control.is_control() && !version.is_control());
        assert!("1".repeat(VERSION_BYTES_MAX).parse::<Version>().unwrap().control().is_err());
    }

    #[test]
    fn names_are_dns_labels() {
        for good in ["a", "web", "check-out-2"] {
            assert!(good.parse::<Name>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "a/b", "..", "a\u{7}b", "é", &"a".repeat(64)] {
            assert!(bad.parse::<Name>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn versions_cannot_climb_out_of_a_folder() {
        for good in ["1.0.0", "1.0.0-rc.1+build.5", "2026_11"] {
            assert!(good.parse::<Version>().is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "1..2", "../1", "1/2", "-1", "1 2", "1\n"] {
            assert!(bad.parse::<Version>().is_err(), "{bad:?}");
        }
    }
}
