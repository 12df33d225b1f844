//! Stages to steps.

use std::collections::{BTreeMap, BTreeSet};

use shipway_model::Name;
use shipway_model::plan::{Action, Reversibility, StepId};
use shipway_model::resource::Kind;
use shipway_model::resource::pipeline::{Command, Deploy, Gates, Migration, OnFailure, Run, Stage, Verify};
use shipway_model::resource::runbook::Fallback;

use super::build::{Builder, StageRules};
use super::{choose, signatures, strategy, template};
use crate::{Catalogue, Code, Rejection, gate};

/// Lays out the pipeline of the environment, or deploy and verify where there is none.
pub(super) fn lay_out(builder: &mut Builder<'_>) -> Result<(), Rejection> {
    let ground = builder.ground;
    let pipeline = ground.environment.pipeline.as_ref();
    let stages = match pipeline {
        None => {
            vec![plain("deploy", Run::Deploy(Deploy::default())), plain("verify", Run::Verify(Verify {}))]
        }
        Some(name) => {
            let key = shipway_model::resource::Key { kind: Kind::Pipeline, name: name.clone() };
            if let Some(digest) = ground.state.catalogue.digest(&key) {
                builder.declarations.insert(key.to_string(), digest);
            }
            written_out(&ground.state.catalogue, pipeline)?.unwrap_or_default()
        }
    };
    lay_stages(builder, &stages)
}

/// Lays out the stages of a fallback. What fails stops it where it is: nothing was shipped that could be taken back.
pub(super) fn lay_fallback(builder: &mut Builder<'_>, fallback: &Fallback) -> Result<(), Rejection> {
    let stages = fallback
        .stages
        .iter()
        .cloned()
        .map(|stage| Stage { on_failure: Some(stage.on_failure.unwrap_or(OnFailure::Halt)), ..stage });
    lay_stages(builder, &stages.collect::<Vec<_>>())
}

fn lay_stages(builder: &mut Builder<'_>, stages: &[Stage]) -> Result<(), Rejection> {
    let mut exits: BTreeMap<Name, Vec<StepId>> = BTreeMap::new();
    for stage in ordered(stages)? {
        let above = entry(stages, stage);
        let entry: Vec<_> =
            above.iter().flat_map(|name| exits.get(name).cloned().unwrap_or_default()).collect();
        builder.enter_stage(rules(stage));
        let exit = lay_stage(builder, stage, &entry)?;
        exits.insert(stage.name.clone(), exit);
    }
    Ok(())
}

/// The stages of a pipeline with its templates written out; none where there is no pipeline.
pub(crate) fn written_out(
    catalogue: &Catalogue,
    pipeline: Option<&Name>,
) -> Result<Option<Vec<Stage>>, Rejection> {
    let Some(name) = pipeline else { return Ok(None) };
    let pipeline = catalogue
        .pipeline(name)
        .ok_or_else(|| Rejection::new(Code::Unplannable, format!("no Pipeline {name} is declared")))?;
    template::expand(catalogue, &pipeline.stages).map(Some)
}

fn plain(name: &str, run: Run) -> Stage {
    let name = name.parse().expect("a valid name");
    Stage { name, after: None, run, on_failure: None, locks: Vec::new(), timeout: None, retries: 0 }
}

fn rules(stage: &Stage) -> StageRules {
    let on_failure = stage.on_failure.unwrap_or(match stage.run {
        Run::Deploy(_) | Run::Verify(_) => OnFailure::Rollback,
        _ => OnFailure::Halt,
    });
    let own_retries =
        matches!(stage.run, Run::Deploy(_) | Run::Verify(_) | Run::Gates(_)) && stage.retries == 0;
    StageRules {
        name: stage.name.clone(),
        on_failure,
        locks: stage.locks.clone(),
        timeout: stage.timeout,
        retries: (!own_retries).then_some(stage.retries),
        tolerates: 0,
    }
}

/// The stages that `stage` waits for: those it names, else the one above.
fn entry(stages: &[Stage], stage: &Stage) -> Vec<Name> {
    match &stage.after {
        Some(after) => after.clone(),
        None => {
            let position = stages.iter().position(|it| it.name == stage.name).unwrap_or(0);
            position.checked_sub(1).map(|above| stages[above].name.clone()).into_iter().collect()
        }
    }
}

fn ordered(stages: &[Stage]) -> Result<Vec<&Stage>, Rejection> {
    let mut done: BTreeSet<&Name> = BTreeSet::new();
    let mut rest: Vec<&Stage> = stages.iter().collect();
    let mut ordered = Vec::new();
    while !rest.is_empty() {
        let ready = rest.iter().position(|stage| entry(stages, stage).iter().all(|name| done.contains(name)));
        let Some(position) = ready else {
            let names: Vec<_> = rest.iter().map(|it| it.name.as_str()).collect();
            return Err(Rejection::new(
                Code::Unplannable,
                format!(
                    "the stages {} wait for each other, or for stages that are not there",
                    names.join(", ")
                ),
            ));
        };
        let stage = rest.remove(position);
        done.insert(&stage.name);
        ordered.push(stage);
    }
    Ok(ordered)
}

/// The steps of one stage; returns those that the next stages wait for.
fn lay_stage(builder: &mut Builder<'_>, stage: &Stage, entry: &[StepId]) -> Result<Vec<StepId>, Rejection> {
    match &stage.run {
        Run::Deploy(deploy) => lay_deploy(builder, deploy, entry),
        Run::Verify(_) => Ok(lay_verify(builder, entry)),
        Run::Command(command) => {
            let action = command_action(builder, command)?;
            let title = format!("run {}", in_short(&command.command));
            Ok(vec![builder.lay(title, "", entry, action, None)])
        }
        Run::Migration(migration) => lay_migration(builder, migration, entry),
        Run::Http(request) => {
            let title = format!("{} {}", format!("{:?}", request.method).to_uppercase(), request.url);
            Ok(vec![builder.lay(title, "", entry, Action::Http { request: request.clone() }, None)])
        }
        Run::Wait(wait) => {
            let title = format!("wait {}", wait.duration);
            Ok(vec![builder.lay(title, "", entry, Action::Wait { duration: wait.duration }, None)])
        }
        Run::Gates(gates) => lay_gates(builder, gates, entry),
        Run::Approval(approval) => {
            let action = Action::Approval { message: approval.message.clone(), team: approval.team.clone() };
            let title = match &approval.team {
                Some(team) => format!("approval by {team}"),
                None => "approval".to_owned(),
            };
            Ok(vec![builder.lay(title, &approval.message, entry, action, None)])
        }
        Run::Journey(journey) => Ok(vec![lay_journey(builder, &journey.name, None, entry)?]),
        Run::Template(_) => unreachable!("templates were expanded"),
    }
}

fn lay_deploy(
    builder: &mut Builder<'_>,
    deploy: &Deploy,
    entry: &[StepId],
) -> Result<Vec<StepId>, Rejection> {
    let ground = builder.ground;
    let wanted = |name: &Name| deploy.services.is_empty() || deploy.services.contains(name);
    let mut exits: BTreeMap<&Name, Vec<StepId>> = BTreeMap::new();
    for shipment in ground.services.iter().filter(|it| wanted(&it.name)) {
        let provided = shipment.providers.iter().filter_map(|name| exits.get(name)).flatten();
        let mut after: Vec<StepId> = provided.copied().collect();
        if after.is_empty() {
            after = entry.to_vec();
        }
        if shipment.unchanged {
            exits.insert(&shipment.name, after);
            continue;
        }
        let (chosen, why) = choose::choose(builder, deploy, shipment)?;
        let chosen = signatures::fill_in(builder, chosen)?;
        builder.tolerate(chosen.max_failed());
        let exit = strategy::lay(builder, shipment, &chosen, &after)?;
        let is_routed = ground.routes.contains_key(&shipment.name);
        if let (Some(rule), Some(from), true) = (chosen.watch(), &shipment.from, is_routed) {
            builder.watch(shipment, from, rule, &exit);
        }
        let named = match shipment.from {
            Some(_) if chosen.watch().is_some() && !is_routed => {
                let why = format!("{why}; it is not watched, because no router carries its traffic");
                (chosen.name().to_owned(), why)
            }
            Some(_) => (chosen.name().to_owned(), why),
            None => (
                "rolling".to_owned(),
                "nothing runs yet, so there is nothing to replace or to judge by".to_owned(),
            ),
        };
        builder.strategies.insert(shipment.name.clone(), named);
        exits.insert(&shipment.name, exit);
    }
    builder.tolerate(0);
    builder.enter_wave("");
    // The stage ends where nothing of it waits for anything else of it.
    let all: BTreeSet<StepId> = exits.into_values().flatten().collect();
    Ok(if all.is_empty() { entry.to_vec() } else { all.into_iter().collect() })
}

fn lay_gates(builder: &mut Builder<'_>, gates: &Gates, entry: &[StepId]) -> Result<Vec<StepId>, Rejection> {
    let mut policies = BTreeMap::new();
    for name in &gates.policies {
        let digest = gate::revision(builder.ground.state, name)?;
        let key = shipway_model::resource::Key { kind: Kind::Policy, name: name.clone() };
        builder.declarations.insert(key.to_string(), digest);
        policies.insert(name.clone(), digest);
    }
    let names: Vec<&str> = policies.keys().map(Name::as_str).collect();
    let title = format!("ask the gates of {}", names.join(", "));
    Ok(vec![builder.lay(title, "", entry, Action::Gates { policies }, None)])
}

fn lay_verify(builder: &mut Builder<'_>, entry: &[StepId]) -> Vec<StepId> {
    let ground = builder.ground;
    let mut steps = Vec::new();
    for shipment in &ground.services {
        for agent in &ground.targets {
            let instance = ground.instance(&shipment.name, &shipment.to, &agent.host);
            let title = format!("verify {} {} on {}", shipment.name, shipment.to.version, agent.host);
            steps.push(builder.lay(title, "", entry, Action::Verify { instance }, None));
        }
    }
    steps
}

/// A command for a title: one line, and not all of a script.
fn in_short(command: &[String]) -> String {
    const CHARS_MAX: usize = 48;
    let line = command.iter().flat_map(|it| it.split_whitespace()).collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

fn command_action(builder: &Builder<'_>, command: &Command) -> Result<Action, Rejection> {
    let ground = builder.ground;
    let agent = ground.targets.iter().find(|agent| agent.has_labels(&command.on)).ok_or_else(|| {
        let labels: Vec<_> = command.on.iter().map(|(key, value)| format!("{key}={value}")).collect();
        Rejection::new(
            Code::NoTargets,
            format!(
                "no target of {} has the labels {} that a command asks for",
                ground.name,
                labels.join(",")
            ),
        )
    })?;
    let artifact = match &command.service {
        None => None,
        Some(name) => {
            let shipment = ground.services.iter().find(|it| it.name == *name).ok_or_else(|| {
                Rejection::new(
                    Code::Unplannable,
                    format!("a command runs in the artifact of {name}, which the release does not hold"),
                )
            })?;
            Some(*shipment.to.variants.get(&agent.host).unwrap_or(&shipment.to.artifact))
        }
    };
    let mut command = command.clone();
    for value in command.environment.values_mut() {
        *value = ground.with_urls(value).map_err(|unknown| {
            Rejection::new(
                Code::Unplannable,
                format!("a command asks for the URL of {unknown}, which is not reached"),
            )
        })?;
    }
    Ok(Action::Command { target: agent.host.clone(), command, artifact })
}

fn lay_migration(
    builder: &mut Builder<'_>,
    migration: &Migration,
    entry: &[StepId],
) -> Result<Vec<StepId>, Rejection> {
    let action = command_action(builder, &migration.migrate)?;
    let undo = migration.compensate.as_ref().map(|it| command_action(builder, it)).transpose()?;
    let (reversibility, why) = match undo {
        Some(_) => (Reversibility::Reversible, "a compensating command takes it back"),
        None => (Reversibility::PointOfNoReturn, "no compensating command is declared"),
    };
    let title = format!("migrate: {}", in_short(&migration.migrate.command));
    Ok(vec![builder.lay_with(title, why, entry, action, undo, reversibility)])
}

/// A journey through the environment; `version` asks for a preview of its service.
pub(super) fn lay_journey(
    builder: &mut Builder<'_>,
    name: &Name,
    version: Option<&shipway_model::Version>,
    after: &[StepId],
) -> Result<StepId, Rejection> {
    let ground = builder.ground;
    let journey = ground
        .state
        .catalogue
        .journey(name)
        .ok_or_else(|| Rejection::new(Code::Unplannable, format!("no Journey {name} is declared")))?;
    let base_url = ground.url(&journey.service).ok_or_else(|| {
        Rejection::new(
            Code::Unplannable,
            format!("journey {name} enters at {}, which is not reached in {}", journey.service, ground.name),
        )
        .hint(format!("name {} under `router.listen` of Environment {}", journey.service, ground.name))
    })?;
    let key = shipway_model::resource::Key { kind: Kind::Journey, name: name.clone() };
    if let Some(digest) = ground.state.catalogue.digest(&key) {
        builder.declarations.insert(key.to_string(), digest);
    }
    let title = match version {
        Some(version) => format!("journey {name} against {version}"),
        None => format!("journey {name}"),
    };
    let journey = journey.clone();
    let action = Action::Journey { name: name.clone(), journey, base_url, version: version.cloned() };
    Ok(builder.lay(title, "", after, action, None))
}
