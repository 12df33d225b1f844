//! Signatures that `ssh-keygen -Y sign` makes and `ssh-keygen -Y verify` accepts (SSHSIG).

use std::fmt;

use shipway_model::Digest;
use ssh_key::{HashAlg, PublicKey, SshSig};

/// Longest armoured signature, in bytes; one with a key of the kinds that are taken has about 300.
const ARMOURED_BYTES_MAX: usize = 8192;

/// Why a key or signature does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    NotAKey(String),
    NotASignature(String),
    /// Made by another key, over other bytes, or for another purpose.
    DoesNotMatch,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAKey(why) => write!(f, "this is no SSH public key that is taken here: {why}"),
            Self::NotASignature(why) => write!(f, "this is no SSH signature: {why}"),
            Self::DoesNotMatch => f.write_str("the signature is not this key's over these bytes"),
        }
    }
}

impl std::error::Error for Fault {}

/// The SHA-256 of the key's wire form: the bytes behind the fingerprint that `ssh-keygen -l` shows.
///
/// # Errors
/// When the line is no public key, or of an algorithm other than Ed25519 and ECDSA on P-256, with or without `sk`.
pub fn id_of(line: &str) -> Result<Digest, Fault> {
    let key = parse(line)?;
    let fingerprint = key.fingerprint(HashAlg::Sha256);
    let bytes =
        fingerprint.as_bytes().try_into().map_err(|_| Fault::NotAKey("its hash is cut".to_owned()))?;
    Ok(Digest::from_bytes(bytes))
}

/// The key without its comment, which may name a person.
///
/// # Errors
/// As [`id_of`].
pub fn without_comment(line: &str) -> Result<String, Fault> {
    let mut key = parse(line)?;
    key.set_comment("");
    key.to_openssh().map(|it| it.trim().to_owned()).map_err(|it| Fault::NotAKey(it.to_string()))
}

/// # Errors
/// When `armoured` is not the key's signature over `message` in `namespace`.
pub fn verify(line: &str, namespace: &str, message: &[u8], armoured: &str) -> Result<(), Fault> {
    if armoured.len() > ARMOURED_BYTES_MAX {
        return Err(Fault::NotASignature(format!("it has more than {ARMOURED_BYTES_MAX} bytes")));
    }
    let key = parse(line)?;
    let signature =
        SshSig::from_pem(armoured.trim()).map_err(|error| Fault::NotASignature(error.to_string()))?;
    key.verify(namespace, message, &signature).map_err(|_| Fault::DoesNotMatch)
}

/// The fingerprint of the key that made the signature, as `ssh-keygen -l` shows it.
///
/// # Errors
/// When `armoured` is no signature.
pub fn fingerprint_of(armoured: &str) -> Result<String, Fault> {
    if armoured.len() > ARMOURED_BYTES_MAX {
        return Err(Fault::NotASignature(format!("it has more than {ARMOURED_BYTES_MAX} bytes")));
    }
    let signature = SshSig::from_pem(armoured.trim()).map_err(|it| Fault::NotASignature(it.to_string()))?;
    Ok(signature.public_key().fingerprint(HashAlg::Sha256).to_string())
}

fn parse(line: &str) -> Result<PublicKey, Fault> {
    use ssh_key::Algorithm;
    let key = PublicKey::from_openssh(line.trim()).map_err(|error| Fault::NotAKey(error.to_string()))?;
    match key.algorithm() {
        Algorithm::Ed25519
        | Algorithm::SkEd25519
        | Algorithm::SkEcdsaSha2NistP256
        | Algorithm::Ecdsa { curve: ssh_key::EcdsaCurve::NistP256 } => Ok(key),
        other => {
            Err(Fault::NotAKey(format!("`{other}` is not taken; make one with `ssh-keygen -t ed25519`")))
        }
    }
}
