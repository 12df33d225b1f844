//! A plan as a page to read before saying yes.

use shipway_api::operations::plan::PlanView;
use shipway_model::plan::{Action, Deployed, Plan, Reversibility, Step, StepId, Unwind};
use shipway_model::resource::strategy::{OnHarm, OnUndecided};

use super::describe;
use crate::output::{Paint, Table, plain, short};

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
    let after =
        if step.after.is_empty() { String::new() } else { format!("  after {}", ranges(&step.after)) };
    let title = plain(&step.title);
    let expected = step.expected.to_string();
    let mut text = format!(
        "    {mark} {:>number_width$}  {title:<title_width$}  {expected:>6}{}\n",
        step.id,
        paint.dim(&after)
    );
    let indent = " ".repeat(number_width + 8);
    for note in [plain(&step.why), gate(step), build(step, plan)].iter().filter(|it| !it.is_empty()) {
        text += &format!("{indent}{}\n", paint.dim(note));
    }
    if !step.locks.is_empty() {
        let locks: Vec<String> = step.locks.iter().map(ToString::to_string).collect();
        text += &format!("{indent}{}\n", paint.dim(&format!("holds {}", locks.join(", "))));
    }
    text
}

/// `1, 2, 3, 5` as `1–3, 5`.
fn ranges(ids: &[StepId]) -> String {
    let runs = ids.chunk_by(|one, next| one.0 + 1 == next.0);
    let words = runs.map(|run| match run {
        [one] => one.to_string(),
        [one, two] => format!("{one}, {two}"),
        [first, .., last] => format!("{first}–{last}"),
        [] => String::new(),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// What lets the rollout pass a step that holds it, where the title does not say all.
fn gate(step: &Step) -> String {
    match &step.action {
        Action::Analyse { rule, .. } => {
            let undecided = match rule.on_undecided {
                OnUndecided::Promote => "passes too",
                OnUndecided::Hold => "waits for a person",
                OnUndecided::Rollback => "is taken back",
            };
            let (bake, requests) = (rule.bake.max(rule.interval), rule.requests);
            format!(
                "harmful: taken back at once; healthy: passes after {bake} and {requests} requests; undecided after {}: {undecided}",
                rule.timeout
            )
        }
        Action::Bake { requests: requests @ 1.., duration, .. } => {
            format!("passes after {duration} and {requests} requests, whichever comes later")
        }
        Action::Watch { rule, .. } => {
            let word = |it: OnHarm| match it {
                OnHarm::Rollback => "taken back",
                OnHarm::Hold => "holds the service",
                OnHarm::Tell => "told",
            };
            let (within, later) = (word(rule.on_harm), word(rule.after_window));
            format!("after the end; harmful within {}: {within}, later: {later}", rule.window)
        }
        Action::Pause {} => "until an operator runs `shipway rollout resume`".to_owned(),
        _ => String::new(),
    }
}

/// Which build a target gets, where regions have their own.
fn build(step: &Step, plan: &Plan) -> String {
    let Action::Place { instance, artifact, .. } = &step.action else { return String::new() };
    let is_variant =
        |it: &Deployed| it.version == instance.version && it.variants.contains_key(&instance.target);
    let known = plan.service(&instance.service);
    match known.is_some_and(|it| is_variant(&it.to) || it.from.as_ref().is_some_and(is_variant)) {
        true => format!("the build of its region, {}", short(artifact)),
        false => String::new(),
    }
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
    text += &match n_undone {
        0 => "    nothing needs to be undone\n".to_owned(),
        _ => recovery(&plan.unwind, paint),
    };
    if let Some(step) = reach {
        let line =
            format!("step {step} is the point of no return: after it, a failure halts and a person decides");
        text += &format!("    {}\n", paint.bad(&line));
    }
    text
}

/// How long the way back takes, against what the services promise.
fn recovery(unwind: &Unwind, paint: Paint) -> String {
    let mut text = format!("    takes {}\n", unwind.expected);
    for it in &unwind.services {
        let Some(promised) = it.promised else { continue };
        let line = format!("{} is back within {}; promised are {promised}", it.service, it.expected);
        let line = if it.expected > promised { paint.bad(&format!("{line}: too long")) } else { line };
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
    fn what_a_step_waits_for_is_told_in_ranges() {
        for (ids, told) in
            [(vec![4], "4"), (vec![1, 2], "1, 2"), (vec![1, 2, 3, 5, 7, 8, 9, 10], "1–3, 5, 7–10")]
        {
            assert_eq!(ranges(&ids.into_iter().map(StepId).collect::<Vec<_>>()), told);
        }
    }

    /// Regional builds, a judge, a promise that cannot be kept, and a point of no return.
    #[test]
    fn a_plan_says_what_is_unusual() {
        let event: Event =
            serde_json::from_str(include_str!("../../../../model/tests/events/rollout.queued.json"))
                .expect("an event");
        let Body::RolloutQueued { plan, plan_digest, .. } = event.body else { panic!("it queues a rollout") };
        let mut plan = (*plan).clone();
        for it in &mut plan.services {
            it.to.variants.insert("host-a".parse().unwrap(), it.to.artifact);
        }
        for it in &mut plan.unwind.services {
            it.promised = Some(shipway_model::Millis(1));
        }
        let last = plan.steps.last_mut().expect("it has steps");
        last.reversibility = Reversibility::PointOfNoReturn;
        plan.unwind.point_of_no_return = Some(last.id);
        insta::assert_snapshot!(render(&PlanView { digest: plan_digest, plan }, Paint::Plain));
    }

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
