//! Who had a part in what a change brings: nobody's word counts for their own work.

use shipway_model::resource::Kind;

use super::{Case, key, policy};
use crate::State;
use crate::access::{Hand, Part, hands};

/// Whether two names may be the same person's.
pub(crate) fn is_same(state: &State, one: &str, other: &str) -> bool {
    state.access.is_same_person(one, other)
}

/// All who had a part in a change, looked up once: nobody's word counts for their own work.
pub(crate) struct Involved<'a> {
    state: &'a State,
    requested_by: &'a str,
    hands: Vec<Hand>,
    /// Who edited what judges it since the release was put together, and what that was. What was agreed to before judges
    /// others' work too.
    editors: Vec<(&'a str, String)>,
}

impl<'a> Involved<'a> {
    pub(crate) fn of(state: &'a State, case: &'a Case) -> Self {
        let mut involved =
            Self { state, requested_by: &case.requested_by, hands: Vec::new(), editors: Vec::new() };
        let summary = state.rollouts.summaries.get(&case.change.rollout);
        let Some(release) = summary.and_then(|it| state.releases.get(it.release.id)) else { return involved };
        involved.hands = hands(state, release.id, None);
        let judges = case.change.policy.iter().map(|it| key(Kind::ChangePolicy, it));
        let boards = state.catalogue.of_kind(Kind::Board).map(|it| it.0.clone());
        for judge in judges.chain([key(Kind::Environment, &case.change.protected)]).chain(boards) {
            let edits = policy::since(state, &judge, release.created);
            involved.editors.extend(edits.map(|it| (it.by.as_str(), judge.to_string())));
        }
        involved
    }

    /// What the person did in the making of the change, as the end of a sentence about them, for example `sealed it`.
    pub(crate) fn part(&self, person: &str) -> Option<String> {
        if is_same(self.state, self.requested_by, person) {
            return Some("asked for the rollout".to_owned());
        }
        let behind = self.state.access.behind(person);
        let had_a_hand = |it: &&Hand| it.part != Part::Editor && behind.contains(&it.who);
        if let Some(hand) = self.hands.iter().find(had_a_hand) {
            return Some(hand.deed.clone());
        }
        let edited = self.editors.iter().find(|it| is_same(self.state, it.0, person));
        edited.map(|it| format!("changed {}, which judges it, after the release was put together", it.1))
    }
}
