//! Laying steps: numbers, order, times and the way back.

use std::collections::BTreeMap;

use shipway_model::plan::{
    Action, Deployed, Instance, Plan, PlannedPool, Reversibility, ServiceUnwind, Silence, Step, StepId,
    Unwind,
};
use shipway_model::resource::metric::Source;
use shipway_model::resource::pipeline::OnFailure;
use shipway_model::resource::service::{ExpectedAlert, NoisyStep};
use shipway_model::resource::strategy::{OnHarm, Watch};
use shipway_model::{Digest, Millis, Name};

use super::{Ground, Shipment};

/// What most steps take, until there is a record to learn from: used for the expected time alone.
const PLACE_EXPECTED: Millis = Millis(2_000);
const RETIRE_EXPECTED: Millis = Millis(1_000);
const QUICK_EXPECTED: Millis = Millis(200);
const CALL_EXPECTED: Millis = Millis(1_000);
const COMMAND_EXPECTED: Millis = Millis(10_000);
/// What a watch may take on top of its own time, which stands still while no control plane runs.
const WATCH_SLACK: Millis = Millis::from_secs(24 * 3600);
/// How long a rollout waits at its gates where the pipeline sets no time: whoever has not supplied it by then is not
/// about to.
const GATES_PATIENCE: Millis = Millis::from_secs(30 * 24 * 3600);
/// Every asking of gates is an attempt, so their number says nothing of failures.
const GATES_RETRIES: u32 = 1_000;

pub(super) struct Builder<'a> {
    pub(super) ground: &'a Ground<'a>,
    steps: Vec<Step>,
    /// Strategy and reason by service.
    pub(super) strategies: BTreeMap<Name, (String, String)>,
    pub(super) declarations: BTreeMap<String, Digest>,
    stage: StageRules,
    wave: String,
}

/// What the steps of one stage share.
#[derive(Clone)]
pub(super) struct StageRules {
    pub(super) name: Name,
    pub(super) on_failure: OnFailure,
    pub(super) locks: Vec<Name>,
    pub(super) timeout: Option<Millis>,
    pub(super) retries: Option<u32>,
    pub(super) tolerates: u32,
}

impl<'a> Builder<'a> {
    pub(super) fn new(ground: &'a Ground<'a>) -> Self {
        let stage = StageRules {
            name: ground.name.clone(),
            on_failure: OnFailure::Halt,
            locks: Vec::new(),
            timeout: None,
            retries: None,
            tolerates: 0,
        };
        Self {
            ground,
            steps: Vec::new(),
            strategies: BTreeMap::new(),
            declarations: ground.declarations.clone(),
            stage,
            wave: String::new(),
        }
    }

    pub(super) fn enter_stage(&mut self, rules: StageRules) {
        self.stage = rules;
        self.wave.clear();
    }

    pub(super) fn tolerate(&mut self, targets: u32) {
        self.stage.tolerates = targets;
    }

    pub(super) fn enter_wave(&mut self, wave: impl Into<String>) {
        self.wave = wave.into();
    }

    pub(super) fn lay(
        &mut self,
        title: String,
        why: &str,
        after: &[StepId],
        action: Action,
        undo: Option<Action>,
    ) -> StepId {
        self.lay_with(title, why, after, action, undo, Reversibility::Reversible)
    }

    pub(super) fn lay_with(
        &mut self,
        title: String,
        why: &str,
        after: &[StepId],
        action: Action,
        undo: Option<Action>,
        reversibility: Reversibility,
    ) -> StepId {
        let id = StepId(u32::try_from(self.steps.len()).expect("a plan has fewer than 2^32 steps") + 1);
        let (expected, retries) = usual(&action);
        let mut after = after.to_vec();
        after.sort_unstable();
        after.dedup();
        let is_on_target = matches!(action, Action::Place { .. } | Action::Verify { .. });
        let step = Step {
            id,
            stage: self.stage.name.clone(),
            wave: self.wave.clone(),
            title,
            why: why.to_owned(),
            after,
            expected,
            timeout: self.timeout(&action),
            retries: self.stage.retries.unwrap_or(retries),
            on_failure: self.stage.on_failure,
            tolerates: if is_on_target { self.stage.tolerates } else { 0 },
            locks: self.stage.locks.clone(),
            silences: self.silences(&action),
            action,
            undo,
            reversibility,
        };
        self.steps.push(step);
        id
    }

    /// Begins when everything else is done, so nothing of the stage's rules is for it.
    pub(super) fn watch(&mut self, shipment: &Shipment<'_>, from: &Deployed, rule: &Watch, after: &[StepId]) {
        let service = shipment.name.clone();
        let (control, canary) = (from.version.clone(), shipment.to.version.clone());
        self.enter_wave("watch");
        let title = format!("watch {service} {canary} for {}", rule.duration);
        let action = Action::Watch { service, control, canary, rule: rule.clone() };
        let (window, why) = (rule.window, "begins when the rollout has ended");
        let why = format!("{why}; harm within {window} {}", told(rule.on_harm));
        let id = self.lay(title, &why, after, action, None);
        let step = &mut self.steps[id.0 as usize - 1];
        step.locks.clear();
        step.retries = usual(&step.action).1;
        step.timeout = rule.duration.saturating_add(WATCH_SLACK);
    }

    /// The alerts that the action is declared to raise, where somebody can silence them.
    fn silences(&self, action: &Action) -> Vec<Silence> {
        let noisy = match action {
            Action::Place { .. } => NoisyStep::Place,
            Action::Retire { .. } => NoisyStep::Retire,
            Action::Route { .. } => NoisyStep::Route,
            Action::Command { .. } => NoisyStep::Command,
            _ => return Vec::new(),
        };
        let ground = self.ground;
        let shipment = action.service().and_then(|name| ground.services.iter().find(|it| it.name == *name));
        let Some(shipment) = shipment.filter(|_| ground.environment.alertmanager.is_some()) else {
            return Vec::new();
        };
        let version = match action {
            Action::Place { instance, .. } | Action::Retire { instance, .. } => &instance.version,
            _ => &shipment.to.version,
        };
        let target = action.target().map_or("", Name::as_str);
        let filled = |text: &String| {
            text.replace("${service}", shipment.name.as_str())
                .replace("${environment}", ground.name.as_str())
                .replace("${version}", version.as_str())
                .replace("${target}", target)
        };
        let expected = shipment.service.expected_alerts.iter().filter(|it| it.during.contains(&noisy));
        let silence = |it: &ExpectedAlert| Silence {
            alert: it.alert.clone(),
            labels: it.labels.iter().map(|(name, value)| (name.clone(), filled(value))).collect(),
        };
        expected.map(silence).collect()
    }

    fn timeout(&self, action: &Action) -> Millis {
        /// On top of what the action itself may take, for the answer to arrive.
        const SLACK: Millis = Millis::from_secs(30);
        let own = match action {
            Action::Analyse { rule, .. } => rule.timeout.saturating_add(SLACK),
            Action::Journey { journey, .. } => journey.timeout.saturating_add(SLACK),
            Action::Bake { duration, .. } => duration.saturating_add(self.ground.step_timeout()),
            Action::Gates { .. } => GATES_PATIENCE,
            _ => self.ground.step_timeout(),
        };
        self.stage.timeout.unwrap_or(own)
    }

    pub(super) fn place(
        &mut self,
        service: &Name,
        deployed: &Deployed,
        target: &Name,
        after: &[StepId],
    ) -> StepId {
        let (place, retire) = self.pair(service, deployed, target);
        let title = format!("start {service} {} on {target}", deployed.version);
        self.lay(title, "", after, place, Some(retire))
    }

    pub(super) fn retire(
        &mut self,
        service: &Name,
        deployed: &Deployed,
        target: &Name,
        after: &[StepId],
    ) -> StepId {
        let (place, retire) = self.pair(service, deployed, target);
        let title = format!("stop {service} {} on {target}", deployed.version);
        self.lay(title, "", after, retire, Some(place))
    }

    /// Takes away what does not stand: there is nothing that could be brought back.
    pub(super) fn clear(
        &mut self,
        service: &Name,
        deployed: &Deployed,
        target: &Name,
        after: &[StepId],
    ) -> StepId {
        let (_, retire) = self.pair(service, deployed, target);
        let title = format!("clear {service} {} from {target}", deployed.version);
        self.lay(title, "it does not stand, and is not brought back", after, retire, None)
    }

    /// Takes away what stood only for a while, because of `why`: nothing brings it back.
    pub(super) fn dismiss(
        &mut self,
        service: &Name,
        deployed: &Deployed,
        target: &Name,
        why: &str,
        after: &[StepId],
    ) -> StepId {
        let (_, retire) = self.pair(service, deployed, target);
        let title = format!("stop {service} {} on {target}", deployed.version);
        self.lay(title, why, after, retire, None)
    }

    /// Whether a step takes this instance away already.
    pub(super) fn retires(&self, instance: &Instance) -> bool {
        self.steps
            .iter()
            .any(|it| matches!(&it.action, Action::Retire { instance: gone, .. } if gone == instance))
    }

    fn pair(&self, service: &Name, deployed: &Deployed, target: &Name) -> (Action, Action) {
        let instance = self.ground.instance(service, deployed, target);
        let artifact = *deployed.variants.get(target).unwrap_or(&deployed.artifact);
        let contract = deployed.contract;
        (
            Action::Place { instance: instance.clone(), artifact, contract },
            Action::Retire { instance, artifact, contract },
        )
    }

    /// A route to `pools`, taken back to `before`. Services without a route have nothing to set, so the steps that
    /// it would wait for are returned instead.
    pub(super) fn route(
        &mut self,
        service: &Name,
        title: String,
        pools: Vec<PlannedPool>,
        before: Vec<PlannedPool>,
        after: Vec<StepId>,
    ) -> Vec<StepId> {
        if !self.ground.routes.contains_key(service) {
            return after;
        }
        let action = Action::Route { service: service.clone(), pools };
        let undo = Action::Route { service: service.clone(), pools: before };
        vec![self.lay(title, "", &after, action, Some(undo))]
    }

    /// Those of the environment's sources that analyses ask. One that is not declared was refused before.
    fn sources(&self) -> BTreeMap<Name, Source> {
        let metrics = self.steps.iter().flat_map(|it| match &it.action {
            Action::Analyse { rule, .. } => rule.metrics.as_slice(),
            Action::Watch { rule, .. } => rule.metrics.as_slice(),
            _ => &[],
        });
        let queries = metrics.filter_map(|it| it.from.as_ref());
        let declared = &self.ground.environment.metrics;
        queries
            .filter_map(|it| declared.get_key_value(it.source()))
            .map(|(name, source)| (name.clone(), source.clone()))
            .collect()
    }

    pub(super) fn finish(self) -> Plan {
        let expected = longest_path(&self.steps);
        let unwind = unwind(self.ground, &self.steps);
        let sources = self.sources();
        let is_silenced = self.steps.iter().any(|it| !it.silences.is_empty());
        Plan {
            release: self.ground.release.clone(),
            environment: self.ground.name.clone(),
            parent: None,
            fallback: None,
            services: self.ground.service_plans(&self.strategies),
            contracts: self.ground.contracts.clone(),
            routes: self.ground.routes.clone(),
            sources,
            on_target_lost: self.ground.environment.on_target_lost,
            on_alert: self.ground.environment.on_alert,
            alertmanager: self.ground.environment.alertmanager.clone().filter(|_| is_silenced),
            steps: self.steps,
            expected,
            unwind,
            declarations: self.declarations,
        }
    }
}

/// The expected time and the further attempts of an action, where the pipeline says nothing.
fn usual(action: &Action) -> (Millis, u32) {
    match action {
        Action::Place { .. } => (PLACE_EXPECTED, 1),
        Action::Retire { .. } => (RETIRE_EXPECTED, 4),
        Action::Verify { .. } => (QUICK_EXPECTED, 2),
        Action::Route { .. } => (QUICK_EXPECTED, 6),
        Action::Wait { duration } => (*duration, 0),
        Action::Bake { duration, .. } => (*duration, 3),
        Action::Analyse { rule, .. } => (rule.bake.max(rule.interval), 3),
        // Nobody waits for it.
        Action::Watch { .. } => (Millis::ZERO, 3),
        Action::Command { .. } => (COMMAND_EXPECTED, 0),
        Action::Http { .. } | Action::Journey { .. } => (CALL_EXPECTED, 0),
        Action::Gates { .. } => (QUICK_EXPECTED, GATES_RETRIES),
        Action::Pause {} | Action::Approval { .. } => (Millis::ZERO, 0),
    }
}

fn told(action: OnHarm) -> &'static str {
    match action {
        OnHarm::Rollback => "takes it back",
        OnHarm::Hold => "holds the service",
        OnHarm::Tell => "is told",
    }
}

fn longest_path(steps: &[Step]) -> Millis {
    let mut ends: Vec<Millis> = Vec::with_capacity(steps.len());
    for step in steps {
        let start = step.after.iter().map(|id| ends[id.0 as usize - 1]).max().unwrap_or_default();
        ends.push(start.saturating_add(step.expected));
    }
    ends.into_iter().max().unwrap_or_default()
}

/// The way back from the end, or from right before the point of no return: the same graph read backwards, over the
/// undos. A service is back when the last of its own steps is undone, and the consumers' come before it.
fn unwind(ground: &Ground<'_>, steps: &[Step]) -> Unwind {
    let no_return = |step: &&Step| step.reversibility == Reversibility::PointOfNoReturn;
    let point_of_no_return = steps.iter().find(no_return).map(|it| it.id);
    let mut ends = vec![Millis::ZERO; steps.len()];
    let mut back: BTreeMap<&Name, Millis> = BTreeMap::new();
    let mut whole = Millis::ZERO;
    for (step_idx, step) in steps.iter().enumerate().rev() {
        if point_of_no_return.is_some_and(|it| step.id >= it) {
            continue;
        }
        let own = step.undo.as_ref().map_or(Millis::ZERO, |undo| usual(undo).0);
        let end = ends[step_idx].saturating_add(own);
        whole = whole.max(end);
        if let Some(service) = step.action.service().filter(|_| step.undo.is_some()) {
            let back = back.entry(service).or_default();
            *back = end.max(*back);
        }
        for needed in &step.after {
            let needed_idx = needed.0 as usize - 1;
            ends[needed_idx] = ends[needed_idx].max(end);
        }
    }
    let of_service = |shipment: &super::Shipment<'_>| ServiceUnwind {
        service: shipment.name.clone(),
        expected: back.get(&shipment.name).copied().unwrap_or_default(),
        promised: shipment.service.recovery_time,
    };
    Unwind {
        expected: whole,
        services: ground.services.iter().filter(|it| !it.unchanged).map(of_service).collect(),
        point_of_no_return,
    }
}
