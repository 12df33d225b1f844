//! `shipway change propose`

use clap::Args;
use serde_json::json;
use shipway_api::operations::threshold::{ChangePolicyPath, ProposeRules};
use shipway_api::view::threshold::ProposalsView;
use shipway_model::Name;

use crate::connection::connect;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, print, yaml};
use crate::settings::ConnectionArgs;

/// Propose rules that measured records ask for, or let go
///
/// Looks at how the latest changes of each Team or service ended, as the thresholds of a ChangePolicy say. Nothing changes
/// until somebody declares the policy: --write writes it, `shipway apply` declares it under their name.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway change propose regulated
  shipway change propose regulated --write > regulated.yaml")]
pub(crate) struct Propose {
    /// The ChangePolicy
    policy: Name,
    /// Write the policy as it would be with all proposals
    #[arg(long)]
    write: bool,
    #[command(flatten)]
    output: OutputArgs,
}

impl Propose {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = ChangePolicyPath { policy: self.policy.clone() };
        let view = connect(connection)?.call::<ProposeRules>(path, (), ()).await?.value;
        if self.write {
            let document = json!({
                "apiVersion": "shipway.dev/v1", "kind": "ChangePolicy",
                "metadata": { "name": self.policy }, "spec": view.policy,
            });
            let text = yaml(&document)?;
            print(&text);
            return Ok(Exit::Ok);
        }
        self.output.show(&view, |paint| render(&view, &self.policy, paint))
    }
}

fn render(view: &ProposalsView, policy: &Name, paint: Paint) -> String {
    let mut table = Table::new(["PROPOSAL", "RULE", "RECORD OF", "FAILED", "WORDS"]);
    for it in &view.proposals {
        let failed = format!("{} of the latest {}", it.failures.len(), it.changes);
        let words = it.rule.count.to_string();
        table.row([&it.way, it.rule.name.as_str(), it.about.as_str(), &failed, &words]);
    }
    let mut text = table.render(paint, "The records ask for nothing else than what is declared.");
    if !view.proposals.is_empty() {
        text += &format!("{} shipway change propose {policy} --write > {policy}.yaml\n", paint.dim("next:"));
    }
    text
}
