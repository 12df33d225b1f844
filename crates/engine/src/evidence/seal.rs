//! Signatures over what a person or a firm says with a document (SSHSIG), under the TrustRoots that are declared.
//!
//! A signature is verified when it comes, and again whenever it is to count: a root that no longer believes its key takes
//! the word back that was given under it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use shipway_model::Name;
use shipway_model::attestation::Signer;
use shipway_model::evidence::{Attachment, NAMESPACE, SignedWord};
use shipway_model::resource::trust::TrustedKey;
use shipway_model::resource::{Kind, Spec, TrustRoot};
use ssh_key::public::{EcdsaPublicKey, Ed25519PublicKey, KeyData};
use ssh_key::{HashAlg, PublicKey};

use crate::Catalogue;
use crate::key::allowed::allowed_signer;
use crate::key::ssh;

/// The DER form of an Ed25519 key up to its 32 bytes (RFC 8410, section 4).
const ED25519_INFO: &[u8] = &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// The DER form of a key on P-256 up to its point (RFC 5480, section 2).
const P256_INFO: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Whose signature over the statement of `attachment` it is: a key that some root lets sign for the statement's issuer.
/// Allowed signers sign for whom their principals cover, keys for whom their `issuers` name. Ed25519 and P-256 count.
///
/// # Errors
/// Nobody's that counts at this instant, in a sentence.
pub fn signer(
    catalogue: &Catalogue,
    attachment: &Attachment,
    armoured: &str,
    at: Timestamp,
) -> Result<Signer, String> {
    let word = attachment.statement.as_ref().ok_or("only a statement is signed so")?;
    let message = SignedWord::new(word, attachment.original, attachment.subject.clone()).bytes();
    let signed_by = ssh::fingerprint_of(armoured).map_err(|it| it.to_string())?;
    let mut why = format!("the key {signed_by} is in no TrustRoot");
    for (root, it) in roots(catalogue) {
        for candidate in candidates(root, it, at).filter(|it| it.fingerprint == signed_by) {
            match candidate.objection(&word.issuer) {
                Some(objection) => why = objection,
                None => {
                    ssh::verify(&candidate.line, NAMESPACE, &message, armoured).map_err(|it| {
                        format!("{it}: kind, issuer, scope, expiry, document and subjects are signed")
                    })?;
                    let (root, identity) = (root.clone(), candidate.identity);
                    return Ok(Signer { root, identity, key: signed_by, issuer: None });
                }
            }
        }
    }
    Err(why)
}

fn roots(catalogue: &Catalogue) -> impl Iterator<Item = (&Name, &TrustRoot)> {
    catalogue.of_kind(Kind::TrustRoot).filter_map(|(key, resource)| match &resource.spec {
        Spec::TrustRoot(root) => Some((&key.name, root)),
        _ => None,
    })
}

/// A key of a root, as SSH writes it.
struct Candidate {
    line: String,
    fingerprint: String,
    /// As the root calls it.
    identity: String,
    /// For whom it signs.
    covers: Box<dyn Fn(&str) -> bool>,
    /// Why it does not count at the instant.
    lapsed: Option<String>,
}

impl Candidate {
    fn objection(&self, issuer: &str) -> Option<String> {
        if !(self.covers)(issuer) {
            return Some(format!("{} may not sign for `{}`", self.identity, issuer.escape_debug()));
        }
        self.lapsed.clone()
    }
}

fn candidates<'a>(root: &'a Name, it: &'a TrustRoot, at: Timestamp) -> impl Iterator<Item = Candidate> + 'a {
    let signers = it.allowed_signers.lines().filter_map(move |line| {
        let allowed = allowed_signer(line).ok()??;
        let fingerprint = allowed.key.fingerprint(HashAlg::Sha256).to_string();
        let (line, identity) = (allowed.key.to_openssh().ok()?, allowed.principals.clone());
        let lapsed = allowed.may_sign(NAMESPACE, at).err();
        Some(Candidate {
            line,
            fingerprint,
            identity,
            covers: Box::new(move |it| allowed.covers(it)),
            lapsed,
        })
    });
    let keys = it.keys.iter().filter_map(move |key| {
        let public = public_key(&key.pem)?;
        let fingerprint = public.fingerprint(HashAlg::Sha256).to_string();
        let (issuers, identity) = (key.issuers.clone(), key.name.to_string());
        let covers = Box::new(move |it: &str| issuers.contains(it));
        Some(Candidate {
            line: public.to_openssh().ok()?,
            fingerprint,
            identity,
            covers,
            lapsed: lapsed(root, key, at),
        })
    });
    signers.chain(keys)
}

fn lapsed(root: &Name, key: &TrustedKey, at: Timestamp) -> Option<String> {
    match (key.valid_from, key.valid_until) {
        (Some(from), _) if at < from => Some(format!("{} of {root} counts only from {from}", key.name)),
        (_, Some(until)) if at >= until => Some(format!("{} of {root} counted only until {until}", key.name)),
        _ => None,
    }
}

/// A key in PEM as SSH knows it; None where it is of a kind with which statements are not signed.
fn public_key(pem: &str) -> Option<PublicKey> {
    let body: String = pem.lines().filter(|it| !it.starts_with("-----")).map(str::trim).collect();
    let der = STANDARD.decode(body).ok()?;
    let data = if let Some(point) = der.strip_prefix(P256_INFO) {
        KeyData::Ecdsa(EcdsaPublicKey::from_sec1_bytes(point).ok()?)
    } else {
        KeyData::Ed25519(Ed25519PublicKey(der.strip_prefix(ED25519_INFO)?.try_into().ok()?))
    };
    Some(PublicKey::new(data, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_pem_is_the_key_that_ssh_knows() {
        let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
        let line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBm/RAlphM3+hUG6wWfcO5bIUIaqMLa2ywxcOK1wMWbh";
        assert_eq!(public_key(pem).unwrap().to_openssh().unwrap().trim(), line);
        assert!(public_key("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n").is_none());
    }
}
