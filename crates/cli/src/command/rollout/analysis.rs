//! `shipway rollout analysis`

use clap::Args;
use shipway_api::operations::rollout::{RolloutPath, ShowAnalysis};
use shipway_api::view::analysis::{RolloutAnalysis, StepAnalysis};
use shipway_model::RolloutId;
use shipway_model::analysis::{Decision, MetricVerdict, Signal, Verdict};

use super::show::decision;
use crate::connection::connect;
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, Paint, Table, plain};
use crate::settings::ConnectionArgs;

/// Show how a rollout is judged: evidence, boundaries and effects of every metric
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway rollout analysis rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01
  shipway rollout analysis rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 -o json")]
pub(crate) struct Analysis {
    /// The rollout's id
    rollout: RolloutId,
    #[command(flatten)]
    output: OutputArgs,
}

impl Analysis {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = RolloutPath { rollout: self.rollout };
        let answer = connect(connection)?.call::<ShowAnalysis>(path, (), ()).await;
        let found = answer.map_err(|error| Failure::from(error).about("ROLLOUT", self.rollout))?.value;
        self.output.show(&found, |paint| render(&found, paint))
    }
}

fn render(found: &RolloutAnalysis, paint: Paint) -> String {
    if found.steps.is_empty() {
        return "nothing of this rollout is judged\n".to_owned();
    }
    found.steps.iter().map(|it| of_step(it, paint)).collect::<Vec<_>>().join("\n")
}

fn of_step(step: &StepAnalysis, paint: Paint) -> String {
    let StepAnalysis { service, canary, control, .. } = step;
    let against = if step.is_watch { "watched against the past of" } else { "against" };
    let mut text = format!("step {}: {service} {canary} {against} {control}: ", step.step);
    let Some(verdict) = &step.verdict else {
        return text + "not begun\n";
    };
    let word = match verdict.decision {
        Decision::Harmful => paint.bad(decision(verdict.decision)),
        Decision::Healthy => paint.good(decision(verdict.decision)),
        Decision::Undecided | Decision::NoVerdict => paint.warn(decision(verdict.decision)),
    };
    text += &format!("{word} after {}, {} blocks", verdict.decided_at, step.blocks);
    text += &format!("; {} requests, {} failed\n", verdict.canary_requests, verdict.canary_errors);
    if let Some(it) = verdict.evidence {
        let (harm, needed) = (powers_of_ten(it.log_harm), powers_of_ten(it.log_harm_needed));
        text += &format!("  evidence of harm {harm}, decides at {needed}\n");
    }
    if let Some(it) = verdict.sensitivity {
        let share = 100.0 * it.spent / it.budget;
        text += &format!("  {share:.0} % of the watch's budget of false alarms ({}) is spent\n", it.budget);
    }
    for reason in &verdict.reasons {
        text += &format!("  {}\n", plain(reason));
    }
    text += &metrics(verdict, paint);
    if !verdict.findings.is_empty() {
        text += &format!("\n{}", findings(verdict, paint));
    }
    text
}

/// What logs and traces say, the gravest first.
fn findings(verdict: &Verdict, paint: Paint) -> String {
    let mut table = Table::new(["IN", "CHANGE", "WHAT", "CONTROL", "CANARY", "P", "EXAMPLE"]);
    for it in &verdict.findings {
        let of = match it.of {
            Signal::Logs => "logs",
            Signal::Traces => "traces",
        };
        let change = if it.is_worse { paint.bad(&it.change) } else { it.change.clone() };
        let (control, canary) = (it.control.to_string(), it.canary.to_string());
        let example = plain(it.example.as_deref().unwrap_or("-"));
        table.row([
            of,
            &change,
            &plain(&it.what),
            &control,
            &canary,
            &format!("{:.1e}", it.p_value),
            &example,
        ]);
    }
    table.render(paint, "")
}

fn metrics(verdict: &Verdict, paint: Paint) -> String {
    let mut table = Table::new(["METRIC", "CONTROL", "CANARY", "RATIO", "BOUNDS", "HARM", "HEALTH"]);
    for metric in &verdict.metrics {
        let MetricVerdict { name, effect, unit, .. } = metric;
        let number = |it: Option<f64>| it.map_or("–".to_owned(), |it| format!("{it:.3}"));
        let of_effect = effect.clone().unwrap_or_default();
        let unit = unit.as_ref().map_or(String::new(), |it| format!(" {it}"));
        let (control, canary) =
            (format!("{:.4}{unit}", metric.control), format!("{:.4}{unit}", metric.canary));
        let bounds = format!("{} to {}", number(of_effect.low), number(of_effect.high));
        let (harm, health) = (
            powers_of_ten(metric.log_e_value),
            metric.log_health_e_value.map_or("–".to_owned(), powers_of_ten),
        );
        table.row([name, &control, &canary, &number(of_effect.estimate), &bounds, &harm, &health]);
    }
    table.render(paint, "no metric was compared")
}

/// An e-value by its natural logarithm.
fn powers_of_ten(log: f64) -> String {
    let exponent = log / std::f64::consts::LN_10;
    if exponent.abs() < 4.0 { format!("{:.3}", log.exp()) } else { format!("1e{exponent:.1}") }
}
