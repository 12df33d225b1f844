//! `shipway env queue`

use clap::Args;
use shipway_api::operations::environment::{EnvironmentPath, ShowQueue};
use shipway_api::view::QueueView;
use shipway_model::Name;

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, time};
use crate::settings::ConnectionArgs;

/// Show who works, who waits and why, and what other limits would give
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway env queue production
  shipway env queue production -o json")]
pub(crate) struct Queue {
    environment: Name,
    #[command(flatten)]
    output: OutputArgs,
}

impl Queue {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = EnvironmentPath { environment: self.environment };
        let view = connect(connection)?.call::<ShowQueue>(path, (), ()).await?.value;
        self.output.show(&view, |paint| render(&view, paint))
    }
}

fn render(view: &QueueView, paint: Paint) -> String {
    let mut text = format!(
        "{}: {} of {} rollouts under way\n\n",
        paint.strong(view.environment.as_str()),
        view.running.len(),
        view.concurrency.rollouts
    );
    let mut table = Table::new(["NO", "RELEASE", "SINCE", "WAITS BECAUSE", "UNTIL", "ROLLOUT"]);
    for it in &view.running {
        let release = format!("{}@{}", it.release.name, it.release.version);
        let since = time(it.started_at.unwrap_or(it.queued_at));
        table.row(["-", &release, &since, it.phase.word(), "", &it.id.to_string()]);
    }
    for it in &view.queued {
        let release = format!("{}@{}", it.release.name, it.release.version);
        let (position, since) = (it.position.to_string(), time(it.since));
        table.row([&position, &release, &since, &it.why, &it.until, &it.rollout.to_string()]);
    }
    text += &table.render(paint, "Nothing is under way and nothing waits.");
    if let Some(cost) = &view.cost {
        let whose = match cost.rollouts {
            1 => "The latest rollout".to_owned(),
            n_rollouts => format!("The latest {n_rollouts} rollouts"),
        };
        text += &format!("\n{whose} kept the runners busy for {}", cost.busy_total);
        let each = if cost.rollouts == 1 { String::new() } else { format!(", {} each", cost.busy_mean) };
        text += &format!("{each}, all hosts together.\n");
    }
    if !view.forecasts.is_empty() {
        let mut table = Table::new(["ROLLOUTS AT ONCE", "MEAN WAIT", "LONGEST WAIT"]);
        for it in &view.forecasts {
            table.row([&it.rollouts.to_string(), &it.wait_mean.to_string(), &it.wait_max.to_string()]);
        }
        text += &format!(
            "\nWith other limits, the latest rollouts would have waited:\n{}",
            table.render(paint, "")
        );
    }
    text
}
