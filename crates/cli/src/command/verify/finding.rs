//! What one file turned out to prove, or why it proves nothing.

use std::error::Error;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde::Serialize;
use shipway_ledger::document::Claim;
use shipway_ledger::evidence::{Evidence, SIZE_BYTES_MAX};
use shipway_ledger::policy::Cosigned;
use shipway_ledger::{Origin, Policy, PolicyError, ProofDocument, ProofFile, Vouched, leaf_hash};
use shipway_model::Digest;
use shipway_store::{Place, archive};

use crate::command::ledger::tiles::TileFolder;

/// What the command line says beside the files.
pub(super) struct Given {
    pub(super) policy: Policy,
    /// Of the record that proof files are about.
    pub(super) leaf: Option<Digest>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Finding {
    pub(super) file: String,
    kind: Kind,
    pub(super) sound: bool,
    /// What was verified, or why not.
    pub(super) statement: String,
    /// The checkpoint that was found signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) signed: Option<Signed>,
    /// Trees that the proof is about and nobody has signed for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unsigned: Vec<Tree>,
    /// Whether a key that was not given is all that is missing.
    #[serde(skip)]
    pub(super) needs_key: bool,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Checkpoint,
    ProofFile,
    ProofDocument,
    Tiles,
    Archive,
    Unknown,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Signed {
    #[serde(serialize_with = "as_text")]
    pub(super) log: Origin,
    pub(super) size: u64,
    pub(super) root: Digest,
    cosigned: Vec<Witness>,
}

/// A witness, and when it cosigned by its own clock, in seconds since 1970.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Witness {
    witness: String,
    time_s: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
struct Tree {
    size: u64,
    root: Digest,
}

/// What a check found out.
struct Proved {
    statement: String,
    vouched: Option<Vouched>,
    unsigned: Vec<Tree>,
}

/// Reads `file` and checks whatever it is.
pub(super) fn check(file: &Path, given: &Given) -> Finding {
    let address = file.to_string_lossy();
    let (kind, proved) = if file.is_dir() || Place::is_bucket(&address) {
        check_place(&address, &given.policy)
    } else {
        match read(file) {
            Ok(Evidence::Checkpoint(note)) => (Kind::Checkpoint, check_checkpoint(&note, given)),
            Ok(Evidence::ProofFile(proof)) => (Kind::ProofFile, check_proof_file(&proof, given)),
            Ok(Evidence::Document(document)) => (Kind::ProofDocument, check_document(&document, given)),
            Err(reason) => (Kind::Unknown, Err(reason.into())),
        }
    };
    let file = file.display().to_string();
    match proved {
        Ok(Proved { statement, vouched, unsigned }) => {
            let signed = vouched.map(Signed::from);
            Finding { file, kind, sound: true, statement, signed, unsigned, needs_key: false }
        }
        Err(error) => Finding {
            file,
            kind,
            sound: false,
            statement: sentence(error.as_ref()),
            signed: None,
            unsigned: Vec::new(),
            needs_key: matches!(error.downcast_ref(), Some(PolicyError::UnknownLog { .. })),
        },
    }
}

/// Says of every tree that nobody has signed for whether a checkpoint in another of the files does.
pub(super) fn anchor(findings: &mut [Finding]) {
    let signed: Vec<(Tree, String)> = findings
        .iter()
        .filter_map(|it| Some((it.signed.as_ref()?, &it.file)))
        .map(|(it, file)| (Tree { size: it.size, root: it.root }, file.clone()))
        .collect();
    for finding in findings {
        let mut sentences = String::new();
        finding.unsigned.retain(|tree| match signed.iter().find(|(it, _)| it == tree) {
            Some((_, file)) => {
                sentences += &format!("; the tree of {} is signed for in {file}", tree.size);
                false
            }
            None => {
                sentences += &format!("; nobody has signed for the tree of {}", tree.size);
                true
            }
        });
        finding.statement += &sentences;
    }
}

type Check = Result<Proved, Box<dyn Error>>;

fn read(file: &Path) -> Result<Evidence, String> {
    let mut bytes = Vec::new();
    // One byte more than is taken tells that there are more.
    File::open(file)
        .and_then(|it| it.take(SIZE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("it cannot be read: {error}"))?;
    Evidence::read(&bytes).map_err(|error| error.to_string())
}

fn check_checkpoint(note: &str, given: &Given) -> Check {
    let vouched = given.policy.verify(note)?;
    let statement = format!("a checkpoint of {}", signed_by(&vouched));
    Ok(Proved { statement, vouched: Some(vouched), unsigned: Vec::new() })
}

fn check_proof_file(proof: &ProofFile, given: &Given) -> Check {
    let vouched = given.policy.verify(&proof.checkpoint)?;
    let (leaf, which) = match (given.leaf, &proof.extra) {
        (Some(leaf), _) => (leaf, "the record given"),
        (None, Some(record)) => (leaf_hash(record), "the record in the file"),
        (None, None) => {
            return Err("the file does not hold the record that it is about: give --record FILE".into());
        }
    };
    proof.verify_leaf(leaf, &vouched.checkpoint).map_err(|error| {
        format!("{which} is not number {} of the checkpoint's tree: {error}", proof.index)
    })?;
    let statement = format!("{which} is number {} of {}", proof.index, signed_by(&vouched));
    Ok(Proved { statement, vouched: Some(vouched), unsigned: Vec::new() })
}

fn check_document(document: &ProofDocument, given: &Given) -> Check {
    document.verify()?;
    let vouched = match &document.checkpoint {
        Some(note) => {
            let vouched = given.policy.verify(note)?;
            document.is_about(&vouched.checkpoint)?;
            Some(vouched)
        }
        None => None,
    };
    let (statement, mut trees) = match document.claim {
        Claim::Inclusion { leaf, index, size, root } => {
            (format!("the leaf {leaf} is number {index} of {size} under {root}"), vec![Tree { size, root }])
        }
        Claim::Consistency { size1, root1, size2, root2 } => (
            format!("the {size2} records under {root2} begin with the {size1} under {root1}"),
            vec![Tree { size: size1, root: root1 }, Tree { size: size2, root: root2 }],
        ),
    };
    if let Some(vouched) = &vouched {
        let signed = Tree { size: vouched.checkpoint.size, root: vouched.checkpoint.root };
        trees.retain(|it| *it != signed);
        let statement = format!("{statement}; the tree of {} is {}", signed.size, signed_by(vouched));
        return Ok(Proved { statement, unsigned: trees, vouched: Some(vouched.clone()) });
    }
    Ok(Proved { statement, vouched, unsigned: trees })
}

/// What a folder, or a place in object storage, says that it is.
fn check_place(address: &str, policy: &Policy) -> (Kind, Check) {
    let place = match Place::open(address) {
        Ok(place) => place,
        Err(error) => return (Kind::Tiles, Err(error.into())),
    };
    match place.read(archive::MANIFEST) {
        Ok(Some(_)) => (Kind::Archive, check_archive(&place, policy)),
        Ok(None) => (Kind::Tiles, check_tiles(place, policy)),
        Err(error) => (Kind::Tiles, Err(error.into())),
    }
}

fn check_tiles(place: Place, policy: &Policy) -> Check {
    let vouched = TileFolder::at(place).verify(policy)?;
    let statement = format!("all records hash to {}", signed_by(&vouched));
    Ok(Proved { statement, vouched: Some(vouched), unsigned: Vec::new() })
}

fn check_archive(place: &Place, policy: &Policy) -> Check {
    let (manifest, vouched) = archive::verify(place, policy)?;
    let (size, n_tables, pruned) = (manifest.size, manifest.tables.len(), manifest.pruned);
    let left = match pruned {
        0 => String::new(),
        _ => format!(", of the first {pruned} the hashes alone,"),
    };
    let statement = format!(
        "its {size} events{left} in bundles and in {n_tables} tables are the beginning of {}",
        signed_by(&vouched)
    );
    Ok(Proved { statement, vouched: Some(vouched), unsigned: Vec::new() })
}

/// A tree, its log and who vouches for it.
fn signed_by(vouched: &Vouched) -> String {
    let Vouched { checkpoint, cosigned } = vouched;
    let mut text = format!(
        "the {} records of the log {} under {}, signed by it",
        checkpoint.size, checkpoint.origin, checkpoint.root
    );
    for it in cosigned {
        text += &format!(", cosigned by {} at {} s", it.witness, it.time_s);
    }
    text
}

/// An error and its causes.
fn sentence(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |it| (**it).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn as_text<S: serde::Serializer>(origin: &Origin, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(origin)
}

impl From<Vouched> for Signed {
    fn from(vouched: Vouched) -> Self {
        let witness = |it: Cosigned| Witness { witness: it.witness.to_string(), time_s: it.time_s };
        let cosigned = vouched.cosigned.into_iter().map(witness).collect();
        let checkpoint = vouched.checkpoint;
        Self { log: checkpoint.origin, size: checkpoint.size, root: checkpoint.root, cosigned }
    }
}
