//! Minutes: what a board looked at, said and decided in a stretch of time, written from the votes alone.

use std::fmt::Write as _;

use jiff::Timestamp;
use shipway_model::Name;
use shipway_model::approval::Decision;
use shipway_model::release::ReleaseRef;

use super::record::{Record, record};
use super::{Tally, tallies};
use crate::State;
use crate::change::{Case, Word};

#[derive(Debug, Clone, PartialEq)]
pub struct Minutes<'a> {
    pub board: Name,
    pub from: Timestamp,
    /// No longer a part of it.
    pub until: Timestamp,
    /// In the order in which they were first voted on.
    pub points: Vec<Minuted<'a>>,
}

/// What was said about one change.
#[derive(Debug, Clone, PartialEq)]
pub struct Minuted<'a> {
    pub case: &'a Case,
    pub release: ReleaseRef,
    pub environment: Name,
    /// In the order in which they were recorded; also those that no longer count.
    pub votes: Vec<&'a Word>,
    /// As it stands at the end; None once later rollouts have followed.
    pub tally: Option<Tally>,
    pub record: Record,
}

/// The minutes of a board from `from` until `until`.
pub fn minutes<'a>(state: &'a State, board: &Name, from: Timestamp, until: Timestamp) -> Minutes<'a> {
    let mut points: Vec<Minuted<'a>> =
        state.changes.iter().filter_map(|case| point(state, case, board, from, until)).collect();
    points.sort_by_key(|it| (it.votes.first().map(|it| it.at), it.case.id));
    Minutes { board: board.clone(), from, until, points }
}

fn point<'a>(
    state: &'a State,
    case: &'a Case,
    board: &Name,
    from: Timestamp,
    until: Timestamp,
) -> Option<Minuted<'a>> {
    let is_said =
        |it: &&Word| it.approval.statement.board.as_ref() == Some(board) && from <= it.at && it.at < until;
    let votes: Vec<&Word> = case.words.iter().filter(is_said).collect();
    let summary = state.rollouts.summaries.get(&case.change.rollout)?;
    let last = votes.last()?.at;
    let tallies = tallies(state, case, last).into_iter().flat_map(Tally::with_instead);
    Some(Minuted {
        case,
        release: summary.release.clone(),
        environment: summary.environment.clone(),
        votes,
        tally: tallies.into_iter().find(|it| it.board == *board),
        record: record(state, case, last),
    })
}

impl Minutes<'_> {
    /// The minutes as people file them, in Markdown.
    pub fn text(&self) -> String {
        let mut text = format!("# Minutes of {}\n\nFrom {} until {}.\n", self.board, self.from, self.until);
        if self.points.is_empty() {
            text += "\nNothing was voted on.\n";
        }
        for (idx, point) in self.points.iter().enumerate() {
            point.write(idx + 1, &mut text);
        }
        text
    }
}

impl Minuted<'_> {
    fn write(&self, number: usize, text: &mut String) {
        let (release, change) = (&self.release, &self.case.change);
        let heading = format!("{}@{} into {}", release.name, release.version, self.environment);
        let _ = write!(text, "\n## {number}. {heading}\n\n");
        let _ = writeln!(
            text,
            "{}, asked for by {} at {}; {}, risk {}.",
            self.case.id,
            self.case.requested_by,
            self.case.opened,
            change.class.as_str(),
            change.risk.score
        );
        for (what, lines) in [
            ("Followed", &self.record.followed),
            ("Bypassed", &self.record.bypassed),
            ("By exception", &self.record.excepted),
        ] {
            if !lines.is_empty() {
                let _ = write!(text, "\n{what}:\n\n");
                for line in lines {
                    let _ = writeln!(text, "- {line}");
                }
            }
        }
        text.push_str("\nVotes:\n\n");
        for vote in &self.votes {
            self.write_vote(vote, text);
        }
        let Some(tally) = &self.tally else { return };
        let _ = write!(
            text,
            "\nResult: {}. {} for, {} against, {} abstained, of {} members; quorum {}, threshold {}.\n",
            tally.decided.as_str(),
            tally.count(Decision::Approve),
            tally.count(Decision::Reject),
            tally.count(Decision::Abstain),
            tally.members,
            tally.quorum,
            tally.threshold
        );
    }

    fn write_vote(&self, vote: &Word, text: &mut String) {
        let statement = &vote.approval.statement;
        let said = match statement.decision {
            Decision::Approve => "for",
            Decision::Reject => "against",
            Decision::Abstain => "abstained",
            Decision::Recuse => "recused",
        };
        let withdrawn = vote.withdrawn.map_or(String::new(), |at| format!(", withdrawn at {at}"));
        let _ = write!(text, "- {} at {}: {said}{withdrawn}", vote.by, vote.at);
        if !vote.approval.note.is_empty() {
            let _ = write!(text, " (“{}”)", vote.approval.note);
        }
        text.push('\n');
        for (condition, idx) in statement.conditions.iter().zip(0_u32..) {
            let met = self.case.met.get(&(statement.nonce.clone(), idx));
            let met = met.map_or("open".to_owned(), |it| format!("met at {}, says {}", it.at, it.by));
            let _ = writeln!(text, "  - on condition that {condition}: {met}");
        }
    }
}
