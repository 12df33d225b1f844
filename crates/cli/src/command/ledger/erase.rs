//! `shipway ledger erase`

use std::collections::BTreeSet;

use clap::Args;
use serde::Serialize;
use shipway_api::operations::ledger::{EraseSubject, ErasureRequest, LedgerQuery, ListLedgerEvents};
use shipway_api::view::ledger::{LedgerHead, PersonalText};
use shipway_ledger::{leaf_hash, to_canonical};
use shipway_model::Digest;
use shipway_model::event::TextRef;

use super::source::Source;
use crate::connection::{connect, once};
use crate::failure::{Failure, Outcome};
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Erase what is kept about a person; every event and every proof stays valid
///
/// Erased are the name, what was written in that name, texts in which the name is a word, and copies of these. They stood
/// beside the ledger; the events hold salted commitments, which say nothing any more. An event records that this happened,
/// who did it and why: give the reason without the name. Refused while a token under the name is valid, and under a legal
/// hold. Events from before there were commitments, declarations and logs of steps are not changed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway ledger erase --subject ana --reason \"request 31 under article 17\" --dry-run
  shipway ledger erase --subject ana --reason \"request 31 under article 17\"
  shipway ledger erase --subject ana --reason \"request 31 under article 17\" -o json")]
pub(crate) struct Erase {
    /// The name that the person's tokens carried
    #[arg(long, value_name = "NAME")]
    subject: String,
    /// Why, without the name: this is recorded
    #[arg(long)]
    reason: String,
    /// Only show what would be erased
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// What `-o json` shows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Erased {
    texts: Vec<TextRef>,
    /// Facts of decisions and signed statements that name the subject.
    documents: Vec<Digest>,
    dry_run: bool,
    /// Events that were looked at again: the texts are gone, and each is proved to be in the ledger as it was.
    events_proved: Vec<u64>,
    /// The ledger in which they are.
    head: Option<LedgerHead>,
}

impl Erase {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let Self { subject, reason, dry_run, output } = self;
        let request = ErasureRequest { subject, reason, dry_run };
        let erasure = once(client.call::<EraseSubject>((), (), request)).await?.value;
        let (texts, documents) = (erasure.texts, erasure.documents);
        let mut erased = Erased { texts, documents, dry_run, events_proved: Vec::new(), head: None };
        if !dry_run {
            let source = Source::open(None, connection)?;
            let events: BTreeSet<u64> = erased.texts.iter().map(|it| it.position).collect();
            for position in events {
                let query = LedgerQuery { from: Some(position), limit: Some(1) };
                let page = client.call::<ListLedgerEvents>((), query, ()).await?.value;
                let event = page.items.into_iter().next();
                let event = event.ok_or_else(|| failed(position, "it is not there"))?;
                let mut of_event = erased.texts.iter().filter(|it| it.position == position);
                let gone = |it: &TextRef| event.personal.get(&it.pointer) == Some(&PersonalText::Erased {});
                if !of_event.all(gone) {
                    return Err(failed(position, "a text is still there"));
                }
                let bytes = to_canonical(&event.event).map_err(|it| failed(position, &it.to_string()))?;
                let proof = source.inclusion(position).await?;
                if leaf_hash(&bytes) != proof.leaf {
                    return Err(failed(position, "it does not hash to the leaf that is proved"));
                }
                erased.events_proved.push(position);
                erased.head = Some(proof.head);
            }
        }
        output.show(&erased, |paint| {
            let n_texts = erased.texts.len();
            let mut text = match (n_texts, dry_run) {
                (0, _) => "nothing is kept about this name\n".to_owned(),
                (_, true) => format!("{n_texts} texts would be erased:\n"),
                (_, false) => format!("{}: {n_texts} texts\n", paint.good("erased")),
            };
            erased.texts.iter().for_each(|it| text += &format!("  event {} {}\n", it.position, it.pointer));
            if !erased.documents.is_empty() {
                let verb = if dry_run { "would be deleted" } else { "deleted" };
                text += &format!("{verb}: {} documents beside the ledger\n", erased.documents.len());
                erased.documents.iter().for_each(|it| text += &format!("  {it}\n"));
            }
            if let Some(head) = &erased.head {
                let n_events = erased.events_proved.len();
                let word = paint.good("proved");
                text += &format!("{word}: the {n_events} events are in the ledger as they were, ");
                text += &format!("{} events under {}\n", head.size, head.root);
            }
            text
        })
    }
}

fn failed(position: u64, why: &str) -> Failure {
    let next = format!("shipway ledger show --from {position} --limit 1 -o json");
    Failure::new(format!("event {position} is not as an erasure leaves it: {why}"), next)
}
