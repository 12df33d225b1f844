//! `shipway ledger approvals`

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use shipway_engine::change::audit::{Audit, Checked};
use shipway_model::event::Event;

use super::source::Source;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, Paint, Table, short, time};
use crate::settings::ConnectionArgs;

/// Check every approval again, from the events alone
///
/// Each signature is verified with the key that was registered then, over the plan as the ledger has it. With --data from
/// the files of a control plane that is not running. Whose keys they are is not looked at: names may have been erased.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway ledger approvals
  shipway ledger approvals --data ./shipway-data -o json")]
pub(crate) struct Approvals {
    /// The control plane's data folder, or its ledger file
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

/// What `-o json` shows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    change: String,
    at: String,
    decision: &'static str,
    key: String,
    plan: String,
    /// Empty when it is sound.
    faults: Vec<String>,
}

impl Approvals {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let source = Source::open_then(self.data.as_deref(), connection)?;
        let size = source.head().await?.size;
        let mut audit = Audit::default();
        let mut from = 0;
        'ledger: while from < size {
            let records = source.records(from).await?;
            let Some(last) = records.last() else { break };
            from = last.position + 1;
            for record in &records {
                let event: Event = serde_json::from_slice(&record.bytes).map_err(|error| {
                    let message = format!("event {} cannot be read: {error}", record.position);
                    Failure::new(message, "shipway ledger verify")
                })?;
                if connection.as_of.is_some_and(|at| event.at > at) {
                    break 'ledger;
                }
                audit.feed(&event);
            }
        }
        let (words, faults) = audit.finish();
        let shown: Vec<Shown> = words.iter().map(shown).collect();
        self.output.show(&shown, |paint| render(&words, paint))?;
        match faults.first() {
            Some(fault) => Err(Failure::new(fault.clone(), "shipway ledger verify")),
            None if words.iter().any(|it| !it.faults.is_empty()) => {
                Err(Failure::new("some of the words do not count", "shipway key list"))
            }
            None => Ok(Exit::Ok),
        }
    }
}

fn shown(it: &Checked) -> Shown {
    Shown {
        change: it.change.to_string(),
        at: it.at.to_string(),
        decision: it.decision.as_str(),
        key: it.key.to_string(),
        plan: it.plan.to_string(),
        faults: it.faults.clone(),
    }
}

fn render(words: &[Checked], paint: Paint) -> String {
    let mut table = Table::new(["CHANGE", "AT", "SAID", "KEY", "PLAN", "SOUND"]);
    for it in words {
        let sound =
            if it.faults.is_empty() { "yes".to_owned() } else { format!("no: {}", it.faults.join("; ")) };
        let (id, at) = (it.change.to_string(), time(it.at));
        table.row([&id, &at, it.decision.as_str(), &short(&it.key), &short(&it.plan), &sound]);
    }
    table.render(paint, "The ledger has no approvals.")
}
