//! Templates: stages used again with other parameters, written out before anything is laid.

use std::collections::BTreeMap;

use shipway_model::Name;
use shipway_model::resource::pipeline::{Run, Stage, UseTemplate};

use crate::{Catalogue, Code, Rejection};

/// Templates may use templates to this depth.
const DEPTH_MAX: u32 = 8;
/// Stages after expansion.
const STAGES_MAX: usize = 1000;

/// `stages` with every template written out. The stages of a template are named `USER-STAGE` after the stage that
/// uses it, and whoever waited for that stage waits for the last of them.
pub(super) fn expand(catalogue: &Catalogue, stages: &[Stage]) -> Result<Vec<Stage>, Rejection> {
    let mut stages = stages.to_vec();
    for _ in 0..DEPTH_MAX {
        if !stages.iter().any(|stage| matches!(stage.run, Run::Template(_))) {
            return Ok(stages);
        }
        stages = expand_once(catalogue, &stages)?;
        if stages.len() > STAGES_MAX {
            return Err(unplannable(format!("templates expand to more than {STAGES_MAX} stages")));
        }
    }
    Err(unplannable(format!("templates use each other deeper than {DEPTH_MAX}")))
}

fn unplannable(message: String) -> Rejection {
    Rejection::new(Code::Unplannable, message)
}

fn expand_once(catalogue: &Catalogue, stages: &[Stage]) -> Result<Vec<Stage>, Rejection> {
    let mut expanded: Vec<Stage> = Vec::new();
    let mut last_of: BTreeMap<Name, Name> = BTreeMap::new();
    for (stage_idx, stage) in stages.iter().enumerate() {
        let above = stage_idx.checked_sub(1).map(|it| stages[it].name.clone());
        let after = stage.after.clone().unwrap_or_else(|| above.into_iter().collect());
        let Run::Template(template) = &stage.run else {
            expanded.push(Stage { after: Some(after), ..stage.clone() });
            continue;
        };
        let inner = instantiate(catalogue, &stage.name, template)?;
        for (inner_idx, mut inner_stage) in inner.into_iter().enumerate() {
            let is_first = inner_idx == 0;
            let names_none = inner_stage.after.as_ref().is_some_and(Vec::is_empty);
            if is_first || names_none {
                inner_stage.after = Some(after.clone());
            } else if inner_stage.after.is_none() {
                inner_stage.after = expanded.last().map(|above| vec![above.name.clone()]);
            }
            inner_stage.on_failure = inner_stage.on_failure.or(stage.on_failure);
            inner_stage.locks.extend(stage.locks.iter().cloned());
            last_of.insert(stage.name.clone(), inner_stage.name.clone());
            expanded.push(inner_stage);
        }
    }
    for name in expanded.iter_mut().filter_map(|stage| stage.after.as_mut()).flatten() {
        if let Some(last) = last_of.get(name) {
            *name = last.clone();
        }
    }
    Ok(expanded)
}

fn instantiate(catalogue: &Catalogue, user: &Name, usage: &UseTemplate) -> Result<Vec<Stage>, Rejection> {
    let name = &usage.name;
    let template =
        catalogue.template(name).ok_or_else(|| unplannable(format!("no Template {name} is declared")))?;
    if let Some(unknown) = usage.with.keys().find(|it| !template.parameters.contains_key(*it)) {
        let known: Vec<_> = template.parameters.keys().map(Name::as_str).collect();
        return Err(unplannable(format!(
            "stage {user} gives template {name} a parameter {unknown}; it knows {}",
            known.join(", ")
        )));
    }
    let mut values: Vec<(String, String)> = Vec::new();
    for (parameter, default) in &template.parameters {
        let value = usage.with.get(parameter).or(default.as_ref()).ok_or_else(|| {
            unplannable(format!("stage {user} must give template {name} its parameter {parameter}"))
        })?;
        values.push((format!("${{{parameter}}}"), value.clone()));
    }
    template.stages.iter().map(|stage| instance(user, stage, &values)).collect()
}

fn instance(user: &Name, stage: &Stage, values: &[(String, String)]) -> Result<Stage, Rejection> {
    // Through JSON every text of the stage is reached, whatever kind of stage it is.
    let mut json = serde_json::to_value(stage).expect("a stage is JSON");
    substitute(&mut json, values);
    let mut stage: Stage = serde_json::from_value(json)
        .map_err(|fault| unplannable(format!("stage {user}: a parameter does not fit: {fault}")))?;
    let prefixed = |name: &Name| {
        format!("{user}-{name}").parse().map_err(|fault| unplannable(format!("stage {user}: {fault}")))
    };
    stage.name = prefixed(&stage.name)?;
    for name in stage.after.iter_mut().flatten() {
        *name = prefixed(name)?;
    }
    Ok(stage)
}

fn substitute(json: &mut serde_json::Value, values: &[(String, String)]) {
    match json {
        serde_json::Value::String(text) => {
            for (placeholder, value) in values {
                if text.contains(placeholder.as_str()) {
                    *text = text.replace(placeholder.as_str(), value);
                }
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|it| substitute(it, values)),
        serde_json::Value::Object(fields) => fields.values_mut().for_each(|it| substitute(it, values)),
        _ => {}
    }
}
