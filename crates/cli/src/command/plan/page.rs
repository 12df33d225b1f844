//! A plan as a page to read before saying yes.

use shipway_api::operations::plan::PlanView;
use shipway_model::plan::{Plan, Reversibility, Step, Unwind};

use super::describe;
use crate::output::{Paint, Table, plain};

pub(super) fn render(view: &PlanView, paint: Paint) -> String {
    let plan = &view.plan;
    [header(view, paint), services(plan, paint), steps(plan, paint), unwind(plan, paint), next(view, paint)]
        .join("\n")
}

fn header(view: &PlanView, paint: Paint) -> String {
    let plan = &view.plan;
    let release = format!("{}@{}", plan.release.name, plan.release.version);
    let mut text = format!("{} into {}\n", paint.strong(&release), paint.strong(plan.environment.as_str()));
    text += &format!("  plan      {}\n", view.digest);
    if let Some(parent) = &plan.parent {
        text += &format!("  replaces  {parent}\n");
    }
    text += &format!("  release   {} {}\n", plan.release.digest, paint.dim("sealed"));
    text + &format!("  expected  {} in {} steps\n", plan.expected, plan.steps.len())
}

fn services(plan: &Plan, paint: Paint) -> String {
    let mut table = Table::new(["SERVICE", "FROM", "TO", "STRATEGY", "WHY"]);
    for it in &plan.services {
        let from = it.from.as_ref().map_or("-", |it| it.version.as_str());
        table.row([it.service.as_str(), from, it.to.version.as_str(), &it.strategy, &it.why]);
    }
    table.render(paint, "The release has no services.")
}

/// In the plan's order, with a heading where the stage or the wave changes.
fn steps(plan: &Plan, paint: Paint) -> String {
    let mut text = legend(plan, paint);
    let mut stage = None;
    let mut wave = None;
    for step in &plan.steps {
        if stage != Some(&step.stage) {
            text += &format!("\n{} {}\n", paint.dim("stage"), paint.strong(step.stage.as_str()));
            (stage, wave) = (Some(&step.stage), None);
        }
        if wave != Some(step.wave.as_str()) {
            wave = Some(step.wave.as_str());
            if !step.wave.is_empty() {
                text += &format!("  {}\n", plain(&step.wave));
            }
        }
        text += &line(step, plan, paint);
    }
    text
}

fn legend(plan: &Plan, paint: Paint) -> String {
    let kinds = [
        (Reversibility::Reversible, "can be taken back"),
        (Reversibility::ForwardOnly, "cannot be undone, what came before it can"),
        (Reversibility::PointOfNoReturn, "nothing before it can be taken back any more"),
    ];
    let used = kinds.iter().filter(|(kind, _)| plan.steps.iter().any(|it| it.reversibility == *kind));
    let words: Vec<String> = used.map(|(kind, words)| format!("{} {words}", mark(*kind))).collect();
    format!("{}\n", paint.dim(&words.join("   ")))
}

const fn mark(reversibility: Reversibility) -> &'static str {
    match reversibility {
        Reversibility::Reversible => "↺",
        Reversibility::ForwardOnly => "→",
        Reversibility::PointOfNoReturn => "■",
    }
}

fn line(step: &Step, plan: &Plan, paint: Paint) -> String {
    let number_width = plan.steps.len().to_string().len();
    let title_width = plan.steps.iter().map(|it| it.title.chars().count()).max().unwrap_or(0).min(64);
    let mark = match step.reversibility {
        Reversibility::Reversible => mark(step.reversibility).to_owned(),
        Reversibility::ForwardOnly => paint.warn(mark(step.reversibility)),
        Reversibility::PointOfNoReturn => paint.bad(mark(step.reversibility)),
    };
    let after: Vec<String> = step.after.iter().map(ToString::to_string).collect();
    let after = if after.is_empty() { String::new() } else { format!("  after {}", after.join(", ")) };
    let title = plain(&step.title);
    let expected = step.expected.to_string();
    let mut text = format!(
        "    {mark} {:>number_width$}  {title:<title_width$}  {expected:>6}{}\n",
        step.id,
        paint.dim(&after)
    );
    let indent = " ".repeat(number_width + 8);
    if !step.why.is_empty() {
        text += &format!("{indent}{}\n", paint.dim(&plain(&step.why)));
    }
    if !step.locks.is_empty() {
        let locks: Vec<String> = step.locks.iter().map(ToString::to_string).collect();
        text += &format!("{indent}{}\n", paint.dim(&format!("holds {}", locks.join(", "))));
    }
    text
}

/// The same graph read backwards, from as far as it can be taken back.
fn unwind(plan: &Plan, paint: Paint) -> String {
    let reach = plan.unwind.point_of_no_return;
    let from = match reach {
        None => "from its end".to_owned(),
        Some(step) => format!("before step {step} has begun"),
    };
    let mut text = format!("{}\n", paint.strong(&format!("If it is taken back {from}")));
    let mut n_undone = 0;
    for step in plan.steps.iter().rev().filter(|it| reach.is_none_or(|reach| it.id < reach)) {
        if let Some(undo) = &step.undo {
            n_undone += 1;
            text += &format!("    {:>4}  {}\n", step.id, plain(&describe(undo)));
        }
    }
    if n_undone == 0 {
        text += "    nothing needs to be undone\n";
    }
    match reach {
        None => text + &recovery(&plan.unwind, paint),
        Some(step) => {
            let line = format!(
                "step {step} is the point of no return: after it, a failure halts and a person decides"
            );
            text + &format!("    {}\n", paint.bad(&line))
        }
    }
}

/// How long the way back takes, against what the services promise.
fn recovery(unwind: &Unwind, paint: Paint) -> String {
    let mut text = format!("    takes {}\n", unwind.expected);
    for it in &unwind.services {
        let Some(promised) = it.promised else { continue };
        let line = format!("{} is back within {}; promised are {promised}", it.service, it.expected);
        let line = if it.expected > promised { paint.bad(&line) } else { line };
        text += &format!("    {line}\n");
    }
    text
}

fn next(view: &PlanView, paint: Paint) -> String {
    let (release, environment) = (&view.plan.release, &view.plan.environment);
    format!(
        "{} shipway rollout start {}@{} --env {environment} --plan {}\n",
        paint.dim("next:"),
        release.name,
        release.version,
        view.digest
    )
}

#[cfg(test)]
mod tests {
    use shipway_model::event::{Body, Event};

    use super::*;

    #[test]
    fn a_plan_reads_well() {
        let event: Event =
            serde_json::from_str(include_str!("../../../../model/tests/events/rollout.queued.json"))
                .expect("an event");
        let Body::RolloutQueued { plan, plan_digest, .. } = event.body else { panic!("it queues a rollout") };
        let view = PlanView { digest: plan_digest, plan: (*plan).clone() };
        insta::assert_snapshot!(render(&view, Paint::Plain));
    }
}
