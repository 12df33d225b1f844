//! What a question is about, as far as rules tell things apart.

use std::collections::BTreeSet;

use shipway_model::Name;
use shipway_model::release::Class;
use shipway_model::resource::calendar::{Coverage, Lane};

/// One service on its way into one environment. What is not known is None, and rules that ask for it do not cover it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    pub service: Option<Name>,
    pub tier: Option<u8>,
    pub team: Option<Name>,
    /// That the service depends on.
    pub vendors: BTreeSet<Name>,
    pub environment: Option<Name>,
    pub regions: BTreeSet<String>,
    pub class: Class,
    pub is_rollback: bool,
}

impl Default for Subject {
    fn default() -> Self {
        Self {
            service: None,
            tier: None,
            team: None,
            vendors: BTreeSet::new(),
            environment: None,
            regions: BTreeSet::new(),
            class: Class::Normal,
            is_rollback: false,
        }
    }
}

impl Subject {
    pub fn lane(&self) -> Lane {
        match self.class {
            _ if self.is_rollback => Lane::Rollbacks,
            Class::Emergency => Lane::Emergencies,
            Class::Standard | Class::Normal | Class::Major => Lane::Releases,
        }
    }

    pub fn is_covered(&self, by: &Coverage) -> bool {
        fn among<T: Ord>(wanted: &BTreeSet<T>, given: Option<&T>) -> bool {
            wanted.is_empty() || given.is_some_and(|it| wanted.contains(it))
        }
        among(&by.services, self.service.as_ref())
            && among(&by.environments, self.environment.as_ref())
            && among(&by.tiers, self.tier.as_ref())
            && among(&by.teams, self.team.as_ref())
            && among(&by.classes, Some(&self.class))
            && (by.vendors.is_empty() || !by.vendors.is_disjoint(&self.vendors))
            && (by.regions.is_empty() || !by.regions.is_disjoint(&self.regions))
    }

    /// What would have to be known to say whether it is covered: the names of the fields of a scope.
    pub fn unknown_to(&self, by: &Coverage) -> Vec<&'static str> {
        [
            ("services", !by.services.is_empty() && self.service.is_none()),
            ("environments", !by.environments.is_empty() && self.environment.is_none()),
            ("tiers", !by.tiers.is_empty() && self.tier.is_none()),
            ("teams", !by.teams.is_empty() && self.team.is_none()),
            ("vendors", !by.vendors.is_empty() && self.service.is_none() && self.vendors.is_empty()),
            ("regions", !by.regions.is_empty() && self.regions.is_empty()),
        ]
        .into_iter()
        .filter(|it| it.1)
        .map(|it| it.0)
        .collect()
    }
}
