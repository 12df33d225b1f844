//! Boards, their votes and minutes.

use shipway_api::view::board::{
    AgendaItem, ConditionView, LackView, MinutedView, MinutesView, RecordView, TallyView, VoteView,
};
use shipway_engine::State;
use shipway_engine::board::minutes::{Minuted, Minutes};
use shipway_engine::board::record::Record;
use shipway_engine::board::{Condition, Lack, Point, Tally, Vote};
use shipway_engine::change::Word;
use shipway_model::approval::Decision;

pub(crate) fn tally(it: &Tally) -> TallyView {
    TallyView {
        board: it.board.clone(),
        members: it.members,
        quorum: it.quorum,
        threshold: it.threshold,
        votes_for: it.count(Decision::Approve),
        votes_against: it.count(Decision::Reject),
        abstained: it.count(Decision::Abstain),
        decided: it.decided.as_str().to_owned(),
        carried: it.is_carried(),
        votes: it.votes.iter().map(vote).collect(),
        lacks: it.lacks.iter().map(lack).collect(),
        conditions: it.conditions.iter().map(condition).collect(),
        can: it.can.clone(),
        escalates: it.escalates,
        instead: it.instead.as_deref().map(|it| Box::new(tally(it))),
    }
}

fn vote(it: &Vote) -> VoteView {
    VoteView { by: it.by.clone(), at: it.at, decision: it.decision }
}

fn lack(it: &Lack) -> LackView {
    LackView { what: it.what.clone(), who: it.who.clone(), next: it.next.clone() }
}

fn condition(it: &Condition) -> ConditionView {
    ConditionView {
        vote: it.vote.clone(),
        condition: it.index,
        by: it.by.clone(),
        text: it.text.clone(),
        met: it.met.as_ref().map(|it| it.at),
        met_by: it.met.as_ref().map(|it| it.by.clone()),
        note: it.met.as_ref().map(|it| it.note.clone()).unwrap_or_default(),
    }
}

pub(crate) fn record(it: Record) -> RecordView {
    RecordView { followed: it.followed, bypassed: it.bypassed, excepted: it.excepted }
}

/// None only when the rollout was never queued.
pub(crate) fn point(state: &State, it: &Point<'_>, record: Record) -> Option<AgendaItem> {
    let summary = state.rollouts.summaries.get(&it.case.change.rollout)?;
    Some(AgendaItem {
        change: it.case.id,
        release: summary.release.clone(),
        environment: summary.environment.clone(),
        class: it.case.change.class,
        risk: it.case.change.risk.score,
        requested_by: it.case.requested_by.clone(),
        opened: it.case.opened,
        tally: tally(&it.tally),
        record: self::record(record),
    })
}

pub(crate) fn minutes(it: Minutes<'_>) -> MinutesView {
    let text = it.text();
    MinutesView {
        board: it.board,
        from: it.from,
        until: it.until,
        points: it.points.into_iter().map(minuted).collect(),
        text,
    }
}

fn minuted(it: Minuted<'_>) -> MinutedView {
    let said =
        |it: &&Word| VoteView { by: it.by.clone(), at: it.at, decision: it.approval.statement.decision };
    MinutedView {
        change: it.case.id,
        votes: it.votes.iter().map(said).collect(),
        tally: it.tally.as_ref().map(tally),
        record: record(it.record),
        release: it.release,
        environment: it.environment,
    }
}
