//! A witness (C2SP `tlog-witness`): what it is asked, and when it refuses.
//!
//! A witness remembers the latest checkpoint that it cosigned of every log it knows, and cosigns another only if a
//! proof shows that the log has grown from there. So a log that shows different histories to different people needs
//! as many accomplices as the people's policies ask for witnesses.
//!
//! What is decided here must be carried out one request at a time for each log, and what is [`Accepted`] must be
//! durable before [`Accepted::cosign`]'s line is handed out: otherwise a crash would make the witness forget.

use std::str::FromStr;

use shipway_model::Digest;

use crate::checkpoint::{Checkpoint, decimal, digest_from_base64, excerpt};
use crate::cosignature::Cosigner;
use crate::key::{Origin, VerifierKey};
use crate::note::{Note, NoteError};
use crate::proof::{ProofError, verify_consistency};
use crate::tree::empty_root;

/// The longest request read, in bytes: the longest note and a full proof.
pub const SIZE_BYTES_MAX: usize = 110_000;

/// The format allows no more.
const PATH_LEN_MAX: usize = 63;

/// What `POST /add-checkpoint` carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size of the witness's latest checkpoint, as far as who asks knows.
    pub old_size: u64,
    /// The consistency proof from there.
    pub path: Vec<Digest>,
    /// The signed note, word for word.
    pub note: String,
}

/// Why a text is not a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRequest {
    #[error("the request has {size_bytes} bytes; at most {SIZE_BYTES_MAX} are read")]
    TooLong { size_bytes: usize },
    #[error("the first line must read `old <number>`")]
    OldSize,
    #[error("line {line} is not a hash: write 32 bytes in base64")]
    Hash { line: usize },
    #[error("there are more than {PATH_LEN_MAX} hashes")]
    TooManyHashes,
    #[error("no empty line and checkpoint follow the hashes")]
    NoCheckpoint,
}

/// The latest checkpoint of a log that a witness cosigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub size: u64,
    pub root: Digest,
}

/// A view that extends what was seen. It must be remembered before it is cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    pub checkpoint: Checkpoint,
    text: String,
}

/// Why a checkpoint is not cosigned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the log `{0}` is not known here")]
    UnknownLog(String),
    #[error("the checkpoint is not signed by the log")]
    Unsigned(#[source] NoteError),
    #[error("the checkpoint is not one")]
    Malformed(#[source] NoteError),
    #[error("the checkpoint has {size} records, fewer than the {old_size} that it is said to grow from")]
    OldSizeBeyond { old_size: u64, size: u64 },
    /// Who asks may not know of it: it can ask again from there.
    #[error("the latest checkpoint seen here has {seen} records, not {old_size}")]
    Stale { seen: u64, old_size: u64 },
    #[error("another root was seen for {size} records: {seen}, not {found}. The log shows two histories.")]
    Fork { size: u64, seen: Digest, found: Digest },
    #[error("the proof does not show that the log has grown from what was seen")]
    Inconsistent(#[source] ProofError),
}

impl AddCheckpoint {
    /// The log that the note claims to be of.
    pub fn origin(&self) -> &str {
        self.note.split('\n').next().unwrap_or_default()
    }

    /// Whether the checkpoint may be cosigned; `seen` is the latest of this log that was.
    pub fn consider(&self, logs: &[VerifierKey], seen: Option<Seen>) -> Result<Accepted, Refusal> {
        let checkpoint = self.verify_signature(logs)?;
        let (old_size, size) = (self.old_size, checkpoint.size);
        if old_size > size {
            return Err(Refusal::OldSizeBeyond { old_size, size });
        }
        let seen = seen.unwrap_or(Seen { size: 0, root: empty_root() });
        if old_size != seen.size {
            return Err(Refusal::Stale { seen: seen.size, old_size });
        }
        if size == seen.size && checkpoint.root != seen.root {
            return Err(Refusal::Fork { size, seen: seen.root, found: checkpoint.root });
        }
        verify_consistency(seen.size, size, &self.path, seen.root, checkpoint.root)
            .map_err(Refusal::Inconsistent)?;
        let text = Note::read(&self.note).map_err(Refusal::Malformed)?.text.to_owned();
        Ok(Accepted { checkpoint, text })
    }

    /// A log may have several keys; one that has signed suffices.
    fn verify_signature(&self, logs: &[VerifierKey]) -> Result<Checkpoint, Refusal> {
        let mut refusal = Refusal::UnknownLog(excerpt(self.origin()));
        for key in logs.iter().filter(|it| it.name().as_str() == self.origin()) {
            match Checkpoint::verify(&self.note, key) {
                Ok(checkpoint) => return Ok(checkpoint),
                Err(error @ (NoteError::UnknownKey { .. } | NoteError::BadSignature { .. })) => {
                    refusal = Refusal::Unsigned(error);
                }
                Err(error) => return Err(Refusal::Malformed(error)),
            }
        }
        Err(refusal)
    }
}

impl FromStr for AddCheckpoint {
    type Err = InvalidRequest;

    fn from_str(text: &str) -> Result<Self, InvalidRequest> {
        if text.len() > SIZE_BYTES_MAX {
            return Err(InvalidRequest::TooLong { size_bytes: text.len() });
        }
        let (head, note) = text.split_once("\n\n").ok_or(InvalidRequest::NoCheckpoint)?;
        let mut lines = (1..).zip(head.split('\n'));
        let old_size = lines.next().and_then(|(_, line)| line.strip_prefix("old ")).and_then(decimal);
        let old_size = old_size.ok_or(InvalidRequest::OldSize)?;
        let mut path = Vec::new();
        for (line, hash) in lines {
            if path.len() == PATH_LEN_MAX {
                return Err(InvalidRequest::TooManyHashes);
            }
            path.push(digest_from_base64(hash).ok_or(InvalidRequest::Hash { line })?);
        }
        Ok(Self { old_size, path, note: note.to_owned() })
    }
}

impl Accepted {
    /// What must be remembered.
    pub fn seen(&self) -> Seen {
        Seen { size: self.checkpoint.size, root: self.checkpoint.root }
    }

    /// The signature line of `cosigner`; `time_s` is now, in seconds since 1970.
    pub fn cosign(&self, cosigner: &Cosigner, time_s: u64) -> String {
        cosigner.cosign(&self.text, time_s)
    }

    /// The log it is of.
    pub fn log(&self) -> &Origin {
        &self.checkpoint.origin
    }
}

#[cfg(test)]
mod tests;
