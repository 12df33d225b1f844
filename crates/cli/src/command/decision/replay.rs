//! `shipway decision replay`

use clap::Args;
use shipway_api::operations::decision::{DecisionPath, ReplayDecision};
use shipway_api::view::decision::{Compared, ReplayView};
use shipway_model::DecisionId;

use crate::connection::connect;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, plain, short};
use crate::settings::ConnectionArgs;

/// Compute a decision again from the ledger: identical, or how it differs
///
/// The facts are folded anew from the events up to the decision, and the policies are asked again about the facts that
/// were kept. The exit code is 0 when both come out as they were recorded and 1 when not.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway decision replay dec_0198f3c0e1b27c3d8a4f5e6d7c8b9a01
  shipway decision replay dec_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 -o json")]
pub(crate) struct Replay {
    id: DecisionId,
    #[command(flatten)]
    output: OutputArgs,
}

impl Replay {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = DecisionPath { decision: self.id };
        let view = connect(connection)?.call::<ReplayDecision>(path, (), ()).await?.value;
        self.output.show(&view, |paint| render(&view, paint))?;
        Ok(if view.identical { Exit::Ok } else { Exit::Failed })
    }
}

fn render(view: &ReplayView, paint: Paint) -> String {
    let line = |what: &str, it: &Compared| match it.is_identical() {
        true => format!("  {what}  {}  {}\n", short(&it.recorded), paint.good("identical")),
        false => {
            format!("  {what}  {} → {}  {}\n", short(&it.recorded), short(&it.computed), paint.bad("differs"))
        }
    };
    let word = if view.identical { paint.good("identical") } else { paint.bad("differs") };
    let mut text = format!("{} {word}\n", view.id);
    text += &line("facts ", &view.facts);
    text += &line("result", &view.result);
    for it in &view.differences {
        text += &format!("    {}\n", plain(it));
    }
    text
}
