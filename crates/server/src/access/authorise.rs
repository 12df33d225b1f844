//! May the caller do this? Asked of every request, with everything that the policies can look at.

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};
use shipway_api::operations::access::ApproveGrant;
use shipway_api::operations::board::MeetCondition;
use shipway_api::operations::calendar::ApproveException;
use shipway_api::operations::change::{FinishAction, GiveApproval, HoldReview, WithdrawApproval};
use shipway_api::operations::key::{EndDelegation, GrantDelegation, RegisterKey, RevokeKey};
use shipway_api::operations::pause::{PauseScope, ResumeScope};
use shipway_api::operations::release::SealRelease;
use shipway_api::operations::rollout::{
    AbortRollout, ApproveStep, NameDecider, NoteRollout, PauseRollout, ResumeRollout, RetryRollout, RollBack,
    StartRollout,
};
use shipway_api::operations::scope::ApproveLateItem;
use shipway_api::operations::waiver::ApproveWaiver;
use shipway_api::permission::role_word;
use shipway_api::view::access::Explanation;
use shipway_api::{Code, Operation};
use shipway_engine::Command;
use shipway_engine::access::{Grant, Hand, Part, hands};
use shipway_engine::{Identity, State};
use shipway_model::access::{Principal, PrincipalKind, Question, Ruling, TokenScope};
use shipway_model::event::Role;
use shipway_model::{GrantId, Name};
use shipway_runtime::Submission;

use super::subject::{self, Subject};
use super::{Caller, rules::Decide};
use crate::app::App;
use crate::problem::Failure;

/// The policies whose refusal names a deed.
const SEGREGATION: &str = "shipway/segregation-of-";
/// Characters of a refusal that are recorded; what explains it to a person may be longer.
const REASON_MAX: usize = 500;
/// Deeds that one refusal names.
const DEEDS_MAX: usize = 5;

/// On what account something is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Leave {
    /// The caller's own role.
    Own,
    /// This grant, without which it would not be.
    Grant(GrantId),
}

/// A "no", and whether it is to be recorded.
pub(crate) struct Refusal {
    pub(crate) failure: Failure,
    /// What was tried breaks the segregation of duties: the sentence for the ledger.
    pub(crate) recorded: Option<String>,
}

/// Who asks: a caller, or somebody about whom it is asked.
#[derive(Debug, Clone)]
pub(crate) struct Asker<'a> {
    pub(crate) actor: Cow<'a, str>,
    pub(crate) roles: BTreeSet<Role>,
    pub(crate) scope: Option<TokenScope>,
    pub(crate) must_change_password: bool,
}

/// By the policies over everything that is named: every call of the API and every form of a page comes through here. What is
/// allowed on account of a grant alone is recorded first, and so is what breaks the segregation of duties.
///
/// # Errors
/// Why not, for the caller.
pub(crate) async fn allow(
    app: &App,
    caller: &Caller,
    operation: &'static str,
    named: [&Value; 3],
) -> Result<(), Failure> {
    let now = app.runtime.clock().now();
    let (leave, resource) = {
        let state = app.runtime.state();
        let subject = Subject::of(&state, named);
        let decide = app.rules.of(&state);
        let resource = subject.thing(subject.environments.first()).to_string();
        (authorise(&state, &decide, caller, operation, &subject, now), resource)
    };
    let operation = operation.to_owned();
    let (command, refused) = match leave {
        Ok(Leave::Own) => return Ok(()),
        // Reading under it is not worth a record each time.
        Ok(Leave::Grant(_)) if is_read(&operation) => return Ok(()),
        Ok(Leave::Grant(id)) => (Command::UseGrant { id, operation, resource }, None),
        Err(refusal) => {
            let Refusal { failure, recorded } = *refusal;
            let Some(reason) = recorded else { return Err(failure) };
            let reason = reason.chars().take(REASON_MAX).collect();
            (Command::RecordRefusal { operation, resource, reason }, Some(failure))
        }
    };
    app.runtime.submit(Submission { actor: caller.actor(), key: None, command, generation: None }).await?;
    refused.map_or(Ok(()), Err)
}

/// The same for a command that a page gives; one that no operation of the API would give is not allowed.
///
/// # Errors
/// Why not, for the caller.
pub(crate) async fn allow_command(app: &App, caller: &Caller, command: &Command) -> Result<(), Failure> {
    let Some((operation, named)) = operation_of(command) else {
        return Err(Failure::new(Code::Forbidden, "no page may ask for this"));
    };
    allow(app, caller, operation, [&named, &Value::Null, &Value::Null]).await
}

/// The operation that gives the command, and what it names.
fn operation_of(command: &Command) -> Option<(&'static str, Value)> {
    Some(match command {
        Command::StartRollout { release, environment, .. } => {
            (StartRollout::ID, json!({ "release": release, "environment": environment }))
        }
        Command::PauseRollout { id, .. } => (PauseRollout::ID, json!({ "rollout": id })),
        Command::ResumeRollout { id } => (ResumeRollout::ID, json!({ "rollout": id })),
        Command::AbortRollout { id, .. } => (AbortRollout::ID, json!({ "rollout": id })),
        Command::RollBack { id, .. } => (RollBack::ID, json!({ "rollout": id })),
        Command::Retry { id } => (RetryRollout::ID, json!({ "rollout": id })),
        Command::ApproveStep { id, .. } => (ApproveStep::ID, json!({ "rollout": id })),
        Command::NoteRollout { id, .. } => (NoteRollout::ID, json!({ "rollout": id })),
        Command::NameDecider { id, .. } => (NameDecider::ID, json!({ "rollout": id })),
        Command::GiveApproval { id, .. } => (GiveApproval::ID, json!({ "change": id })),
        Command::WithdrawApproval { id, .. } => (WithdrawApproval::ID, json!({ "change": id })),
        Command::MeetCondition { id, board, .. } => {
            (MeetCondition::ID, json!({ "change": id, "board": board }))
        }
        Command::ApproveException { id } => (ApproveException::ID, json!({ "exception": id })),
        Command::ApproveWaiver { id } => (ApproveWaiver::ID, json!({ "waiver": id })),
        Command::ApproveGrant { id } => (ApproveGrant::ID, json!({ "grant": id })),
        Command::ApproveLate { id } => (ApproveLateItem::ID, json!({ "late": id })),
        Command::HoldReview { id, .. } => (HoldReview::ID, json!({ "change": id })),
        Command::FinishAction { id, action, .. } => {
            (FinishAction::ID, json!({ "change": id, "action": action }))
        }
        Command::RegisterKey { .. } => (RegisterKey::ID, Value::Null),
        Command::RevokeKey { key, .. } => (RevokeKey::ID, json!({ "key": key })),
        Command::GrantDelegation { .. } => (GrantDelegation::ID, Value::Null),
        Command::EndDelegation { .. } => (EndDelegation::ID, Value::Null),
        Command::SealRelease { id } => (SealRelease::ID, json!({ "release": id })),
        Command::PauseScope { scope, .. } => (PauseScope::ID, json!({ "scope": scope })),
        Command::ResumeScope { scope } => (ResumeScope::ID, json!({ "scope": scope })),
        _ => return None,
    })
}

fn is_read(operation: &str) -> bool {
    shipway_api::operations::all().any(|it| it.id == operation && !it.changes())
}

/// Allows it, by the caller's role or by a grant, or says why not.
pub(crate) fn authorise(
    state: &State,
    decide: &Decide,
    caller: &Caller,
    operation: &'static str,
    subject: &Subject,
    now: Timestamp,
) -> Result<Leave, Box<Refusal>> {
    let actor = caller.actor();
    let asker = Asker::of(state, caller, &actor);
    let mut leave = Leave::Own;
    for environment in environments(subject) {
        let question = question(state, &asker, operation, subject, environment);
        let ruling = decide(&question);
        if ruling.allowed {
            continue;
        }
        match by_grant(state, decide, &question, &actor, environment, now) {
            Some(grant) => leave = Leave::Grant(grant),
            None => return Err(Box::new(refuse(state, caller, operation, subject, environment, &ruling))),
        }
    }
    Ok(leave)
}

/// A question is asked for each environment that is named, and one when none is.
pub(crate) fn environments(subject: &Subject) -> impl Iterator<Item = Option<&Name>> {
    let none = subject.environments.is_empty().then_some(None);
    subject.environments.iter().map(Some).chain(none)
}

fn by_grant(
    state: &State,
    decide: &Decide,
    question: &Question,
    actor: &str,
    environment: Option<&Name>,
    now: Timestamp,
) -> Option<GrantId> {
    let is_run = match question.principal.kind {
        // Nobody has more than their own while somebody else knows their password.
        PrincipalKind::Person if question.principal.must_change_password => return None,
        PrincipalKind::Agent => return None,
        PrincipalKind::Person => false,
        // What limits a machine's token limits it still: the role is raised, and the scope stays.
        PrincipalKind::Machine => true,
    };
    let fits = |it: &&Grant| it.covers(environment) && (!is_run || !it.privilege.run.is_empty());
    state.access.grants_in_force(actor, now).filter(fits).find_map(|grant| {
        let mut raised = question.clone();
        raised.principal.roles.insert(grant.privilege.role);
        decide(&raised).allowed.then_some(grant.id)
    })
}

impl<'a> Asker<'a> {
    fn of(state: &State, caller: &Caller, actor: &'a str) -> Self {
        let token = state.access.get(caller.token);
        let account = token.and_then(|it| state.access.accounts.get(it.account?));
        Self {
            actor: Cow::Borrowed(actor),
            roles: [caller.role].into(),
            scope: token.and_then(|it| it.scope.clone()),
            // Whoever came by the identity provider did not use the password that somebody else knows.
            must_change_password: account.is_some_and(|it| it.must_change_password())
                && token.is_none_or(|it| !it.provider),
        }
    }
}

/// The question with everything that the answer may depend on.
pub(crate) fn question(
    state: &State,
    asker: &Asker<'_>,
    operation: &str,
    subject: &Subject,
    environment: Option<&Name>,
) -> Question {
    let segregated = environment.is_some_and(|it| subject::is_segregated(state, it));
    let hands = if segregated { hands_in(state, subject, environment) } else { Vec::new() };
    let names =
        |part: fn(&Hand) -> bool| hands.iter().filter(|it| part(it)).map(|it| name(&it.who)).collect();
    Question {
        principal: principal(state, asker),
        action: operation.to_owned(),
        resource: subject.thing(environment),
        environment: environment.cloned(),
        release: subject.release_name().map(str::to_owned),
        services: subject.services.clone(),
        change_type: subject.change_type(state),
        regulations: subject.regulations(state),
        segregated,
        hands: names(|_| true),
        authors: names(|it| it.part == Part::Author),
    }
}

/// Whether the caller acts as themselves, and not with a token that is limited or a machine's.
pub(crate) fn is_person(state: &State, caller: &Caller) -> bool {
    let actor = caller.actor();
    principal(state, &Asker::of(state, caller, &actor)).kind == PrincipalKind::Person
}

fn principal(state: &State, asker: &Asker<'_>) -> Principal {
    let identity = state.access.identity(&asker.actor);
    let kind = match identity {
        Identity::Agent(_) => PrincipalKind::Agent,
        // A token's scope holds whoever the token's name would otherwise be.
        _ if asker.scope.is_some() => PrincipalKind::Machine,
        Identity::Machine(_) => PrincipalKind::Machine,
        Identity::Person(_) | Identity::ControlPlane => PrincipalKind::Person,
    };
    Principal {
        kind,
        name: name(&identity),
        roles: asker.roles.clone(),
        teams: subject::teams(state, &asker.actor),
        behind: state.access.behind(&asker.actor).iter().map(name).collect(),
        scope: asker.scope.clone(),
        must_change_password: asker.must_change_password && kind == PrincipalKind::Person,
    }
}

fn hands_in(state: &State, subject: &Subject, environment: Option<&Name>) -> Vec<Hand> {
    let mut found = subject.release.map(|it| hands(state, it, environment)).unwrap_or_default();
    let rollout = subject.rollout.and_then(|it| state.rollouts.live.get(&it));
    if let Some(rollout) = rollout {
        let deed = format!("asked for rollout {}", rollout.id);
        let behind = state.access.behind(&rollout.requested_by);
        found.extend(behind.into_iter().map(|who| Hand { who, part: Part::Requester, deed: deed.clone() }));
    }
    found
}

fn name(who: &Identity) -> String {
    match who {
        Identity::ControlPlane => "shipway".to_owned(),
        Identity::Agent(name) | Identity::Person(name) | Identity::Machine(name) => name.clone(),
    }
}

fn refuse(
    state: &State,
    caller: &Caller,
    operation: &str,
    subject: &Subject,
    environment: Option<&Name>,
    ruling: &Ruling,
) -> Refusal {
    if segregates(ruling) {
        return segregated(state, caller, operation, subject, environment, ruling);
    }
    let failure = forbidden(caller, operation, ruling);
    // Whoever tries to change what is protected, past the ways that lead there, is remembered.
    let is_protected =
        environment.and_then(|it| state.catalogue.environment(it)).is_some_and(|it| it.is_protected());
    let recorded = (is_protected && !is_read(operation))
        .then(|| format!("`{operation}` was refused to {}", caller.name));
    Refusal { failure, recorded }
}

fn segregates(ruling: &Ruling) -> bool {
    ruling.because.iter().any(|it| it.starts_with(SEGREGATION))
}

/// Names what the caller had a hand in.
fn segregated(
    state: &State,
    caller: &Caller,
    operation: &str,
    subject: &Subject,
    environment: Option<&Name>,
    ruling: &Ruling,
) -> Refusal {
    let deeds = deeds(state, &caller.actor(), subject, environment, ruling);
    let n_more = deeds.len().saturating_sub(DEEDS_MAX);
    let mut named = deeds[..deeds.len().min(DEEDS_MAX)].join("; ");
    if n_more > 0 {
        named += &format!("; and {n_more} more");
    }
    let place = environment.map_or_else(String::new, |it| format!(" in {it}"));
    let detail =
        format!("duties are segregated{place}, so `{operation}` is not for {}: {named}", caller.name);
    let failure = Failure::new(Code::SegregationOfDuties, detail.clone())
        .hint("somebody who had no hand in it can do it; `shipway access who-can` lists who");
    Refusal { failure, recorded: Some(detail) }
}

/// What whoever acts under this name had a hand in, as far as it stands against them.
fn deeds(
    state: &State,
    actor: &str,
    subject: &Subject,
    environment: Option<&Name>,
    ruling: &Ruling,
) -> Vec<String> {
    let behind = state.access.behind(actor);
    let shipping = ruling.because.iter().all(|it| it.ends_with("shipping"));
    let counts = |it: &Hand| behind.contains(&it.who) && (!shipping || it.part == Part::Author);
    let own = hands_in(state, subject, environment).into_iter().filter(counts);
    own.map(|it| format!("{} {}", name(&it.who), it.deed)).collect()
}

fn forbidden(caller: &Caller, operation: &str, ruling: &Ruling) -> Failure {
    let role = role_word(caller.role);
    let endpoint = shipway_api::operations::all().find(|it| it.id == operation);
    let needed = endpoint.map_or("no", |it| it.permission.as_str());
    if !ruling.errors.is_empty() {
        let detail =
            format!("`{operation}` is refused because a policy failed: {}", ruling.errors.join("; "));
        return Failure::new(Code::Forbidden, detail).hint("an admin mends the policy with `shipway apply`");
    }
    if ruling.because.is_empty() {
        let detail = format!("`{operation}` needs a token of role {needed}, and this one is {role}'s");
        return Failure::new(Code::Forbidden, detail).hint(
            "ask an admin for a token with that role, or for privilege for a time: `shipway access request`",
        );
    }
    let policies = ruling.because.join(", ");
    if policies == "shipway/one-time-password" {
        let detail =
            format!("`{operation}` waits until {} has a password that nobody else has chosen", caller.name);
        return Failure::new(Code::Forbidden, detail).hint("change it: `shipway login --new-password`");
    }
    Failure::new(Code::Forbidden, format!("`{operation}` is forbidden to {} by {policies}", caller.name))
        .hint("`shipway access why` shows how the answer comes about")
}

impl Asker<'static> {
    /// Everybody who could call now, by each of their tokens and accounts: the name, the role, and who asks.
    pub(crate) fn everybody(state: &State, now: Timestamp) -> Vec<(String, Role, Self)> {
        let tokens = state.access.tokens().filter(|it| it.is_valid(now)).map(|token| {
            let caller = Caller { token: token.id, name: token.name.clone(), role: token.role };
            let asker = Asker::of(state, &caller, "");
            let asker = Self { actor: caller.actor().into(), ..asker };
            (token.name.clone(), token.role, asker)
        });
        let open = state.access.accounts.iter().filter(|it| it.disabled.is_none());
        let accounts = open.map(|it| {
            let asker = Self {
                actor: it.account.name.clone().into(),
                roles: [it.account.role].into(),
                scope: None,
                must_change_password: it.must_change_password(),
            };
            (it.account.name.clone(), it.account.role, asker)
        });
        tokens.chain(accounts).collect()
    }
}

/// The answers for every environment that is named, with what they were made from.
pub(crate) fn explain(
    state: &State,
    decide: &Decide,
    asker: &Asker<'_>,
    operation: &str,
    subject: &Subject,
    now: Timestamp,
) -> Vec<Explanation> {
    let explain = |environment: Option<&Name>| {
        let question = question(state, asker, operation, subject, environment);
        let ruling = decide(&question);
        let grant = match ruling.allowed {
            true => None,
            false => by_grant(state, decide, &question, &asker.actor, environment, now),
        };
        let deeds = match segregates(&ruling) {
            true => deeds(state, &asker.actor, subject, environment, &ruling),
            false => Vec::new(),
        };
        Explanation { question, ruling, deeds, grant }
    };
    environments(subject).map(explain).collect()
}
