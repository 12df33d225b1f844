//! Review boards: who sits on one, which changes it sees, and how it decides.
//!
//! A board needs no meeting: its members vote when they have looked, each under a signature. A change that no board sees
//! waits for none.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::change_policy::When;
use crate::release::{Class, Document};
use crate::{Millis, Name, Share};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Board {
    /// Who votes, by the names that their tokens carry.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schemars(length(max = 200))]
    pub members: BTreeSet<String>,
    /// Teams whose members vote too.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schemars(length(max = 50))]
    pub teams: BTreeSet<Name>,
    /// Which changes wait for it: those that any of these describes.
    #[schemars(length(min = 1, max = 50))]
    pub sees: Vec<Sight>,
    /// The share of all its members that has to vote; abstentions count.
    #[serde(default = "quorum_default")]
    pub quorum: Share,
    /// The share of the votes for and against that has to be for. Abstentions do not count.
    #[serde(default = "threshold_default")]
    pub threshold: Share,
    /// What has to be on the table before it can say yes.
    #[serde(default, skip_serializing_if = "Material::is_empty")]
    pub material: Material,
    /// How long a vote counts at most.
    #[serde(default = "valid_default")]
    pub valid: Millis,
    /// When it meets, where it does. Nothing waits for a meeting: votes are taken at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meets: Option<Meeting>,
    /// Who decides instead once it has not decided for long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalation: Option<BoardEscalation>,
}

/// What a change is like that a board sees; both parts have to be so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sight {
    /// Of these types.
    #[serde(default = "classes_default")]
    pub classes: BTreeSet<Class>,
    #[serde(default, skip_serializing_if = "When::is_always")]
    pub when: When,
}

/// What a board has to have seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Material {
    /// Documents that the release brings.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub documents: BTreeSet<Document>,
    /// Formats of evidence, as `shipway evidence formats` lists them, of which there is some about the release.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schemars(length(max = 50))]
    pub evidence: BTreeSet<String>,
}

/// A recurring meeting: an RFC 5545 rule in a time zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Meeting {
    /// For example `FREQ=WEEKLY;BYDAY=TU;BYHOUR=14;BYMINUTE=0`.
    pub rule: String,
    /// An IANA time zone, for example `Europe/Zurich`.
    pub time_zone: String,
    /// Where, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 500))]
    pub place: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BoardEscalation {
    /// From so long after the change was asked for on.
    pub after: Millis,
    /// The Board whose decision stands for this one's from then on.
    pub to: Name,
}

fn quorum_default() -> Share {
    Share::more_than(1, 2).expect("half is less than the whole")
}

fn threshold_default() -> Share {
    Share::more_than(1, 2).expect("half is less than the whole")
}

fn valid_default() -> Millis {
    Millis::from_secs(14 * 24 * 3600)
}

/// What was agreed to beforehand is not looked at again, and an emergency does not wait for a board.
fn classes_default() -> BTreeSet<Class> {
    BTreeSet::from([Class::Normal, Class::Major])
}

impl Material {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
