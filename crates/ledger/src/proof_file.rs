//! Proof files (C2SP `tlog-proof@v1`): all that a third party needs, beside the record and the log's public key,
//! to see without a network that the record is in the log.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use shipway_model::Digest;

use crate::checkpoint::{Checkpoint, decimal, digest_from_base64};
use crate::key::VerifierKey;
use crate::note::NoteError;
use crate::proof::{ProofError, verify_inclusion};
use crate::tree::leaf_hash;

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// A path in a tree whose size fits 64 bits is no longer.
const PATH_LEN_MAX: usize = 64;

/// That one record is in a log, and what is needed to check it. Read with `parse`, write with `to_string`.
///
/// Reading checks the form only; nothing in it is to be believed before [`ProofFile::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofFile {
    /// Data for the application, which nobody has signed.
    pub extra: Option<Vec<u8>>,
    /// The record's number, from 0.
    pub index: u64,
    /// The inclusion proof in the checkpoint's tree, from the leaf up.
    pub path: Vec<Digest>,
    /// The signed note, word for word.
    pub checkpoint: String,
}

/// Why a text is not a proof file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProofFile {
    #[error("the first line must be `{HEADER}`")]
    Header,
    #[error("the extra data is not base64")]
    Extra,
    #[error("line {line} must read `index <number>`")]
    Index { line: usize },
    #[error("line {line} is not a hash: write 32 bytes in base64")]
    Hash { line: usize },
    #[error("there are more than {PATH_LEN_MAX} hashes")]
    TooManyHashes,
    #[error("no empty line and checkpoint follow the hashes")]
    NoCheckpoint,
}

/// Why a proof file does not prove that the record is in the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofFileError {
    #[error("the checkpoint cannot be believed")]
    Checkpoint(#[from] NoteError),
    #[error("the record is not in the tree of the checkpoint")]
    Inclusion(#[from] ProofError),
}

impl ProofFile {
    /// Checks that `key` signed the checkpoint and that `record`, byte for byte, is in its tree at `index`.
    pub fn verify(&self, record: &[u8], key: &VerifierKey) -> Result<Checkpoint, ProofFileError> {
        let checkpoint = Checkpoint::verify(&self.checkpoint, key)?;
        self.verify_leaf(leaf_hash(record), &checkpoint)?;
        Ok(checkpoint)
    }

    /// Checks that the record with the hash `leaf` is at `index` in the tree of `checkpoint`, which somebody has
    /// verified before.
    pub fn verify_leaf(&self, leaf: Digest, checkpoint: &Checkpoint) -> Result<(), ProofError> {
        verify_inclusion(leaf, self.index, checkpoint.size, &self.path, checkpoint.root)
    }
}

impl fmt::Display for ProofFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", BASE64.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.path {
            writeln!(f, "{}", BASE64.encode(hash.as_bytes()))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for ProofFile {
    type Err = InvalidProofFile;

    fn from_str(text: &str) -> Result<Self, InvalidProofFile> {
        // The checkpoint has empty lines of its own; what stands before the first one has none.
        let (head, checkpoint) = text.split_once("\n\n").ok_or(InvalidProofFile::NoCheckpoint)?;
        let mut lines = (1..).zip(head.split('\n')).peekable();
        if lines.next().is_none_or(|(_, line)| line != HEADER) {
            return Err(InvalidProofFile::Header);
        }
        let extra = lines.next_if(|(_, line)| line.starts_with("extra "));
        let extra = extra.map(|(_, line)| BASE64.decode(&line["extra ".len()..])).transpose();
        let extra = extra.map_err(|_| InvalidProofFile::Extra)?;

        let (line, index) = lines.next().unwrap_or((2, ""));
        let index = index.strip_prefix("index ").and_then(decimal).ok_or(InvalidProofFile::Index { line })?;
        let mut path = Vec::new();
        for (line, hash) in lines {
            if path.len() == PATH_LEN_MAX {
                return Err(InvalidProofFile::TooManyHashes);
            }
            path.push(digest_from_base64(hash).ok_or(InvalidProofFile::Hash { line })?);
        }
        Ok(Self { extra, index, path, checkpoint: checkpoint.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SigningKey;
    use crate::proof::prove_inclusion;
    use crate::tree::Frontier;

    fn log() -> (Vec<Vec<u8>>, Vec<ProofFile>, SigningKey) {
        let key = SigningKey::from_seed("log.example".parse().expect("is a name"), &[1; 32]);
        let records: Vec<_> = (0..7).map(|idx| format!("record {idx}").into_bytes()).collect();
        let leaves: Vec<_> = records.iter().map(|it| leaf_hash(it)).collect();
        let mut frontier = Frontier::default();
        leaves.iter().for_each(|it| frontier.push(*it));
        let origin = key.verifier().name().clone();
        let checkpoint = Checkpoint { origin, size: 7, root: frontier.root() }.sign(&key);
        let files = (0..7).map(|index| ProofFile {
            extra: (index == 3).then(|| b"context".to_vec()),
            index,
            path: prove_inclusion(&leaves, index, 7).expect("the leaf exists"),
            checkpoint: checkpoint.clone(),
        });
        (records, files.collect(), key)
    }

    #[test]
    fn every_record_is_proved_by_its_own_file_alone() {
        let (records, files, key) = log();
        for (idx, file) in files.iter().enumerate() {
            let read: ProofFile = file.to_string().parse().expect("reads its own text");
            assert_eq!(&read, file);
            for (other, record) in records.iter().enumerate() {
                let found = read.verify(record, key.verifier());
                assert_eq!(found.is_ok(), other == idx, "{other} by the file of {idx}");
            }
        }
    }

    #[test]
    fn a_file_with_any_byte_changed_proves_nothing() {
        let (records, files, key) = log();
        let text = files[2].to_string();
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            let proved =
                changed.parse().is_ok_and(|it: ProofFile| it.verify(&records[2], key.verifier()).is_ok());
            assert!(!proved, "{changed}");
        }
    }

    #[test]
    fn has_the_form_of_the_specification() {
        let (_, files, _) = log();
        let text = files[3].to_string();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[..3], ["c2sp.org/tlog-proof@v1", "extra Y29udGV4dA==", "index 3"]);
        assert_eq!(lines[6..9], ["", "log.example", "7"]);
    }

    #[test]
    fn says_why_it_refuses() {
        let (_, files, _) = log();
        let text = files[3].to_string();
        let first_hash = text.lines().nth(3).expect("has a hash");
        let many = format!("{}\n", BASE64.encode([0; 32])).repeat(65);
        for (changed, expected) in [
            (text.replace("@v1", "@v2"), InvalidProofFile::Header),
            (text.replace("extra Y", "extra *"), InvalidProofFile::Extra),
            (text.replace("index 3", "index 03"), InvalidProofFile::Index { line: 3 }),
            (text.replace("index 3\n", ""), InvalidProofFile::Index { line: 3 }),
            (format!("{HEADER}\n\n"), InvalidProofFile::Index { line: 2 }),
            (text.replace(first_hash, &BASE64.encode([0; 31])), InvalidProofFile::Hash { line: 4 }),
            (text.replace(first_hash, &BASE64.encode([0; 33])), InvalidProofFile::Hash { line: 4 }),
            (text.replace("index 3\n", &format!("index 3\n{many}")), InvalidProofFile::TooManyHashes),
            (text.replace("\n\n", "\n"), InvalidProofFile::NoCheckpoint),
        ] {
            assert_eq!(changed.parse::<ProofFile>(), Err(expected), "{changed}");
        }
    }
}
