//! Certificates (RFC 9580, section 10.1) and what they let sign.
//!
//! A key counts when the certificate's own signatures bind it and say that it signs, when nothing revokes it, and while it
//! is valid at the instant that the signature states. A certificate that was revoked for whatever reason counts no more,
//! also for what was signed before: the reason is its owner's word alone, and the instant is the signer's.

use pgp::composed::{Deserializable as _, DetachedSignature, SignedPublicKey, SignedPublicSubKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Signature, SignatureType};
use pgp::types::{KeyDetails as _, PublicParams, Tag, VerifyingKey};
use rsa::traits::PublicKeyParts as _;
use shipway_model::Name;
use shipway_model::attestation::Signer;

use super::super::key::RSA_BYTES_MIN;

/// Hashes under which signatures count: those of 256 bits and more that nobody has broken.
const HASHES: &[HashAlgorithm] = &[
    HashAlgorithm::Sha256,
    HashAlgorithm::Sha384,
    HashAlgorithm::Sha512,
    HashAlgorithm::Sha3_256,
    HashAlgorithm::Sha3_512,
];

/// A certificate and who it says it is.
#[derive(Debug)]
pub(in crate::provenance) struct Certificate {
    key: SignedPublicKey,
    /// Its first user id that it signed itself.
    identity: String,
}

impl Certificate {
    /// # Errors
    /// It is no certificate, or has no user id of its own.
    pub(in crate::provenance) fn parse(armored: &str) -> Result<Self, String> {
        let (key, _) = SignedPublicKey::from_armor_single(armored.trim().as_bytes())
            .map_err(|it| format!("this is no OpenPGP certificate: {it}"))?;
        let own = key.details.users.iter().find(|user| {
            let holds = |it: &Signature| {
                is_strong(it) && it.verify_certification(&key.primary_key, Tag::UserId, &user.id).is_ok()
            };
            let mut signatures = user.signatures.iter();
            let is_revoked =
                user.signatures.iter().any(|it| it.typ() == Some(SignatureType::CertRevocation) && holds(it));
            !is_revoked && signatures.any(holds)
        });
        let identity = own
            .and_then(|it| it.id.as_str())
            .ok_or("the certificate names nobody under its own signature")?;
        let identity = identity.to_owned();
        Ok(Self { key, identity })
    }

    /// The keys that may sign, the primary among them, each with why it does not count at that second.
    fn objection(&self, signing: &Signing<'_>, at: u32) -> Option<String> {
        if !self.key.details.revocation_signatures.is_empty() {
            return Some("its certificate was revoked".to_owned());
        }
        let primary = self.own_signatures();
        if let Some(why) = lapsed(self.key.primary_key.created_at().as_secs(), newest(&primary), at) {
            return Some(why);
        }
        match signing {
            Signing::Primary => {
                let signs = newest(&primary).is_some_and(|it| it.key_flags().sign());
                (!signs).then(|| "the certificate does not say that the key signs".to_owned())
            }
            Signing::Subkey(subkey) => {
                let of_type = |wanted| subkey.signatures.iter().filter(move |it| it.typ() == Some(wanted));
                if of_type(SignatureType::SubkeyRevocation).next().is_some() {
                    return Some("the key was revoked".to_owned());
                }
                let bindings: Vec<&Signature> =
                    of_type(SignatureType::SubkeyBinding).filter(|it| self.binds(it, subkey)).collect();
                match newest(&bindings) {
                    None => Some("the certificate does not bind the key as one that signs".to_owned()),
                    binding => lapsed(subkey.key.created_at().as_secs(), binding, at),
                }
            }
        }
    }

    /// The signatures by which the certificate says what its primary key does.
    fn own_signatures(&self) -> Vec<&Signature> {
        let key = &self.key.primary_key;
        let direct = self.key.details.direct_signatures.iter().filter(|it| it.verify_key(key).is_ok());
        let users = self.key.details.users.iter().flat_map(|user| {
            let own = |it: &&Signature| {
                it.typ() != Some(SignatureType::CertRevocation)
                    && it.verify_certification(key, Tag::UserId, &user.id).is_ok()
            };
            user.signatures.iter().filter(own)
        });
        direct.chain(users).filter(|it| is_strong(it)).collect()
    }

    /// A binding of a key that signs holds only with that key's own word that it belongs here (section 10.2.1).
    fn binds(&self, it: &Signature, subkey: &SignedPublicSubKey) -> bool {
        let primary = &self.key.primary_key;
        is_strong(it)
            && it.key_flags().sign()
            && it.verify_subkey_binding(primary, &subkey.key).is_ok()
            && it.embedded_signature().is_some_and(|back| {
                is_strong(back) && back.verify_primary_key_binding(&subkey.key, primary).is_ok()
            })
    }

    /// Which of its keys made the signature.
    fn signing(&self, signature: &DetachedSignature, message: &[u8]) -> Option<Signing<'_>> {
        let holds = |key: &dyn Verifies| key.holds(signature, message);
        if holds(&self.key.primary_key) {
            return Some(Signing::Primary);
        }
        self.key.public_subkeys.iter().find(|it| holds(&it.key)).map(Signing::Subkey)
    }
}

enum Signing<'a> {
    Primary,
    Subkey(&'a SignedPublicSubKey),
}

/// A key of either kind.
trait Verifies {
    fn holds(&self, signature: &DetachedSignature, message: &[u8]) -> bool;
}

impl<K: VerifyingKey> Verifies for K {
    fn holds(&self, signature: &DetachedSignature, message: &[u8]) -> bool {
        let is_long = match self.public_params() {
            PublicParams::RSA(it) => it.key.size() >= RSA_BYTES_MIN,
            PublicParams::DSA(_) => false,
            _ => true,
        };
        is_long && signature.verify(self, message).is_ok()
    }
}

pub(super) fn signer(roots: &[(Name, Certificate)], armored: &str, message: &[u8]) -> Result<Signer, String> {
    let (signature, _) = DetachedSignature::from_armor_single(armored.as_bytes())
        .map_err(|it| format!("the OpenPGP signature is broken: {it}"))?;
    let it = &signature.signature;
    if it.typ() != Some(SignatureType::Binary) {
        return Err("the OpenPGP signature is of another kind than over a document".to_owned());
    }
    if !is_strong(it) {
        return Err("the OpenPGP signature is over a hash that does not count".to_owned());
    }
    if it.signature_expiration_time().is_some_and(|it| it.as_secs() > 0) {
        return Err("the OpenPGP signature has an end of its own, and commits have to stay signed".to_owned());
    }
    let at = it.created().ok_or("the OpenPGP signature does not say when it was made")?.as_secs();
    for (root, certificate) in roots {
        let Some(signing) = certificate.signing(&signature, message) else { continue };
        let identity = &certificate.identity;
        return match certificate.objection(&signing, at) {
            Some(why) => Err(format!("{identity} of {root}: {why}")),
            None => Ok(Signer {
                root: root.clone(),
                identity: identity.clone(),
                key: format!("openpgp:{}", certificate.key.fingerprint()),
                issuer: None,
            }),
        };
    }
    let named: Vec<String> = it.issuer_fingerprint().iter().map(ToString::to_string).collect();
    let key = if named.is_empty() { "a key that it does not name".to_owned() } else { named.join(", ") };
    Err(format!(
        "it holds under none of the {} OpenPGP certificates of the roots; it says that {key} made it",
        roots.len()
    ))
}

fn is_strong(it: &Signature) -> bool {
    it.hash_alg().is_some_and(|it| HASHES.contains(&it))
}

fn newest<'a>(signatures: &[&'a Signature]) -> Option<&'a Signature> {
    signatures.iter().copied().max_by_key(|it| it.created().map(|it| it.as_secs()))
}

/// Whether a key of that age is not valid yet, or no longer, by what its newest signature says. Seconds since 1970.
fn lapsed(created: u32, said: Option<&Signature>, at: u32) -> Option<String> {
    if at < created {
        return Some("the signature is older than the key".to_owned());
    }
    let valid_s = said?.key_expiration_time().map(|it| it.as_secs()).filter(|it| *it > 0)?;
    (u64::from(at) >= u64::from(created) + u64::from(valid_s))
        .then(|| "the key had expired when it signed".to_owned())
}
