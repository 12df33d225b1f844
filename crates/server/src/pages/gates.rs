//! What the gates of an environment ask of a release now, with who supplies what is missing and how: a part of several
//! pages.

use askama::Template;
use askama::filters::HtmlSafe;
use shipway_engine::gate;
use shipway_model::gate::{Requirement, Status};
use shipway_model::{Name, ReleaseId};

use super::moment::{Clock, Moment};
use super::prose::Prose;
use super::visit::Visit;
use super::words::{Badge, Hash, Tone, badge};
use crate::gates::{Tools, instant, passes, policies};
use crate::problem::Failure;

#[derive(Template)]
#[template(path = "gates.html")]
pub(super) struct Gates {
    environment: String,
    badge: Badge,
    policies: Vec<(String, Hash)>,
    /// Those that do not pass come first.
    asks: Vec<Ask>,
    /// When time alone may change the answer.
    until: Option<Moment>,
}

impl HtmlSafe for Gates {}

/// One gate's answer about one service, or about the release as a whole.
struct Ask {
    badge: Badge,
    gate: String,
    policy: String,
    service: String,
    reasons: Vec<Prose>,
    who: String,
    next: String,
    until: Option<Moment>,
}

impl Gates {
    pub(super) const fn badge(&self) -> Badge {
        self.badge
    }
}

/// Asks them, as of the instant that is looked at.
///
/// # Errors
/// When the release or the environment is unknown, or something that was attached cannot be read.
pub(super) async fn explain(visit: &Visit, release: ReleaseId, environment: &Name) -> Result<Gates, Failure> {
    let (mut outline, digests, policies, tools) = {
        let state = visit.state();
        let outline = gate::outline(&state, release, environment, instant(visit.now()))?;
        let digests = gate::policies(&state, environment)?;
        let policies = policies(&state, &digests);
        // What the tools say now is nothing that was known then.
        let tools = match visit.past() {
            None => Tools::of(&state, &policies, environment),
            Some(_) => Tools::default(),
        };
        (outline, digests, policies, tools)
    };
    visit.app.gates.look_up(&mut outline, tools).await;
    let mut requirements = match digests.is_empty() {
        true => Vec::new(),
        false => visit.app.gates.ask(policies, visit.app.gates.fill(&outline).await?).await,
    };
    let at = outline.facts.at;
    let until = requirements.iter().filter_map(|it| it.until).filter(|it| *it > at).min();
    let state = match () {
        () if digests.is_empty() => Tone::Idle.badge("nothing is asked"),
        () if passes(&requirements) => Tone::Good.badge("may pass"),
        () => Tone::Hold.badge("does not pass yet"),
    };
    requirements.sort_by_key(|it| it.status.passes());
    Ok(Gates {
        environment: environment.to_string(),
        badge: state,
        policies: digests.iter().map(|(name, digest)| (name.to_string(), Hash(*digest))).collect(),
        asks: requirements.into_iter().map(|it| ask(it, &visit.clock)).collect(),
        until: until.map(|it| visit.clock.moment(it)),
    })
}

fn ask(it: Requirement, clock: &Clock) -> Ask {
    Ask {
        badge: match it.status {
            Status::Satisfied => Tone::Good.badge("satisfied"),
            Status::Missing => badge(Tone::Hold, "?", "missing"),
            Status::Failed => Tone::Bad.badge("failed"),
            Status::Waived => badge(Tone::Undo, "△", "waived"),
            Status::Waiting => Tone::Hold.badge("waits"),
        },
        gate: it.gate.to_string(),
        policy: it.policy.to_string(),
        service: it.service.map(|it| it.to_string()).unwrap_or_default(),
        reasons: it.reasons.iter().map(|it| clock.prose(it)).collect(),
        who: it.who.unwrap_or_default(),
        next: it.next.unwrap_or_default(),
        until: it.until.map(|it| clock.moment(it)),
    }
}
