//! What users declared: every revision of every resource, and the graph between services, libraries and vendors.

use std::collections::BTreeMap;
use std::sync::Arc;

use shipway_model::resource::environment::Concurrency;
use shipway_model::resource::{
    Budget, Environment, Journey, Key, Kind, LogSignatures, Pipeline, Repository, Resource, Service, Spec,
    Strategy, Team, Template,
};
use shipway_model::{Digest, Name};

pub mod check;
pub mod graph;
mod protected;

use self::protected::Protected;

#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    current: BTreeMap<Key, Digest>,
    /// All revisions, so that a sealed release finds the one that it was sealed with.
    revisions: BTreeMap<Digest, Arc<Resource>>,
    /// How many revisions each has had.
    counts: BTreeMap<Key, u32>,
    /// Who declared what holds now.
    editors: BTreeMap<Key, String>,
    protected: Protected,
}

/// Environments deeper than this in `extends` are refused.
pub const INHERITANCE_DEPTH_MAX: usize = 8;

macro_rules! lookup {
    ($name:ident, $kind:ident, $type:ty) => {
        pub fn $name(&self, name: &Name) -> Option<&$type> {
            match &self.get(&Key { kind: Kind::$kind, name: name.clone() })?.spec {
                Spec::$kind(spec) => Some(spec),
                _ => None,
            }
        }
    };
}

impl Catalogue {
    lookup!(service, Service, Service);
    lookup!(team, Team, Team);
    lookup!(pipeline, Pipeline, Pipeline);
    lookup!(template, Template, Template);
    lookup!(strategy, Strategy, Strategy);
    lookup!(journey, Journey, Journey);
    lookup!(repository, Repository, Repository);
    lookup!(log_signatures, LogSignatures, LogSignatures);
    lookup!(declared_environment, Environment, Environment);

    pub fn get(&self, key: &Key) -> Option<&Arc<Resource>> {
        self.revisions.get(self.current.get(key)?)
    }

    /// The same with the key as it is kept.
    pub(crate) fn entry(&self, key: &Key) -> Option<(&Key, &Arc<Resource>)> {
        let (key, digest) = self.current.get_key_value(key)?;
        Some((key, self.revisions.get(digest)?))
    }

    pub fn digest(&self, key: &Key) -> Option<Digest> {
        self.current.get(key).copied()
    }

    pub fn revision(&self, digest: &Digest) -> Option<&Arc<Resource>> {
        self.revisions.get(digest)
    }

    /// How many revisions the resource has had.
    pub fn revision_count(&self, key: &Key) -> u32 {
        self.counts.get(key).copied().unwrap_or(0)
    }

    /// Who declared the resource as it is now.
    pub fn editor(&self, key: &Key) -> Option<&str> {
        self.editors.get(key).map(String::as_str)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Arc<Resource>)> {
        self.current.iter().filter_map(|(key, digest)| Some((key, self.revisions.get(digest)?)))
    }

    /// Those of one kind, in the order of their names.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = (&Key, &Arc<Resource>)> {
        self.current_of(kind).filter_map(|(key, digest)| Some((key, self.revisions.get(digest)?)))
    }

    fn current_of(&self, kind: Kind) -> impl Iterator<Item = (&Key, &Digest)> {
        // Before every name of the kind: names begin with a letter, and `a` is the first.
        let first = Key { kind, name: "a".parse().expect("a name") };
        self.current.range(first..).take_while(move |(key, _)| key.kind == kind)
    }

    /// The environment with everything that it inherits.
    pub fn environment(&self, name: &Name) -> Option<Environment> {
        let mut whole = self.declared_environment(name)?.clone();
        for _ in 0..INHERITANCE_DEPTH_MAX {
            let Some(parent) = whole.extends.clone() else { return Some(whole) };
            let parent = self.declared_environment(&parent)?;
            let extends = parent.extends.clone();
            whole = whole.over(parent);
            whole.extends = extends;
        }
        None
    }

    /// The budgets that count what happens in an environment.
    pub fn budgets<'a>(&'a self, environment: &'a Name) -> impl Iterator<Item = (&'a Name, &'a Budget)> + 'a {
        self.of_kind(Kind::Budget).filter_map(move |(key, resource)| match &resource.spec {
            Spec::Budget(budget) if budget.covers(environment) => Some((&key.name, budget)),
            _ => None,
        })
    }

    /// How much may happen at once in an environment.
    pub fn concurrency(&self, name: &Name) -> Concurrency {
        let mut next = self.declared_environment(name);
        for _ in 0..INHERITANCE_DEPTH_MAX {
            let Some(environment) = next else { break };
            if let Some(concurrency) = &environment.concurrency {
                return concurrency.clone();
            }
            next = environment.extends.as_ref().and_then(|it| self.declared_environment(it));
        }
        Concurrency::default()
    }

    /// Environments that have targets of their own or inherit some: those that releases can enter.
    pub fn environments(&self) -> impl Iterator<Item = &Name> {
        self.current_of(Kind::Environment).map(|(key, _)| &key.name)
    }

    /// Those of them whose rollouts open changes, in the order of their names.
    pub fn protected_environments(&self) -> impl Iterator<Item = &Name> {
        self.protected.iter()
    }

    pub(crate) fn note_editor(&mut self, key: Key, actor: &str) {
        self.editors.insert(key, actor.to_owned());
    }

    pub(crate) fn apply(&mut self, resource: &Arc<Resource>, digest: Digest) {
        let key = resource.key();
        *self.counts.entry(key.clone()).or_default() += 1;
        self.revisions.insert(digest, Arc::clone(resource));
        self.current.insert(key, digest);
        if let Spec::Environment(environment) = &resource.spec {
            self.note_protection(&resource.metadata.name, environment.extends.as_ref());
        }
    }
}
