//! Runbooks: fallbacks that can be told apart, and that ask nobody anything.

use std::collections::BTreeSet;

use super::{Site, stages, way};
use crate::Name;
use crate::resource::Runbook;
use crate::resource::pipeline::Run;

pub(super) fn check(runbook: &Runbook, site: &mut Site<'_, '_, '_, '_>) {
    if runbook.text.trim().is_empty() {
        site.fault(way!["text"], "the runbook says nothing", "write what to do");
    }
    let mut names: BTreeSet<&Name> = BTreeSet::new();
    for (idx, fallback) in runbook.fallbacks.iter().enumerate() {
        if !names.insert(&fallback.name) {
            let message = format!("a fallback above is named `{}` too", fallback.name);
            site.fault(way!["fallbacks", idx, "name"], message, "rename one of them");
        }
        let path = way!["fallbacks", idx];
        stages::check(&fallback.stages, path, site);
        for (stage_idx, stage) in fallback.stages.iter().enumerate() {
            let refused = match stage.run {
                Run::Command(_) | Run::Http(_) | Run::Wait(_) | Run::Journey(_) | Run::Verify(_) => continue,
                Run::Approval(_) => "asks for a word, and a fallback was agreed to beforehand",
                Run::Deploy(_) => "ships something, which is a rollout's business",
                Run::Migration(_) => "migrates, which is a rollout's business",
                Run::Gates(_) => "asks gates, which would keep people from helping themselves",
                Run::Template(_) => "uses a template, which may change after it was agreed to",
            };
            let run = stage.run.name();
            site.fault(
                way!(path; "stages", stage_idx, "run", run),
                format!("a stage of a fallback {refused}"),
                "use command, http, wait, journey or verify",
            );
        }
    }
}
