//! Ids: one type per kind of thing, a UUIDv7 behind a prefix (`rol_0198…`).
//!
//! The random part is drawn by the runtime's Entropy port and handed in; nothing here draws it.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use uuid::Uuid;

use crate::text::read_as_text;

/// Why a text is not an id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}: ids of this kind look like `{prefix}_0198f3c0e1b27c3d8a4f5e6d7c8b9a01`")]
pub struct InvalidId {
    text: String,
    expected: &'static str,
    prefix: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
        #[schemars(with = "String", extend("pattern" = concat!("^", $prefix, "_[0-9a-f]{32}$")))]
        pub struct $name(Uuid);

        impl $name {
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let invalid = || InvalidId {
                    text: text.chars().take(80).collect(),
                    expected: $expected,
                    prefix: $prefix,
                };
                let digits = text.strip_prefix(concat!($prefix, "_")).ok_or_else(invalid)?;
                let simple = digits.len() == 32 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                if !simple {
                    return Err(invalid());
                }
                Uuid::try_parse(digits).map(Self).map_err(|_| invalid())
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        read_as_text!($name);

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    };
}

id!(
    /// A release: a bundle of artifacts that ships as one.
    ReleaseId, "rel", "a release id"
);
id!(
    /// A rollout: one release into one environment.
    RolloutId, "rol", "a rollout id"
);
id!(
    /// A change: what a rollout into a protected environment is to those who answer for it.
    ChangeId, "chg", "a change id"
);
id!(
    /// An exception from the calendar.
    ExceptionId, "exc", "an exception id"
);
id!(
    /// A quarantine: a test whose result does not count for a while.
    QuarantineId, "qua", "a quarantine id"
);
id!(
    /// An access token; the secret itself is never stored.
    TokenId, "tok", "a token id"
);
id!(
    /// A local account.
    AccountId, "acc", "an account id"
);
id!(
    /// Privilege for a time.
    GrantId, "gra", "a grant id"
);
id!(
    /// A document attached as evidence.
    EvidenceId, "evi", "an evidence id"
);
id!(
    /// A waiver of a gate.
    WaiverId, "wai", "a waiver id"
);
id!(
    /// An alert that was told from outside.
    AlertId, "alr", "an alert id"
);
id!(
    /// An item that is to come into a release after the freeze of its scope.
    LateId, "lat", "a late item's id"
);
id!(
    /// What the gates said to a rollout, once.
    DecisionId, "dec", "a decision id"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_other_kinds_are_refused() {
        let id = RolloutId::from_uuid(Uuid::from_u128(0x0198_f3c0_e1b2_7c3d_8a4f_5e6d_7c8b_9a01));
        assert_eq!(id.to_string(), "rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(id.to_string().parse::<ReleaseId>().is_err());
        assert!("rol_0198F3C0e1b27c3d8a4f5e6d7c8b9a01".parse::<RolloutId>().is_err());
    }
}
