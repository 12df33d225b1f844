//! The ITIL type of a change: derived by rules, compared with what was declared; the stricter wins and says why.

use std::collections::BTreeSet;

use shipway_model::Name;
use shipway_model::plan::{Plan, Reversibility};
use shipway_model::release::{Bundle, Class, Document};
use shipway_model::resource::change_policy::{ClassRule, When};
use shipway_model::resource::service::Dependency;
use shipway_model::resource::{Service, Spec};

use super::policy::Judges;
use super::{path, template};
use crate::State;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub class: Class,
    /// One sentence for each rule that spoke, and for what became of the declared type.
    pub reasons: Vec<String>,
    pub template: Option<Name>,
}

/// How a condition answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Is {
    No,
    /// Nobody said what would tell.
    Unknown,
    Yes,
}

/// What conditions look at.
pub struct Ground<'a> {
    pub state: &'a State,
    pub plan: &'a Plan,
    pub bundle: &'a Bundle,
    pub protected: &'a Name,
    /// Points.
    pub risk: u32,
}

pub(crate) fn derive(
    state: &State,
    plan: &Plan,
    bundle: &Bundle,
    protected: &Name,
    judges: &Judges,
    risk: u32,
) -> Found {
    let ground = Ground { state, plan, bundle, protected, risk };
    let mut found = Found { class: bundle.class, reasons: Vec::new(), template: None };
    if bundle.class == Class::Standard {
        match template::fitting(&ground, judges.current()) {
            Ok(template) => {
                found.reasons.push(format!("standard by the template {template}"));
                found.template = Some(template);
            }
            Err(why) => found.raise(Class::Normal, why),
        }
    }
    for rule in judges.iter().flat_map(|it| &it.rules) {
        let (class, how) = match ground.is(&rule.when) {
            Is::No => continue,
            Is::Yes => (rule.class, because(rule)),
            // What nobody said is not known to be harmless, and not known to be serious either.
            Is::Unknown => (
                rule.class.min(Class::Normal),
                format!("the release does not say what it touches, which the rule {} asks", rule.name),
            ),
        };
        found.raise(class, format!("{} by the rule {}: {how}", class.as_str(), rule.name));
    }
    found.reasons.dedup();
    if found.class != Class::Standard {
        found.template = None;
    }
    found
}

fn because(rule: &ClassRule) -> String {
    if rule.reason.is_empty() { "it is what the rule describes".to_owned() } else { rule.reason.clone() }
}

impl Found {
    fn raise(&mut self, class: Class, why: String) {
        if !self.reasons.contains(&why) {
            self.reasons.push(why);
        }
        // An emergency keeps its lane, and what was found is told beside it.
        if self.class != Class::Emergency {
            self.class = self.class.max(class);
        }
    }
}

impl Ground<'_> {
    /// Whether everything that the condition names is so.
    pub fn is(&self, when: &When) -> Is {
        let sure = |is: bool| if is { Is::Yes } else { Is::No };
        let environments = &when.environments;
        let mut answers = vec![sure(
            environments.is_empty()
                || environments.contains(&self.plan.environment)
                || environments.contains(self.protected),
        )];
        answers.push(sure(self.services().any(|(name, service)| is_of(when, name, service))));
        if !when.paths.is_empty() {
            answers.push(self.touches(&when.paths));
        }
        if when.schema {
            answers.push(sure(self.migrates()));
        }
        if when.new_integrations {
            answers.push(sure(!self.new_vendors().is_empty()));
        }
        if when.first {
            answers.push(sure(self.plan.services.iter().any(|it| it.from.is_none())));
        }
        if let Some(points) = when.risk_from {
            answers.push(sure(self.risk >= points));
        }
        answers.into_iter().min().unwrap_or(Is::No)
    }

    /// The services of the release, as they were declared when it was sealed.
    pub fn services(&self) -> impl Iterator<Item = (&Name, &Service)> {
        self.bundle.parts.iter().filter_map(|(name, part)| {
            let sealed = part.configuration.as_ref().and_then(|it| self.state.catalogue.revision(it));
            match sealed.map(|it| &it.spec) {
                Some(Spec::Service(service)) => Some((name, &**service)),
                _ => self.state.catalogue.service(name).map(|service| (name, service)),
            }
        })
    }

    fn touches(&self, patterns: &BTreeSet<String>) -> Is {
        let Some(touches) = &self.bundle.touches else { return Is::Unknown };
        let is_touched = |pattern: &String| touches.files.keys().any(|file| path::matches(pattern, file));
        if patterns.iter().any(is_touched) { Is::Yes } else { Is::No }
    }

    fn migrates(&self) -> bool {
        let is_final = |it: &Reversibility| *it == Reversibility::PointOfNoReturn;
        self.bundle.documents.contains_key(&Document::Migrations)
            || self.plan.steps.iter().any(|it| is_final(&it.reversibility))
    }

    /// Vendors that what runs does not depend on.
    fn new_vendors(&self) -> BTreeSet<&Name> {
        let running = self.state.environments.get(&self.plan.environment);
        let mut new = BTreeSet::new();
        for (name, service) in self.services() {
            let Some(shipped) = running.and_then(|it| it.services.get(name)) else { continue };
            let before = self.state.releases.get(shipped.release.id);
            let part = before.and_then(|it| it.bundle.parts.get(name));
            let revision = part.and_then(|it| self.state.catalogue.revision(it.configuration.as_ref()?));
            let Some(Spec::Service(before)) = revision.map(|it| &it.spec) else { continue };
            new.extend(vendors(service).difference(&vendors(before)).copied());
        }
        new
    }
}

fn is_of(when: &When, name: &Name, service: &Service) -> bool {
    (when.services.is_empty() || when.services.contains(name))
        && (when.tiers.is_empty() || when.tiers.contains(&service.tier))
        && (when.data_classes.is_empty() || !when.data_classes.is_disjoint(&service.data_classes))
}

fn vendors(service: &Service) -> BTreeSet<&Name> {
    let mut found = BTreeSet::new();
    for dependency in &service.depends_on {
        if let Dependency::Vendor(name) = dependency {
            found.insert(name);
        }
    }
    found
}
