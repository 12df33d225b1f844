//! What went wrong about a service lately, as far as the control plane knows: alerts about it, rollouts of it that halted, were
//! stopped or taken back, and the reviews that these owe.

use jiff::Timestamp;
use shipway_engine::alert::service_of;
use shipway_engine::{Phase, State, Summary, review};
use shipway_model::Name;
use shipway_model::event::End;

use crate::pages::alerts;
use crate::pages::moment::{Clock, Moment};
use crate::pages::words::{self, Badge, Tone, badge};

/// Incidents on the page, the latest.
const INCIDENTS_MAX: usize = 10;

/// One of them, with the page that has the rest.
pub(super) struct Incident {
    pub(super) badge: Badge,
    pub(super) href: String,
    pub(super) what: String,
    pub(super) place: String,
    pub(super) since: Moment,
    pub(super) until: Option<Moment>,
    /// Why, in a sentence, as far as that is at hand.
    pub(super) why: String,
    /// By when its review is owed.
    pub(super) owed: Option<Owed>,
}

pub(super) struct Owed {
    pub(super) due: Moment,
    pub(super) badge: Badge,
}

/// Of `rollouts` of the service, the newest first, and of the alerts about it: the latest first.
pub(super) fn of<'s>(
    state: &'s State,
    service: &Name,
    rollouts: impl Iterator<Item = &'s Summary>,
    clock: &Clock,
) -> Vec<Incident> {
    let failed = rollouts.filter_map(|it| of_rollout(state, it, clock)).take(INCIDENTS_MAX);
    let told = state.alerts.iter().rev();
    let about_it = told.filter(|it| service_of(state, &it.alert).is_some_and(|it| it == *service));
    let alerts = about_it.take(INCIDENTS_MAX).map(|it| {
        let told = alerts::told(state, it, clock);
        let incident = Incident {
            badge: told.badge,
            href: format!("/alerts/{}", told.id),
            what: told.name,
            place: told.place,
            since: told.at,
            until: told.ended,
            why: told.summary,
            owed: None,
        };
        (it.alert.starts_at, incident)
    });
    let mut all: Vec<(Timestamp, Incident)> = failed.chain(alerts).collect();
    all.sort_by_key(|it| std::cmp::Reverse(it.0));
    all.into_iter().take(INCIDENTS_MAX).map(|it| it.1).collect()
}

/// Nothing of a rollout that went, or goes, well and owes nothing.
fn of_rollout(state: &State, summary: &Summary, clock: &Clock) -> Option<(Timestamp, Incident)> {
    let began = summary.started?;
    let live = state.rollouts.live.get(&summary.id);
    let debt = state.changes.of(summary.id).and_then(|it| review::debt(state, it));
    let badge = match (&summary.end, live.map(|it| &it.phase)) {
        (None, Some(Phase::Halted { .. })) => badge(Tone::Bad, "■", "halted"),
        (None, Some(Phase::Unwinding)) => badge(Tone::Undo, "↩", "rolling back"),
        (Some(End::RolledBack {}), _) => badge(Tone::Undo, "↺", "taken back"),
        (Some(End::Aborted { .. }), _) => badge(Tone::Bad, "■", "stopped"),
        (Some(End::Succeeded { .. }), _) if debt.is_some() => badge(Tone::Hold, "!", "emergency"),
        _ => return None,
    };
    let why = match (&summary.end, live) {
        (Some(End::Aborted { reason }), _) => reason.clone(),
        (_, Some(rollout)) => match (&rollout.phase, &rollout.cause) {
            (Phase::Halted { reason, .. }, _) => words::brief(reason),
            (_, Some(cause)) => words::brief(&cause.to_string()),
            (_, None) => String::new(),
        },
        (_, None) => String::new(),
    };
    let owed = debt.map(|it| Owed {
        due: clock.moment(it.due),
        badge: match it.due <= clock.now {
            true => Tone::Bad.badge("review overdue"),
            false => Tone::Hold.badge("review owed"),
        },
    });
    let incident = Incident {
        badge,
        href: format!("/rollouts/{}", summary.id),
        what: format!("{} {}", summary.release.name, summary.release.version),
        place: summary.environment.to_string(),
        since: clock.moment(began),
        until: summary.ended.map(|it| clock.moment(it)),
        why,
        owed,
    };
    Some((began, incident))
}
