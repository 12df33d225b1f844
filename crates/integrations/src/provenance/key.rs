//! Public keys in PEM: Ed25519, ECDSA over P-256, RSA.

use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use rsa::pkcs1::DecodeRsaPublicKey as _;
use rsa::pkcs8::Document;
use rsa::pkcs8::der::Decode as _;
use rsa::pkcs8::spki::SubjectPublicKeyInfoRef;
use rsa::traits::PublicKeyParts as _;
use rsa::{Pkcs1v15Sign, Pss, RsaPublicKey};
use sha2_10::Sha256;
use shipway_model::Digest;

/// Keys below are within reach of who wants to forge (NIST SP 800-131A).
pub(super) const RSA_BYTES_MIN: usize = 256;
/// The beginning of what PKCS #1 signs for SHA-256 and SHA-512 (RFC 8017, section 9.2, note 1).
const SHA_256_INFO: &[u8] = &[
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0, 0x04,
    0x20,
];
const SHA_512_INFO: &[u8] = &[
    0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0, 0x04,
    0x40,
];

#[derive(Debug, Clone)]
pub(super) enum PublicKey {
    Ed25519(ed25519_dalek::VerifyingKey),
    P256(p256::ecdsa::VerifyingKey),
    Rsa(RsaPublicKey),
}

impl PublicKey {
    /// The key, and the digest of its DER form.
    ///
    /// # Errors
    /// It is no public key in PEM, or of a kind that does not count.
    pub(super) fn from_pem(pem: &str) -> Result<(Self, Digest), String> {
        let (label, document) = Document::from_pem(pem.trim()).map_err(|it| format!("it is no PEM: {it}"))?;
        if label != "PUBLIC KEY" {
            return Err(format!("it is a {} and no PUBLIC KEY", label.escape_debug()));
        }
        let der = document.as_bytes();
        let info =
            SubjectPublicKeyInfoRef::from_der(der).map_err(|it| format!("it is no public key: {it}"))?;
        let bits = info.subject_public_key.as_bytes().ok_or("its key is cut within a byte")?;
        let key = match info.algorithm.oid.to_string().as_str() {
            "1.3.101.112" => {
                let bytes = bits.try_into().map_err(|_| "an Ed25519 key has 32 bytes")?;
                let key = ed25519_dalek::VerifyingKey::from_bytes(bytes);
                Self::Ed25519(key.map_err(|_| "it is no point of Ed25519")?)
            }
            "1.2.840.10045.2.1" => {
                let curve = info.algorithm.parameters_oid().map_err(|_| "it names no curve")?;
                if curve.to_string() != "1.2.840.10045.3.1.7" {
                    return Err(format!("the curve {curve} is not P-256"));
                }
                let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(bits);
                Self::P256(key.map_err(|_| "it is no point of P-256")?)
            }
            "1.2.840.113549.1.1.1" => {
                let key =
                    RsaPublicKey::from_pkcs1_der(bits).map_err(|it| format!("it is no RSA key: {it}"))?;
                Self::rsa(key)?
            }
            other => return Err(format!("keys of the kind {other} do not count")),
        };
        Ok((key, Digest::of(der)))
    }

    /// # Errors
    /// It is too short.
    pub(super) fn rsa(key: RsaPublicKey) -> Result<Self, String> {
        if key.size() < RSA_BYTES_MIN {
            return Err(format!("an RSA key of {} bits is too short", key.size() * 8));
        }
        Ok(Self::Rsa(key))
    }

    /// Whether it signed the message. ECDSA and RSA are over SHA-256; RSA is PKCS #1 v1.5, or PSS with a salt of 32 bytes.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|it| key.verify_strict(message, &it).is_ok()),
            Self::P256(key) => {
                p256::ecdsa::Signature::from_der(signature).is_ok_and(|it| key.verify(message, &it).is_ok())
            }
            Self::Rsa(_) => self.verifies_digest(&Digest::of(message), signature),
        }
    }

    /// The same where only the digest of the message is known. Ed25519 signs messages and not digests.
    pub(super) fn verifies_digest(&self, digest: &Digest, signature: &[u8]) -> bool {
        let hashed = digest.as_bytes();
        match self {
            Self::Ed25519(_) => false,
            Self::P256(key) => p256::ecdsa::Signature::from_der(signature)
                .is_ok_and(|it| key.verify_prehash(hashed, &it).is_ok()),
            Self::Rsa(key) => {
                let padding = Pkcs1v15Sign { hash_len: Some(32), prefix: SHA_256_INFO.into() };
                key.verify(padding, hashed, signature).is_ok()
                    || key.verify(Pss::new::<Sha256>(), hashed, signature).is_ok()
            }
        }
    }

    /// RSA as SSH uses it.
    pub(super) fn verifies_sha_512(&self, hashed: &[u8], signature: &[u8]) -> bool {
        let Self::Rsa(key) = self else { return false };
        let padding = Pkcs1v15Sign { hash_len: Some(64), prefix: SHA_512_INFO.into() };
        key.verify(padding, hashed, signature).is_ok()
    }
}
