//! Words: what a signature has to be for an approval to count, and how words are given and withdrawn.

use std::collections::BTreeSet;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use shipway_model::approval::{
    Approval, CONDITION_BYTES_MAX, CONDITIONS_MAX, Decision, NAMESPACE, PublicKey, Signature, Statement,
    VALIDITY_MAX,
};
use shipway_model::change::Shown;
use shipway_model::event::Body;
use shipway_model::resource::change_policy::ApprovalRule;
use shipway_model::{ChangeId, Digest, Name, resource};

use super::people::Involved;
use super::{Case, Word, gates, people, requirement, standing};
use crate::key::{Key, passkey, ssh};
use crate::{Code, Context, Rejection, State};

/// How far the clock of whoever signs may be ahead.
const CLOCK_SKEW_MAX: SignedDuration = SignedDuration::from_mins(5);

/// Why a word does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    Withdrawn(Timestamp),
    UnknownKey(Digest),
    /// The key is another person's.
    NotTheirKey,
    Revoked {
        since: Timestamp,
    },
    /// It was given for another change.
    AnotherChange(ChangeId),
    Signature(String),
    /// What was shown is not what stands now.
    Differs(Vec<&'static str>),
    Expired(Timestamp),
    /// It counts from then on.
    NotYet(Timestamp),
    /// Nobody's word counts for their own work.
    OwnWork(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Withdrawn(at) => write!(f, "it was withdrawn at {at}"),
            Self::UnknownKey(key) => write!(f, "no key {} is registered", key.short()),
            Self::NotTheirKey => f.write_str("the key that signed it is somebody else's"),
            Self::Revoked { since } => write!(f, "the key that signed it counts no more since {since}"),
            Self::AnotherChange(id) => write!(f, "it was given for {id}"),
            Self::Signature(why) => f.write_str(why),
            Self::Differs(what) => write!(f, "{} changed since it was signed", what.join(" and ")),
            Self::Expired(at) => write!(f, "it expired at {at}"),
            Self::NotYet(from) => write!(f, "it is good from {from} on"),
            Self::OwnWork(part) => write!(f, "whoever gave it {part}"),
        }
    }
}

/// Whether the approval is a signature of `key` over its statement.
///
/// # Errors
/// Why not, in words.
pub fn verify(key: &PublicKey, approval: &Approval) -> Result<(), String> {
    let message = approval.statement.bytes();
    match (key, &approval.signature) {
        (PublicKey::Ssh { line }, Signature::Ssh { armoured }) => {
            ssh::verify(line, NAMESPACE, &message, armoured).map_err(|it| it.to_string())
        }
        (
            PublicKey::Passkey { point, rp_id, origin, .. },
            Signature::Passkey { authenticator_data, client_data_json, signature },
        ) => {
            let key = passkey::Registered { point, rp_id, origin };
            let assertion = passkey::Assertion { authenticator_data, client_data_json, signature };
            passkey::verify(key, &message, assertion).map_err(|it| it.to_string())
        }
        (PublicKey::Ssh { .. }, Signature::Passkey { .. })
        | (PublicKey::Passkey { .. }, Signature::Ssh { .. }) => {
            Err("the signature is of another kind than the key".to_owned())
        }
    }
}

/// What is and stays true of a word whatever changes around it: its key, its owner, its bytes.
pub(super) fn check_signed<'s>(state: &'s State, id: ChangeId, word: &Word) -> Result<&'s Key, Fault> {
    let statement = &word.approval.statement;
    if let Some(at) = word.withdrawn {
        return Err(Fault::Withdrawn(at));
    }
    if statement.change != id {
        return Err(Fault::AnotherChange(statement.change));
    }
    let key = state.keys.get(&statement.key).ok_or(Fault::UnknownKey(statement.key))?;
    if !people::is_same(state, &key.owner, &word.by) {
        return Err(Fault::NotTheirKey);
    }
    if !key.counts_at(word.at) {
        let since = key.revoked.as_ref().map_or(key.registered, |it| it.since);
        return Err(Fault::Revoked { since });
    }
    verify(&key.key.public, &word.approval).map_err(Fault::Signature)?;
    Ok(key)
}

/// When words are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment<'a> {
    /// Nothing has begun: everything has to be as it was shown, and in time.
    Before { now: Timestamp, shown: &'a Shown },
    /// It began then, so its time and what was shown were right; what is asked is whether a word was taken away since.
    After { began: Timestamp },
}

/// Whether the word counts for a rule that lets words live for `valid`.
pub(crate) fn check(
    state: &State,
    case: &Case,
    involved: &Involved<'_>,
    word: &Word,
    valid: shipway_model::Millis,
    moment: Moment<'_>,
) -> Result<(), Fault> {
    let statement = &word.approval.statement;
    check_signed(state, case.id, word)?;
    if let Some(part) = involved.part(&word.by)
        && statement.decision == Decision::Approve
    {
        return Err(Fault::OwnWork(part));
    }
    let until = statement.expires.min(after(word.at, valid));
    let at = match moment {
        Moment::Before { now, shown } => {
            let differences = statement.shown().differences(shown);
            if !differences.is_empty() {
                return Err(Fault::Differs(differences));
            }
            now
        }
        // A word that came later, in place of one that fell, is judged by when it came.
        Moment::After { began } => began.max(word.at),
    };
    if at >= until {
        return Err(Fault::Expired(until));
    }
    match statement.window {
        Some(window) if at < window.from => Err(Fault::NotYet(window.from)),
        Some(window) if at >= window.until => Err(Fault::Expired(window.until)),
        _ => Ok(()),
    }
}

fn after(at: Timestamp, length: shipway_model::Millis) -> Timestamp {
    at.checked_add(SignedDuration::from_millis(length.0.cast_signed())).unwrap_or(Timestamp::MAX)
}

/// The last word of each person that was not withdrawn, in the order in which they were given: for rules, or for a board.
/// Whoever recused themselves has no other.
pub(crate) fn last_words<'a>(
    state: &'a State,
    case: &'a Case,
    board: Option<&'a Name>,
) -> impl Iterator<Item = &'a Word> {
    let is_there = move |it: &&Word| it.approval.statement.board.as_ref() == board;
    let words = move || case.words.iter().filter(|it| it.withdrawn.is_none()).filter(is_there);
    words().enumerate().filter_map(move |(idx, word)| {
        let later = words().skip(idx + 1).any(|it| people::is_same(state, &it.by, &word.by));
        let recused =
            word.approval.statement.decision != Decision::Recuse && is_recused(state, case, &word.by, board);
        (!later && !recused).then_some(word)
    })
}

/// Whoever has no part in the change has none on its boards; whoever leaves one board may still be asked elsewhere.
pub(crate) fn is_recused(state: &State, case: &Case, person: &str, board: Option<&Name>) -> bool {
    case.words.iter().any(|it| {
        let of = it.approval.statement.board.as_ref();
        it.withdrawn.is_none()
            && (of.is_none() || of == board)
            && it.approval.statement.decision == Decision::Recuse
            && people::is_same(state, &it.by, person)
            && check_signed(state, case.id, it).is_ok()
    })
}

/// Over everything that was attached about the release and its artifacts: equal content, whenever it came.
pub(crate) fn evidence_root(state: &State, release: &crate::Release) -> Digest {
    let parts = release.bundle.parts.values();
    let artifacts = parts.flat_map(|it| std::iter::once(&it.artifact).chain(it.variants.values()));
    let subjects: BTreeSet<Digest> =
        artifacts.chain(release.sealed.iter().map(|it| &it.digest)).copied().collect();
    let attached: BTreeSet<Digest> = subjects
        .iter()
        .flat_map(|it| state.evidence.about(it))
        .map(|it| resource::digest_of(&it.evidence))
        .collect();
    resource::digest_of(&attached)
}

pub(crate) fn give(
    state: &State,
    id: ChangeId,
    approval: &Approval,
    ctx: &Context<'_>,
) -> Result<Vec<Body>, Rejection> {
    let case = state.changes.known(id)?;
    let statement = &approval.statement;
    crate::decide::text(&approval.note)?;
    let now = state.changes.not_before(ctx.now);
    if let Some(known) = case.words.iter().find(|it| it.approval.statement.nonce == statement.nonce) {
        return if known.by == ctx.actor && known.approval.statement == *statement {
            Ok(Vec::new())
        } else {
            Err(void(id, "its nonce was used for another word"))
        };
    }
    check_times(id, statement, now)?;
    if state.rollouts.summaries.get(&case.change.rollout).is_some_and(|it| it.ended.is_some()) {
        return Err(Rejection::new(Code::WrongPhase, format!("the rollout of {id} has ended"))
            .hint("a word is for what is still to come"));
    }
    let word = Word { by: ctx.actor.to_owned(), at: now, approval: approval.clone(), withdrawn: None };
    let involved = Involved::of(state, case);
    check_form(id, statement)?;
    // On a board, being present already counts.
    let counts = statement.board.is_some() && statement.decision != Decision::Recuse;
    if let Some(part) = involved.part(ctx.actor)
        && (counts || statement.decision == Decision::Approve)
    {
        return Err(Rejection::new(
            Code::SelfApproval,
            format!("{} {part}, so {0} cannot approve {id}", ctx.actor),
        )
        .hint("`shipway change show` says who can"));
    }
    let Some(shown) = standing::shown(state, case) else {
        return Err(Rejection::new(Code::WrongPhase, format!("the rollout of {id} has ended")));
    };
    // What a rule allows less than the longest is looked at where the rule is.
    let moment = Moment::Before { now, shown: &shown };
    match check(state, case, &involved, &word, VALIDITY_MAX, moment) {
        Ok(()) | Err(Fault::NotYet(_)) => {}
        Err(
            fault @ (Fault::UnknownKey(_) | Fault::NotTheirKey | Fault::Revoked { .. } | Fault::Signature(_)),
        ) => {
            return Err(Rejection::new(Code::InvalidSignature, format!("this word does not count: {fault}"))
                .hint("`shipway key list` shows your keys, `shipway key add FILE.pub` registers one"));
        }
        Err(fault) => return Err(void(id, &fault.to_string())),
    }
    if let Some(board) = &statement.board {
        has_seat(state, case, board, ctx.actor)?;
    } else if !may_speak(state, case, &involved, (ctx.actor, now)) {
        return Err(Rejection::new(
            Code::NotAsked,
            format!("no rule of {id} asks for the word of {}", ctx.actor),
        )
        .hint(format!("`shipway change show {id}` says whose word it needs")));
    }
    if statement.board.is_none() && statement.decision == Decision::Approve {
        gates::check(state, case, &asked_of(state, case, &involved, (ctx.actor, now)), now)?;
    }
    Ok(vec![Body::ApprovalGiven { id, approval: Box::new(approval.clone()) }])
}

/// Only votes abstain and make conditions, and conditions say something.
fn check_form(id: ChangeId, statement: &Statement) -> Result<(), Rejection> {
    let is_vote = statement.board.is_some();
    if !is_vote && (statement.decision == Decision::Abstain || !statement.conditions.is_empty()) {
        return Err(void(id, "only a vote on a board abstains or makes conditions"));
    }
    if statement.decision != Decision::Approve && !statement.conditions.is_empty() {
        return Err(void(id, "only a vote for the change makes conditions"));
    }
    let is_good = |it: &String| !it.trim().is_empty() && it.len() <= CONDITION_BYTES_MAX;
    if statement.conditions.len() > CONDITIONS_MAX || !statement.conditions.iter().all(is_good) {
        return Err(void(
            id,
            &format!("it has more than {CONDITIONS_MAX} conditions, or one that is empty or too long"),
        ));
    }
    statement.conditions.iter().try_for_each(|it| crate::decide::text(it).map(drop))
}

fn has_seat(state: &State, case: &Case, board: &Name, actor: &str) -> Result<(), Rejection> {
    let benches = crate::board::voting(state, case);
    let Some(bench) = benches.iter().find(|it| it.name == board) else {
        let message = format!("no board {board} looks at {}", case.id);
        return Err(Rejection::new(Code::NotAsked, message)
            .hint(format!("`shipway cab show {}` says which do", case.id)));
    };
    let members = bench.revisions.iter().flat_map(|it| crate::board::members(state, it));
    if members.into_iter().any(|it| people::is_same(state, &it, actor)) {
        return Ok(());
    }
    let message = format!("{actor} has no seat on the board {board}");
    Err(Rejection::new(Code::NotAsked, message)
        .hint(format!("`shipway cab show {}` says who has; a seat cannot be lent", case.id)))
}

fn check_times(id: ChangeId, statement: &Statement, now: Timestamp) -> Result<(), Rejection> {
    if statement.issued.duration_since(now) > CLOCK_SKEW_MAX {
        return Err(void(
            id,
            &format!("it says that it was signed at {}, which is still to come", statement.issued),
        ));
    }
    if statement.expires > after(now, VALIDITY_MAX) {
        return Err(void(
            id,
            &format!("it would live until {}, longer than {VALIDITY_MAX}", statement.expires),
        ));
    }
    if !(16..=64).contains(&statement.nonce.len()) {
        return Err(void(id, "its nonce has not 16 to 64 characters"));
    }
    Ok(())
}

fn void(id: ChangeId, why: &str) -> Rejection {
    Rejection::new(Code::WordVoid, format!("this word does not count for {id}: {why}"))
        .hint(format!("look again and sign what stands now: `shipway approve {id}`"))
}

/// Whether some rule asks for the person, or for somebody who lets them speak.
fn may_speak(state: &State, case: &Case, involved: &Involved<'_>, person: (&str, Timestamp)) -> bool {
    !asked_of(state, case, involved, person).is_empty()
}

/// The rules by which the person, or somebody who lets them speak, is asked.
fn asked_of(
    state: &State,
    case: &Case,
    involved: &Involved<'_>,
    person: (&str, Timestamp),
) -> Vec<ApprovalRule> {
    standing::with_rules(state, case, |rules| {
        let asks = |rule: &&&ApprovalRule| {
            let seats = requirement::seats(state, case, rule);
            seats.iter().any(|(_, it)| it.of(state, case, involved, person, rule.delegable).next().is_some())
        };
        rules.iter().filter(asks).map(|it| (*it).clone()).collect()
    })
}

/// What a person could say about a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Voice {
    /// A rule asks for their word, or for that of somebody who lets them speak.
    Asked,
    /// They did this in the making of it, for example `sealed it`: they may speak against it and not for it.
    OwnWork(String),
    NotAsked,
}

/// Whether anybody asks for the person's word at `now`, so that it is known before they sign.
pub fn voice(state: &State, case: &Case, person: &str, now: Timestamp) -> Voice {
    let involved = Involved::of(state, case);
    match involved.part(person) {
        _ if !may_speak(state, case, &involved, (person, state.changes.not_before(now))) => Voice::NotAsked,
        Some(part) => Voice::OwnWork(part),
        None => Voice::Asked,
    }
}

pub(crate) fn withdraw(
    state: &State,
    id: ChangeId,
    reason: &str,
    ctx: &Context<'_>,
) -> Result<Vec<Body>, Rejection> {
    let case = state.changes.known(id)?;
    let stands = case.words.iter().any(|it| it.by == ctx.actor && it.withdrawn.is_none());
    Ok(if stands { vec![Body::ApprovalWithdrawn { id, reason: reason.to_owned() }] } else { Vec::new() })
}
