//! What only the tools outside know, as far as gates ask for it.

use std::collections::{BTreeMap, BTreeSet};

use shipway_engine::State;
use shipway_engine::gate::Outline;
use shipway_model::Name;
use shipway_model::gate::facts::{AlertRules, Dashboards, Surroundings};
use shipway_model::resource::Policy;
use shipway_model::resource::environment::Grafana;
use shipway_model::resource::metric::Source;
use shipway_model::resource::policy::Require;

/// Who is to be asked. Nobody where no gate wants it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tools {
    /// Metric sources, of which some know alerting rules.
    pub sources: BTreeMap<Name, Source>,
    pub grafana: Option<Grafana>,
    /// The dashboards that the services of the release declare, by their names.
    pub dashboards: BTreeSet<String>,
}

/// What they say; whoever cannot be asked says why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    pub alert_rules: BTreeMap<Name, AlertRules>,
    pub dashboards: Option<Dashboards>,
}

impl Tools {
    /// Whom the gates want to be asked: everybody in the environment, if one of them does.
    pub(crate) fn of(state: &State, policies: &BTreeMap<Name, Policy>, environment: &Name) -> Self {
        let mut gates = policies.values().flat_map(|it| &it.gates);
        let is_wanted = gates.any(|it| matches!(&it.require, Require::Monitoring(rule) if rule.loaded));
        let declared = state.catalogue.environment(environment).filter(|_| is_wanted);
        declared.map_or_else(Self::default, |it| Self {
            sources: it.metrics,
            grafana: it.grafana,
            dashboards: BTreeSet::new(),
        })
    }

    /// The same about the services of a release.
    pub(crate) fn about(mut self, outline: &Outline) -> Self {
        let watched = outline.facts.services.values().filter_map(|it| it.monitoring.as_ref());
        self.dashboards = watched.flat_map(|it| &it.dashboards).map(|it| it.name.clone()).collect();
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.sources.is_empty() && self.grafana.is_none()
    }
}

impl Seen {
    pub(crate) fn put(self, surroundings: &mut Surroundings) {
        surroundings.alert_rules = self.alert_rules;
        surroundings.dashboards = self.dashboards;
    }

    /// What is no longer as it was told before, as one sentence. Whoever does not answer takes nothing back; and why a rule cannot
    /// be evaluated is told in other words each time, so only that it cannot counts.
    pub(crate) fn news(&self, before: &Surroundings) -> Option<String> {
        let rules = self.alert_rules.iter().filter(|(_, it)| it.fault.is_none()).find(|(name, now)| {
            before.alert_rules.get(*name).is_none_or(|was| {
                was.alerts != now.alerts || !was.failing.keys().eq(now.failing.keys()) || was.fault.is_some()
            })
        });
        let told = rules.map(|(name, _)| format!("what {name} says of its alerting rules has changed"));
        let seen = self.dashboards.as_ref().filter(|it| it.fault.is_none());
        told.or_else(|| {
            let differs = seen.is_some_and(|now| before.dashboards.as_ref() != Some(now));
            differs.then(|| "what Grafana says of its dashboards has changed".to_owned())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(alerts: &[&str], failing: &[(&str, &str)], fault: Option<&str>) -> Seen {
        let rules = AlertRules {
            alerts: alerts.iter().map(|it| (*it).to_owned()).collect(),
            failing: failing.iter().map(|(it, why)| ((*it).to_owned(), (*why).to_owned())).collect(),
            fault: fault.map(str::to_owned),
        };
        Seen { alert_rules: BTreeMap::from([("main".parse().unwrap(), rules)]), dashboards: None }
    }

    fn dashboards(there: &[&str], fault: Option<&str>) -> Seen {
        let there = there.iter().map(|it| (*it).to_owned()).collect();
        let dashboards = Dashboards { there, fault: fault.map(str::to_owned) };
        Seen { alert_rules: BTreeMap::new(), dashboards: Some(dashboards) }
    }

    fn check(before: &Seen, now: &Seen, expect: Option<&str>) {
        let mut surroundings = Surroundings::default();
        before.clone().put(&mut surroundings);
        assert_eq!(now.news(&surroundings).as_deref(), expect);
    }

    #[test]
    fn what_changed_is_news_and_silence_is_none() {
        let rules = Some("what main says of its alerting rules has changed");
        let stood = seen(&["A", "B"], &[], None);
        check(&stood, &stood, None);
        check(&stood, &seen(&["A"], &[], None), rules);
        check(&stood, &seen(&["A", "B"], &[("B", "why")], None), rules);
        check(&seen(&["A"], &[("A", "3 series")], None), &seen(&["A"], &[("A", "4 series")], None), None);
        check(&stood, &seen(&[], &[], Some("it does not answer")), None);
        check(&seen(&[], &[], Some("it does not answer")), &seen(&[], &[], None), rules);
        check(&Seen::default(), &stood, rules);

        let grafana = Some("what Grafana says of its dashboards has changed");
        let stood = dashboards(&["shop"], None);
        check(&stood, &stood, None);
        check(&stood, &dashboards(&[], None), grafana);
        check(&stood, &dashboards(&[], Some("it does not answer")), None);
        check(&dashboards(&[], Some("it does not answer")), &stood, grafana);
    }
}
