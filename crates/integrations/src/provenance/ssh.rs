//! Signatures of SSH keys (SSHSIG) by signers of an allowed-signers file.

use jiff::Timestamp;
use rsa::{BigUint, RsaPublicKey};
use sha2_10::Digest as _;
use shipway_model::attestation::Signer;
use ssh_key::{Algorithm, HashAlg, PublicKey, SshSig};

use super::Roots;
use super::key;

/// Whose SSHSIG over the message it is, made at this instant in this namespace.
///
/// # Errors
/// Nobody's that counts, in a sentence.
pub(super) fn signer(
    roots: &Roots,
    armored: &str,
    namespace: &str,
    message: &[u8],
    at: Timestamp,
) -> Result<Signer, String> {
    let signature = SshSig::from_pem(armored).map_err(|it| format!("the SSH signature is broken: {it}"))?;
    let fingerprint = signature.public_key().fingerprint(HashAlg::Sha256).to_string();
    if signature.namespace() != namespace {
        let other = signature.namespace().escape_debug();
        return Err(format!("it was made for `{other}` and not for `{namespace}`"));
    }
    let known = roots.allowed.iter().filter(|(_, it)| it.key.key_data() == signature.public_key());
    let mut why = format!("the key {fingerprint} is not among the allowed signers");
    for (root, allowed) in known {
        if let Err(objection) = allowed.may_sign(namespace, at) {
            why = objection;
        } else if holds(&allowed.key, &signature, namespace, message) {
            let identity = allowed.principals.clone();
            return Ok(Signer { root: root.clone(), identity, key: fingerprint, issuer: None });
        } else {
            let who = allowed.principals.escape_debug();
            return Err(format!("the signature of {who} does not fit what it stands under"));
        }
    }
    Err(why)
}

fn holds(key: &PublicKey, signature: &SshSig, namespace: &str, message: &[u8]) -> bool {
    let Some(rsa) = key.key_data().rsa() else {
        return key.verify(namespace, message, signature).is_ok();
    };
    let number = |it: &ssh_key::Mpint| it.as_positive_bytes().map(BigUint::from_bytes_be);
    let (Some(modulus), Some(exponent)) = (number(&rsa.n), number(&rsa.e)) else { return false };
    let Ok(rsa) = RsaPublicKey::new(modulus, exponent) else { return false };
    let Ok(rsa) = key::PublicKey::rsa(rsa) else { return false };
    let Ok(signed) = SshSig::signed_data(namespace, signature.hash_alg(), message) else { return false };
    match signature.algorithm() {
        Algorithm::Rsa { hash: Some(HashAlg::Sha256) } => rsa.verifies(&signed, signature.signature_bytes()),
        Algorithm::Rsa { hash: Some(HashAlg::Sha512) } => {
            rsa.verifies_sha_512(&sha2_10::Sha512::digest(&signed), signature.signature_bytes())
        }
        // `ssh-rsa` is RSA over SHA-1.
        _ => false,
    }
}
