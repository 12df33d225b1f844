//! Conditions of votes: what has to be so before a vote carries the change.

use jiff::Timestamp;
use shipway_model::event::Body;
use shipway_model::{ChangeId, Name};

use super::{members, voting};
use crate::change::people::Involved;
use crate::{Code, Context, Rejection, State};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The vote that makes it, by its nonce.
    pub vote: String,
    /// Among the conditions of the vote, from 0.
    pub index: u32,
    pub by: String,
    pub text: String,
    pub met: Option<Met>,
}

/// Whose word it is that a condition is so, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Met {
    pub by: String,
    pub at: Timestamp,
    pub note: String,
}

/// Says that a condition is so: a member of the board does, and nobody whose own work it is about.
pub(crate) fn meet(
    state: &State,
    id: ChangeId,
    board: &Name,
    vote: &str,
    condition: u32,
    note: &str,
    ctx: &Context<'_>,
) -> Result<Vec<Body>, Rejection> {
    let case = state.changes.known(id)?;
    let voted = case.words.iter().find(|it| it.approval.statement.nonce == vote).filter(|it| {
        let statement = &it.approval.statement;
        statement.board.as_ref() == Some(board) && (condition as usize) < statement.conditions.len()
    });
    if voted.is_none() {
        let message = format!("no vote {vote} of {board} on {id} has a condition {condition}");
        return Err(Rejection::new(Code::InvalidChange, message)
            .hint(format!("`shipway cab show {id}` lists the conditions with their votes")));
    }
    if case.met.contains_key(&(vote.to_owned(), condition)) {
        return Ok(Vec::new());
    }
    if let Some(part) = Involved::of(state, case).part(ctx.actor) {
        let message = format!("{} {part}, so {0} cannot say that a condition of {id} is met", ctx.actor);
        return Err(Rejection::new(Code::SelfApproval, message)
            .hint(format!("another member of {board} can, once they have looked")));
    }
    let benches = voting(state, case);
    let bench = benches.iter().find(|it| it.name == board);
    let sits = bench.is_some_and(|it| {
        members(state, it.current()).iter().any(|it| state.access.is_same_person(it, ctx.actor))
    });
    if !sits {
        let message = format!("{} has no seat on {board}, or {board} does not look at {id}", ctx.actor);
        return Err(
            Rejection::new(Code::NotAsked, message).hint(format!("`shipway cab show {id}` says who has"))
        );
    }
    let (board, vote, note) = (board.clone(), vote.to_owned(), note.to_owned());
    Ok(vec![Body::ConditionMet { id, board, vote, condition, note }])
}
