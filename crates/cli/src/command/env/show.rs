//! `shipway env show`

use clap::Args;
use shipway_api::operations::environment::{EnvironmentPath, ShowEnvironment};
use shipway_api::view::EnvironmentView;
use shipway_model::Name;

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, targets, traffic};
use crate::settings::ConnectionArgs;

/// Show what runs where in an environment, and how its traffic is split
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway env show production
  shipway env show production -o yaml")]
pub(crate) struct Show {
    environment: Name,
    #[command(flatten)]
    output: OutputArgs,
}

impl Show {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = EnvironmentPath { environment: self.environment };
        let view = connect(connection)?.call::<ShowEnvironment>(path, (), ()).await?.value;
        self.output.show(&view, |paint| render(&view, paint))
    }
}

fn render(view: &EnvironmentView, paint: Paint) -> String {
    let summary = &view.summary;
    let release = match &summary.release {
        Some(it) => format!("{}@{}", it.name, it.version),
        None => "nothing shipped yet".to_owned(),
    };
    let mut text = format!("{}  {release}\n", paint.strong(summary.name.as_str()));
    text += &format!("  at once: {} rollouts, {} steps\n", view.concurrency.rollouts, view.concurrency.steps);
    for id in &summary.live {
        text += &format!("  {} {id}\n", paint.warn("live rollout"));
    }
    text += &format!("\n{}", targets(&view.targets, paint));
    if !view.traffic.is_empty() {
        text += &format!("\n{}", traffic(&view.traffic, paint));
    }
    text
}
