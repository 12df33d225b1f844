//! `shipway ledger prove`

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use serde_json::Value;
use shipway_api::view::ledger::{EventProof, LedgerHead};
use shipway_ledger::{Claim, Policy, ProofDocument, ProofFile, earlier_root, empty_root};
use shipway_model::Digest;

use super::source::Source;
use crate::command::trust::TrustArgs;
use crate::failure::{Failure, Outcome};
use crate::output::{self, OutputArgs};
use crate::settings::ConnectionArgs;

/// Prove that an event is in the ledger, or that the ledger has only grown
///
/// Prints a proof file (C2SP tlog-proof@v1) that holds the event itself: with it and the ledger's public key, anybody
/// can check it without asking anybody (`shipway verify`). With --consistency, a proof in JSON that the first A events
/// of the first B are the ledger of A events that there was; B is all of it when left out. From a server, or with
/// --data from the files of a control plane that is not running.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway ledger prove 1200 > event-1200.tlog-proof
  shipway ledger prove 1200 --key ledger.pub -o json
  shipway ledger prove --consistency 1000 1200 > growth.json
  shipway ledger prove 7 --data ./shipway-data --bare")]
pub(crate) struct Prove {
    /// The event's position, or its leaf hash, which is looked for from the first event on
    #[arg(required_unless_present = "consistency", conflicts_with = "consistency")]
    event: Option<Event>,
    /// The earlier size, and the later one
    #[arg(long, num_args = 1..=2, value_names = ["A", "B"])]
    consistency: Option<Vec<u64>>,
    /// Leave the event out of the proof file: whoever checks it needs to have it
    #[arg(long, conflicts_with = "consistency")]
    bare: bool,
    /// The control plane's data folder, or its ledger file
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// How an event is named.
#[derive(Debug, Clone, Copy)]
enum Event {
    Position(u64),
    Leaf(Digest),
}

impl Prove {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let source = Source::open(self.data.as_deref(), connection)?;
        let policy = self.policy(&source)?;
        match (&self.consistency, self.event) {
            (Some(sizes), _) => self.consistency(&source, policy.as_ref(), sizes).await,
            (None, Some(event)) => self.inclusion(&source, policy.as_ref(), event).await,
            (None, None) => unreachable!("clap asks for one of them"),
        }
    }

    /// Whom to believe; nobody is asked when nobody is known.
    fn policy(&self, source: &Source) -> Result<Option<Policy>, Failure> {
        match source.own_key() {
            _ if self.trust.is_given() => Ok(Some(self.trust.policy()?)),
            Some(key) => Ok(Some(Policy::of_logs(vec![key.clone()]))),
            None => Ok(None),
        }
    }

    async fn inclusion(&self, source: &Source, policy: Option<&Policy>, event: Event) -> Outcome {
        let position = match event {
            Event::Position(position) => position,
            Event::Leaf(leaf) => source.position_of(leaf).await?,
        };
        let proof = source.inclusion(position).await?;
        check_head(policy, &proof.head)?;
        let records = source.records(position).await?;
        let record = records.first().filter(|it| it.leaf == proof.leaf).ok_or_else(|| {
            Failure::new(format!("event {position} is not what was recorded"), "shipway ledger verify")
        })?;
        let extra = (!self.bare).then(|| record.bytes.to_vec());
        self.output.show(&json(&document(&proof)), |_| {
            let EventProof { position, path, head, .. } = &proof;
            ProofFile { extra, index: *position, path: path.clone(), checkpoint: head.checkpoint.clone() }
                .to_string()
        })
    }

    async fn consistency(&self, source: &Source, policy: Option<&Policy>, sizes: &[u64]) -> Outcome {
        let head = source.head().await?;
        check_head(policy, &head)?;
        let size1 = sizes[0];
        let size2 = sizes.get(1).copied().unwrap_or(head.size);
        if size1 > size2 || size2 > head.size {
            let message =
                format!("A ≤ B ≤ {} must hold, the ledger's size; {size1} and {size2} do not", head.size);
            return Err(Failure::new(message, "shipway ledger head"));
        }
        let root1 = root_at(source, &head, size1).await?;
        let root2 = root_at(source, &head, size2).await?;
        let document = ProofDocument {
            claim: Claim::Consistency { size1, root1, size2, root2 },
            path: source.consistency(size1, size2).await?,
            checkpoint: (size2 == head.size && !head.checkpoint.is_empty()).then_some(head.checkpoint),
        };
        document.verify().map_err(|it| Failure::because(&it, "shipway ledger verify"))?;
        self.output.show(&json(&document), |_| document.to_json())
    }
}

/// The root that the first `size` events had.
async fn root_at(source: &Source, head: &LedgerHead, size: u64) -> Result<Digest, Failure> {
    let Some(last) = size.checked_sub(1) else { return Ok(empty_root()) };
    if size == head.size {
        return Ok(head.root);
    }
    let proof = source.inclusion(last).await?;
    earlier_root(proof.leaf, last, proof.head.size, &proof.path)
        .map_err(|it| Failure::because(&it, "shipway ledger verify"))
}

fn check_head(policy: Option<&Policy>, head: &LedgerHead) -> Result<(), Failure> {
    let next = "shipway ledger verify";
    let Some(policy) = policy else {
        output::note("note: the checkpoint's signature was not checked: give --key FILE\n");
        return Ok(());
    };
    let signed = policy.verify(&head.checkpoint).map_err(|it| Failure::because(&it, next))?.checkpoint;
    if (signed.size, signed.root) != (head.size, head.root) {
        return Err(Failure::new("the checkpoint signs for another ledger than this one", next));
    }
    Ok(())
}

fn document(proof: &EventProof) -> ProofDocument {
    let EventProof { position, leaf, path, head } = proof;
    ProofDocument {
        claim: Claim::Inclusion { leaf: *leaf, index: *position, size: head.size, root: head.root },
        path: path.clone(),
        checkpoint: Some(head.checkpoint.clone()),
    }
}

fn json(document: &ProofDocument) -> Value {
    serde_json::from_str(&document.to_json()).expect("it is JSON")
}

impl FromStr for Event {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text.parse(), text.parse()) {
            (Ok(position), _) => Ok(Self::Position(position)),
            (_, Ok(leaf)) => Ok(Self::Leaf(leaf)),
            _ => Err("write a position, or a leaf hash as `sha256:` and 64 hexadecimal digits".to_owned()),
        }
    }
}
