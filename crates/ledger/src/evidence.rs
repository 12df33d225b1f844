//! What a file that somebody hands over turns out to be, by its content alone.

use crate::canonical::parse_strict;
use crate::document::{InvalidDocument, ProofDocument};
use crate::proof_file::{InvalidProofFile, ProofFile};

/// The largest file that is read, in bytes: a proof file with the longest record in its `extra` line fits.
pub const SIZE_BYTES_MAX: usize = 2 << 20;

/// A piece of evidence that can be checked offline. Nothing in it is to be believed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// C2SP `tlog-proof`.
    ProofFile(ProofFile),
    /// C2SP `tlog-checkpoint`: the signed note, word for word, alone or as the `checkpoint` of a JSON object.
    Checkpoint(String),
    /// A proof as JSON.
    Document(ProofDocument),
}

/// Why a file is no evidence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEvidence {
    #[error("the file has {size_bytes} bytes; at most {SIZE_BYTES_MAX} are read")]
    TooLong { size_bytes: usize },
    #[error("the file is not text in UTF-8")]
    NotText,
    #[error("the file is neither a proof file, nor a signed note, nor a proof in JSON")]
    Unknown,
    #[error("not a proof file that can be read: {0}")]
    ProofFile(#[from] InvalidProofFile),
    #[error("not a proof in JSON that can be read: {0}")]
    Document(#[from] InvalidDocument),
}

impl Evidence {
    /// Recognises `bytes` and reads their form.
    pub fn read(bytes: &[u8]) -> Result<Self, InvalidEvidence> {
        if bytes.len() > SIZE_BYTES_MAX {
            return Err(InvalidEvidence::TooLong { size_bytes: bytes.len() });
        }
        let text = str::from_utf8(bytes).map_err(|_| InvalidEvidence::NotText)?;
        if text.starts_with("c2sp.org/tlog-proof@") {
            return Ok(Self::ProofFile(text.parse()?));
        }
        if text.trim_start().starts_with('{') {
            return Self::read_json(bytes);
        }
        if text.contains("\n\n\u{2014} ") {
            return Ok(Self::Checkpoint(text.to_owned()));
        }
        Err(InvalidEvidence::Unknown)
    }

    /// A proof, or a head: size, root and the checkpoint that signs for them.
    fn read_json(bytes: &[u8]) -> Result<Self, InvalidEvidence> {
        let value = parse_strict(bytes).map_err(InvalidDocument::Json)?;
        let is_proof = ["type", "proof", "leafHash", "record"].iter().any(|it| value.get(it).is_some());
        match value.get("checkpoint").and_then(|it| it.as_str()) {
            Some(note) if !is_proof => Ok(Self::Checkpoint(note.to_owned())),
            _ => Ok(Self::Document(ProofDocument::parse(bytes)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_three_forms_apart() {
        let note = "log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— log AAAAAAAA\n";
        assert_eq!(Evidence::read(note.as_bytes()), Ok(Evidence::Checkpoint(note.to_owned())));
        let head = serde_json::json!({ "size": 0, "root": "sha256:00", "checkpoint": note }).to_string();
        assert_eq!(Evidence::read(head.as_bytes()), Ok(Evidence::Checkpoint(note.to_owned())));
        let file = format!("c2sp.org/tlog-proof@v1\nindex 0\n\n{note}");
        let expected = ProofFile { extra: None, index: 0, path: Vec::new(), checkpoint: note.to_owned() };
        assert_eq!(Evidence::read(file.as_bytes()), Ok(Evidence::ProofFile(expected)));
        let hash = "00".repeat(32);
        let document = format!(r#" {{"size1":0,"root1":"{hash}","size2":0,"root2":"{hash}"}}"#);
        assert!(matches!(Evidence::read(document.as_bytes()), Ok(Evidence::Document(_))));
    }

    #[test]
    fn says_what_is_wrong_with_the_form_that_it_recognised() {
        let found = |bytes: &[u8]| Evidence::read(bytes).expect_err("it is no evidence");
        assert_eq!(found(b""), InvalidEvidence::Unknown);
        assert_eq!(found(b"kind: Service\n"), InvalidEvidence::Unknown);
        assert_eq!(found(b"\xff"), InvalidEvidence::NotText);
        let too_long = InvalidEvidence::TooLong { size_bytes: SIZE_BYTES_MAX + 1 };
        assert_eq!(found(&vec![b'{'; SIZE_BYTES_MAX + 1]), too_long);
        let header = InvalidEvidence::ProofFile(InvalidProofFile::Header);
        assert_eq!(found(b"c2sp.org/tlog-proof@v2\nindex 0\n\nlog\n"), header);
        assert_eq!(found(b"{}"), InvalidEvidence::Document(InvalidDocument::Missing("leafHash")));
    }
}
