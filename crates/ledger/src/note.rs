//! Signed notes (C2SP `signed-note`): a text, an empty line, and one line per signature.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::key::{Origin, SigningKey, VerifierKey};

/// The longest note read, in bytes: 16 signatures of 5 kB each, as the format asks, and room for the text.
const SIZE_BYTES_MAX: usize = 100_000;

const SIGNATURE_PREFIX: &str = "— ";

/// Why a note is not to be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    #[error("the note has {size_bytes} bytes; at most {SIZE_BYTES_MAX} are read")]
    TooLong { size_bytes: usize },
    #[error("the note has the control character {0:?}")]
    ControlCharacter(char),
    #[error("the note has no empty line with signature lines after it")]
    NoSignatures,
    #[error("signature line {line} does not read `— <name> <base64>`")]
    SignatureLine { line: usize },
    #[error("none of the signatures is from the key {key}")]
    UnknownKey { key: String },
    #[error("the signature of {key} does not fit the text: one of them has been changed")]
    BadSignature { key: String },
    #[error(
        "a checkpoint's text has three lines or more (log, size, root), each ending in a newline, none empty"
    )]
    Lines,
    #[error("the checkpoint is of the log `{found}`; the key signs for `{expected}` only")]
    Origin { expected: Origin, found: String },
    #[error("`{0}` is not a tree's size: write a decimal number without leading zeros")]
    Size(String),
    #[error("`{0}` is not a root: write 32 bytes in base64")]
    Root(String),
}

/// `text`, which ends in a newline, with the signature of `key`.
pub(crate) fn sign(text: &str, key: &SigningKey) -> String {
    format!("{text}\n{}", signature_line(key.verifier(), &key.sign(text.as_bytes())))
}

/// One line, its newline included.
pub(crate) fn signature_line(key: &VerifierKey, signature: &[u8]) -> String {
    let typed = [&key.id().0, signature].concat();
    format!("{SIGNATURE_PREFIX}{} {}\n", key.name(), BASE64.encode(typed))
}

/// The text of `note`, newline included, once a signature of `key` has been found on it.
///
/// Signatures of others are ignored, as the format demands; so logs change keys and witnesses cosign.
pub(crate) fn open<'a>(note: &'a str, key: &VerifierKey) -> Result<&'a str, NoteError> {
    let note = Note::read(note)?;
    let mut verified = false;
    for signature in note.signatures_of(key) {
        let signed = signature.try_into().is_ok_and(|it| key.has_signed(note.text.as_bytes(), it));
        if !signed {
            return Err(NoteError::BadSignature { key: key.to_string() });
        }
        verified = true;
    }
    if verified { Ok(note.text) } else { Err(NoteError::UnknownKey { key: key.to_string() }) }
}

/// A note taken apart, before anybody has looked at its signatures.
pub(crate) struct Note<'a> {
    /// With the newline at its end: what is signed.
    pub(crate) text: &'a str,
    signatures: Vec<SignatureLine<'a>>,
}

struct SignatureLine<'a> {
    name: &'a str,
    id: [u8; 4],
    bytes: Vec<u8>,
}

impl<'a> Note<'a> {
    pub(crate) fn read(note: &'a str) -> Result<Self, NoteError> {
        if note.len() > SIZE_BYTES_MAX {
            return Err(NoteError::TooLong { size_bytes: note.len() });
        }
        if let Some(control) = note.chars().find(|it| *it < ' ' && *it != '\n') {
            return Err(NoteError::ControlCharacter(control));
        }
        let at = note.rfind("\n\n").ok_or(NoteError::NoSignatures)? + 1;
        let (text, lines) = (&note[..at], &note[at + 1..]);
        let lines = lines.strip_suffix('\n').ok_or(NoteError::NoSignatures)?;
        let read = |(line, text)| SignatureLine::read(text).ok_or(NoteError::SignatureLine { line });
        Ok(Self { text, signatures: (1..).zip(lines.split('\n')).map(read).collect::<Result<_, _>>()? })
    }

    /// The bytes of the lines that bear the key's name and id.
    pub(crate) fn signatures_of(&self, key: &VerifierKey) -> impl Iterator<Item = &[u8]> {
        let of_key = |it: &&SignatureLine<'_>| it.name == key.name().as_str() && it.id == key.id().0;
        self.signatures.iter().filter(of_key).map(|it| it.bytes.as_slice())
    }
}

impl<'a> SignatureLine<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let (name, base64) = line.strip_prefix(SIGNATURE_PREFIX)?.split_once(' ')?;
        if name.is_empty() || name.contains(|it: char| it.is_whitespace() || it == '+') {
            return None;
        }
        let decoded = BASE64.decode(base64).ok()?;
        let (id, bytes) = decoded.split_first_chunk()?;

        (!bytes.is_empty()).then(|| Self { name, id: *id, bytes: bytes.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The note of the tests of Go's `golang.org/x/mod/sumdb/note`.
    const TEXT: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    const SIGNATURE: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    const PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const PRIVATE: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";

    fn opened(note: &str) -> Result<&str, NoteError> {
        open(note, &PUBLIC.parse().expect("is a key"))
    }

    #[test]
    fn signs_and_opens_what_others_do() {
        let note = format!("{TEXT}\n{SIGNATURE}");
        assert_eq!(sign(TEXT, &PRIVATE.parse().expect("is a key")), note);
        assert_eq!(opened(&note), Ok(TEXT));
    }

    #[test]
    fn heeds_its_own_key_and_ignores_others() {
        let key = PUBLIC.to_owned();
        let other = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";
        let namesake = SIGNATURE.replace("x08go", "y08go");
        let forged = SIGNATURE.replace("/SffcvI", "/SffcvJ");
        assert_eq!(opened(&format!("{TEXT}\n{other}{SIGNATURE}{namesake}")), Ok(TEXT));
        assert_eq!(
            opened(&format!("{TEXT}\n{other}{namesake}")),
            Err(NoteError::UnknownKey { key: key.clone() })
        );
        let bad = Err(NoteError::BadSignature { key });
        assert_eq!(opened(&format!("{TEXT}\n{forged}")), bad);
        assert_eq!(opened(&format!("{TEXT}\n{SIGNATURE}{forged}")), bad);
        assert_eq!(opened(&format!("{}\n{SIGNATURE}", TEXT.replace("know", "knew"))), bad);
    }

    #[test]
    fn refuses_what_has_not_the_form() {
        let line = |line| Err(NoteError::SignatureLine { line });
        for (note, expected) in [
            (String::new(), Err(NoteError::NoSignatures)),
            (TEXT.to_owned(), Err(NoteError::NoSignatures)),
            (format!("{TEXT}\n{}", SIGNATURE.trim_end()), Err(NoteError::NoSignatures)),
            (format!("{TEXT}\n"), Err(NoteError::NoSignatures)),
            (format!("{TEXT}{SIGNATURE}"), Err(NoteError::NoSignatures)),
            (format!("{TEXT}\r\n{SIGNATURE}"), Err(NoteError::ControlCharacter('\r'))),
            (format!("{TEXT}\n{SIGNATURE}junk\n"), line(2)),
            (format!("{TEXT}\n{}", SIGNATURE.replace('—', "-")), line(1)),
            (format!("{TEXT}\n{}", SIGNATURE.replace("AM=", "AM")), line(1)),
            (format!("{TEXT}\n— PeterNeumann AAAAAA==\n"), line(1)),
            (format!("{TEXT}\n{SIGNATURE}— a+b AAAAAAAA\n"), line(2)),
            (" ".repeat(SIZE_BYTES_MAX + 1), Err(NoteError::TooLong { size_bytes: SIZE_BYTES_MAX + 1 })),
        ] {
            assert_eq!(opened(&note), expected, "{note}");
        }
    }
}
