//! `shipway rollout list`

use clap::Args;
use jiff::Timestamp;
use shipway_api::operations::rollout::{ListRollouts, RolloutQuery};
use shipway_api::view::RolloutSummary;
use shipway_model::{Millis, Name};

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, time};
use crate::settings::ConnectionArgs;

/// List rollouts, the newest first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway rollout list
  shipway rollout list --env production --live
  shipway rollout list --env production --before 2026-03-14T09:26:53Z --limit 3
  shipway rollout list --limit 5 -o json")]
pub(crate) struct List {
    /// Into this environment alone
    #[arg(long, value_name = "ENV")]
    env: Option<Name>,
    /// Only those that have not ended
    #[arg(long)]
    live: bool,
    /// Only those that had started by this instant, as that of an alert: the newest of them is the likeliest cause
    #[arg(long, value_name = "INSTANT")]
    before: Option<Timestamp>,
    /// This many at most
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    #[command(flatten)]
    output: OutputArgs,
}

impl List {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let live = self.live.then_some(true);
        let query = RolloutQuery {
            environment: self.env,
            live,
            before: self.before,
            limit: Some(self.limit),
            cursor: None,
        };
        let page = connect(connection)?.call::<ListRollouts>((), query, ()).await?.value;
        self.output.show(&page.items, |paint| {
            if let Some(before) = self.before {
                return leading_up_to(before, &page.items, paint);
            }
            let mut table = Table::new(["ROLLOUT", "RELEASE", "INTO", "PHASE", "STEPS", "BY", "QUEUED"]);
            for it in &page.items {
                let release = format!("{}@{}", it.release.name, it.release.version);
                let steps = it.progress.map(|it| format!("{}/{}", it.steps_done, it.steps_total));
                let (id, queued) = (it.id.to_string(), time(it.queued_at));
                let steps = steps.unwrap_or_default();
                let into = it.environment.as_str();
                table.row([&id, &release, into, it.phase.word(), &steps, &it.requested_by, &queued]);
            }
            table.render(paint, "There is no rollout.")
        })
    }
}

/// What was shipped before an instant, and how long before it.
fn leading_up_to(instant: Timestamp, rollouts: &[RolloutSummary], paint: Paint) -> String {
    let mut table = Table::new(["ROLLOUT", "RELEASE", "INTO", "STARTED", "BEFORE", "THEN", "BY"]);
    for it in rollouts {
        let Some(started) = it.started_at else { continue };
        let release = format!("{}@{}", it.release.name, it.release.version);
        let ago = Millis(u64::try_from(instant.duration_since(started).as_millis()).unwrap_or(0));
        let then = match it.ended_at {
            Some(ended) if ended <= instant => "had ended",
            _ => "was under way",
        };
        let (id, started, ago) =
            (it.id.to_string(), time(started), Millis::from_secs(ago.0 / 1000).to_string());
        table.row([&id, &release, it.environment.as_str(), &started, &ago, then, &it.requested_by]);
    }
    table.render(paint, "Nothing had been shipped by then.")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_shipped_before_an_alert_is_told_with_its_distance() {
        let digest = format!("sha256:{}", "0".repeat(64));
        let rollout = |hour: u8, ended: Option<&str>| -> RolloutSummary {
            serde_json::from_value(json!({
                "id": "rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01",
                "release": {"id": "rel_0198f3c0e1b27c3d8a4f5e6d7c8b9a01", "name": "shop", "version": "1.0.0", "digest": digest},
                "environment": "production", "requestedBy": "ana", "phase": {"name": "running"},
                "queuedAt": format!("2026-03-14T0{hour}:00:00Z"), "startedAt": format!("2026-03-14T0{hour}:00:00Z"),
                "endedAt": ended,
            }))
            .unwrap()
        };
        let alert = "2026-03-14T09:30:00Z".parse().unwrap();
        let rollouts = [rollout(9, None), rollout(7, Some("2026-03-14T07:10:00Z"))];
        let text = leading_up_to(alert, &rollouts, Paint::Plain);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].contains("30m") && lines[1].contains("was under way"), "{text}");
        assert!(lines[2].contains("2h 30m") && lines[2].contains("had ended"), "{text}");
    }
}
