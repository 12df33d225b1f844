//! Stages of pipelines and templates: unique names, an order without a cycle, and parameters that are all used.

use std::collections::{BTreeMap, BTreeSet};

use super::{Segment, Site, texts, way};
use crate::Name;
use crate::resource::file::nearest::nearest;
use crate::resource::file::placeholder::placeholders;
use crate::resource::file::shape::quoted;
use crate::resource::pipeline::{Command, Run, Stage, Template};

/// `at` is where `stages` stands in the document.
pub(super) fn check(stages: &[Stage], at: &[Segment<'_>], site: &mut Site<'_, '_, '_, '_>) {
    let mut first: BTreeMap<&Name, usize> = BTreeMap::new();
    for (idx, stage) in stages.iter().enumerate() {
        if *first.entry(&stage.name).or_insert(idx) != idx {
            let message = format!("a stage above is named `{}` too", stage.name);
            site.fault(way!(at; "stages", idx, "name"), message, "rename one of them");
        }
    }
    for (idx, stage) in stages.iter().enumerate() {
        check_after(idx, stage, &first, at, site);
        check_run(way!(at; "stages", idx, "run"), &stage.run, site);
    }
    if let Some(cycle) = cycle(stages, &first) {
        let names: Vec<&str> = cycle.iter().map(|&idx| stages[idx].name.as_str()).collect();
        let message = format!("the stages wait for one another: {} → {}", names.join(" → "), names[0]);
        site.fault(way!(at; "stages", cycle[0], "after"), message, "remove one of these from `after`");
    }
}

fn check_after(
    idx: usize,
    stage: &Stage,
    known: &BTreeMap<&Name, usize>,
    at: &[Segment<'_>],
    site: &mut Site<'_, '_, '_, '_>,
) {
    for (after_idx, after) in stage.after.iter().flatten().enumerate() {
        if known.contains_key(after) {
            continue;
        }
        let names = known.keys().map(|it| it.as_str());
        let help = match nearest(after.as_str(), names.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the stages are {}", quoted(names)),
        };
        site.fault(way!(at; "stages", idx, "after", after_idx), format!("there is no stage `{after}`"), help);
    }
}

/// Stages each of which waits for the one before it in the list, and the first for the last.
fn cycle(stages: &[Stage], known: &BTreeMap<&Name, usize>) -> Option<Vec<usize>> {
    let before = |idx: usize| -> Vec<usize> {
        match &stages[idx].after {
            Some(after) => after.iter().filter_map(|it| known.get(it).copied()).collect(),
            None => idx.checked_sub(1).into_iter().collect(),
        }
    };
    // Whatever waits for nothing that is left can go; what then remains waits in a circle.
    let mut left: BTreeSet<usize> = (0..stages.len()).collect();
    while let Some(free) = left.iter().copied().find(|&idx| before(idx).iter().all(|it| !left.contains(it))) {
        left.remove(&free);
    }
    let mut way = vec![*left.first()?];
    loop {
        let next = before(way[way.len() - 1]).into_iter().find(|it| left.contains(it))?;
        if let Some(start) = way.iter().position(|&it| it == next) {
            let mut circle = way.split_off(start);
            circle.reverse();
            return Some(circle);
        }
        way.push(next);
    }
}

fn check_run(path: &[Segment<'_>], run: &Run, site: &mut Site<'_, '_, '_, '_>) {
    let path = way!(path; run.name());
    match run {
        Run::Command(command) => check_command(path, command, site),
        Run::Migration(migration) => {
            check_command(way!(path; "migrate"), &migration.migrate, site);
            if let Some(compensate) = &migration.compensate {
                check_command(way!(path; "compensate"), compensate, site);
            }
        }
        Run::Http(http) => {
            // A template's parameter may stand in for any part of it.
            if !http.url.contains("${") {
                site.check_url(way!(path; "url"), &http.url, &["http://"]);
            }
            site.check_status(way!(path; "expectStatus"), http.expect_status);
        }
        Run::Deploy(_)
        | Run::Verify(_)
        | Run::Wait(_)
        | Run::Approval(_)
        | Run::Journey(_)
        | Run::Gates(_)
        | Run::Template(_) => {}
    }
}

fn check_command(path: &[Segment<'_>], command: &Command, site: &mut Site<'_, '_, '_, '_>) {
    site.check_command(way!(path; "command"), &command.command);
    site.check_variables(
        (way!(path; "environment"), &command.environment),
        (way!(path; "secrets"), &command.secrets),
    );
}

/// The parameters are exactly those that the stages use.
pub(super) fn check_parameters(template: &Template, site: &mut Site<'_, '_, '_, '_>) {
    let mut used = BTreeSet::new();
    for (idx, stage) in template.stages.iter().enumerate() {
        let stage = serde_json::to_value(stage).expect("a stage is JSON");
        for (way, text) in texts(&stage, way!["stages", idx]) {
            used.extend(placeholders(text).into_iter().flatten().map(str::to_owned));
            site.check_placeholders(&way, text, |it| {
                let known = template.parameters.keys().map(Name::as_str);
                match (template.parameters.contains_key(it), nearest(it, known)) {
                    (true, _) => Ok(()),
                    (false, Some(near)) => Err(format!("did you mean `${{{near}}}`?")),
                    (false, None) => Err(format!("add `{it}:` under `parameters`")),
                }
            });
        }
    }
    for parameter in template.parameters.keys().filter(|it| !used.contains(it.as_str())) {
        let message = format!("no stage uses the parameter `{parameter}`");
        site.fault_in_key(
            way!["parameters", parameter],
            message,
            format!("remove it, or write `${{{parameter}}}`"),
        );
    }
}
