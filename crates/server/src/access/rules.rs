//! The policies as they are declared now, compiled once for as long as they stand.

use std::sync::{Arc, Mutex, PoisonError};

use shipway_api::operations;
use shipway_engine::State;
use shipway_model::access::{Question, Ruling};
use shipway_model::event::Role;
use shipway_model::resource::{AccessPolicy, Kind, Spec};
use shipway_model::{Digest, Name};

/// Answers questions by one set of policies.
pub type Decide = Arc<dyn Fn(&Question) -> Ruling + Send + Sync>;

/// Compiles the organisation's policies together with the shipped ones; or says what is wrong with which.
pub type Compile = fn(&[(Name, &AccessPolicy)]) -> Result<Decide, Vec<(Name, String)>>;

/// The server knows no policy language: whoever puts it together hands in how policies are compiled.
pub(crate) struct Rules {
    compile: Compile,
    held: Mutex<Option<Held>>,
}

struct Held {
    /// Of the policies, in the order of their names.
    digests: Vec<Digest>,
    decide: Decide,
}

impl Rules {
    pub(crate) fn new(compile: Compile) -> Self {
        Self { compile, held: Mutex::new(None) }
    }

    /// The rules that hold now.
    pub(crate) fn of(&self, state: &State) -> Decide {
        let digests =
            || state.catalogue.of_kind(Kind::AccessPolicy).map(|(key, _)| state.catalogue.digest(key));
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = &*held
            && held.digests.iter().copied().map(Some).eq(digests())
        {
            return held.decide.clone();
        }
        let decide = self.compile_declared(state);
        *held = Some(Held { digests: digests().flatten().collect(), decide: decide.clone() });
        decide
    }

    /// What was accepted once may not compile any more in a later version. Nothing that a lost `forbid` was to close may
    /// open then: people read, and admins mend.
    fn compile_declared(&self, state: &State) -> Decide {
        let declared = state.catalogue.of_kind(Kind::AccessPolicy);
        let policies: Vec<(Name, &AccessPolicy)> = declared
            .filter_map(|(key, resource)| match &resource.spec {
                Spec::AccessPolicy(policy) => Some((key.name.clone(), policy)),
                _ => None,
            })
            .collect();
        let faults = match self.check(&policies) {
            Ok(decide) => return decide,
            Err(faults) => faults,
        };
        for (policy, fault) in &faults {
            tracing::error!(%policy, fault, "an access policy cannot be read: only reads and admins are let through");
        }
        let shipped = (self.compile)(&[]).unwrap_or_else(|_| by_role(&[]).expect("it reads nothing"));
        Arc::new(move |question| {
            let is_read =
                operations::all().any(|it| it.id == question.action && it.method == shipway_api::Method::Get);
            if is_read || question.principal.roles.contains(&Role::Admin) {
                shipped(question)
            } else {
                let errors = faults.iter().map(|(policy, fault)| format!("{policy}: {fault}")).collect();
                Ruling { allowed: false, because: Vec::new(), errors }
            }
        })
    }

    /// What would hold if these were the organisation's policies.
    pub(crate) fn check(&self, policies: &[(Name, &AccessPolicy)]) -> Result<Decide, Vec<(Name, String)>> {
        (self.compile)(policies)
    }
}

/// Without a policy language: the table of operations alone. It takes no policies.
pub(crate) fn by_role(policies: &[(Name, &AccessPolicy)]) -> Result<Decide, Vec<(Name, String)>> {
    if !policies.is_empty() {
        let fault = "this server knows no language of policies".to_owned();
        return Err(policies.iter().map(|(name, _)| (name.clone(), fault.clone())).collect());
    }
    Ok(Arc::new(|question| {
        let endpoint = operations::all().find(|it| it.id == question.action);
        let allows = |role: &Role| endpoint.as_ref().is_some_and(|it| it.permission.allows(*role));
        let allowed = question.principal.roles.iter().any(allows);
        Ruling { allowed, because: Vec::new(), errors: Vec::new() }
    }))
}
