//! Templates of standard changes: what was agreed to beforehand, for as long as its record is good.

use jiff::Timestamp;
use shipway_model::Name;
use shipway_model::event::End;
use shipway_model::resource::change_policy::{ChangePolicy, ChangeTemplate};

use super::class::Ground;
use super::path;
use crate::State;

/// How the latest changes under a template ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Record {
    pub changes: u32,
    /// Taken back, or stopped on the way.
    pub failures: u32,
}

/// The record since the template was agreed to, over its window.
pub fn record(state: &State, template: &ChangeTemplate) -> Record {
    let ended = |it: &super::Case| -> Option<(Timestamp, End)> {
        let summary = state.rollouts.summaries.get(&it.change.rollout)?;
        Some((summary.ended?, summary.end.clone()?))
    };
    let of_template = state.changes.iter().filter(|it| it.change.template.as_ref() == Some(&template.name));
    let mut ends: Vec<_> = of_template
        .filter_map(ended)
        .filter(|(at, end)| *at >= template.agreed && !matches!(end, End::Cancelled { .. }))
        .collect();
    ends.sort_by_key(|it| std::cmp::Reverse(it.0));
    ends.truncate(template.record.window as usize);
    let failures = ends.iter().filter(|it| !matches!(it.1, End::Succeeded { .. })).count();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Record { changes: count(ends.len()), failures: count(failures) }
}

/// Whether the template still stands, by its record.
pub fn stands(template: &ChangeTemplate, record: Record) -> bool {
    record.failures <= template.record.max_failures
}

/// The template that a change fits, in good standing; or why none does, in a sentence.
pub(super) fn fitting(ground: &Ground<'_>, policy: &ChangePolicy) -> Result<Name, String> {
    let mut lost = None;
    for template in policy.templates.iter().filter(|it| fits(ground, it)) {
        let record = record(ground.state, template);
        if stands(template, record) {
            return Ok(template.name.clone());
        }
        lost = Some(format!(
            "normal because the template {} has lost its standing: {} of its latest {} changes failed",
            template.name, record.failures, record.changes
        ));
    }
    Err(lost.unwrap_or_else(|| "normal because no template of standard changes fits it".to_owned()))
}

fn fits(ground: &Ground<'_>, template: &ChangeTemplate) -> bool {
    let Some(touches) = &ground.bundle.touches else { return false };
    let covers = |file: &String| template.paths.iter().any(|it| path::matches(it, file));
    let environments = &template.environments;
    (environments.is_empty() || environments.contains(&ground.plan.environment))
        && (template.services.is_empty()
            || ground.bundle.parts.keys().all(|it| template.services.contains(it)))
        && template.max_lines.is_none_or(|max| touches.lines() <= max)
        && touches.files.keys().all(covers)
}
