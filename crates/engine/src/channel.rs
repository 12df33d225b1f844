//! Channels: what people are to be told where, and whether it was.
//!
//! What is to be told follows from the events: a notice waits for each declared Channel that tells of such things until it was
//! taken there ([`Body::ChannelTold`]) or was given up. So a control plane that died in between tells it after its next start, and
//! nothing that happened before a Channel was declared is told there.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use shipway_model::event::{Body, Event};
use shipway_model::resource::channel::{Channel, Occasion};
use shipway_model::resource::{Key, Kind, Spec, digest_of};
use shipway_model::{ChangeId, Digest, Name};

use crate::change::{owner, services, standing};
use crate::{Code, Context, Rejection, State};

mod call;

/// For how long a message is tried: a receiver that breaks on a Friday evening may be mended on Monday.
pub const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(72);

#[derive(Debug, Clone, Default)]
pub struct Channels {
    by_name: BTreeMap<Name, Told>,
}

/// What one Channel was told, and what waits for it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Told {
    /// By the ids of their messages.
    pub waiting: BTreeMap<Digest, Notice>,
    pub n_told: u64,
    pub n_given_up: u64,
    /// When it took something last.
    pub latest: Option<Timestamp>,
}

/// Something that people are to be told.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    pub occasion: Occasion,
    pub at: Timestamp,
    /// Why it could not be told yet.
    pub fault: Option<String>,
    body: Body,
}

/// A notice as it is told, with what is known now about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub channel: Name,
    /// The same each time it is told, to whichever Channel.
    pub id: Digest,
    pub occasion: Occasion,
    pub at: Timestamp,
    /// A sentence for people.
    pub text: String,
    /// What it is about, by name: `change`, `release`, `environment`, `rule`, `due`, `train`, `promise`, `departure`, `rollout`, `step`.
    pub about: BTreeMap<&'static str, String>,
    /// Who is asked, or called.
    pub people: BTreeSet<String>,
    /// Teams that are told, with the services of theirs that it concerns.
    pub teams: BTreeMap<Name, BTreeSet<Name>>,
}

impl Channels {
    pub fn get(&self, channel: &Name) -> Option<&Told> {
        self.by_name.get(channel)
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        match &event.body {
            Body::ChannelTold { channel, notice, .. } => {
                let told = self.by_name.entry(channel.clone()).or_default();
                if told.waiting.remove(notice).is_some() {
                    told.n_told += 1;
                    told.latest = Some(event.at);
                }
            }
            Body::ChannelFailed { channel, notice, given_up: true, .. } => {
                let told = self.by_name.entry(channel.clone()).or_default();
                if told.waiting.remove(notice).is_some() {
                    told.n_given_up += 1;
                }
            }
            Body::ChannelFailed { channel, notice, reason, given_up: false, .. } => {
                let told = self.by_name.get_mut(channel);
                if let Some(notice) = told.and_then(|it| it.waiting.get_mut(notice)) {
                    notice.fault = Some(reason.clone());
                }
            }
            _ => {}
        }
    }
}

/// Every declared Channel, in the order of their names.
pub fn declared(state: &State) -> impl Iterator<Item = (&Name, &Channel)> {
    state.catalogue.of_kind(Kind::Channel).filter_map(|(key, resource)| match &resource.spec {
        Spec::Channel(channel) => Some((&key.name, channel)),
        _ => None,
    })
}

pub fn find<'s>(state: &'s State, name: &Name) -> Option<&'s Channel> {
    match &state.catalogue.get(&Key { kind: Kind::Channel, name: name.clone() })?.spec {
        Spec::Channel(channel) => Some(channel),
        _ => None,
    }
}

/// Has the event wait for every Channel that tells of such things, and lets go of what it has brought to its end.
pub(crate) fn note(state: &mut State, event: &Event) {
    call::forget(state, event);
    let Some(occasion) = occasion(&event.body).or_else(|| call::occasion(state, event)) else { return };
    let environment = environment(state, &event.body);
    let tells = |it: &(&Name, &Channel)| it.1.tells_of(occasion) && it.1.covers(environment);
    let channels: Vec<Name> = declared(state).filter(tells).map(|it| it.0.clone()).collect();
    let id = match occasion {
        // A rollout may halt twice for the same reason, and each is a call of its own.
        Occasion::Halt | Occasion::Hold => digest_of(&(&event.body, event.at)),
        _ => digest_of(&event.body),
    };
    for channel in channels {
        let notice = Notice { occasion, at: event.at, fault: None, body: event.body.clone() };
        state.channels.by_name.entry(channel).or_default().waiting.insert(id, notice);
    }
}

const fn occasion(body: &Body) -> Option<Occasion> {
    match body {
        Body::ChangeReminded { .. } => Some(Occasion::Reminder),
        Body::ChangeEscalated { .. } => Some(Occasion::Escalation),
        Body::TrainEndangered { .. } => Some(Occasion::Promise),
        Body::ConsumersNotified { .. } => Some(Occasion::Consumers),
        Body::ReviewOverdue { .. } => Some(Occasion::Review),
        Body::RolloutUnwinding { .. } => Some(Occasion::Rollback),
        _ => None,
    }
}

fn environment<'s>(state: &'s State, body: &Body) -> Option<&'s Name> {
    match body {
        Body::ChangeReminded { id, .. }
        | Body::ChangeEscalated { id, .. }
        | Body::ReviewOverdue { id, .. } => state.changes.get(*id).map(|it| &it.change.protected),
        Body::RolloutUnwinding { id, .. }
        | Body::RolloutHalted { id, .. }
        | Body::RolloutPaused { id, .. }
        | Body::RolloutHeld { id, .. } => state.rollouts.summaries.get(id).map(|it| &it.environment),
        Body::TrainEndangered { train, .. } => {
            match &state.catalogue.get(&Key { kind: Kind::Train, name: train.clone() })?.spec {
                Spec::Train(train) => Some(&train.environment),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What is to be told, the oldest first.
pub fn messages(state: &State, now: Timestamp) -> Vec<Message> {
    let mut found: Vec<Message> = declared(state)
        .filter_map(|(name, _)| Some((name, state.channels.get(name)?)))
        .flat_map(|(name, told)| told.waiting.iter().map(move |(id, notice)| (name, *id, notice)))
        .map(|(channel, id, notice)| message(state, channel, id, notice, now))
        .collect();
    found.sort_by_key(|it| (it.at, it.id));
    found
}

fn message(state: &State, channel: &Name, id: Digest, notice: &Notice, now: Timestamp) -> Message {
    let mut message = Message {
        channel: channel.clone(),
        id,
        occasion: notice.occasion,
        at: notice.at,
        text: String::new(),
        about: BTreeMap::new(),
        people: BTreeSet::new(),
        teams: BTreeMap::new(),
    };
    match &notice.body {
        Body::ChangeReminded { id, rule, due } => {
            let what = of_change(state, *id, rule, *due, now, &mut message);
            message.text = format!("{what} still waits for {rule}: shipway approve {id}");
        }
        Body::ChangeEscalated { id, rule, due } => {
            let what = of_change(state, *id, rule, *due, now, &mut message);
            message.text =
                format!("{what} was not answered in time ({rule}), and others may now: shipway approve {id}");
        }
        Body::ReviewOverdue { id, action, due } => {
            let what = of_review(state, *id, action.as_ref(), *due, &mut message);
            message.text = format!("{what} is overdue since {due}: shipway review list");
        }
        Body::TrainEndangered { train, promise, departure, to, reason } => {
            message.people.insert(to.clone());
            message.about.extend([
                ("train", train.to_string()),
                ("promise", promise.to_string()),
                ("departure", departure.to_string()),
            ]);
            message.text = format!("train {train}, which leaves at {departure}, is in danger: {reason}");
        }
        Body::ConsumersNotified { id, consumers } => {
            let name = state.releases.get(*id).map(|it| format!("{}@{}", it.bundle.name, it.bundle.version));
            let name = name.unwrap_or_else(|| id.to_string());
            message.teams.clone_from(consumers);
            let teams: Vec<&str> = consumers.keys().map(Name::as_str).collect();
            message.text = format!("{name} changes what services of {} depend on", teams.join(", "));
            message.about.insert("release", name);
        }
        body => call::of_rollout(state, body, now, &mut message),
    }
    message
}

/// Says what the change is, and whose word would answer its rule. Returns it as a sentence begins.
fn of_change(
    state: &State,
    id: ChangeId,
    rule: &str,
    due: Timestamp,
    now: Timestamp,
    message: &mut Message,
) -> String {
    let about = &mut message.about;
    about.extend([("change", id.to_string()), ("rule", rule.to_owned()), ("due", due.to_string())]);
    let Some(case) = state.changes.get(id) else { return format!("change {id}") };
    let summary = state.rollouts.summaries.get(&case.change.rollout);
    let release = summary.map(|it| format!("{}@{}", it.release.name, it.release.version));
    let what = format!("{} into {}", release.as_deref().unwrap_or("a release"), case.change.protected);
    about.insert("environment", case.change.protected.to_string());
    about.extend(release.map(|it| ("release", it)));
    let requirements = standing(state, case, now).requirements;
    let asked = requirements.into_iter().filter(|it| it.name == rule && !it.is_satisfied());
    message.people.extend(asked.flat_map(|it| it.can));
    what
}

/// Says what is owed, and by which teams. Returns it as a sentence begins.
fn of_review(
    state: &State,
    id: ChangeId,
    action: Option<&Name>,
    due: Timestamp,
    message: &mut Message,
) -> String {
    message.about.extend([("change", id.to_string()), ("due", due.to_string())]);
    let Some(case) = state.changes.get(id) else { return format!("the review of {id}") };
    let owed = case.review.iter().flat_map(|it| &it.review.actions).find(|it| Some(&it.name) == action);
    let services = services(state, case);
    let owners: BTreeSet<&Name> = match owed {
        Some(action) => BTreeSet::from([&action.owner]),
        None => services.iter().filter_map(|it| owner(state, it)).collect(),
    };
    let own = |team: &Name| {
        let theirs = services.iter().filter(|it| owner(state, it) == Some(team));
        (team.clone(), theirs.map(|it| (*it).clone()).collect::<BTreeSet<Name>>())
    };
    message.teams = owners.into_iter().map(own).collect();
    match action {
        Some(action) => format!("the action {action} of the review of {id}"),
        None => format!("the review of {id}"),
    }
}

fn waiting<'s>(state: &'s State, channel: &Name, notice: &Digest) -> Result<Option<&'s Notice>, Rejection> {
    if find(state, channel).is_none() {
        let message = format!("there is no Channel {channel}");
        return Err(Rejection::new(Code::InvalidDeclarations, message));
    }
    Ok(state.channels.get(channel).and_then(|it| it.waiting.get(notice)))
}

/// It was taken; what does not wait any more was recorded before. Of a rollout, who was called is recorded with it.
pub(crate) fn told(
    state: &State,
    channel: &Name,
    notice: Digest,
    ctx: &Context<'_>,
) -> Result<Vec<Body>, Rejection> {
    let Some(known) = waiting(state, channel, &notice)? else { return Ok(Vec::new()) };
    let rollout = known.body.rollout();
    let called = rollout.map(|_| message(state, channel, notice, known, ctx.now).people);
    let people = called.unwrap_or_default();
    Ok(vec![Body::ChannelTold { channel: channel.clone(), notice, rollout, people }])
}

/// It was not. Recorded once for each reason, and when it is given up.
pub(crate) fn failed(
    state: &State,
    channel: &Name,
    notice: Digest,
    reason: &str,
    ctx: &Context<'_>,
) -> Result<Vec<Body>, Rejection> {
    let Some(known) = waiting(state, channel, &notice)? else { return Ok(Vec::new()) };
    let given_up = ctx.now.duration_since(known.at) >= GIVE_UP_AFTER;
    if !given_up && known.fault.as_deref() == Some(reason) {
        return Ok(Vec::new());
    }
    let (channel, reason, rollout) = (channel.clone(), reason.to_owned(), known.body.rollout());
    Ok(vec![Body::ChannelFailed { channel, notice, reason, given_up, rollout }])
}
