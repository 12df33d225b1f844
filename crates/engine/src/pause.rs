//! Pauses of a service, an environment or everything.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shipway_model::Name;
use shipway_model::event::{Body, Event, Scope};

use crate::{Code, Rejection};

#[derive(Debug, Clone, Default)]
pub struct Pauses {
    pauses: BTreeMap<Scope, Pause>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    pub scope: Scope,
    pub by: String,
    pub reason: String,
    pub since: Timestamp,
}

impl Pauses {
    pub fn iter(&self) -> impl Iterator<Item = &Pause> {
        self.pauses.values()
    }

    /// The pause that holds everything in `environment`, if any.
    pub fn holding_environment(&self, environment: &Name) -> Option<&Pause> {
        self.pauses
            .get(&Scope::Everything)
            .or_else(|| self.pauses.get(&Scope::Environment(environment.clone())))
    }

    pub fn holding_service(&self, service: &Name) -> Option<&Pause> {
        self.pauses.get(&Scope::Service(service.clone()))
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        match &event.body {
            Body::ScopePaused { scope, reason } => {
                let pause = Pause {
                    scope: scope.clone(),
                    by: event.actor.clone(),
                    reason: reason.clone(),
                    since: event.at,
                };
                self.pauses.insert(scope.clone(), pause);
            }
            Body::ScopeResumed { scope } => {
                self.pauses.remove(scope);
            }
            _ => {}
        }
    }

    pub(crate) fn pause(&self, scope: &Scope, reason: &str) -> Vec<Body> {
        match self.pauses.get(scope) {
            Some(_) => Vec::new(),
            None => vec![Body::ScopePaused { scope: scope.clone(), reason: reason.to_owned() }],
        }
    }

    pub(crate) fn resume(&self, scope: &Scope) -> Result<Vec<Body>, Rejection> {
        match self.pauses.get(scope) {
            Some(_) => Ok(vec![Body::ScopeResumed { scope: scope.clone() }]),
            None => Err(Rejection::new(Code::NotPaused, format!("{scope} is not paused"))
                .hint("`shipway pause --list` shows what is")),
        }
    }
}
