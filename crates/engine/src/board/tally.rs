//! Counting the votes of a board: quorum and threshold exactly as they are written.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use shipway_model::approval::Decision;
use shipway_model::resource::Board;
use shipway_model::{Name, Share};

use super::material::lacking;
use super::{Bench, Condition, ESCALATIONS_MAX, Lack, escalated_to, members};
use crate::State;
use crate::change::people::{self, Involved};
use crate::change::word::{self, Moment};
use crate::change::{Case, Word};

/// How far a board is with a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    pub board: Name,
    /// Different people who sit on it, those whose own work it is among them.
    pub members: u32,
    pub quorum: Share,
    pub threshold: Share,
    /// Of those who voted last, in the order in which they voted.
    pub votes: Vec<Vote>,
    pub decided: Decided,
    /// What is not on the table yet; while something is, the board cannot say yes.
    pub lacks: Vec<Lack>,
    /// Of the votes for it.
    pub conditions: Vec<Condition>,
    /// Who has not voted and may.
    pub can: BTreeSet<String>,
    /// When it is escalated, if it is not decided before.
    pub escalates: Option<Timestamp>,
    /// How far the board is that decides beside it since it was escalated.
    pub instead: Option<Box<Tally>>,
}

/// A vote that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vote {
    pub by: String,
    pub at: Timestamp,
    pub decision: Decision,
}

/// What the votes decide as they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// Too few have voted.
    NoQuorum,
    VotedDown,
    /// Enough are for it, and something that it needs is not on the table.
    LacksMaterial,
    /// Enough are for it, and a condition is not met.
    OnConditions,
    Approved,
}

impl Decided {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoQuorum => "no quorum",
            Self::VotedDown => "voted down",
            Self::LacksMaterial => "lacks material",
            Self::OnConditions => "on conditions",
            Self::Approved => "approved",
        }
    }
}

impl Tally {
    /// How many said so.
    pub fn count(&self, decision: Decision) -> u32 {
        number(self.votes.iter().filter(|it| it.decision == decision).count())
    }

    /// Whether the change may go as far as this board is concerned.
    pub fn is_carried(&self) -> bool {
        self.decided == Decided::Approved || self.instead.as_ref().is_some_and(|it| it.is_carried())
    }

    /// Itself and those that decide beside it.
    pub(super) fn with_instead(mut self) -> Vec<Self> {
        let instead = self.instead.take();
        let after = instead.map(|it| it.with_instead()).unwrap_or_default();
        std::iter::once(self).chain(after).collect()
    }

    /// Why the change waits for it, in a sentence that names nobody.
    pub(crate) fn against(&self) -> Option<String> {
        let board = &self.board;
        if self.is_carried() {
            return None;
        }
        Some(match self.decided {
            Decided::Approved => return None,
            Decided::NoQuorum => {
                let (present, fewest) = (self.votes.len(), self.quorum.fewest(self.members));
                let missing = fewest.saturating_sub(number(present));
                let votes = if missing == 1 { "1 more vote" } else { &*format!("{missing} more votes") };
                format!("the board {board} needs {votes} for its quorum of {}", self.quorum)
            }
            Decided::VotedDown => format!(
                "the board {board} voted it down: {} for, {} against, and {} are needed",
                self.count(Decision::Approve),
                self.count(Decision::Reject),
                self.threshold
            ),
            Decided::LacksMaterial => {
                let what: Vec<&str> = self.lacks.iter().map(|it| it.what.as_str()).collect();
                format!("the board {board} misses {}", what.join(" and "))
            }
            Decided::OnConditions => {
                let open = self.conditions.iter().filter(|it| it.met.is_none()).count();
                let open = if open == 1 { "1 condition".to_owned() } else { format!("{open} conditions") };
                format!("{open} of the board {board} to be met")
            }
        })
    }
}

/// How far the board is, by every revision of it that judges the change: the strictest answer counts.
pub(crate) fn tally(
    state: &State,
    case: &Case,
    bench: &Bench<'_>,
    involved: &Involved<'_>,
    moment: Moment<'_>,
) -> Tally {
    of_bench(state, case, bench, involved, moment, ESCALATIONS_MAX)
}

fn of_bench(
    state: &State,
    case: &Case,
    bench: &Bench<'_>,
    involved: &Involved<'_>,
    moment: Moment<'_>,
    depth: usize,
) -> Tally {
    let count = Count { state, case, name: bench.name, involved, moment };
    let revisions = bench.revisions.iter().map(|it| count.by(it));
    // Of answers that are equally strict, that of the revision that holds now.
    let mut tally = revisions
        .reduce(|kept, it| if (it.decided as u8) <= (kept.decided as u8) { it } else { kept })
        .expect("a bench has a revision");
    let escalation = bench.current().escalation.as_ref();
    tally.escalates = escalation.map(|it| {
        let after = SignedDuration::from_millis(it.after.0.cast_signed());
        case.opened.checked_add(after).unwrap_or(Timestamp::MAX)
    });
    if depth > 0
        && let Some(to) = escalated_to(case, bench)
    {
        let since = super::release(state, case).map_or(case.opened, |it| it.created);
        let next = Bench::of(state, to, since);
        tally.instead = next.map(|it| Box::new(of_bench(state, case, &it, involved, moment, depth - 1)));
    }
    tally
}

struct Count<'a> {
    state: &'a State,
    case: &'a Case,
    name: &'a Name,
    involved: &'a Involved<'a>,
    moment: Moment<'a>,
}

impl Count<'_> {
    fn by(&self, board: &Board) -> Tally {
        let Self { state, case, .. } = *self;
        let seats = members(state, board);
        let words: Vec<&Word> = word::last_words(state, case, Some(self.name))
            .filter(|it| self.counts(it, board, &seats))
            .collect();
        let votes: Vec<Vote> = words.iter().map(|it| vote(it)).collect();
        let n = |decision| number(votes.iter().filter(|it| it.decision == decision).count());
        let (n_for, n_against) = (n(Decision::Approve), n(Decision::Reject));
        let lacks = lacking(state, case, &board.material);
        let conditions: Vec<Condition> = words.iter().flat_map(|it| conditions(case, it)).collect();
        let members = number(seats.len());
        let carries = n_for > 0 && board.threshold.is_met(n_for, n_for + n_against);
        let decided = if !board.quorum.is_met(number(votes.len()), members) {
            Decided::NoQuorum
        } else if !carries {
            Decided::VotedDown
        } else if !lacks.is_empty() {
            Decided::LacksMaterial
        } else if conditions.iter().any(|it| it.met.is_none()) {
            Decided::OnConditions
        } else {
            Decided::Approved
        };
        let may = |it: &String| {
            let voted = votes.iter().any(|vote| people::is_same(state, &vote.by, it));
            !voted && self.involved.part(it).is_none() && !word::is_recused(state, case, it, Some(self.name))
        };
        Tally {
            board: self.name.clone(),
            members,
            quorum: board.quorum,
            threshold: board.threshold,
            decided,
            lacks,
            conditions,
            can: seats.iter().filter(|it| may(it)).cloned().collect(),
            votes,
            escalates: None,
            instead: None,
        }
    }

    /// Nobody's presence counts where their own work is looked at: an abstention would help to make a quorum.
    fn counts(&self, word: &Word, board: &Board, seats: &BTreeSet<String>) -> bool {
        let decision = word.approval.statement.decision;
        let is_vote = matches!(decision, Decision::Approve | Decision::Reject | Decision::Abstain);
        is_vote
            && seats.iter().any(|it| people::is_same(self.state, it, &word.by))
            && self.involved.part(&word.by).is_none()
            && word::check(self.state, self.case, self.involved, word, board.valid, self.moment).is_ok()
    }
}

fn vote(word: &Word) -> Vote {
    Vote { by: word.by.clone(), at: word.at, decision: word.approval.statement.decision }
}

fn conditions<'a>(case: &'a Case, word: &'a Word) -> impl Iterator<Item = Condition> + 'a {
    let statement = &word.approval.statement;
    let stated = statement.conditions.iter().zip(0_u32..);
    stated.map(|(text, index)| Condition {
        vote: statement.nonce.clone(),
        index,
        by: word.by.clone(),
        text: text.clone(),
        met: case.met.get(&(statement.nonce.clone(), index)).cloned(),
    })
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
