//! The scope of a release: what is meant to be in it, until when that may grow, and what moved on.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Millis, Name, Version};

/// Words of different people, none of them the one who asks, that let an item in after the freeze.
pub const LATE_APPROVALS_NEEDED: usize = 2;
/// What was asked for and not let in within this is asked for again.
pub const LATE_MAX: Millis = Millis::from_secs(14 * 24 * 3600);
/// Items of one scope.
pub const ITEMS_MAX: usize = 1000;

/// One thing that a release is meant to bring, such as a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Item {
    /// What it is called where it is kept, for example `shop-412`.
    pub name: Name,
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 500))]
    pub title: String,
    /// The services that it changes.
    #[schemars(length(min = 1, max = 200))]
    pub services: BTreeSet<Name>,
}

/// The release whose scope it is. It need not have been put together yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Planned {
    pub name: Name,
    pub version: Version,
}

/// Why something is to come in after the freeze.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LateItem {
    pub planned: Planned,
    pub item: Item,
    #[schemars(length(min = 1, max = 2000))]
    pub reason: String,
}

/// Where something goes that does not come with this release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Destination {
    Release(Planned),
    /// A maintenance cycle by its name.
    Cycle(Name),
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Release(planned) => planned.fmt(f),
            Self::Cycle(name) => write!(f, "the cycle {name}"),
        }
    }
}
