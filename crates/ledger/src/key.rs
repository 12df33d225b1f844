//! The Ed25519 keys that sign checkpoints, and their text forms.
//!
//! The forms are those of signed notes: `<name>+<key id>+<base64 of type ‖ 32 bytes>` for the public key, and
//! `PRIVATE+KEY+` before the same with the seed for the private one. The type is 0x01 for a log's key and 0x04 for a
//! cosigner's; a key of one type is never taken for one of the other.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::Signer as _;
use sha2::{Digest as _, Sha256};

/// The signature types of C2SP that are known here. 0x06, ML-DSA-44 cosignatures, is not yet among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignatureType {
    /// "Ed25519" of signed-note: a log signs its checkpoint's text.
    Log = 0x01,
    /// "Ed25519 cosignature" of tlog-cosignature: a witness signs the text and a time.
    Cosigner = 0x04,
}

const PRIVATE_PREFIX: &str = "PRIVATE+KEY+";

/// Why a text is not a key, or a name cannot be one's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    #[error(
        "`{0}` cannot name a log: write 1 to {NAME_BYTES_MAX} bytes without spaces, `+` or control characters"
    )]
    Name(String),
    #[error("a key reads `<name>+<8 hexadecimal digits>+<base64>`")]
    Form,
    #[error("the key has the signature type {found:#04x} where {expected:#04x} is needed ({})", type_name(*expected))]
    Type { expected: u8, found: u8 },
    #[error("the key is not a point of the curve that Ed25519 can use")]
    Point,
    #[error("the key's id is {expected}, not {found}: the text has been changed")]
    Id { expected: String, found: String },
}

fn type_name(signature_type: u8) -> &'static str {
    match signature_type {
        0x01 => "a log's Ed25519 key",
        0x04 => "a witness's Ed25519 key",
        _ => "unknown",
    }
}

/// The name of a log, which is also the name of the key that signs it, such as `shipway.example.com/acme`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(Arc<str>);

const NAME_BYTES_MAX: usize = 255;

impl Origin {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let forbidden = |it: char| it.is_whitespace() || it.is_control() || it == '+';
        if text.is_empty() || text.len() > NAME_BYTES_MAX || text.contains(forbidden) {
            return Err(InvalidKey::Name(text.chars().take(100).collect()));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Four bytes that, with the name, tell keys apart; no protection against anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyId(pub(crate) [u8; 4]);

impl KeyId {
    /// The first 4 bytes of SHA-256(`name` ‖ 0x0A ‖ type ‖ `public`).
    fn of(name: &Origin, signature_type: SignatureType, public: &[u8; 32]) -> Self {
        let separator = [b'\n', signature_type as u8];
        let hasher = Sha256::new().chain_update(name.as_str()).chain_update(separator).chain_update(public);
        let hash: [u8; 32] = hasher.finalize().into();
        Self([hash[0], hash[1], hash[2], hash[3]])
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// A log's public key: what a third party needs to check the log.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: Origin,
    signature_type: SignatureType,
    id: KeyId,
    key: ed25519_dalek::VerifyingKey,
}

impl VerifierKey {
    pub fn name(&self) -> &Origin {
        &self.name
    }

    pub(crate) fn id(&self) -> KeyId {
        self.id
    }

    /// Whether `signature` is this key's over `message`. Refuses signatures that only lax verifiers accept.
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
    }

    /// The curve's point, whatever the name and type.
    pub(crate) fn point(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Reads the text form of a key of this type.
    pub(crate) fn read(text: &str, signature_type: SignatureType) -> Result<Self, InvalidKey> {
        let (name, id, public) = read_key(text, signature_type)?;
        let key = Self::new(name, signature_type, &public)?;
        check_id(key.id, id)?;
        Ok(key)
    }

    fn new(name: Origin, signature_type: SignatureType, public: &[u8; 32]) -> Result<Self, InvalidKey> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(public).map_err(|_| InvalidKey::Point)?;
        if key.is_weak() {
            return Err(InvalidKey::Point);
        }
        Ok(Self { id: KeyId::of(&name, signature_type, public), name, signature_type, key })
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_key(f, self, self.key.as_bytes())
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

impl FromStr for VerifierKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        Self::read(text, SignatureType::Log)
    }
}

/// A log's private key. Whoever holds it can sign a second history; it is never printed by accident.
#[derive(Clone)]
pub struct SigningKey {
    public: VerifierKey,
    key: ed25519_dalek::SigningKey,
}

impl SigningKey {
    /// The key grown from 32 secret bytes, which the caller has drawn at random.
    pub fn from_seed(name: Origin, seed: &[u8; 32]) -> Self {
        Self::grow(name, SignatureType::Log, seed)
    }

    pub(crate) fn grow(name: Origin, signature_type: SignatureType, seed: &[u8; 32]) -> Self {
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        let public = key.verifying_key();
        let id = KeyId::of(&name, signature_type, public.as_bytes());
        Self { public: VerifierKey { name, signature_type, id, key: public }, key }
    }

    /// Reads the secret text form of a key of this type.
    pub(crate) fn read(text: &str, signature_type: SignatureType) -> Result<Self, InvalidKey> {
        let text = text.strip_prefix(PRIVATE_PREFIX).ok_or(InvalidKey::Form)?;
        let (name, id, seed) = read_key(text, signature_type)?;
        let key = Self::grow(name, signature_type, &seed);
        check_id(key.public.id, id)?;
        Ok(key)
    }

    pub fn verifier(&self) -> &VerifierKey {
        &self.public
    }

    /// The text form, for the one file that may hold it.
    pub fn to_secret_text(&self) -> String {
        struct Text<'a>(&'a SigningKey);
        impl fmt::Display for Text<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(PRIVATE_PREFIX)?;
                write_key(f, &self.0.public, self.0.key.as_bytes())
            }
        }
        Text(self).to_string()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }
}

/// Reads [`SigningKey::to_secret_text`]. Errors never quote the secret.
impl FromStr for SigningKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        Self::read(text, SignatureType::Log)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}+{}+…)", self.public.name, self.public.id)
    }
}

fn write_key(f: &mut fmt::Formatter<'_>, key: &VerifierKey, bytes: &[u8; 32]) -> fmt::Result {
    let mut typed = [key.signature_type as u8; 33];
    typed[1..].copy_from_slice(bytes);
    write!(f, "{}+{}+{}", key.name, key.id, BASE64.encode(typed))
}

fn read_key(text: &str, signature_type: SignatureType) -> Result<(Origin, KeyId, [u8; 32]), InvalidKey> {
    // Names hold no `+`, base64 may.
    let (name, rest) = text.split_once('+').ok_or(InvalidKey::Form)?;
    let (id_hex, key) = rest.split_once('+').ok_or(InvalidKey::Form)?;
    let mut id = [0; 4];
    hex::decode_to_slice(id_hex, &mut id).map_err(|_| InvalidKey::Form)?;
    let typed = BASE64.decode(key).map_err(|_| InvalidKey::Form)?;
    match typed.split_first() {
        Some((&found, bytes)) if found == signature_type as u8 => {
            Ok((name.parse()?, KeyId(id), bytes.try_into().map_err(|_| InvalidKey::Form)?))
        }
        Some((&found, _)) => Err(InvalidKey::Type { expected: signature_type as u8, found }),
        None => Err(InvalidKey::Form),
    }
}

fn check_id(expected: KeyId, found: KeyId) -> Result<(), InvalidKey> {
    if expected == found {
        return Ok(());
    }
    Err(InvalidKey::Id { expected: expected.to_string(), found: found.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key pair of the tests of Go's `golang.org/x/mod/sumdb/note`.
    const PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const PRIVATE: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";

    #[test]
    fn reads_and_writes_the_forms_that_others_use() {
        let private: SigningKey = PRIVATE.parse().expect("is a private key");
        assert_eq!(private.to_secret_text(), PRIVATE);
        assert_eq!(private.verifier().to_string(), PUBLIC);
        assert_eq!(PUBLIC.parse().as_ref(), Ok(private.verifier()));
        assert_eq!(format!("{private:?}"), "SigningKey(PeterNeumann+c74f20a3+…)");
    }

    #[test]
    fn refuses_every_changed_or_cut_text() {
        for (text, private) in [(PUBLIC, false), (PRIVATE, true)] {
            let refused = |text: &str| {
                if private {
                    text.parse::<SigningKey>().is_err()
                } else {
                    text.parse::<VerifierKey>().is_err()
                }
            };
            assert!(!refused(text));
            for at in 0..text.len() {
                assert!(refused(&text[..at]), "cut at {at}");
                let mut bytes = text.as_bytes().to_vec();
                bytes[at] += 1;
                let changed = String::from_utf8(bytes).expect("is ASCII");
                assert!(refused(&changed), "{changed}");
            }
        }
    }

    #[test]
    fn says_why_it_refuses() {
        let read = |text: &str| text.parse::<VerifierKey>().map(|_| ());
        let id =
            |expected: &str, found: &str| InvalidKey::Id { expected: expected.into(), found: found.into() };
        assert_eq!(read(&PUBLIC.replace("c7", "c8")), Err(id("c74f20a3", "c84f20a3")));
        let other_type = PUBLIC.replace("+ARpc", "+ZRpc");
        assert_eq!(read(&other_type), Err(InvalidKey::Type { expected: 0x01, found: 0x65 }));
        assert_eq!(read("name+00000000+AQ=="), Err(InvalidKey::Form));
        // The neutral element signs everything.
        let mut weak = [0; 33];
        (weak[0], weak[1]) = (SignatureType::Log as u8, 1);
        assert_eq!(read(&format!("weak+00000000+{}", BASE64.encode(weak))), Err(InvalidKey::Point));
        for name in ["", "a b", "a+b", "a\u{a0}b", "a\nb", "a\u{7f}", &"x".repeat(256)] {
            assert!(matches!(name.parse::<Origin>(), Err(InvalidKey::Name(_))), "{name:?}");
        }
    }
}
