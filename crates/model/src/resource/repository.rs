//! Repositories of sources, and the branching that is agreed on in each: from where a release may come.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Millis, Name};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Repository {
    /// Where it is, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 500))]
    pub url: Option<String>,
    pub model: BranchingModel,
    /// From where releases come, instead of what the model says. `*` within a name, `**` across slashes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidates: Option<Refs>,
    /// From where emergencies may come too, instead of what the model says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hotfixes: Option<Refs>,
    /// Branches into which a hotfix has to be merged back, instead of what the model says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20))]
    pub merge_back_to: Option<BTreeSet<String>>,
    /// Within this time after a hotfix was sealed; from then on the next release from here that is no emergency waits.
    #[serde(default = "merge_back_within_default")]
    pub merge_back_within: Millis,
    /// Who may merge into what releases come from; everybody when nobody is named.
    #[serde(default, skip_serializing_if = "Mergers::is_everybody")]
    pub mergers: Mergers,
}

/// What the branches are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BranchingModel {
    /// One branch, `main`; releases come from it or from its tags `v*`.
    Trunk,
    /// `develop` for work, `release/*` and tags `v*` for releases, `hotfix/*` for emergencies, which go back into `main`
    /// and `develop`.
    Gitflow,
    /// `release/*` is cut from `main`; what is mended there goes back into `main`.
    ReleaseBranches,
}

/// Branches and tags by their short names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Refs {
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schemars(length(max = 50))]
    pub branches: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schemars(length(max = 50))]
    pub tags: BTreeSet<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mergers {
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub teams: BTreeSet<Name>,
    /// Addresses, as commits carry them, or names of accounts.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub people: BTreeSet<String>,
}

fn merge_back_within_default() -> Millis {
    Millis::from_secs(3 * 24 * 3600)
}

impl Mergers {
    pub fn is_everybody(&self) -> bool {
        *self == Self::default()
    }
}

impl Repository {
    /// From where releases come.
    pub fn candidates(&self) -> Refs {
        let of = |branches: &[&str], tags: &[&str]| Refs { branches: set(branches), tags: set(tags) };
        self.candidates.clone().unwrap_or_else(|| match self.model {
            BranchingModel::Trunk => of(&["main"], &["v*"]),
            BranchingModel::Gitflow => of(&["release/*", "main"], &["v*"]),
            BranchingModel::ReleaseBranches => of(&["release/*"], &["v*"]),
        })
    }

    /// From where emergencies may come beside that.
    pub fn hotfixes(&self) -> Refs {
        self.hotfixes.clone().unwrap_or_else(|| match self.model {
            BranchingModel::Trunk => Refs::default(),
            BranchingModel::Gitflow => Refs { branches: set(&["hotfix/*"]), tags: BTreeSet::new() },
            BranchingModel::ReleaseBranches => Refs { branches: set(&["release/*"]), tags: BTreeSet::new() },
        })
    }

    /// Where a hotfix has to be found again.
    pub fn merge_back_to(&self) -> BTreeSet<String> {
        self.merge_back_to.clone().unwrap_or_else(|| match self.model {
            BranchingModel::Trunk | BranchingModel::ReleaseBranches => set(&["main"]),
            BranchingModel::Gitflow => set(&["main", "develop"]),
        })
    }
}

impl BranchingModel {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trunk => "trunk",
            Self::Gitflow => "gitflow",
            Self::ReleaseBranches => "release-branches",
        }
    }
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|it| (*it).to_owned()).collect()
}
