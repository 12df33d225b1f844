//! What a reader sees of lists: entries that the policies would not let them read by themselves are left out.
//!
//! A list of ten thousand entries must not ask ten thousand questions. Policies tell things apart by the names that stand in
//! their texts, and by what a question has beside names; whatever they cannot tell apart gets the same answer, and so is asked
//! about once.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use serde_json::{Value, json};
use shipway_api::Operation;
use shipway_api::operations::alert::ShowAlert;
use shipway_api::operations::change::ShowChange;
use shipway_api::operations::environment::ShowEnvironment;
use shipway_api::operations::release::ShowRelease;
use shipway_api::operations::resource::ShowResource;
use shipway_api::operations::rollout::ShowRollout;
use shipway_api::operations::runbook::ShowRunbook;
use shipway_engine::calendar::Rule;
use shipway_engine::{State, register};
use shipway_model::event::Scope;
use shipway_model::release::Class;
use shipway_model::resource::calendar::Coverage;
use shipway_model::resource::{Key, Kind, Spec};
use shipway_model::{AlertId, ChangeId, Name, ReleaseId, RolloutId, TokenId};
use shipway_runtime::StateRef;

use super::Caller;
use super::authorise::{authorise, is_person};
use super::rules::Decide;
use super::subject::{Subject, is_segregated};
use crate::app::App;

/// What one reader sees while one answer is made.
pub(crate) struct Sight<'a> {
    app: &'a App,
    caller: &'a Caller,
    now: Timestamp,
    /// What is committed now, where the answer is made of it. Read anew otherwise: what may be read follows from today's policies,
    /// also of the past.
    held: Option<&'a State>,
    /// None sees everything.
    eye: Option<Eye>,
}

struct Eye {
    decide: Decide,
    mentions: Mentions,
    seen: RefCell<HashMap<Look, bool>>,
}

/// What policies can tell apart by name.
struct Mentions {
    /// Everything between quotes in their texts, and what limits the reader's token and grants.
    words: HashSet<String>,
    /// A text may write names in a way that is not theirs letter by letter.
    all: bool,
    /// Some policy asks who had a hand in a release.
    hands: bool,
}

/// As much of a question as an answer can depend on.
#[derive(PartialEq, Eq, Hash)]
struct Look {
    operation: &'static str,
    /// Which kind of thing it is about.
    has: [bool; 4],
    /// Those that are named, and whether duties are segregated there.
    environments: Vec<(Option<Name>, bool)>,
    /// Those that are named, themselves or by the team that owns them.
    services: Vec<(Option<Name>, Option<Name>)>,
    release_name: Option<String>,
    change_type: Option<Class>,
    regulations: BTreeSet<Name>,
    /// Where it depends on who had a hand in it, or on its own name.
    own: (Option<ReleaseId>, Option<RolloutId>),
}

impl<'a> Sight<'a> {
    /// Of answers that are made of `state`, which is committed now; of the past when there is none.
    pub(crate) fn of(app: &'a App, caller: &'a Caller, state: Option<&'a State>) -> Self {
        let now = app.runtime.clock().now();
        let mut sight = Self { app, caller, now, held: state, eye: None };
        sight.eye = sight.with_state(|state| eye(app, state, caller, now));
        sight
    }

    /// Who sees the same: everybody who sees everything, or this reader alone.
    pub(crate) fn audience(&self) -> Option<TokenId> {
        self.eye.as_ref().map(|_| self.caller.token)
    }

    pub(crate) fn service(&self, name: &Name) -> bool {
        self.resource(&Key { kind: Kind::Service, name: name.clone() })
    }

    pub(crate) fn resource(&self, key: &Key) -> bool {
        self.sees(ShowResource::ID, || json!({ "kind": key.kind.as_str(), "name": key.name }))
    }

    pub(crate) fn environment(&self, name: &Name) -> bool {
        self.sees(ShowEnvironment::ID, || json!({ "environment": name }))
    }

    /// The declared environments that are seen.
    pub(crate) fn environments<'s>(&'s self, state: &'s State) -> impl Iterator<Item = &'s Name> {
        state.catalogue.environments().filter(|it| self.environment(it))
    }

    pub(crate) fn release(&self, id: ReleaseId) -> bool {
        self.sees(ShowRelease::ID, || json!({ "release": id }))
    }

    pub(crate) fn rollout(&self, id: RolloutId) -> bool {
        self.sees(ShowRollout::ID, || json!({ "rollout": id }))
    }

    pub(crate) fn change(&self, id: ChangeId) -> bool {
        self.sees(ShowChange::ID, || json!({ "change": id }))
    }

    pub(crate) fn alert(&self, id: AlertId) -> bool {
        self.sees(ShowAlert::ID, || json!({ "alert": id }))
    }

    /// An entry of the register. Hotfixes are changes; the others are for whoever reads the register.
    pub(crate) fn exception(&self, it: &register::Entry) -> bool {
        match it.kind {
            register::Kind::Hotfix => it.id.parse().map_or(true, |id| self.change(id)),
            register::Kind::Calendar
            | register::Kind::Waiver
            | register::Kind::LateItem
            | register::Kind::Privilege => true,
        }
    }

    pub(crate) fn runbook(&self, name: &Name) -> bool {
        self.sees(ShowRunbook::ID, || json!({ "runbook": name }))
    }

    /// What is paused.
    pub(crate) fn scope(&self, it: &Scope) -> bool {
        match it {
            Scope::Everything => true,
            Scope::Environment(name) => self.environment(name),
            Scope::Service(name) => self.service(name),
        }
    }

    /// A calendar's rule about services or environments of which the reader sees none.
    pub(crate) fn rule(&self, rule: &Rule) -> bool {
        let Coverage { services, environments, .. } = &rule.coverage;
        (services.is_empty() || services.iter().any(|it| self.service(it)))
            && (environments.is_empty() || environments.iter().any(|it| self.environment(it)))
    }

    /// Whether the reader could ask for what is `named` by itself.
    fn sees(&self, operation: &'static str, named: impl FnOnce() -> Value) -> bool {
        let Some(eye) = &self.eye else { return true };
        self.with_state(|state| {
            let subject = Subject::of(state, [&named(), &Value::Null, &Value::Null]);
            let look = eye.mentions.look(state, operation, &subject);
            if let Some(known) = eye.seen.borrow().get(&look) {
                return *known;
            }
            let sees = authorise(state, &eye.decide, self.caller, operation, &subject, self.now).is_ok();
            eye.seen.borrow_mut().insert(look, sees);
            sees
        })
    }

    fn with_state<T>(&self, ask: impl FnOnce(&State) -> T) -> T {
        match self.held {
            Some(state) => ask(state),
            None => ask(&self.app.runtime.state()),
        }
    }
}

/// The state of an answer, where it is the one that is committed now.
pub(crate) fn committed<'s>(state: &'s StateRef<'_>) -> Option<&'s State> {
    match state {
        StateRef::Now(state) => Some(&**state),
        StateRef::Then(_) => None,
    }
}

/// None for a person under the shipped policies alone: these tell nothing apart that people read.
fn eye(app: &App, state: &State, caller: &Caller, now: Timestamp) -> Option<Eye> {
    let is_shipped_alone = state.catalogue.of_kind(Kind::AccessPolicy).next().is_none();
    if is_shipped_alone && is_person(state, caller) {
        return None;
    }
    let mentions = Mentions::of(state, caller, now);
    Some(Eye { decide: app.rules.of(state), mentions, seen: RefCell::default() })
}

impl Mentions {
    fn of(state: &State, caller: &Caller, now: Timestamp) -> Self {
        let mut found = Self { words: HashSet::new(), all: false, hands: false };
        for (_, resource) in state.catalogue.of_kind(Kind::AccessPolicy) {
            if let Spec::AccessPolicy(policy) = &resource.spec {
                found.read(&policy.cedar);
            }
        }
        let scope = state.access.get(caller.token).and_then(|it| it.scope.as_ref());
        if let Some(scope) = scope {
            found.words.extend(scope.services.iter().chain(&scope.environments).map(ToString::to_string));
        }
        let actor = caller.actor();
        let grants = state.access.grants_in_force(&actor, now);
        found.words.extend(grants.flat_map(|it| &it.privilege.environments).map(ToString::to_string));
        found
    }

    /// What stands between quotes; and what does not, since a quote in a comment may shift which is which.
    fn read(&mut self, text: &str) {
        self.all |= text.contains('\\');
        self.hands |= text.contains("hands") || text.contains("authors");
        self.words.extend(text.split('"').map(str::to_owned));
    }

    fn tells(&self, name: &str) -> bool {
        self.all || self.words.contains(name)
    }

    fn look(&self, state: &State, operation: &'static str, subject: &Subject) -> Look {
        let told = |it: &Name| Some(it).filter(|it| self.tells(it.as_str())).cloned();
        let environments = subject.environments.iter().map(|it| (told(it), is_segregated(state, it)));
        let services =
            subject.services.iter().map(|(name, owner)| (told(name), owner.as_ref().and_then(told)));
        // How many there are that nobody can tell apart makes no difference.
        let environments: Vec<_> = environments.collect::<BTreeSet<_>>().into_iter().collect();
        let services: Vec<_> = services.collect::<BTreeSet<_>>().into_iter().collect();
        let depends_on_hands = self.hands && environments.iter().any(|it| it.1);
        let names_itself = subject.rollout.is_some_and(|it| self.tells(&it.to_string()));
        Look {
            operation,
            has: [
                subject.rollout.is_some(),
                subject.release_name().is_some(),
                subject.services.len() == 1,
                subject.environments.len() > 1,
            ],
            environments,
            services,
            release_name: subject.release_name().filter(|it| self.tells(it)).map(str::to_owned),
            change_type: subject.change_type(state),
            regulations: subject.regulations(state),
            own: (
                subject.release.filter(|_| depends_on_hands),
                subject.rollout.filter(|_| depends_on_hands || names_itself),
            ),
        }
    }
}
