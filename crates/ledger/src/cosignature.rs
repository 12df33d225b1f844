//! Cosignatures (C2SP `tlog-cosignature`, Ed25519): a witness's word that a checkpoint extends all that it has seen.
//!
//! What is signed is `cosignature/v1`, a line with the time, and the checkpoint's whole text; the signature stands on
//! the note as a line of its own: base64 of key id ‖ time (8 bytes, big-endian, seconds since 1970) ‖ 64 bytes.

use std::fmt;
use std::str::FromStr;

use crate::key::{InvalidKey, Origin, SignatureType, SigningKey, VerifierKey};
use crate::note::{self, Note, NoteError};

/// The format ends there, so that clients may keep times in signed integers.
pub const TIME_MAX: u64 = i64::MAX as u64;

/// A witness's public key (signature type 0x04).
#[derive(Clone, PartialEq, Eq)]
pub struct CosignerKey(VerifierKey);

/// A witness's private key.
#[derive(Clone, Debug)]
pub struct Cosigner {
    key: SigningKey,
    public: CosignerKey,
}

impl CosignerKey {
    pub fn name(&self) -> &Origin {
        self.0.name()
    }

    pub(crate) fn point(&self) -> &[u8; 32] {
        self.0.point()
    }

    /// When this witness cosigned `note`, in seconds since 1970; the latest, if several times.
    ///
    /// # Errors
    /// When it has not, or when a signature that bears its name and id is not its own.
    pub fn verify(&self, note: &str) -> Result<u64, NoteError> {
        let note = Note::read(note)?;
        let times = note.signatures_of(&self.0).map(|signature| self.time_of(note.text, signature));
        let times = times.collect::<Result<Vec<_>, _>>()?;
        times.into_iter().max().ok_or_else(|| NoteError::UnknownKey { key: self.to_string() })
    }

    fn time_of(&self, text: &str, signature: &[u8]) -> Result<u64, NoteError> {
        let bad = || NoteError::BadSignature { key: self.to_string() };
        let (time, signature) = signature.split_first_chunk().ok_or_else(bad)?;
        let time_s = u64::from_be_bytes(*time);
        let signature = signature.try_into().map_err(|_| bad())?;
        let is_its_own = time_s <= TIME_MAX && self.0.has_signed(&message(text, time_s), signature);
        if is_its_own { Ok(time_s) } else { Err(bad()) }
    }
}

impl Cosigner {
    /// The key grown from 32 secret bytes, which the caller has drawn at random. No other cosigner may have them:
    /// the signed message does not name who signs.
    pub fn from_seed(name: Origin, seed: &[u8; 32]) -> Self {
        Self::new(SigningKey::grow(name, SignatureType::Cosigner, seed))
    }

    pub fn verifier(&self) -> &CosignerKey {
        &self.public
    }

    /// The text form, for the one file that may hold it.
    pub fn to_secret_text(&self) -> String {
        self.key.to_secret_text()
    }

    /// The signature line for the note's `text`, which ends in a newline; `time_s` is at most [`TIME_MAX`].
    ///
    /// It says "this is the largest tree that I have seen of this log, and it extends all the others".
    pub(crate) fn cosign(&self, text: &str, time_s: u64) -> String {
        let signature = self.key.sign(&message(text, time_s));
        note::signature_line(&self.public.0, &[&time_s.to_be_bytes()[..], &signature].concat())
    }

    fn new(key: SigningKey) -> Self {
        let public = CosignerKey(key.verifier().clone());
        Self { key, public }
    }
}

fn message(text: &str, time_s: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {time_s}\n{text}").into_bytes()
}

impl FromStr for CosignerKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        VerifierKey::read(text, SignatureType::Cosigner).map(Self)
    }
}

/// Reads [`Cosigner::to_secret_text`]. Errors never quote the secret.
impl FromStr for Cosigner {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        SigningKey::read(text, SignatureType::Cosigner).map(Self::new)
    }
}

impl fmt::Display for CosignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for CosignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CosignerKey({self})")
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD as BASE64;

    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::tree::empty_root;

    fn witness(seed: u8) -> Cosigner {
        Cosigner::from_seed("witness.example/w1".parse().expect("is a name"), &[seed; 32])
    }

    fn signed() -> (String, SigningKey) {
        let log = SigningKey::from_seed("log.example".parse().expect("is a name"), &[1; 32]);
        let checkpoint =
            Checkpoint { origin: "log.example".parse().expect("a name"), size: 0, root: empty_root() };
        (checkpoint.sign(&log), log)
    }

    fn text(note: &str) -> &str {
        Note::read(note).expect("is a note").text
    }

    #[test]
    fn a_cosigned_note_is_the_logs_and_the_witnesses_word() {
        let (note, log) = signed();
        let (first, second) = (witness(2), witness(3));
        let cosigned = format!("{note}{}{}", first.cosign(text(&note), 7), second.cosign(text(&note), 9));
        assert!(Checkpoint::verify(&cosigned, log.verifier()).is_ok());
        assert_eq!(first.verifier().verify(&cosigned), Ok(7));
        assert_eq!(second.verifier().verify(&cosigned), Ok(9));
        let again = format!("{cosigned}{}", first.cosign(text(&note), 8));
        assert_eq!(first.verifier().verify(&again), Ok(8));
        assert!(matches!(witness(4).verifier().verify(&cosigned), Err(NoteError::UnknownKey { .. })));
    }

    #[test]
    fn has_the_form_of_the_specification() {
        let (note, _) = signed();
        let line = witness(2).cosign(text(&note), 0x0102_0304);
        let base64 = line.strip_prefix("— witness.example/w1 ").and_then(|it| it.strip_suffix('\n'));
        let bytes = BASE64.decode(base64.expect("has the form")).expect("is base64");
        assert_eq!(bytes.len(), 4 + 8 + 64);
        assert_eq!(bytes[4..12], [0, 0, 0, 0, 1, 2, 3, 4]);
        let message = format!("cosignature/v1\ntime 16909060\n{}", text(&note));
        let signature = bytes[12..].try_into().expect("64 bytes");
        assert!(witness(2).verifier().0.has_signed(message.as_bytes(), signature));
    }

    #[test]
    fn a_changed_time_text_or_signature_is_refused() {
        let (note, _) = signed();
        let line = witness(2).cosign(text(&note), 7);
        let base64 = line.trim_end().rsplit(' ').next().expect("has one").to_owned();
        let bytes = BASE64.decode(&base64).expect("is base64");
        for at in 4..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let changed = format!("{note}{}", line.replace(&base64, &BASE64.encode(changed)));
            let found = witness(2).verifier().verify(&changed);
            assert!(matches!(found, Err(NoteError::BadSignature { .. })), "byte {at}");
        }
        let short = format!("{note}{}", line.replace(&base64, &BASE64.encode(&bytes[..11])));
        assert!(matches!(witness(2).verifier().verify(&short), Err(NoteError::BadSignature { .. })));
        let other = format!("{}{line}", note.replace("\n0\n", "\n1\n"));
        assert!(matches!(witness(2).verifier().verify(&other), Err(NoteError::BadSignature { .. })));
    }

    #[test]
    fn keys_of_logs_and_of_witnesses_are_not_mixed_up() {
        let witness = witness(2);
        let (secret, public) = (witness.to_secret_text(), witness.verifier().to_string());
        assert_eq!(public.parse().as_ref(), Ok(witness.verifier()));
        assert_eq!(secret.parse::<Cosigner>().map(|it| it.public), Ok(witness.verifier().clone()));
        let expects_log = InvalidKey::Type { expected: 0x01, found: 0x04 };
        assert_eq!(public.parse::<VerifierKey>(), Err(expects_log.clone()));
        assert_eq!(secret.parse::<SigningKey>().map(|_| ()), Err(expects_log));
        let (_, log) = signed();
        let expects_witness = InvalidKey::Type { expected: 0x04, found: 0x01 };
        assert_eq!(log.verifier().to_string().parse::<CosignerKey>(), Err(expects_witness));
    }
}
