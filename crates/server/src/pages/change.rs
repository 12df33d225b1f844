//! One change on one page: what is being signed, what speaks for and against it, and whose word it needs. Here words are
//! given and taken back.

use askama::Template;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::response::Response;
use shipway_api::operations::change::GiveApproval;
use shipway_api::{Code, Operation, ReleaseSelector};
use shipway_engine::board::record::record;
use shipway_engine::change::word::{Voice, voice};
use shipway_engine::change::{self, Requirement};
use shipway_engine::{Case, Command, Rollout, State};
use shipway_model::ChangeId;
use shipway_model::change::Shown as Signed;
use shipway_model::plan::{Plan, Reversibility};

use self::sign::{Sign, Wish};
use super::changes::{self, is_open};
use super::csrf::Sent;
use super::decide::{see, submit};
use super::document::{Area, Motion};
use super::gates::{self, Gates};
use super::moment::{self, Moment};
use super::plan::stops;
use super::prose::Prose;
use super::risk::Risk;
use super::rollout::{look, mark};
use super::tally::{Recorded, Tally};
use super::visit::{self, Asked, Shown, Visit};
use super::words::{Badge, Hash, Tone, badge};
use crate::problem::Failure;

mod against;
pub(super) mod sign;

#[derive(Template)]
#[template(path = "change.html")]
struct Shape {
    id: ChangeId,
    rollout: String,
    release: String,
    release_path: String,
    environment: String,
    /// The environment whose protection it meets, where that is another.
    protected: Option<String>,
    badge: Badge,
    class: &'static str,
    declared: Option<&'static str>,
    reasons: Vec<String>,
    template: Option<String>,
    emergency: Option<(String, Moment)>,
    by: String,
    opened: Moment,
    against: Vec<Prose>,
    stops: Vec<Prose>,
    rules: Vec<Rule>,
    words: Vec<Word>,
    /// The boards that look at it.
    boards: Vec<Tally>,
    /// What they see of it.
    record: Option<Recorded>,
    signed: Vec<Line>,
    /// What is another thing than when the reader last signed, or that nothing is.
    since: Option<Vec<&'static str>>,
    before: Option<against::Before>,
    services: Vec<Service>,
    stages: Vec<Stage>,
    n_steps: usize,
    expected: String,
    unwind: String,
    no_return: Option<u32>,
    risk: Risk,
    gates: Option<Gates>,
    /// Why the gates could not be asked.
    unasked: Option<String>,
    position: Option<String>,
    may: bool,
    may_approve: bool,
    has_spoken: bool,
    review: Option<(&'static str, Moment)>,
    sign: Option<Sign>,
    csrf: String,
    key: String,
}

/// Whose word a rule asks for.
struct Rule {
    badge: Badge,
    name: String,
    needed: u32,
    given: Vec<String>,
    can: Vec<String>,
    after: Vec<String>,
}

/// What somebody said.
struct Word {
    badge: Badge,
    by: String,
    at: Moment,
    /// On which it is a vote, and under which conditions.
    board: Option<String>,
    conditions: Vec<String>,
    note: String,
    expires: Moment,
    window: Option<(Moment, Moment)>,
    with: &'static str,
    /// Why it does not count now.
    void: Option<Prose>,
}

/// One of the digests under a signature.
struct Line {
    name: &'static str,
    digest: Hash,
    over: &'static str,
}

struct Service {
    name: String,
    from: String,
    to: String,
    strategy: String,
}

struct Stage {
    name: String,
    /// Titles with what cannot be taken back.
    steps: Vec<(u32, String, &'static str)>,
}

pub(super) async fn page(
    visit: Visit,
    path: Result<Path<ChangeId>, PathRejection>,
    Asked(wish): Asked<Wish>,
) -> Response {
    visit::answer(&visit, shown(&visit, path, &wish).await)
}

/// The change that an address names.
fn known(path: Result<Path<ChangeId>, PathRejection>) -> Result<ChangeId, Failure> {
    path.map(|Path(id)| id).map_err(|_| {
        Failure::new(Code::UnknownChange, "the address names no change")
            .hint("the list of changes shows those there are")
    })
}

fn find(state: &State, id: ChangeId) -> Result<&Case, Failure> {
    state.changes.get(id).ok_or_else(|| {
        Failure::new(Code::UnknownChange, format!("there is no change {id}"))
            .hint("the list of changes shows those there are")
    })
}

async fn shown(
    visit: &Visit,
    path: Result<Path<ChangeId>, PathRejection>,
    wish: &Wish,
) -> Result<Response, Failure> {
    let id = known(path)?;
    let asks = {
        let state = visit.state();
        find(&state, id)?;
        let summary = state.rollouts.summaries.get(&id.rollout()).filter(|it| is_open(it));
        summary.map(|it| (it.release.id, it.environment.clone()))
    };
    let gates = match &asks {
        Some((release, environment)) => Some(gates::explain(visit, *release, environment).await),
        None => None,
    };
    let mut content = look(visit, id.rollout(), |state, rollout| draw(visit, state, rollout, wish)).await??;
    match gates {
        Some(Ok(gates)) => content.gates = Some(gates),
        Some(Err(failure)) => content.unasked = Some(failure.detail().to_owned()),
        None => {}
    }
    let title = format!("{} → {}", content.release, content.environment);
    // Nothing moves under the hand that signs.
    let motion = if content.sign.is_some() { Motion::Still } else { Motion::Live };
    Ok(visit.show(&Shown { title: title.as_str().into(), area: Area::Changes, motion, content }))
}

fn draw(visit: &Visit, state: &State, rollout: &Rollout, wish: &Wish) -> Result<Shape, Failure> {
    let case = find(state, ChangeId::of(rollout.id))?;
    let (clock, plan, actor) = (&visit.clock, &rollout.plan, visit.caller.actor());
    let standing = change::standing(state, case, clock.now);
    let summary = state.rollouts.summaries.get(&rollout.id);
    let open = summary.is_some_and(is_open);
    let signed = change::standing::shown(state, case);
    let own = case.words.iter().rev().find(|it| state.access.is_same_person(&it.by, &actor));
    let spoken = own.filter(|it| it.withdrawn.is_none());
    let voice = voice(state, case, &actor, clock.now);
    let may_sign =
        visit.is_now() && open && signed.is_some() && GiveApproval::PERMISSION.allows(visit.caller.role);
    let may = may_sign && voice != Voice::NotAsked;
    let boards = standing.boards.iter().flat_map(|it| Tally::of(visit, state, case, it));
    let boards: Vec<Tally> = boards.collect();
    let has_seat = boards.iter().any(|it| it.may_vote && it.board == wish.board);
    let release = &plan.release;
    let selector = ReleaseSelector::Version(release.name.clone(), release.version.clone());
    let it = &case.change;
    Ok(Shape {
        id: case.id,
        rollout: rollout.id.to_string(),
        release: format!("{} {}", release.name, release.version),
        release_path: format!("/releases/{selector}"),
        environment: plan.environment.to_string(),
        protected: (it.protected != plan.environment).then(|| it.protected.to_string()),
        badge: summary.map_or_else(
            || Tone::Idle.badge("ended"),
            |summary| changes::stands(state, case, summary, &standing.against),
        ),
        class: it.class.as_str(),
        declared: (it.declared != it.class).then(|| it.declared.as_str()),
        reasons: it.reasons.clone(),
        template: it.template.as_ref().map(ToString::to_string),
        emergency: it.emergency.as_ref().map(|it| (it.reason.clone(), clock.moment(it.until))),
        by: case.requested_by.clone(),
        opened: clock.moment(case.opened),
        stops: if open { stops(state, plan, clock) } else { Vec::new() },
        rules: standing.requirements.iter().map(rule).collect(),
        words: case.words.iter().rev().map(|it| word(visit, state, it, &standing)).collect(),
        signed: signed.as_ref().map(lines).unwrap_or_default(),
        since: own
            .zip(signed.as_ref())
            .filter(|_| open)
            .map(|(own, now)| own.approval.statement.shown().differences(now)),
        before: against::before(state, case, plan, clock),
        services: plan.services.iter().map(service).collect(),
        stages: stages(plan),
        n_steps: plan.steps.len(),
        expected: moment::length(plan.expected),
        unwind: moment::length(plan.unwind.expected),
        no_return: plan.unwind.point_of_no_return.map(|it| it.0),
        risk: Risk::new(&it.risk),
        gates: None,
        unasked: None,
        position: match boards.iter().any(|it| it.may_vote) {
            true if voice == Voice::NotAsked => Some("Your vote is asked for.".to_owned()),
            _ => open.then(|| position(&voice, spoken.is_some())).flatten(),
        },
        may,
        may_approve: may && voice == Voice::Asked,
        has_spoken: may_sign && spoken.is_some(),
        review: shipway_engine::review::debt(state, case).map(|it| (it.why, clock.moment(it.due))),
        sign: match wish.board.is_empty() {
            true if may => Sign::of(visit, state, case, wish, &voice)?,
            false if may_sign && has_seat => Sign::of(visit, state, case, wish, &voice)?,
            _ => None,
        },
        record: (!boards.is_empty()).then(|| record(state, case, clock.now).into()),
        boards,
        against: standing.against.iter().map(|it| clock.prose(it)).collect(),
        csrf: visit.csrf.as_str().to_owned(),
        key: visit.app.runtime.random_secret(),
    })
}

fn position(voice: &Voice, has_spoken: bool) -> Option<String> {
    match voice {
        Voice::Asked if has_spoken => None,
        Voice::Asked => Some("Your word is asked for.".to_owned()),
        Voice::OwnWork(part) => Some(format!("You {part}, so you can decline it and not approve it.")),
        Voice::NotAsked => Some("No rule asks for your word.".to_owned()),
    }
}

fn rule(it: &Requirement) -> Rule {
    let given = |(who, seat): &(String, String)| match who == seat {
        true => who.clone(),
        false => format!("{who} for {seat}"),
    };
    Rule {
        badge: if it.is_satisfied() { Tone::Good.badge("satisfied") } else { Tone::Hold.badge("waits") },
        name: it.name.clone(),
        needed: it.needed,
        given: it.given.iter().map(given).collect(),
        can: it.can.iter().cloned().collect(),
        after: it.after.clone(),
    }
}

fn word(visit: &Visit, state: &State, it: &change::Word, standing: &change::Standing) -> Word {
    use shipway_model::approval::{Decision, PublicKey};
    let (clock, statement) = (&visit.clock, &it.approval.statement);
    let void = standing.void.iter().find(|(nonce, _)| *nonce == statement.nonce).map(|it| clock.prose(&it.1));
    Word {
        badge: match statement.decision {
            _ if void.is_some() => Tone::Idle.badge("does not count"),
            _ if statement.board.is_some() => super::tally::of_vote(statement.decision),
            Decision::Approve => Tone::Good.badge("approved"),
            Decision::Reject => Tone::Bad.badge("declined"),
            Decision::Recuse => badge(Tone::Idle, "–", "stepped aside"),
            Decision::Abstain => badge(Tone::Idle, "–", "abstained"),
        },
        by: it.by.clone(),
        at: clock.moment(it.at),
        board: statement.board.as_ref().map(ToString::to_string),
        conditions: statement.conditions.clone(),
        note: it.approval.note.clone(),
        expires: clock.moment(statement.expires),
        window: statement.window.map(|it| (clock.moment(it.from), clock.moment(it.until))),
        with: match state.keys.get(&statement.key).map(|it| &it.key.public) {
            Some(PublicKey::Passkey { .. }) => "passkey",
            Some(PublicKey::Ssh { .. }) => "SSH key",
            None => "unknown key",
        },
        void,
    }
}

fn lines(signed: &Signed) -> Vec<Line> {
    [
        ("plan", signed.plan, "every step, in its order, with its way back"),
        ("release", signed.release, "builds, declarations and documents, as they were sealed"),
        ("evidence", signed.evidence, "everything that was attached about the release and its builds"),
        ("change policy", signed.policy, "the rules that say whose word is needed"),
    ]
    .map(|(name, digest, over)| Line { name, digest: Hash(digest), over })
    .into()
}

fn service(it: &shipway_model::plan::ServicePlan) -> Service {
    Service {
        name: it.service.to_string(),
        from: it.from.as_ref().map(|it| it.version.to_string()).unwrap_or_default(),
        to: it.to.version.to_string(),
        strategy: it.strategy.clone(),
    }
}

fn stages(plan: &Plan) -> Vec<Stage> {
    let step = |it: &shipway_model::plan::Step| {
        let mark = if it.reversibility == Reversibility::Reversible { "" } else { mark(it.reversibility) };
        (it.id.0, it.title.clone(), mark)
    };
    let stages = plan.steps.chunk_by(|a, b| a.stage == b.stage);
    stages.map(|it| Stage { name: it[0].stage.to_string(), steps: it.iter().map(step).collect() }).collect()
}

/// Says that a condition of a vote is so, and shows the change again.
pub(super) async fn meet(path: Result<Path<ChangeId>, PathRejection>, sent: Sent) -> Response {
    visit::answer(&sent.visit, met(path, &sent).await)
}

async fn met(path: Result<Path<ChangeId>, PathRejection>, sent: &Sent) -> Result<Response, Failure> {
    let id = known(path)?;
    let unknown = || {
        Failure::new(Code::InvalidChange, "the form names no condition of a vote")
            .hint("open the change again, and say there what is so")
    };
    let command = Command::MeetCondition {
        id,
        board: sent.field("board").parse().map_err(|_| unknown())?,
        vote: sent.field("vote").to_owned(),
        condition: sent.field("condition").parse().map_err(|_| unknown())?,
        note: sent.field("note").to_owned(),
    };
    submit(sent, command).await?;
    Ok(see(&format!("/changes/{id}#boards")))
}
