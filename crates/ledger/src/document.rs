//! Proofs as JSON, from whichever log they come: everything that RFC 6962 needs to check one, in one document.
//!
//! ```json
//! {"type": "inclusion", "leafHash": "<hash>", "index": 5, "size": 8, "root": "<hash>", "proof": ["<hash>", …]}
//! {"type": "consistency", "size1": 6, "root1": "<hash>", "size2": 8, "root2": "<hash>", "proof": ["<hash>", …]}
//! ```
//!
//! A hash is 32 bytes in base64 or hexadecimal, with or without `sha256:` before the latter. In place of `leafHash`
//! there may be `record`, the leaf's bytes in base64. Numbers beyond 2^53 − 1 are written as strings. `checkpoint`,
//! a signed note for the (later) size and root, may be added. Fields of other names are not looked at, `type` may
//! be left out where `size1` tells, and `leafIdx`, `leafIndex` and `treeSize` are read too, so that the test vectors
//! of `transparency-dev/merkle` are documents as they are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use shipway_model::Digest;

use crate::canonical::{self, parse_strict};
use crate::checkpoint::{Checkpoint, decimal, excerpt};
use crate::proof::{ProofError, verify_consistency, verify_inclusion};
use crate::tree::leaf_hash;

/// A proof with what it is about. Nothing in it is to be believed before [`ProofDocument::verify`], and its roots
/// not before somebody has signed for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofDocument {
    pub claim: Claim,
    /// From the leaves up, as RFC 6962 orders them.
    pub path: Vec<Digest>,
    /// A signed note that should be about the claim's (later) tree.
    pub checkpoint: Option<String>,
}

/// What a document says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The leaf with this hash is number `index`, from 0, of the tree of `size` leaves under `root`.
    Inclusion { leaf: Digest, index: u64, size: u64, root: Digest },
    /// The tree of `size2` leaves under `root2` begins with that of `size1` leaves under `root1`.
    Consistency { size1: u64, root1: Digest, size2: u64, root2: Digest },
}

/// Why a text is not a proof document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDocument {
    #[error("the document is not JSON that every reader understands alike: {0}")]
    Json(#[source] canonical::Error),
    #[error("the document has not the form of a proof: {0}")]
    Form(String),
    #[error("`type` is `{0}`; it must be `inclusion` or `consistency`")]
    Type(String),
    #[error("`{0}` is missing")]
    Missing(&'static str),
    #[error("`leafHash` and `record` are both there: leave one out")]
    TwoLeaves,
    #[error("`{field}` is `{found}`, not a number from 0 to 2^64 − 1")]
    Number { field: &'static str, found: String },
    #[error("{field} is neither base64 nor hexadecimal")]
    NotAHash { field: String },
    #[error("{field} has {found} bytes; a hash has 32")]
    HashLength { field: String, found: usize },
    #[error("`record` is not base64")]
    Record,
}

/// The checkpoint is about another tree than the proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the proof is about {size} records under the root {root}, \
     but the checkpoint signs for {signed_size} under {signed_root}"
)]
pub struct OtherTree {
    pub size: u64,
    pub root: Digest,
    pub signed_size: u64,
    pub signed_root: Digest,
}

impl ProofDocument {
    /// Reads the form only.
    pub fn parse(text: &[u8]) -> Result<Self, InvalidDocument> {
        let value = parse_strict(text).map_err(InvalidDocument::Json)?;
        if !value.is_object() {
            // A list would be read as the fields in their order.
            return Err(InvalidDocument::Form("it is not an object".to_owned()));
        }
        let wire: Wire =
            serde_json::from_value(value).map_err(|err| InvalidDocument::Form(excerpt(&err.to_string())))?;
        wire.read()
    }

    /// Checks that the proof proves the claim. Who vouches for the roots is another question.
    pub fn verify(&self) -> Result<(), ProofError> {
        match self.claim {
            Claim::Inclusion { leaf, index, size, root } => {
                verify_inclusion(leaf, index, size, &self.path, root)
            }
            Claim::Consistency { size1, root1, size2, root2 } => {
                verify_consistency(size1, size2, &self.path, root1, root2)
            }
        }
    }

    /// Checks that `checkpoint`, which has been verified, is about the claim's (later) tree.
    pub fn is_about(&self, checkpoint: &Checkpoint) -> Result<(), OtherTree> {
        let (size, root) = match self.claim {
            Claim::Inclusion { size, root, .. } => (size, root),
            Claim::Consistency { size2, root2, .. } => (size2, root2),
        };
        if (size, root) == (checkpoint.size, checkpoint.root) {
            return Ok(());
        }
        Err(OtherTree { size, root, signed_size: checkpoint.size, signed_root: checkpoint.root })
    }

    /// The document, indented, with a newline at its end. Hashes are in base64.
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(&Wire::of(self)).expect("its keys are strings");
        text + "\n"
    }
}

/// The fields as they travel.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    leaf_hash: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    record: Option<String>,
    #[serde(alias = "leafIdx", alias = "leafIndex", default, skip_serializing_if = "Option::is_none")]
    index: Option<Number>,
    #[serde(alias = "treeSize", default, skip_serializing_if = "Option::is_none")]
    size: Option<Number>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    root: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size1: Option<Number>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    root1: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size2: Option<Number>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    root2: Option<String>,
    /// Go writes an empty list as `null`.
    #[serde(default)]
    proof: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checkpoint: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Number {
    Number(serde_json::Number),
    Text(String),
}

impl Wire {
    fn read(self) -> Result<ProofDocument, InvalidDocument> {
        let consistency = match self.kind.as_deref() {
            Some("inclusion") => false,
            Some("consistency") => true,
            Some(other) => return Err(InvalidDocument::Type(excerpt(other))),
            None => self.size1.is_some(),
        };
        let claim = if consistency {
            Claim::Consistency {
                size1: number("size1", self.size1)?,
                root1: hash("root1", self.root1)?,
                size2: number("size2", self.size2)?,
                root2: hash("root2", self.root2)?,
            }
        } else {
            Claim::Inclusion {
                leaf: leaf(self.leaf_hash, self.record)?,
                index: number("index", self.index)?,
                size: number("size", self.size)?,
                root: hash("root", self.root)?,
            }
        };
        let path = self.proof.unwrap_or_default();
        let path = (1..).zip(&path).map(|(nth, text)| read_hash(&format!("hash {nth} of `proof`"), text));
        Ok(ProofDocument { claim, path: path.collect::<Result<_, _>>()?, checkpoint: self.checkpoint })
    }

    fn of(document: &ProofDocument) -> Self {
        let hash = |hash: &Digest| BASE64.encode(hash.as_bytes());
        let wire = Self {
            proof: Some(document.path.iter().map(hash).collect()),
            checkpoint: document.checkpoint.clone(),
            ..Self::default()
        };
        match &document.claim {
            Claim::Inclusion { leaf, index, size, root } => Self {
                kind: Some("inclusion".to_owned()),
                leaf_hash: Some(hash(leaf)),
                index: Some(Number::of(*index)),
                size: Some(Number::of(*size)),
                root: Some(hash(root)),
                ..wire
            },
            Claim::Consistency { size1, root1, size2, root2 } => Self {
                kind: Some("consistency".to_owned()),
                size1: Some(Number::of(*size1)),
                root1: Some(hash(root1)),
                size2: Some(Number::of(*size2)),
                root2: Some(hash(root2)),
                ..wire
            },
        }
    }
}

impl Number {
    fn of(number: u64) -> Self {
        if number > canonical::INTEGER_MAX {
            Self::Text(number.to_string())
        } else {
            Self::Number(number.into())
        }
    }
}

fn number(field: &'static str, found: Option<Number>) -> Result<u64, InvalidDocument> {
    let found = match found.ok_or(InvalidDocument::Missing(field))? {
        Number::Number(number) => number.to_string(),
        Number::Text(text) => text,
    };
    decimal(&found).ok_or_else(|| InvalidDocument::Number { field, found: excerpt(&found) })
}

fn leaf(hash: Option<String>, record: Option<String>) -> Result<Digest, InvalidDocument> {
    match (hash, record) {
        (Some(_), Some(_)) => Err(InvalidDocument::TwoLeaves),
        (Some(hash), None) => read_hash("`leafHash`", &hash),
        (None, Some(record)) => Ok(leaf_hash(&BASE64.decode(record).map_err(|_| InvalidDocument::Record)?)),
        (None, None) => Err(InvalidDocument::Missing("leafHash")),
    }
}

fn hash(field: &'static str, found: Option<String>) -> Result<Digest, InvalidDocument> {
    read_hash(&format!("`{field}`"), &found.ok_or(InvalidDocument::Missing(field))?)
}

/// `text` is hexadecimal if it is 64 such digits or has `sha256:` before it; those would be 48 bytes of base64.
fn read_hash(field: &str, text: &str) -> Result<Digest, InvalidDocument> {
    let not_a_hash = || InvalidDocument::NotAHash { field: field.to_owned() };
    let bytes = match text.strip_prefix("sha256:") {
        Some(digits) => hex::decode(digits).map_err(|_| not_a_hash())?,
        None if text.len() == 64 && text.bytes().all(|it| it.is_ascii_hexdigit()) => {
            hex::decode(text).map_err(|_| not_a_hash())?
        }
        None => BASE64.decode(text).map_err(|_| not_a_hash())?,
    };
    let found = bytes.len();
    let length = |_| InvalidDocument::HashLength { field: field.to_owned(), found };
    Ok(Digest::from_bytes(bytes.try_into().map_err(length)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INCLUSION: &str =
        r#"{"type":"inclusion","leafHash":"LEAF","index":0,"size":1,"root":"LEAF","proof":[]}"#;

    fn inclusion() -> String {
        INCLUSION.replace("LEAF", &leaf_hash(b"").hex())
    }

    fn parse(text: &str) -> Result<ProofDocument, InvalidDocument> {
        ProofDocument::parse(text.as_bytes())
    }

    #[test]
    fn hashes_and_leaves_may_be_written_in_several_ways() {
        let leaf = leaf_hash(b"");
        let expected = parse(&inclusion()).expect("it is a document");
        assert_eq!(expected.verify(), Ok(()));
        let base64 = BASE64.encode(leaf.as_bytes());
        for text in [
            INCLUSION.replace("LEAF", &base64),
            INCLUSION.replace("LEAF", &leaf.to_string()),
            INCLUSION.replace("LEAF", &leaf.hex().to_uppercase()),
            inclusion().replace(&format!(r#""leafHash":"{}""#, leaf.hex()), r#""record":"""#),
            inclusion().replace(r#""type":"inclusion","#, ""),
            inclusion().replace("index", "leafIdx").replace("size", "treeSize"),
            inclusion().replace("[]", "null").replace(":1,", r#":"1","unknown":{},"#),
        ] {
            assert_eq!(parse(&text).as_ref(), Ok(&expected), "{text}");
        }
    }

    #[test]
    fn reads_back_what_it_writes() {
        let hash = leaf_hash(b"");
        for size in [0, 7, canonical::INTEGER_MAX, u64::MAX] {
            for claim in [
                Claim::Inclusion { leaf: hash, index: size, size, root: hash },
                Claim::Consistency { size1: size, root1: hash, size2: size, root2: hash },
            ] {
                let checkpoint = Some("log\n0\n".to_owned());
                let document = ProofDocument { claim, path: vec![hash; 2], checkpoint };
                assert_eq!(parse(&document.to_json()), Ok(document));
            }
        }
    }

    #[test]
    fn says_why_it_refuses() {
        let text = inclusion();
        let hash_length = |field: &str, found| InvalidDocument::HashLength { field: field.to_owned(), found };
        let number = |found: &str| InvalidDocument::Number { field: "size", found: found.to_owned() };
        let short = BASE64.encode([1; 20]);
        for (changed, expected) in [
            (text.replace("inclusion", "exclusion"), InvalidDocument::Type("exclusion".to_owned())),
            (text.replace("leafHash", "leaf"), InvalidDocument::Missing("leafHash")),
            (text.replace("\"root\"", "\"roof\""), InvalidDocument::Missing("root")),
            (text.replace("\"index\":0,", ""), InvalidDocument::Missing("index")),
            (text.replace("\"index\"", "\"record\":\"\",\"index\""), InvalidDocument::TwoLeaves),
            (text.replace(":1,", ":-1,"), number("-1")),
            (text.replace(":1,", ":1.5,"), number("1.5")),
            (text.replace(":1,", ":\"18446744073709551616\","), number("18446744073709551616")),
            (text.replace("[]", &format!("[\"{short}\"]")), hash_length("hash 1 of `proof`", 20)),
            (text.replace("[]", "[\"\"]"), hash_length("hash 1 of `proof`", 0)),
            (INCLUSION.replace("LEAF", "sha256:00ff"), hash_length("`leafHash`", 2)),
            (INCLUSION.replace("LEAF", "*"), InvalidDocument::NotAHash { field: "`leafHash`".to_owned() }),
        ] {
            assert_eq!(parse(&changed), Err(expected), "{changed}");
        }
        assert!(matches!(parse("{\"size\":1,\"size\":2}"), Err(InvalidDocument::Json(_))));
        assert!(matches!(parse("[]"), Err(InvalidDocument::Form(_))));
        assert!(matches!(parse(&text.replace("[]", "7")), Err(InvalidDocument::Form(_))));
        let twice = text.replace("\"index\":0", "\"index\":0,\"leafIdx\":0");
        assert!(matches!(parse(&twice), Err(InvalidDocument::Form(_))));
    }

    #[test]
    fn a_checkpoint_of_another_tree_is_not_about_it() {
        let document = parse(&inclusion()).expect("it is a document");
        let leaf = leaf_hash(b"");
        let checkpoint = |size, root| Checkpoint { origin: "log".parse().expect("is a name"), size, root };
        assert_eq!(document.is_about(&checkpoint(1, leaf)), Ok(()));
        let other = OtherTree { size: 1, root: leaf, signed_size: 2, signed_root: leaf };
        assert_eq!(document.is_about(&checkpoint(2, leaf)), Err(other));
        assert!(document.is_about(&checkpoint(1, leaf_hash(b"other"))).is_err());
    }
}
