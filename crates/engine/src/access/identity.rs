//! Who stands behind a name: one person, whatever account, token or session they act by.

use std::collections::{BTreeMap, BTreeSet};

use shipway_model::Name;
use shipway_model::event::{AGENT_PREFIX, CONTROL_PLANE};
use shipway_model::resource::{Key, Kind, Person, Spec};

use super::Access;
use crate::State;

/// How often a machine may stand behind a machine before nobody is looked for any further.
const CHAIN_MAX: usize = 8;

/// Who it is that acts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identity {
    /// What follows from time and earlier events alone.
    ControlPlane,
    /// A host's agent.
    Agent(String),
    /// A declared Person by their name; whoever is not declared, by the name under which they act.
    Person(String),
    /// Whoever holds a token that is limited to a scope.
    Machine(String),
}

/// The declared Persons by everything that tells who they are.
#[derive(Debug, Clone, Default)]
pub struct People {
    declared: BTreeMap<Name, Person>,
    by_account: BTreeMap<String, Name>,
    by_email: BTreeMap<String, Name>,
    by_subject: BTreeMap<String, Name>,
}

impl People {
    pub fn get(&self, name: &Name) -> Option<&Person> {
        self.declared.get(name)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Name, &Person)> {
        self.declared.iter()
    }

    /// Whose name this is, of a token or an account.
    pub fn of_account(&self, account: &str) -> Option<&Name> {
        let own = || self.declared.get_key_value(account).map(|it| it.0);
        own().or_else(|| self.by_account.get(account))
    }

    /// Whose address this is.
    pub fn of_email(&self, email: &str) -> Option<&Name> {
        self.by_email.get(&email.to_lowercase())
    }

    /// Whom an identity provider means.
    pub fn of_subject(&self, issuer: &str, subject: &str) -> Option<&Name> {
        self.by_subject.get(&format!("{issuer}#{subject}"))
    }

    /// The catalogue has made sure that no two Persons claim the same.
    pub(crate) fn declare(&mut self, name: &Name, person: &Person) {
        for index in [&mut self.by_account, &mut self.by_email, &mut self.by_subject] {
            index.retain(|_, it| it != name);
        }
        self.by_account.extend(person.accounts.iter().map(|it| (it.clone(), name.clone())));
        self.by_email.extend(person.emails.iter().map(|it| (it.to_lowercase(), name.clone())));
        self.by_subject.extend(person.subjects.iter().map(|it| (it.clone(), name.clone())));
        self.declared.insert(name.clone(), person.clone());
    }
}

impl Access {
    /// The declared Person who acts under this name.
    pub fn person(&self, actor: &str) -> Option<&Name> {
        let of_account = || self.accounts.named(actor)?.account.person.as_ref();
        self.people.of_account(actor).or_else(of_account)
    }

    /// Who acts under this name.
    pub fn identity(&self, actor: &str) -> Identity {
        if actor == CONTROL_PLANE {
            return Identity::ControlPlane;
        }
        if let Some(host) = actor.strip_prefix(AGENT_PREFIX) {
            return Identity::Agent(host.to_owned());
        }
        if let Some(person) = self.person(actor) {
            return Identity::Person(person.to_string());
        }
        match self.machine(actor) {
            Some(_) => Identity::Machine(actor.to_owned()),
            None => Identity::Person(actor.to_owned()),
        }
    }

    /// The groups that the identity provider named at the newest sign-in under this name.
    pub fn groups(&self, actor: &str) -> Option<&BTreeSet<String>> {
        let sign_ins = self.tokens.values().filter(|it| it.account.is_some() && it.name == actor);
        let newest = sign_ins.max_by_key(|it| (it.issued, it.id))?;
        Some(&newest.groups).filter(|it| !it.is_empty())
    }

    /// Who gave the machine of this name its newest token; None when it is no machine.
    fn machine(&self, actor: &str) -> Option<&str> {
        let tokens = self.tokens.values().filter(|it| it.name == actor);
        let newest = tokens.max_by_key(|it| it.issued)?;
        newest.scope.is_some().then_some(&*newest.issued_by)
    }

    /// The people who answer for what is done under this name, and those who could do it without being asked: whoever
    /// gave a machine its token, and whoever set an account's password that its owner has not changed since.
    pub fn behind(&self, actor: &str) -> Vec<Identity> {
        let mut found = Vec::new();
        let mut next = actor.to_owned();
        for _ in 0..CHAIN_MAX {
            let who = self.identity(&next);
            let setter = self.accounts.named(&next).and_then(|it| it.password_set_by.clone());
            found.extend(setter.map(|it| self.identity(&it)));
            let owner = matches!(who, Identity::Machine(_)).then(|| self.machine(&next)).flatten();
            found.push(who);
            match owner {
                Some(owner) => owner.clone_into(&mut next),
                None => break,
            }
        }
        found.retain(|it| *it != Identity::ControlPlane || actor == CONTROL_PLANE);
        found.sort();
        found.dedup();
        found
    }

    /// Whether what is done under one of these names may be the same person's as what is done under the other: then the
    /// word of one does not count for what the other asked.
    pub fn is_same_person(&self, one: &str, other: &str) -> bool {
        let others = self.behind(other);
        one == other || self.behind(one).iter().any(|it| others.contains(it))
    }
}

impl State {
    /// Whether whoever acts under this name belongs to the team, under whichever name the team lists them.
    pub fn is_member(&self, team: &Name, actor: &str) -> bool {
        let key = Key { kind: Kind::Team, name: team.clone() };
        let Some(resource) = self.catalogue.get(&key) else { return false };
        let Spec::Team(team) = &resource.spec else { return false };
        let who = self.access.identity(actor);
        let is_listed =
            team.members.contains(actor) || team.members.iter().any(|it| self.access.identity(it) == who);
        is_listed || self.access.groups(actor).is_some_and(|it| !it.is_disjoint(&team.groups))
    }
}
