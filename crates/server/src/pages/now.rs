//! What is going on: what is in flight and what each waits for, what needs somebody, and how the environments stand.

use askama::Template;
use axum::response::Response;
use shipway_api::Permission;
use shipway_engine::rollout::waiting;
use shipway_engine::{Phase, Rollout, State, change, review};
use shipway_model::Name;
use shipway_model::plan::Action;
use shipway_model::resource::{Booking, Kind, Spec};

use super::alerts::{self, Told};
use super::changes::{self, is_open, misses};
use super::document::{Area, Motion};
use super::drawing::split::{Split, splits};
use super::moment::{Clock, Moment};
use super::prose::Prose;
use super::rollouts::{self, Row};
use super::tally;
use super::visit::{Shown, Visit};
use super::words::{self, Badge, Tone};
use crate::access::sight::Sight;
use crate::views;

/// Ended rollouts shown below those in flight.
const ENDED_MAX: usize = 8;
/// Environments that a release is followed through, one after another.
const PROMOTIONS_MAX: usize = 32;
/// Environments drawn in full; the others are on their own page.
const PLACES_MAX: usize = 12;
/// Alerts that are listed; the others are on their own page.
const ALERTS_MAX: usize = 5;

#[derive(Template)]
#[template(path = "now.html")]
struct Now {
    /// What the reader can do something about, and what somebody else has to.
    needs: [Asked; 2],
    flight: Vec<Row>,
    ended: Vec<Row>,
    pauses: Vec<Paused>,
    closed: Vec<Closed>,
    /// Those that fire.
    alerts: Vec<Told>,
    more_alerts: usize,
    places: Vec<Place>,
    more_places: usize,
    is_empty: bool,
}

/// What waits for the same people.
struct Asked {
    title: &'static str,
    /// How the buttons look.
    weight: &'static str,
    needs: Vec<Need>,
}

/// Something that does not go on before a person says so.
struct Need {
    /// Whether the reader is asked.
    is_own: bool,
    badge: Badge,
    what: String,
    why: Prose,
    path: String,
    verb: &'static str,
    since: Option<Moment>,
}

struct Paused {
    scope: String,
    by: String,
    reason: String,
    since: Moment,
}

/// A calendar's rule that holds something back now.
struct Closed {
    rule: String,
    reason: String,
    until: Moment,
}

/// An environment at a glance.
pub(super) struct Place {
    name: String,
    pub(super) badge: Badge,
    release: Option<String>,
    pub(super) hosts: String,
    pub(super) up: usize,
    pub(super) targets: usize,
    queued: usize,
    splits: Vec<Split>,
}

pub(super) async fn page(visit: Visit) -> Response {
    let audience = visit.audience();
    if audience.is_some() {
        // To nobody else it is the same, so that it is found again without knowing what they are asked for.
        return visit.show_alike(&audience, || {
            let state = visit.state();
            let sight = visit.sight(&state);
            shown(draw(needs_of(&visit, &state, &sight), &state, &sight, &visit.clock))
        });
    }
    let needs = {
        let state = visit.state();
        needs_of(&visit, &state, &visit.sight(&state))
    };
    // What they are asked for is all that tells the page of one who sees everything from another's.
    let asked: Vec<(bool, &str, String)> =
        needs.iter().flat_map(|it| &it.needs).map(|it| (it.is_own, it.verb, it.path.clone())).collect();
    visit.show_alike(&asked, || {
        let state = visit.state();
        shown(draw(needs, &state, &visit.sight(&state), &visit.clock))
    })
}

fn shown(content: Now) -> Shown<'static, Now> {
    let motion = if content.flight.is_empty() { Motion::Live } else { Motion::Ticking };
    Shown { title: "Now".into(), area: Area::Now, motion, content }
}

fn needs_of(visit: &Visit, state: &State, sight: &Sight<'_>) -> [Asked; 2] {
    let all = live_needs(visit, state, sight).chain(changes(visit, state, sight));
    let all = all.chain(exceptions(visit, state)).chain(waivers(visit, state));
    let all = all.chain(reviews(visit, state, sight)).chain(bookings(visit, state, sight));
    let (own, others) = all.partition(|it| it.is_own);
    [
        Asked { title: "Needs you", weight: "primary", needs: own },
        Asked { title: "Needs somebody else", weight: "even", needs: others },
    ]
}

fn draw(needs: [Asked; 2], state: &State, sight: &Sight<'_>, clock: &Clock) -> Now {
    let live = || state.rollouts.live.values().filter(|it| !it.has_ended() && sight.rollout(it.id));
    let summary = |it: &Rollout| state.rollouts.summaries.get(&it.id);
    let flight = live().filter_map(summary).map(|it| rollouts::row(state, it, clock)).collect();
    let newest = state.rollouts.summaries.values().rev();
    let ended = newest.filter(|it| it.ended.is_some() && sight.rollout(it.id));
    let mut places = places(state);
    places.retain(|it| sight.environment(it));
    // Those where something goes on come first.
    places.sort_by_key(|name| state.environments.get(name).is_none_or(|it| it.running.is_empty()));
    let firing = || state.alerts.iter().rev().filter(|it| it.ended_at.is_none() && sight.alert(it.id));
    let more_places = places.len().saturating_sub(PLACES_MAX);
    places.truncate(PLACES_MAX);
    Now {
        needs,
        flight,
        ended: ended.take(ENDED_MAX).map(|it| rollouts::row(state, it, clock)).collect(),
        pauses: state.pauses.iter().filter(|it| sight.scope(&it.scope)).map(|it| paused(it, clock)).collect(),
        closed: closed(state, sight, clock),
        alerts: firing().take(ALERTS_MAX).map(|it| alerts::told(state, it, clock)).collect(),
        more_alerts: firing().count().saturating_sub(ALERTS_MAX),
        places: places.into_iter().map(|name| place(state, name)).collect(),
        more_places,
        is_empty: state.rollouts.summaries.is_empty(),
    }
}

fn live_needs<'a>(
    visit: &'a Visit,
    state: &'a State,
    sight: &'a Sight<'_>,
) -> impl Iterator<Item = Need> + 'a {
    let live = state.rollouts.live.values().filter(|it| !it.has_ended() && sight.rollout(it.id));
    live.flat_map(|it| needs(state, it, visit))
}

/// What waits for a person.
fn needs(state: &State, rollout: &Rollout, visit: &Visit) -> Vec<Need> {
    let clock = &visit.clock;
    let may = |permission: Permission| permission.allows(visit.caller.role);
    let what = format!(
        "{} {} → {}",
        rollout.plan.release.name, rollout.plan.release.version, rollout.plan.environment
    );
    if let Phase::Halted { reason, since, step } = &rollout.phase {
        return vec![Need {
            // Whoever is named decides; where nobody is, whoever may.
            is_own: match &rollout.decider {
                Some(decider) => state.access.is_same_person(decider, &visit.caller.actor()),
                None => may(Permission::Operator),
            },
            badge: Tone::Bad.badge("halted"),
            what,
            why: clock.prose(&format!("step {step} failed: {}", words::brief(reason))),
            path: format!("/rollouts/{}", rollout.id),
            verb: "Decide",
            since: Some(clock.moment(*since)),
        }];
    }
    let mut needs = Vec::new();
    for waits in waiting::waiting(state, rollout) {
        let Some(step) = waits.step.and_then(|it| rollout.plan.step(it)) else { continue };
        let (is_own, badge, verb, path) = match &step.action {
            Action::Approval { team, .. } => (
                may(Permission::Approver)
                    && team.as_ref().is_none_or(|it| state.is_member(it, &visit.caller.actor())),
                Tone::Hold.badge("approval"),
                "Approve",
                format!("/rollouts/{}/approve?step={}", rollout.id, step.id),
            ),
            Action::Pause {} => {
                let path = format!("/rollouts/{}/resume", rollout.id);
                (may(Permission::Operator), Tone::Hold.badge("paused"), "Resume", path)
            }
            _ => continue,
        };
        needs.push(Need {
            is_own,
            badge,
            what: what.clone(),
            why: clock.prose(&words::brief(&waits.why)),
            path,
            verb,
            since: waits.since.map(|it| clock.moment(it)),
        });
    }
    needs
}

/// Changes that do not begin before somebody has signed.
fn changes<'a>(visit: &'a Visit, state: &'a State, sight: &'a Sight<'_>) -> impl Iterator<Item = Need> + 'a {
    let (clock, actor) = (&visit.clock, visit.caller.actor());
    state.changes.iter().rev().filter(|it| sight.change(it.id)).filter_map(move |case| {
        let summary = state.rollouts.summaries.get(&case.change.rollout).filter(|it| is_open(it))?;
        let standing = change::standing(state, case, clock.now);
        let votes = standing.boards.iter().any(|it| tally::misses(visit, state, it));
        let is_own = votes || standing.requirements.iter().any(|it| misses(state, it, &actor, clock));
        Some(Need {
            is_own: is_own && Permission::Approver.allows(visit.caller.role),
            badge: Tone::Hold.badge("change"),
            what: changes::title(summary),
            why: clock.prose(standing.against.first()?),
            path: format!("/changes/{}", case.id),
            verb: match (is_own, votes) {
                (true, true) => "Look and vote",
                (true, false) => "Look and sign",
                (false, _) => "Look",
            },
            since: Some(clock.moment(case.opened)),
        })
    })
}

fn exceptions<'a>(visit: &'a Visit, state: &'a State) -> impl Iterator<Item = Need> + 'a {
    let clock = &visit.clock;
    let open = state.calendars.exceptions.iter().filter(|it| it.standing(clock.now) == "requested");
    open.map(move |it| Need {
        is_own: may_answer(visit, state, &it.requested_by),
        badge: Tone::Hold.badge("exception"),
        what: format!("{} asks to be let through a closed calendar", it.requested_by),
        why: clock.prose(&it.exception.reason),
        path: "/calendar".to_owned(),
        verb: "Look",
        since: Some(clock.moment(it.requested)),
    })
}

fn waivers<'a>(visit: &'a Visit, state: &'a State) -> impl Iterator<Item = Need> + 'a {
    let clock = &visit.clock;
    let open = state.waivers.iter().filter(|it| it.standing(clock.now) == "requested");
    open.map(move |it| Need {
        is_own: may_answer(visit, state, &it.requested_by),
        badge: Tone::Hold.badge("waiver"),
        what: format!("{} asks to waive {} of {}", it.requested_by, it.waiver.gate, it.waiver.policy),
        why: clock.prose(&it.waiver.reason),
        path: format!("/exceptions#{}", it.id),
        verb: "Look",
        since: Some(clock.moment(it.requested)),
    })
}

/// Nobody answers what they have asked for.
fn may_answer(visit: &Visit, state: &State, requested_by: &str) -> bool {
    Permission::Approver.allows(visit.caller.role)
        && !state.access.is_same_person(requested_by, &visit.caller.actor())
}

/// Reviews that are owed; whoever asked for the change is asked for its review.
fn reviews<'a>(visit: &'a Visit, state: &'a State, sight: &'a Sight<'_>) -> impl Iterator<Item = Need> + 'a {
    let (clock, actor) = (&visit.clock, visit.caller.actor());
    let seen = state.changes.iter().rev().filter(|it| sight.change(it.id));
    let owed = seen.filter_map(|case| Some((case, review::debt(state, case)?)));
    owed.filter_map(move |(case, debt)| {
        let summary = state.rollouts.summaries.get(&case.change.rollout)?;
        Some(Need {
            is_own: state.access.is_same_person(&case.requested_by, &actor),
            badge: if debt.due <= clock.now {
                Tone::Bad.badge("overdue")
            } else {
                Tone::Hold.badge("review")
            },
            what: changes::title(summary),
            why: clock.prose(&format!("it {}, and owes a review", debt.why)),
            path: "/reviews".to_owned(),
            verb: "Look",
            since: Some(clock.moment(debt.since)),
        })
    })
}

/// What a team keeps for itself while rollouts of others are held there: it may let them in earlier.
fn bookings<'a>(visit: &'a Visit, state: &'a State, sight: &'a Sight<'_>) -> impl Iterator<Item = Need> + 'a {
    let (clock, actor) = (&visit.clock, visit.caller.actor());
    let all = state.catalogue.of_kind(Kind::Booking).filter_map(|(_, it)| match &it.spec {
        Spec::Booking(booking) => Some(booking),
        _ => None,
    });
    let now = all.filter(|it| it.from <= clock.now && clock.now < it.until);
    now.filter(|it| sight.environment(&it.environment)).filter_map(move |it| {
        let held = state.rollouts.live.values().filter(|rollout| is_kept_out(state, rollout, it));
        let n_held = held.filter(|rollout| sight.rollout(rollout.id)).count();
        (n_held > 0).then(|| Need {
            is_own: state.is_member(&it.team, &actor),
            badge: Tone::Hold.badge("booking"),
            what: format!("{} has booked {}", it.team, it.environment),
            why: clock.prose(&format!(
                "{} of others held there until {} ({})",
                words::count(n_held as u64, "rollout"),
                it.until,
                it.reason
            )),
            path: format!("/environments/{}", it.environment),
            verb: "Look",
            since: Some(clock.moment(it.from)),
        })
    })
}

fn is_kept_out(state: &State, rollout: &Rollout, booking: &Booking) -> bool {
    let of_others = |service: &Name| {
        (booking.services.is_empty() || booking.services.contains(service))
            && state.catalogue.service(service).is_some_and(|it| it.owner != booking.team)
    };
    rollout.held.is_some()
        && rollout.plan.environment == booking.environment
        && rollout.plan.services.iter().any(|it| of_others(&it.service))
}

fn paused(pause: &shipway_engine::Pause, clock: &Clock) -> Paused {
    Paused {
        scope: pause.scope.to_string(),
        by: pause.by.clone(),
        reason: pause.reason.clone(),
        since: clock.moment(pause.since),
    }
}

/// Rules that close something now, whatever they cover.
fn closed(state: &State, sight: &Sight<'_>, clock: &Clock) -> Vec<Closed> {
    use shipway_model::resource::calendar::RuleKind;
    let timeline = state.calendars.timeline(clock.now);
    let next = clock.now.saturating_add(jiff::SignedDuration::from_secs(1)).unwrap_or(clock.now);
    let holding =
        timeline.overlapping(clock.now, next).filter(|(rule, _)| rule.declared.kind == RuleKind::Deny);
    let holding = holding.filter(|(rule, _)| sight.rule(rule));
    let closed = holding.map(|(rule, (_, until))| Closed {
        rule: rule.title(),
        reason: rule.declared.reason.clone(),
        until: clock.moment(until),
    });
    closed.collect()
}

/// An environment that is only there to be inherited from has nothing to show.
pub(super) fn is_place(state: &State, name: &Name) -> bool {
    let chooses = state.catalogue.environment(name).is_some_and(|it| !it.targets.is_empty());
    chooses || state.environments.get(name).is_some()
}

/// Environments with hosts, in the order in which releases come through them.
pub(super) fn places(state: &State) -> Vec<&Name> {
    let mut places: Vec<&Name> = state.catalogue.environments().filter(|it| is_place(state, it)).collect();
    places.sort_by_cached_key(|it| distance(state, it));
    places
}

/// How many environments a release comes through before this one.
fn distance(state: &State, name: &Name) -> usize {
    let before = |name: &Name| state.catalogue.environment(name).and_then(|it| it.promotes_from);
    // Nothing forbids a ring of promotions here, so it is not followed for ever.
    std::iter::successors(before(name), before).take(PROMOTIONS_MAX).count()
}

pub(super) fn place(state: &State, name: &Name) -> Place {
    let view = views::environment::view(state, name);
    let known = state.environments.get(name);
    let (running, queued) = known.map_or((0, 0), |it| (it.running.len(), it.queue.len()));
    let up =
        view.targets.iter().filter(|it| it.condition == shipway_api::view::traffic::TargetCondition::Healthy);
    let up = up.count();
    let ill = view.targets.iter().any(|it| {
        use shipway_api::view::traffic::TargetCondition::{Failed, Unhealthy};
        matches!(it.condition, Unhealthy | Failed)
    });
    let running_ids = known.into_iter().flat_map(|it| &it.running);
    let halted = running_ids
        .filter_map(|id| state.rollouts.live.get(id))
        .any(|it| matches!(it.phase, Phase::Halted { .. }));
    let badge = match () {
        () if state.pauses.holding_environment(name).is_some() => Tone::Hold.badge("paused"),
        () if halted => Tone::Bad.badge("halted"),
        () if ill => Tone::Bad.badge("not all healthy"),
        () if running > 0 => Tone::Busy.badge("shipping"),
        () if view.targets.is_empty() => Tone::Idle.badge("nothing runs yet"),
        () => Tone::Good.badge("healthy"),
    };
    Place {
        name: name.to_string(),
        badge,
        release: view.summary.release.map(|it| format!("{} {}", it.name, it.version)),
        hosts: words::count(view.summary.hosts.len() as u64, "host"),
        up,
        targets: view.targets.len(),
        queued,
        splits: splits(&view.traffic),
    }
}
