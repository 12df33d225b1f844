//! `shipway decision show`

use clap::Args;
use shipway_api::operations::decision::{DecisionPath, ShowDecision};
use shipway_api::view::decision::DecisionView;
use shipway_model::DecisionId;

use crate::command::explain::requirements;
use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, time};
use crate::settings::ConnectionArgs;

/// Show a decision with every requirement and the digests of its inputs
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway decision show dec_0198f3c0e1b27c3d8a4f5e6d7c8b9a01
  shipway decision show dec_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 -o json")]
pub(crate) struct Show {
    id: DecisionId,
    #[command(flatten)]
    output: OutputArgs,
}

impl Show {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = DecisionPath { decision: self.id };
        let view = connect(connection)?.call::<ShowDecision>(path, (), ()).await?.value;
        self.output.show(&view, |paint| render(&view, paint))
    }
}

fn render(view: &DecisionView, paint: Paint) -> String {
    let DecisionView { summary, decision } = view;
    let word = if summary.passes { paint.good("passes") } else { paint.bad("does not pass") };
    let release = paint.strong(&format!("{}@{}", summary.release.name, summary.release.version));
    let mut text = format!("{release} {word} the gates of {}\n", summary.environment);
    text += &format!("  id       {}\n", summary.id);
    text += &format!("  asked    step {} of {}, time {}\n", summary.step, summary.rollout, summary.attempt);
    text += &format!("  said     {}, about {}\n", time(summary.at), time(decision.at));
    text += &format!("  facts    {}\n", summary.facts);
    text += &format!("  result   {}\n", summary.result);
    for (name, digest) in &decision.policies {
        text += &format!("  policy   {name} {digest}\n");
    }
    text += &format!("\n{}", requirements(&decision.requirements, paint));
    text + &format!("\n{} shipway decision replay {}\n", paint.dim("next:"), summary.id)
}
