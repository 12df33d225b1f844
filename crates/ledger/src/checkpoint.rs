//! Checkpoints (C2SP `tlog-checkpoint`): a log's signed word for its size and root.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use shipway_model::Digest;

use crate::key::{Origin, SigningKey, VerifierKey};
use crate::note::{self, NoteError};

/// "The log `origin` had `size` leaves, and this root."
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    pub origin: Origin,
    /// The number of leaves.
    pub size: u64,
    pub root: Digest,
}

impl Checkpoint {
    /// The signed note. The log must never sign two roots for one size: that is for the caller to guard.
    ///
    /// # Panics
    /// If `key` is another log's: a mistake in the program, which would sign one log's word in another's name.
    pub fn sign(&self, key: &SigningKey) -> String {
        assert_eq!(&self.origin, key.verifier().name(), "a key signs its own log's checkpoints");
        note::sign(&self.to_string(), key)
    }

    /// Reads a signed note and checks that `key` signed it for the log that bears the key's name.
    ///
    /// Signatures of others, such as witnesses, and extension lines after the root are ignored.
    pub fn verify(note: &str, key: &VerifierKey) -> Result<Self, NoteError> {
        Self::read(note::open(note, key)?, key.name())
    }

    /// Reads a text that has been found signed by the key of the log `origin`.
    fn read(text: &str, log: &Origin) -> Result<Self, NoteError> {
        let lines: Vec<_> = text.strip_suffix('\n').ok_or(NoteError::Lines)?.split('\n').collect();
        let [origin, size, root, extensions @ ..] = lines.as_slice() else { return Err(NoteError::Lines) };
        if origin.is_empty() || extensions.iter().any(|line| line.is_empty()) {
            return Err(NoteError::Lines);
        }
        if *origin != log.as_str() {
            return Err(NoteError::Origin { expected: log.clone(), found: excerpt(origin) });
        }
        Ok(Self {
            origin: log.clone(),
            size: decimal(size).ok_or_else(|| NoteError::Size(excerpt(size)))?,
            root: digest_from_base64(root).ok_or_else(|| NoteError::Root(excerpt(root)))?,
        })
    }
}

/// The text that is signed.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(self.root.as_bytes()))
    }
}

/// The number that `text` is the one decimal form of.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with(['0', '+']);
    if canonical { text.parse().ok() } else { None }
}

/// The digest of exactly 32 bytes that `text` is the one base64 form of.
pub(crate) fn digest_from_base64(text: &str) -> Option<Digest> {
    let bytes: [u8; 32] = BASE64.decode(text).ok()?.try_into().ok()?;
    Some(Digest::from_bytes(bytes))
}

/// The beginning of foreign text, for a message.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> SigningKey {
        SigningKey::from_seed(name.parse().expect("is a name"), &[7; 32])
    }

    fn checkpoint() -> Checkpoint {
        let origin = "ship.example/acme".parse().expect("is a name");
        Checkpoint { origin, size: 1_000_000, root: Digest::of(b"root") }
    }

    #[test]
    fn verifies_what_it_signed() {
        let (key, checkpoint) = (key("ship.example/acme"), checkpoint());
        let note = checkpoint.sign(&key);
        assert!(
            note.starts_with(&checkpoint.to_string()) && note.contains("\n\n— ship.example/acme "),
            "{note}"
        );
        assert_eq!(Checkpoint::verify(&note, key.verifier()), Ok(checkpoint));
    }

    #[test]
    fn refuses_a_note_with_any_byte_changed() {
        let key = key("ship.example/acme");
        let note = checkpoint().sign(&key);
        for at in 0..note.len() {
            let mut bytes = note.clone().into_bytes();
            bytes[at] ^= 1;
            if let Ok(changed) = String::from_utf8(bytes) {
                assert!(Checkpoint::verify(&changed, key.verifier()).is_err(), "{changed}");
            }
            assert!(
                note.get(..at).is_none_or(|cut| Checkpoint::verify(cut, key.verifier()).is_err()),
                "cut at {at}"
            );
        }
    }

    #[test]
    fn refuses_signed_texts_that_are_no_checkpoints_of_this_log() {
        let key = key("log");
        let root = BASE64.encode([1; 32]);
        let verify = |text: &str| Checkpoint::verify(&note::sign(text, &key), key.verifier());
        let size = |size: &str| Err(NoteError::Size(size.to_owned()));
        let wrong_root = |root: &str| Err(NoteError::Root(root.to_owned()));
        assert_eq!(verify(&format!("log\n0\n{root}\nextension\n")).map(|it| it.size), Ok(0));
        let other = NoteError::Origin { expected: key.verifier().name().clone(), found: "other".to_owned() };
        assert_eq!(verify(&format!("other\n1\n{root}\n")), Err(other));
        for bad in ["01", "-1", "+1", " 1", "1 ", "0x1", "18446744073709551616", "¹"] {
            assert_eq!(verify(&format!("log\n{bad}\n{root}\n")), size(bad));
        }
        for bad in [BASE64.encode([1; 31]), BASE64.encode([1; 33]), root.replace('=', ""), format!("{root} ")]
        {
            assert_eq!(verify(&format!("log\n1\n{bad}\n")), wrong_root(&bad));
        }
        for text in ["log\n1\n", "log\n", "\n", &format!("log\n1\n{root}\n\nx\n"), &format!("\n1\n{root}\n")]
        {
            assert_eq!(verify(text), Err(NoteError::Lines), "{text}");
        }
        assert_eq!(verify(&format!("log\n\n{root}\n")), size(""));
    }

    #[test]
    #[should_panic(expected = "a key signs its own log's checkpoints")]
    fn never_signs_for_another_log() {
        checkpoint().sign(&key("other"));
    }
}
