//! `shipway rollout analysis`

mod follow;

use clap::Args;
use shipway_api::operations::rollout::{RolloutPath, ShowAnalysis};
use shipway_api::view::analysis::{RolloutAnalysis, StepAnalysis};
use shipway_model::RolloutId;
use shipway_model::analysis::{Decision, Finding, MetricVerdict, Signal, Trail, Verdict};

use super::show::decision;
use crate::connection::{connect, only_now};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output::{Format, OutputArgs, Paint, Table, plain, time};
use crate::settings::ConnectionArgs;

/// Show how a rollout is judged: evidence, boundaries and effects of every metric
///
/// What speaks against the new version is shown with where it leads: the queries, the lines and the traces around the
/// time. With --follow every block is shown as it is judged, and the whole once nothing more is to come; with -o json each
/// block is a line of its own.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway rollout analysis rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01
  shipway rollout analysis rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 --follow
  shipway rollout analysis rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 -o json")]
pub(crate) struct Analysis {
    /// The rollout's id
    rollout: RolloutId,
    /// Show every block as it is judged
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    output: OutputArgs,
}

impl Analysis {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        if self.follow {
            only_now(connection, "nothing moves in the past", "shipway rollout analysis ROLLOUT")?;
            follow::follow(&client, self.rollout, self.output.output).await?;
            if self.output.output != Format::Table {
                return Ok(Exit::Ok);
            }
        }
        let path = RolloutPath { rollout: self.rollout };
        let answer = client.call::<ShowAnalysis>(path, (), ()).await;
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
        let change = it.change_in_words();
        let change = if it.is_worse { paint.bad(&change) } else { change };
        let count = |n: u64| if it.of == Signal::Metrics { "-".to_owned() } else { n.to_string() };
        let (control, canary) = (count(it.control), count(it.canary));
        let example = plain(it.example.as_deref().unwrap_or("-"));
        table.row([
            word(it.of),
            &change,
            &plain(&it.what),
            &control,
            &canary,
            &format!("{:.1e}", it.p_value),
            &example,
        ]);
    }
    let trails = verdict.findings.iter().filter_map(|it| Some(trail(it, it.trail.as_deref()?, paint)));
    table.render(paint, "") + &trails.collect::<String>()
}

const fn word(signal: Signal) -> &'static str {
    match signal {
        Signal::Metrics => "metrics",
        Signal::Logs => "logs",
        Signal::Traces => "traces",
    }
}

/// Where a finding leads.
fn trail(finding: &Finding, trail: &Trail, paint: Paint) -> String {
    let (what, from, to) = (plain(&finding.what), time(trail.from), time(trail.to));
    let mut text = format!("\n{} leads to, from {from} until {to}:\n", paint.strong(&what));
    if let Some(advice) = &finding.advice {
        text += &format!("  advice  {}\n", plain(advice));
    }
    for it in &trail.series {
        text += &format!("  series  {} of {}: {}\n", it.metric, it.source, plain(&it.query));
    }
    for it in &trail.lines {
        let instance = it.instance.as_ref().map_or(String::new(), |it| format!(" {}", plain(it)));
        let trace = it.trace.as_ref().map_or(String::new(), |it| format!(" (trace {it})"));
        text += &format!("  line    {}{instance}{trace}: {}\n", time(it.at), plain(&it.text));
    }
    for trace in &trail.traces {
        text += &format!("  trace   {}\n", plain(trace));
    }
    text
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
