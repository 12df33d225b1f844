//! How far a board is with a change: what it misses, its votes, and the conditions that they make. A part of several pages;
//! here a vote begins, and conditions are met.

use askama::Template;
use askama::filters::HtmlSafe;
use shipway_api::Operation;
use shipway_api::operations::board::MeetCondition;
use shipway_api::operations::change::GiveApproval;
use shipway_engine::board::record::Record;
use shipway_engine::board::{self, Decided};
use shipway_engine::{Case, Command, Context, State};
use shipway_model::ChangeId;
use shipway_model::approval::Decision;

use super::changes::is_open;
use super::moment::Moment;
use super::visit::Visit;
use super::words::{Badge, Tone, badge};

#[derive(Template)]
#[template(path = "tally.html")]
pub(super) struct Tally {
    change: ChangeId,
    pub(super) board: String,
    pub(super) badge: Badge,
    /// The numbers, in a line.
    counted: String,
    lacks: Vec<Lack>,
    votes: Vec<Vote>,
    conditions: Vec<Condition>,
    /// Who has not voted and may.
    can: String,
    escalates: Option<Moment>,
    /// Whether the reader can vote now, for the first time or again.
    pub(super) may_vote: bool,
    csrf: String,
    key: String,
}

impl HtmlSafe for Tally {}

/// Something that is not on the table, with who supplies it and how.
struct Lack {
    what: String,
    who: String,
    next: String,
}

struct Vote {
    badge: Badge,
    by: String,
    at: Moment,
    note: String,
}

struct Condition {
    badge: Badge,
    /// The vote that makes it, and its place there.
    vote: String,
    index: u32,
    by: String,
    text: String,
    met: Option<(String, Moment)>,
    note: String,
    /// Whether the reader can say that it is so.
    may_meet: bool,
}

/// Which rules were followed, bypassed and excepted.
#[derive(Template)]
#[template(path = "record.html")]
pub(super) struct Recorded {
    /// Those of which there is something.
    parts: Vec<(&'static str, Vec<String>)>,
}

impl HtmlSafe for Recorded {}

impl From<Record> for Recorded {
    fn from(it: Record) -> Self {
        let parts = [("followed", it.followed), ("bypassed", it.bypassed), ("by exception", it.excepted)];
        Self { parts: parts.into_iter().filter(|(_, lines)| !lines.is_empty()).collect() }
    }
}

impl Tally {
    /// The board's, and those of the boards to which it was escalated.
    pub(super) fn of<'a>(
        visit: &'a Visit,
        state: &'a State,
        case: &'a Case,
        counted: &'a board::Tally,
    ) -> impl Iterator<Item = Self> + 'a {
        let all = std::iter::successors(Some(counted), |it| it.instead.as_deref());
        all.map(move |it| Self::new(visit, state, case, it))
    }

    pub(super) fn new(visit: &Visit, state: &State, case: &Case, it: &board::Tally) -> Self {
        let clock = &visit.clock;
        let vote = |it: &board::Vote| Vote {
            badge: of_vote(it.decision),
            by: it.by.clone(),
            at: clock.moment(it.at),
            note: note(case, it),
        };
        let lack = |it: &board::Lack| Lack {
            what: it.what.clone(),
            who: it.who.iter().cloned().collect::<Vec<_>>().join(", "),
            next: it.next.clone(),
        };
        Self {
            change: case.id,
            board: it.board.to_string(),
            badge: of_decided(it.decided),
            counted: counted(it),
            lacks: it.lacks.iter().map(lack).collect(),
            votes: it.votes.iter().map(vote).collect(),
            conditions: it.conditions.iter().map(|made| condition(visit, state, case, it, made)).collect(),
            can: it.can.iter().cloned().collect::<Vec<_>>().join(", "),
            escalates: it.escalates.filter(|_| !it.is_carried()).map(|at| clock.moment(at)),
            may_vote: may_vote(visit, state, case, it),
            csrf: visit.csrf.as_str().to_owned(),
            key: visit.app.runtime.random_secret(),
        }
    }
}

/// Whether the reader has a seat from which to vote. Whoever has voted may vote again until the rollout begins.
pub(super) fn may_vote(visit: &Visit, state: &State, case: &Case, tally: &board::Tally) -> bool {
    let actor = visit.caller.actor();
    let is_own = |it: &String| state.access.is_same_person(it, &actor);
    visit.is_now()
        && GiveApproval::PERMISSION.allows(visit.caller.role)
        && state.rollouts.summaries.get(&case.change.rollout).is_some_and(is_open)
        && (tally.can.iter().any(is_own) || tally.votes.iter().any(|it| is_own(&it.by)))
}

/// Whether the reader's vote is what the board still waits for.
pub(super) fn misses(visit: &Visit, state: &State, tally: &board::Tally) -> bool {
    let actor = visit.caller.actor();
    !tally.is_carried() && tally.can.iter().any(|it| state.access.is_same_person(it, &actor))
}

fn note(case: &Case, vote: &board::Vote) -> String {
    let word = case.words.iter().find(|it| it.by == vote.by && it.at == vote.at);
    word.map(|it| it.approval.note.clone()).unwrap_or_default()
}

fn condition(
    visit: &Visit,
    state: &State,
    case: &Case,
    tally: &board::Tally,
    it: &board::Condition,
) -> Condition {
    let command = Command::MeetCondition {
        id: case.id,
        board: tally.board.clone(),
        vote: it.vote.clone(),
        condition: it.index,
        note: String::new(),
    };
    let ctx = Context { actor: &visit.caller.actor(), now: visit.now() };
    let would = || shipway_engine::decide(state, &command, &ctx).is_ok_and(|events| !events.is_empty());
    Condition {
        badge: if it.met.is_some() { Tone::Good.badge("met") } else { Tone::Hold.badge("open") },
        vote: it.vote.clone(),
        index: it.index,
        by: it.by.clone(),
        text: it.text.clone(),
        met: it.met.as_ref().map(|it| (it.by.clone(), visit.clock.moment(it.at))),
        note: it.met.as_ref().map(|it| it.note.clone()).unwrap_or_default(),
        may_meet: visit.is_now() && MeetCondition::PERMISSION.allows(visit.caller.role) && would(),
    }
}

/// `2 for, 1 against, 0 abstained, of 5 members; quorum >1/2, threshold 2/3`.
pub(super) fn counted(it: &board::Tally) -> String {
    let n = |decision| it.count(decision);
    format!(
        "{} for, {} against, {} abstained, of {}; quorum {}, threshold {}",
        n(Decision::Approve),
        n(Decision::Reject),
        n(Decision::Abstain),
        super::words::count(it.members, "member"),
        it.quorum,
        it.threshold
    )
}

pub(super) const fn of_decided(decided: Decided) -> Badge {
    let word = decided.as_str();
    match decided {
        Decided::NoQuorum => Tone::Hold.badge(word),
        Decided::VotedDown => Tone::Bad.badge(word),
        Decided::LacksMaterial | Decided::OnConditions => badge(Tone::Hold, "△", word),
        Decided::Approved => Tone::Good.badge(word),
    }
}

/// A word that was given on a board.
pub(super) const fn of_vote(decision: Decision) -> Badge {
    match decision {
        Decision::Approve => Tone::Good.badge("for"),
        Decision::Reject => Tone::Bad.badge("against"),
        Decision::Abstain => Tone::Idle.badge("abstained"),
        Decision::Recuse => Tone::Idle.badge("recused"),
    }
}
