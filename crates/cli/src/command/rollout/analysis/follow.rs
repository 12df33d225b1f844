//! `shipway rollout analysis --follow`: every block as it is judged.

use std::time::Instant;

use serde_json::json;
use shipway_api::Client;
use shipway_api::client;
use shipway_api::operations::rollout::{FollowRollout, RolloutPath};
use shipway_api::view::ledger::LedgerEvent;
use shipway_model::RolloutId;
use shipway_model::analysis::{Block, Decision, MetricVerdict, Verdict};
use shipway_model::event::{Body, Event};
use shipway_model::plan::StepId;

use super::super::show::decision;
use super::super::watch::{PATIENCE, RECONNECT_PAUSE};
use super::powers_of_ten;
use crate::failure::Failure;
use crate::output::{self, Format, Paint, plain};

/// Shows each block from the first on, until nothing more is to come. A control plane that restarts meanwhile is waited
/// for.
///
/// # Errors
/// When it stays away.
pub(super) async fn follow(client: &Client, rollout: RolloutId, format: Format) -> Result<(), Failure> {
    let (mut last_id, mut away_since) = (None, None);
    loop {
        match listen(client, rollout, &mut last_id, format).await {
            Ok(()) => return Ok(()),
            Err(error) if !error.is_transient() => {
                return Err(Failure::from(error).about("ROLLOUT", rollout));
            }
            Err(error) => {
                let since = *away_since.get_or_insert_with(Instant::now);
                if since.elapsed() > PATIENCE {
                    return Err(error.into());
                }
            }
        }
        tokio::time::sleep(RECONNECT_PAUSE).await;
    }
}

async fn listen(
    client: &Client,
    rollout: RolloutId,
    last_id: &mut Option<u64>,
    format: Format,
) -> Result<(), client::Error> {
    let path = RolloutPath { rollout };
    let mut stream = client.follow::<FollowRollout>(path, *last_id).await?;
    while let Some(entry) = stream.next_ledger_event().await? {
        *last_id = Some(entry.position);
        if let Some(text) = told(&entry, format) {
            output::print(&text);
        }
    }
    Ok(())
}

/// A block and what the judge said of it; other events say nothing here.
fn told(entry: &LedgerEvent, format: Format) -> Option<String> {
    let event: Event = serde_json::from_value(entry.opened()).ok()?;
    let Body::StepObserved { step, block, verdict, .. } = &event.body else { return None };
    Some(match format {
        Format::Table => line(*step, block, verdict, Paint::of_stdout()),
        Format::Json => {
            format!("{}\n", json!({ "at": event.at, "step": step, "block": block, "verdict": verdict }))
        }
        Format::Yaml => {
            let document = json!({ "at": event.at, "step": step, "block": block, "verdict": verdict });
            format!("---\n{}", output::yaml(&document).unwrap_or_default())
        }
    })
}

fn line(step: StepId, block: &Block, verdict: &Verdict, paint: Paint) -> String {
    let end = block.start.saturating_add(block.length);
    let word = match verdict.decision {
        Decision::Harmful => paint.bad(decision(verdict.decision)),
        Decision::Healthy => paint.good(decision(verdict.decision)),
        Decision::Undecided | Decision::NoVerdict => paint.warn(decision(verdict.decision)),
    };
    let evidence = verdict.evidence.map_or(String::new(), |it| {
        format!(", harm {} of {}", powers_of_ten(it.log_harm), powers_of_ten(it.log_harm_needed))
    });
    let mut text = format!("step {step} {end}: {word}{evidence}\n");
    for MetricVerdict { name, log_e_value, control, canary, effect, .. } in &verdict.metrics {
        let effect = effect.clone().unwrap_or_default();
        let number = |it: Option<f64>| it.map_or("–".to_owned(), |it| format!("{it:.3}"));
        text += &format!(
            "  {name}: {control:.4} → {canary:.4}, × {} ({} to {}), e {}\n",
            number(effect.estimate),
            number(effect.low),
            number(effect.high),
            powers_of_ten(*log_e_value)
        );
    }
    for it in verdict.findings.iter().filter(|it| it.is_worse) {
        text += &format!("  {} {}: {}\n", super::word(it.of), it.change_in_words(), plain(&it.what));
    }
    text
}
