//! Whose word a leg needs, and when they are there to give it.

use jiff::Timestamp;
use shipway_model::plan::{Action, Plan};

use crate::calendar::WorkingHours;
use crate::{State, change};

/// Somebody's word, without which a leg does not begin.
#[derive(Debug, Clone)]
pub struct Word {
    /// For sentences, for example `the word of owners`.
    pub title: String,
    /// Of each who could give it.
    pub hours: Vec<WorkingHours>,
    /// How many of them it takes.
    pub needed: usize,
    pub timing: Timing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// At any time before it begins: an approval of the change.
    Before,
    /// At the time at which it begins: a stage of the rollout itself asks.
    Within,
}

impl Word {
    /// The first instant at or after `at` by which enough of them have been there; None when there never are.
    pub fn had(&self, at: Timestamp) -> Option<Timestamp> {
        let mut there: Vec<Timestamp> = self.hours.iter().filter_map(|it| it.opens(at)).collect();
        there.sort_unstable();
        there.get(self.needed.max(1) - 1).copied()
    }
}

/// The words that the plan's change and stages ask for. Where too few people are known, hours do not matter: somebody has to
/// be found first, and the change itself says so.
pub(super) fn words(state: &State, plan: &Plan, now: Timestamp) -> Vec<Word> {
    let of_change = change::foreseen::seats(state, plan, now).into_iter().map(|seats| Word {
        title: format!("the approval {}", seats.rule),
        hours: seats.people.iter().map(|it| state.hours_of(it)).collect(),
        needed: seats.needed,
        timing: Timing::Before,
    });
    let of_stages = plan.steps.iter().filter_map(|step| match &step.action {
        Action::Approval { team: Some(team), .. } => Some(Word {
            title: format!("the word of team {team}"),
            hours: vec![state.hours_of_team(team)],
            needed: 1,
            timing: Timing::Within,
        }),
        _ => None,
    });
    let matters = |it: &Word| {
        let n_always = it.hours.iter().filter(|it| it.is_always()).count();
        it.hours.len() >= it.needed && n_always < it.needed.max(1)
    };
    of_change.chain(of_stages).filter(matters).collect()
}
