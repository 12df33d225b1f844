//! Making the plan: a sealed release and an environment become a graph of steps.
//!
//! The pipeline's stages are laid out one after another as their `after` says. A deploy stage lays out the services
//! of the release, providers before consumers, each by its strategy. Nothing here decides anything later: what is
//! not in the plan does not happen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use shipway_model::plan::{Deployed, Instance, Plan, RouteSettings, ServicePlan};
use shipway_model::release::ReleaseRef;
use shipway_model::resource::service::{Deployment, Probe};
use shipway_model::resource::{Environment, Key, Kind, Service, Spec, digest_of};
use shipway_model::{Digest, Millis, Name, ReleaseId};

use crate::catalogue::graph;
use crate::runbook::{Agreed, agreed};
use crate::{Agent, Code, EnvironmentState, Rejection, State, queue};

mod build;
mod choose;
mod signatures;
mod stage;
mod standing;
mod strategy;
mod template;

use build::Builder;
pub(crate) use stage::written_out as stages;

/// A plan for shipping `release` to `environment` as things stand. Nothing is touched.
///
/// # Errors
/// A [`Rejection`] that names what is missing: a seal, a promotion, targets, declarations.
pub fn make(state: &State, release: ReleaseId, environment: &Name) -> Result<Plan, Rejection> {
    lay_out(state, Ground::survey(state, release, environment, Promotion::Required)?)
}

/// The plan that [`make`] would give once the release had been shipped where it is promoted from.
///
/// # Errors
/// As [`make`], but for the promotion.
pub fn foresee(state: &State, release: ReleaseId, environment: &Name) -> Result<Plan, Rejection> {
    lay_out(state, Ground::survey(state, release, environment, Promotion::Assumed)?)
}

/// The plan that carries out a fallback over what stands. It ships nothing.
///
/// # Errors
/// As [`make`], but for the promotion.
pub(crate) fn fall_back(state: &State, agreed: &Agreed<'_>, environment: &Name) -> Result<Plan, Rejection> {
    let ground = Ground::standing(state, agreed, environment)?;
    let mut builder = Builder::new(&ground);
    stage::lay_fallback(&mut builder, agreed.fallback)?;
    let plan = builder.finish();
    Ok(Plan { fallback: Some(agreed.reference()), on_target_lost: None, on_alert: None, ..plan })
}

/// The plan for the same as `plan` as things stand now.
///
/// # Errors
/// As that plan's own.
pub(crate) fn again(state: &State, plan: &Plan) -> Result<Plan, Rejection> {
    match &plan.fallback {
        None => make(state, plan.release.id, &plan.environment),
        Some(it) => {
            let agreed = agreed(state, &it.runbook, &it.name, &plan.environment)?;
            fall_back(state, &agreed, &plan.environment)
        }
    }
}

fn lay_out(state: &State, ground: Ground<'_>) -> Result<Plan, Rejection> {
    let mut builder = Builder::new(&ground);
    stage::lay_out(&mut builder)?;
    let plan = builder.finish();
    check_budgets(state, &plan)?;
    Ok(plan)
}

/// Whether the release has to have been shipped where it is promoted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Promotion {
    Required,
    Assumed,
}

/// Everything that a plan is made from, looked up once.
struct Ground<'a> {
    state: &'a State,
    release: ReleaseRef,
    name: Name,
    environment: Environment,
    running: Option<&'a EnvironmentState>,
    /// In the order of zones, then by host.
    targets: Vec<&'a Agent>,
    /// Providers before consumers, each with its providers in this release.
    services: Vec<Shipment<'a>>,
    contracts: BTreeMap<Digest, Arc<Deployment>>,
    routes: BTreeMap<Name, RouteSettings>,
    declarations: BTreeMap<String, Digest>,
}

/// One service of the release and what happens to it.
struct Shipment<'a> {
    name: Name,
    service: &'a Service,
    providers: BTreeSet<Name>,
    /// What it replaces and goes back to: something of it stands.
    from: Option<Deployed>,
    /// The targets on which that stands, in the order of waves.
    stands: Vec<Name>,
    to: Deployed,
    unchanged: bool,
}

impl<'a> Ground<'a> {
    fn survey(
        state: &'a State,
        release: ReleaseId,
        name: &Name,
        promotion: Promotion,
    ) -> Result<Self, Rejection> {
        let known = state.releases.known(release)?;
        let reference = known.reference().ok_or_else(|| {
            let bundle = &known.bundle;
            Rejection::new(
                Code::ReleaseNotSealed,
                format!("release {}@{} is a draft", bundle.name, bundle.version),
            )
            .hint(format!("`shipway release seal {}@{}` seals it", bundle.name, bundle.version))
        })?;
        let environment = declared(state, name)?;
        if promotion == Promotion::Required {
            check_promotion(state, &reference, name, &environment)?;
        }
        let running = state.environments.get(name);
        let targets = targets(state, name, &environment)?;
        let mut ground = Self {
            state,
            release: reference,
            name: name.clone(),
            environment,
            running,
            targets,
            services: Vec::new(),
            contracts: BTreeMap::new(),
            routes: BTreeMap::new(),
            declarations: BTreeMap::new(),
        };
        ground.note(Kind::Environment, name);
        let names = known.bundle.parts.keys().cloned().collect();
        for (service, providers) in graph::order(&state.catalogue, &names) {
            let shipment = ground.shipment(&known.bundle.parts[&service], service, providers)?;
            ground.services.push(shipment);
        }
        Ok(ground)
    }

    /// What stands of the services that a runbook is about, as the release with which it was agreed to has shipped it.
    fn standing(state: &'a State, agreed: &Agreed<'a>, name: &Name) -> Result<Self, Rejection> {
        let environment = declared(state, name)?;
        let targets = targets(state, name, &environment)?;
        let release = agreed.release.reference().ok_or_else(|| {
            Rejection::new(Code::ReleaseNotSealed, format!("release {} is a draft", agreed.release.id))
        })?;
        let mut ground = Self {
            state,
            release,
            name: name.clone(),
            environment,
            running: state.environments.get(name),
            targets,
            services: Vec::new(),
            contracts: BTreeMap::new(),
            routes: BTreeMap::new(),
            declarations: BTreeMap::from([(format!("Runbook {}", agreed.runbook), agreed.revision)]),
        };
        ground.note(Kind::Environment, name);
        for service in agreed.services {
            let shipped = ground.running.and_then(|it| it.services.get(service));
            let Some(shipped) = shipped.filter(|it| it.release.id == agreed.release.id) else { continue };
            let part = agreed.release.bundle.parts.get(service);
            let sealed = part.and_then(|it| state.catalogue.revision(&it.configuration?));
            let Some(Spec::Service(declared)) = sealed.map(|it| &it.spec) else { continue };
            let to = shipped.deployed.clone();
            ground.contracts.insert(to.contract, shipped.contract.clone());
            let stands = ground.stands(service, &to);
            ground.services.push(Shipment {
                name: service.clone(),
                service: declared,
                providers: BTreeSet::new(),
                from: Some(to.clone()),
                stands,
                to,
                unchanged: true,
            });
        }
        Ok(ground)
    }

    /// Remembers which revision of a declaration the plan was made from.
    fn note(&mut self, kind: Kind, name: &Name) {
        let key = Key { kind, name: name.clone() };
        if let Some(digest) = self.state.catalogue.digest(&key) {
            self.declarations.insert(key.to_string(), digest);
        }
    }

    fn shipment(
        &mut self,
        part: &shipway_model::release::Part,
        name: Name,
        providers: BTreeSet<Name>,
    ) -> Result<Shipment<'a>, Rejection> {
        let sealed = part.configuration.as_ref().and_then(|digest| self.state.catalogue.revision(digest));
        let Some(Spec::Service(service)) = sealed.map(|it| &it.spec) else {
            return Err(Rejection::new(Code::UnknownService, format!("no Service {name} is declared")));
        };
        if let Some(digest) = part.configuration {
            self.declarations.insert(format!("Service {name}"), digest);
        }
        let contract = self.resolve(&name, service)?;
        let contract_digest = digest_of(&contract);
        if let Some(route) = self.route(&name, &contract) {
            self.routes.insert(name.clone(), route);
        }
        self.contracts.insert(contract_digest, Arc::new(contract));
        let regional = |agent: &&Agent| {
            let region: Name = agent.labels.get("region")?.parse().ok()?;
            Some((agent.host.clone(), *part.variants.get(&region)?))
        };
        let to = Deployed {
            version: part.version.clone(),
            artifact: part.artifact,
            variants: self.targets.iter().filter_map(regional).collect(),
            contract: contract_digest,
        };
        let shipped = self.running.and_then(|it| it.services.get(&name));
        if let Some(shipped) = shipped {
            self.contracts.insert(shipped.deployed.contract, shipped.contract.clone());
        }
        // What an aborted rollout has left is stopped under the contract under which it was started.
        for (instance, left) in self.running.iter().flat_map(|it| &it.instances) {
            let contract = self.running.and_then(|it| it.contracts.get(&left.contract));
            if let Some(contract) = contract.filter(|_| instance.service == name) {
                self.contracts.entry(left.contract).or_insert_with(|| Arc::clone(contract));
            }
        }
        let from = self.replaced(&name, &to);
        let stands = from.as_ref().map(|it| self.stands(&name, it)).unwrap_or_default();
        let is_everywhere = from.as_ref() == Some(&to) && stands.len() == self.targets.len();
        let unchanged = is_everywhere && !self.has_others(&name, &to);
        if !unchanged && from.as_ref().is_some_and(|it| it.version == to.version && *it != to) {
            return Err(Rejection::new(
                Code::Unplannable,
                format!(
                    "{name} {} runs in {} already with another configuration; the same version cannot stand beside itself",
                    to.version, self.name
                ),
            )
            .hint("give the changed service a new version, so that both can be told apart"));
        }
        Ok(Shipment { name, service, providers, from, stands, to, unchanged })
    }

    fn instance(&self, service: &Name, deployed: &Deployed, target: &Name) -> Instance {
        Instance {
            environment: self.name.clone(),
            service: service.clone(),
            version: deployed.version.clone(),
            target: target.clone(),
        }
    }

    /// The contract with the environment's variables and secrets, and `${url.SERVICE}` replaced.
    fn resolve(&self, name: &Name, service: &Service) -> Result<Deployment, Rejection> {
        let mut contract = service.deployment.clone();
        contract.environment.extend(self.environment.variables.get(name).cloned().unwrap_or_default());
        contract.secrets.extend(self.environment.secrets.get(name).cloned().unwrap_or_default());
        for (variable, value) in &mut contract.environment {
            *value = self.with_urls(value).map_err(|unknown| {
                Rejection::new(
                    Code::Unplannable,
                    format!(
                        "{name}: {variable} asks for the URL of {unknown}, which is not reached in {}",
                        self.name
                    ),
                )
                .hint(format!("name {unknown} under `router.listen` of Environment {}", self.name))
            })?;
        }
        Ok(contract)
    }

    /// `text` with `${url.SERVICE}` replaced by where the service is reached, or the name of one that is not.
    fn with_urls(&self, text: &str) -> Result<String, String> {
        let mut done = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${url.") {
            let (service, after) = after.split_once('}').ok_or_else(|| after.to_owned())?;
            let url = service.parse().ok().and_then(|it| self.url(&it)).ok_or_else(|| service.to_owned())?;
            done = done + before + &url;
            rest = after;
        }
        Ok(done + rest)
    }

    /// Where a service is reached in the environment.
    fn url(&self, service: &Name) -> Option<String> {
        let address = self.environment.router.as_ref()?.listen.get(service)?;
        Some(format!("http://{address}"))
    }

    fn route(&self, name: &Name, contract: &Deployment) -> Option<RouteSettings> {
        let router = self.environment.router.as_ref()?;
        let own_path = contract.health.checks.iter().find_map(|check| match &check.probe {
            Probe::Http(probe) if probe.path.starts_with('/') => Some(probe.path.clone()),
            _ => None,
        });
        Some(RouteSettings {
            admin: router.admin.clone(),
            listen: *router.listen.get(name)?,
            sticky: contract.sticky_sessions,
            health_path: own_path,
            drain: contract.drain,
        })
    }

    fn step_timeout(&self) -> Millis {
        self.environment.step_timeout.unwrap_or(Millis::from_secs(600))
    }

    fn service_plans(&self, strategies: &BTreeMap<Name, (String, String)>) -> Vec<ServicePlan> {
        let plan = |shipment: &Shipment<'_>| {
            let (strategy, why) = match strategies.get(&shipment.name) {
                Some(chosen) => chosen.clone(),
                None if shipment.unchanged => ("unchanged".to_owned(), "it runs so already".to_owned()),
                None => ("none".to_owned(), "no deploy stage of the pipeline ships it".to_owned()),
            };
            ServicePlan {
                service: shipment.name.clone(),
                from: shipment.from.clone(),
                to: shipment.to.clone(),
                strategy,
                why,
            }
        };
        self.services.iter().map(plan).collect()
    }
}

fn declared(state: &State, name: &Name) -> Result<Environment, Rejection> {
    state.catalogue.environment(name).ok_or_else(|| {
        Rejection::new(Code::UnknownEnvironment, format!("there is no environment {name}"))
            .hint("`shipway get environment` shows those there are")
    })
}

/// What alone is more than a budget would wait for ever.
fn check_budgets(state: &State, plan: &Plan) -> Result<(), Rejection> {
    let touched = queue::touched(plan).len();
    let too_small = |limit: &u32| touched > *limit as usize;
    for (name, budget) in state.catalogue.budgets(&plan.environment) {
        if let Some(limit) = budget.max_targets.filter(too_small) {
            return Err(Rejection::new(
                Code::Unplannable,
                format!(
                    "the plan touches {touched} targets, and the budget {name} never allows more than {limit}"
                ),
            )
            .hint("ship fewer services at a time, or agree on another budget"));
        }
    }
    Ok(())
}

fn check_promotion(
    state: &State,
    release: &ReleaseRef,
    name: &Name,
    environment: &Environment,
) -> Result<(), Rejection> {
    let Some(before) = &environment.promotes_from else { return Ok(()) };
    if state.environments.get(before).is_some_and(|it| it.shipped.contains_key(&release.digest)) {
        return Ok(());
    }
    let (release_name, version) = (&release.name, &release.version);
    Err(Rejection::new(
        Code::NotPromoted,
        format!("{name} takes only what was shipped to {before}, and {release_name}@{version} was not"),
    )
    .hint(format!("`shipway rollout start {release_name}@{version} --env {before}` ships it there")))
}

fn targets<'a>(
    state: &'a State,
    name: &Name,
    environment: &Environment,
) -> Result<Vec<&'a Agent>, Rejection> {
    let mut targets: Vec<&Agent> =
        state.agents.iter().filter(|agent| agent.has_labels(&environment.targets)).collect();
    if targets.is_empty() || environment.targets.is_empty() {
        let labels: Vec<_> =
            environment.targets.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let message = match labels.is_empty() {
            true => format!("environment {name} names no labels under `targets`, so no host belongs to it"),
            false => format!("no agent has the labels {} of environment {name}", labels.join(",")),
        };
        return Err(Rejection::new(Code::NoTargets, message)
            .hint("start `shipway agent --labels …` on a host, or mend the environment"));
    }
    let wave = |agent: &Agent| agent.label(wave_label(environment)).to_owned();
    let position = |agent: &Agent| {
        let place = environment.zones.iter().position(|zone| *zone == wave(agent));
        place.unwrap_or(environment.zones.len())
    };
    targets.sort_by_key(|agent| (position(agent), wave(agent), agent.host.clone()));
    Ok(targets)
}

/// The label whose values make the waves.
fn wave_label(environment: &Environment) -> &str {
    environment.wave_by.as_deref().unwrap_or("zone")
}
