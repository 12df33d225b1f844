//! Local accounts: by which names people sign in.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shipway_model::access::Account;
use shipway_model::event::{AGENT_PREFIX, Body, CONTROL_PLANE, Event, Role};
use shipway_model::{AccountId, Name};

use super::Access;
use crate::{Code, Context, Rejection};

/// The longest name of an account, in bytes.
const NAME_BYTES_MAX: usize = 100;

#[derive(Debug, Clone, Default)]
pub struct Accounts {
    accounts: BTreeMap<AccountId, AccountState>,
    by_name: BTreeMap<String, AccountId>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct AccountState {
    pub id: AccountId,
    pub account: Account,
    pub added: Timestamp,
    pub added_by: String,
    pub disabled: Option<Timestamp>,
    /// Who set the password that holds; None while there is none.
    pub password_set_by: Option<String>,
}

impl AccountState {
    /// The password is still the one that somebody else gave: it has to be changed before anything else is done.
    pub fn must_change_password(&self) -> bool {
        self.password_set_by.as_ref().is_some_and(|it| *it != self.account.name)
    }
}

impl Accounts {
    pub fn get(&self, id: AccountId) -> Option<&AccountState> {
        self.accounts.get(&id)
    }

    pub fn named(&self, name: &str) -> Option<&AccountState> {
        self.get(*self.by_name.get(name)?)
    }

    pub fn iter(&self) -> impl Iterator<Item = &AccountState> {
        self.accounts.values()
    }

    pub(super) fn apply(&mut self, event: &Event) {
        match &event.body {
            Body::AccountAdded { id, account } => {
                let state = AccountState {
                    id: *id,
                    account: account.clone(),
                    added: event.at,
                    added_by: event.actor.clone(),
                    disabled: None,
                    password_set_by: None,
                };
                self.by_name.insert(account.name.clone(), *id);
                self.accounts.insert(*id, state);
            }
            Body::PasswordSet { id } => {
                self.change(*id, |it| it.password_set_by = Some(event.actor.clone()));
            }
            Body::AccountDisabled { id } => self.change(*id, |it| it.disabled = Some(event.at)),
            Body::AccountEnabled { id } => self.change(*id, |it| it.disabled = None),
            _ => {}
        }
    }

    fn change(&mut self, id: AccountId, change: impl FnOnce(&mut AccountState)) {
        if let Some(account) = self.accounts.get_mut(&id) {
            change(account);
        }
    }

    fn known(&self, id: AccountId) -> Result<&AccountState, Rejection> {
        self.get(id).ok_or_else(|| {
            Rejection::new(Code::UnknownAccount, format!("there is no account {id}"))
                .hint("`shipway user list` shows those there are")
        })
    }

    pub(crate) fn set_password(&self, id: AccountId) -> Result<Vec<Body>, Rejection> {
        self.known(id)?;
        Ok(vec![Body::PasswordSet { id }])
    }

    pub(crate) fn disable(&self, id: AccountId) -> Result<Vec<Body>, Rejection> {
        Ok(match self.known(id)?.disabled {
            Some(_) => Vec::new(),
            None => vec![Body::AccountDisabled { id }],
        })
    }

    pub(crate) fn enable(&self, id: AccountId) -> Result<Vec<Body>, Rejection> {
        Ok(match self.known(id)?.disabled {
            Some(_) => vec![Body::AccountEnabled { id }],
            None => Vec::new(),
        })
    }
}

impl Access {
    pub(crate) fn add_account(
        &self,
        id: AccountId,
        account: &Account,
        ctx: &Context<'_>,
    ) -> Result<Vec<Body>, Rejection> {
        let name = &account.name;
        let taken = name == CONTROL_PLANE || name.starts_with(AGENT_PREFIX) || name.contains(':');
        if name.trim() != name || name.is_empty() || name.len() > NAME_BYTES_MAX || taken {
            let message = format!(
                "an account's name has 1 to {NAME_BYTES_MAX} bytes, no space around it, is \
                                   not `{CONTROL_PLANE}`, and no `:` is in it"
            );
            return Err(Rejection::new(Code::InvalidAccount, message));
        }
        if account.role == Role::Agent {
            return Err(Rejection::new(Code::InvalidAccount, "an agent is no person")
                .hint("give its host a token: `shipway token issue HOST --role agent`"));
        }
        if let Some(known) = self.accounts.named(name) {
            return Err(Rejection::new(
                Code::AccountExists,
                format!("account {name} exists already as {}", known.id),
            )
            .hint("`shipway user enable` opens one that was closed"));
        }
        self.check_owner(name, account.person.as_ref())?;
        // Otherwise an account could be made under a name by which somebody has asked for something.
        let held =
            self.tokens.values().any(|it| it.name == *name && it.is_valid(ctx.now) && it.scope.is_some());
        if held {
            return Err(Rejection::new(Code::AccountExists, format!("`{name}` is the name of a machine"))
                .hint("`shipway token list` shows it; choose another name"));
        }
        Ok(vec![Body::AccountAdded { id, account: account.clone() }])
    }

    /// The name must not be one Person's and the account another's.
    fn check_owner(&self, name: &str, person: Option<&Name>) -> Result<(), Rejection> {
        let Some(person) = person else { return Ok(()) };
        if self.people.get(person).is_none() {
            return Err(Rejection::new(Code::InvalidAccount, format!("no Person {person} is declared"))
                .hint("declare the Person with `shipway apply`, or leave it out"));
        }
        match self.people.of_account(name) {
            Some(other) if other != person => Err(Rejection::new(
                Code::Impersonation,
                format!("`{name}` is a name of {other}, so it cannot be an account of {person}"),
            )),
            _ => Ok(()),
        }
    }
}
