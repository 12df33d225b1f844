//! Whatever stops a rollout from outside, whenever it comes: a freeze, a pause, a word withdrawn, an abort.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shipway_engine::{Command, Phase, State, live_rollouts, review, rollout};
use shipway_model::ChangeId;
use shipway_model::effect::{Direction, Order};
use shipway_model::event::{Body, End, Event, Scope};
use shipway_model::plan::Action;
use shipway_model::review::Review;

use super::{APPROVER, SUCCEEDED, WAYS, end_of, say_yes, ship, shipped, start, upgrade};
use crate::world::{World, failed, name, resource, resources};

/// For an hour from `begins` on.
fn freeze(begins: Timestamp) -> Value {
    let begins = begins.strftime("%FT%H:%M:%S").to_string();
    let rule =
        json!({ "name": "freeze", "kind": "deny", "purpose": "freeze", "dtstart": begins, "duration": "1h" });
    resource("Calendar", "office", json!({ "timeZone": "Etc/UTC", "rules": [rule] }))
}

/// Whenever a freeze comes, what is under way is finished, nothing else touches the world, and the rollout goes on by
/// itself when it is over.
#[test]
fn a_freeze_at_every_step() {
    for way in WAYS {
        let mut free = shipped(way);
        upgrade(&mut free);
        free.run_well();
        let mut n_held = 0;
        for n_before in 0..200 {
            let mut world = shipped(way);
            let id = upgrade(&mut world);
            if perform(&mut world, n_before) < n_before {
                break;
            }
            let (begins, n_events) = (world.now, world.events.len());
            world.ask(Command::ApplyResources { resources: resources(&[freeze(begins)]) }).unwrap();
            world.run_well();
            assert_eq!(end_of(&world, id), SUCCEEDED, "{way} after {n_before}");
            assert_eq!(world.standing(), free.standing(), "{way} after {n_before}");
            let later = &world.events[n_events..];
            let meanwhile = later.iter().take_while(|it| it.at < begins + SignedDuration::from_mins(59));
            let touching: Vec<_> = begun(&world, meanwhile).filter(|it| it.touches_world()).collect();
            assert_eq!(touching, [&Action::Pause {}; 0], "{way} after {n_before}");
            n_held += usize::from(later.iter().any(|it| matches!(it.body, Body::RolloutHeld { .. })));
            same_when_folded_again(&world, way);
        }
        assert!(n_held > 5, "{way}: it was held {n_held} times");
    }
}

/// Performs this many effects, letting time pass in between; fewer when the rollout ends before.
fn perform(world: &mut World, n_effects: usize) -> usize {
    let mut n_performed = 0;
    while n_performed < n_effects {
        let Some(effect) = world.effects().first().cloned() else {
            let is_over = live_rollouts(&world.state).all(|it| world.rollout(it).has_ended());
            let Some(at) = shipway_engine::wake_at(&world.state).filter(|_| !is_over) else { break };
            world.now = at.max(world.now);
            world.pass(0);
            continue;
        };
        let outcome = world.act(&effect);
        world.tell(&effect, outcome);
        n_performed += 1;
    }
    n_performed
}

fn same_when_folded_again(world: &World, way: &str) {
    let mut again = State::default();
    world.events.iter().for_each(|it| again.apply(it));
    assert_eq!(again.rollouts.live, world.state.rollouts.live, "{way}");
}

/// What was begun by these events on the way forward.
fn begun<'w>(world: &'w World, events: impl Iterator<Item = &'w Event>) -> impl Iterator<Item = &'w Action> {
    events.filter_map(|it| match &it.body {
        Body::StepStarted { id, step, direction: Direction::Do, .. } => {
            rollout::action(world.rollout(*id), *step, Direction::Do)
        }
        _ => None,
    })
}

/// Whatever is paused, and whenever: what is under way is finished, nothing of any kind begins but the watch over what has
/// ended, and once it is resumed the rollout goes on.
#[test]
fn a_pause_at_every_step() {
    let checkout = name("checkout");
    let scopes =
        [Scope::Everything, Scope::Environment(name("production")), Scope::Service(checkout.clone())];
    for way in WAYS {
        let mut free = shipped(way);
        upgrade(&mut free);
        free.run_well();
        for (n_before, scope) in (0..200).flat_map(|it| scopes.iter().map(move |scope| (it, scope))) {
            let mut world = shipped(way);
            let id = upgrade(&mut world);
            if perform(&mut world, n_before) < n_before || end_of(&world, id).is_some() {
                break;
            }
            let n_events = world.events.len();
            let reason = "think first".to_owned();
            world.ask(Command::PauseScope { scope: scope.clone(), reason }).unwrap();
            world.run_well();
            let is_held = |action: &&Action| match (action, scope) {
                (Action::Watch { .. }, _) => false,
                (action, Scope::Service(service)) => action.service() == Some(service),
                (_, Scope::Everything | Scope::Environment(_)) => true,
            };
            let held: Vec<_> = begun(&world, world.events[n_events..].iter()).filter(is_held).collect();
            assert_eq!(held, [&Action::Pause {}; 0], "{way} after {n_before}, {scope} paused");
            world.ask(Command::ResumeScope { scope: scope.clone() }).unwrap();
            world.run_well();
            if end_of(&world, id).is_none() {
                // The word has run out meanwhile.
                say_yes(&mut world, id);
                world.run_well();
            }
            assert_eq!(end_of(&world, id), SUCCEEDED, "{way} after {n_before}, {scope} paused");
            assert_eq!(world.standing(), free.standing(), "{way} after {n_before}, {scope} paused");
            same_when_folded_again(&world, way);
        }
    }
}

/// Whoever takes the word back that carries a rollout holds it where it is, until it is given again.
#[test]
fn a_word_withdrawn_at_every_step() {
    let mut free = shipped("protected");
    upgrade(&mut free);
    free.run_well();
    let mut n_held = 0;
    for n_before in 0..200 {
        let mut world = shipped("protected");
        let id = upgrade(&mut world);
        if perform(&mut world, n_before) < n_before || end_of(&world, id).is_some() {
            break;
        }
        let (n_events, reason) = (world.events.len(), "I have seen something".to_owned());
        world.ask_as(APPROVER.0, Command::WithdrawApproval { id: ChangeId::of(id), reason }).unwrap();
        world.run_well();
        let touching: Vec<_> =
            begun(&world, world.events[n_events..].iter()).filter(|it| it.touches_world()).collect();
        assert_eq!(touching, [&Action::Pause {}; 0], "after {n_before}");
        if end_of(&world, id).is_none() {
            n_held += 1;
            say_yes(&mut world, id);
            world.run_well();
        }
        assert_eq!(end_of(&world, id), SUCCEEDED, "after {n_before}");
        assert_eq!(world.standing(), free.standing(), "after {n_before}");
        same_when_folded_again(&world, "protected");
    }
    assert!(n_held > 5, "it was held {n_held} times");
}

/// Wherever a rollout was aborted, the next one that fails goes back to what stood, and the next one that ends well leaves
/// nothing else behind.
#[test]
fn abort_at_every_step_and_go_on_from_there() {
    for way in WAYS {
        let mut n_without_the_recorded = 0;
        for n_before in 0..200 {
            let mut world = shipped(way);
            let id = upgrade(&mut world);
            if perform(&mut world, n_before) < n_before || end_of(&world, id).is_some() {
                break;
            }
            world.ask(Command::AbortRollout { id, reason: "think first".to_owned() }).unwrap();
            world.run_well();
            assert!(matches!(end_of(&world, id), Some(End::Aborted { .. })), "{way} after {n_before}");
            let left = world.standing();
            n_without_the_recorded += usize::from(!left.iter().any(|it| it.starts_with("checkout 1.0.0")));

            hold_reviews(&mut world);
            let next = world.seal("1.2.0", &[("checkout", "1.2.0"), ("catalogue", "1.2.0")]);
            let id = start(&mut world, next);
            let mut is_up = false;
            world.run(|effect| {
                let verifies = matches!(effect.order, Order::Verify { .. });
                is_up |= verifies;
                verifies.then(|| failed("it is not well"))
            });
            assert!(is_up, "{way} after {n_before}: it came to its end");
            if matches!(world.phase(id), Phase::Halted { .. }) {
                world.ask(Command::RollBack { id, reason: "it failed".to_owned() }).unwrap();
                world.run_well();
            }
            assert_eq!(end_of(&world, id), Some(End::RolledBack {}), "{way} after {n_before}");
            assert_eq!(world.standing(), left, "{way} after {n_before}");
            somebody_answers(&world, &left, way, n_before);

            hold_reviews(&mut world);
            // What was aborted, once more, and what was there before it.
            for (release, number) in [("1.3.0", "1.1.0"), ("1.4.0", "1.0.0")] {
                ship(&mut world, release, &[("checkout", number), ("catalogue", number)]);
                let expected: Vec<_> = ["catalogue", "checkout"]
                    .iter()
                    .flat_map(|it| ["a", "b", "c"].map(|host| format!("{it} {number} @ host-{host}")))
                    .collect();
                assert_eq!(world.standing(), expected, "{way} after {n_before}");
                for (service, (_, pools)) in &world.routes {
                    let only = [(number.parse().unwrap(), 10_000, 3)];
                    assert_eq!(*pools, only, "{way} after {n_before}: {service}");
                }
            }
        }
        assert!(n_without_the_recorded > 0, "{way}: a rollout was aborted when the old version was gone");
    }
}

/// What went badly is looked at, for which the next change waits.
fn hold_reviews(world: &mut World) {
    let owed = world.state.changes.iter().filter(|it| review::debt(&world.state, it).is_some());
    for id in owed.map(|it| it.id).collect::<Vec<_>>() {
        let summary = "it was stopped half way".to_owned();
        let review =
            Review { summary, causes: String::new(), actions: Vec::new(), runbooks: Default::default() };
        world.ask_as(APPROVER.0, Command::HoldReview { id, review }).unwrap();
    }
}

/// Where something of a service stands, the traffic is sent to it.
fn somebody_answers(world: &World, standing: &[String], way: &str, n_before: usize) {
    for service in ["checkout", "catalogue"] {
        let stands = standing.iter().any(|it| it.starts_with(service));
        let n_backends: usize = world.routes[&name(service)].1.iter().map(|it| it.2).sum();
        assert!(!stands || n_backends > 0, "{way} after {n_before}: nobody answers for {service}");
    }
}
