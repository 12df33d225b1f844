//! Certificates, transparency logs (Rekor 1 and 2) and timestamps, as the crate `sigstore-verify` asks them.

use std::error::Error;

use shipway_model::attestation::{Signer, Subject};
use shipway_model::resource::trust::{CertificateIdentity, Sigstore};
use shipway_model::{Digest, Name};
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::{Artifact, ArtifactDigest, Bundle, DigestBytes, HashAlgorithm};
use sigstore_verify::{VerificationPolicy, Verifier};

/// The authorities of one root, and who counts under them.
pub(in crate::provenance) struct Keyless {
    root: Name,
    verifier: Verifier,
    identities: Vec<CertificateIdentity>,
}

impl std::fmt::Debug for Keyless {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyless")
            .field("root", &self.root)
            .field("identities", &self.identities)
            .finish_non_exhaustive()
    }
}

impl Keyless {
    /// # Errors
    /// The trusted root cannot be read, or one of its keys or certificates cannot be used.
    pub(in crate::provenance) fn new(root: &Name, sigstore: &Sigstore) -> Result<Self, String> {
        let trusted = TrustedRoot::from_json(&sigstore.trusted_root).map_err(|it| told(&it))?;
        let verifier = Verifier::new(&trusted).map_err(|it| told(&it))?;
        Ok(Self { root: root.clone(), verifier, identities: sigstore.identities.clone() })
    }
}

pub(super) fn signer(roots: &[Keyless], bundle: &str, subjects: &[Subject]) -> Result<Signer, String> {
    if roots.is_empty() {
        return Err("no root has `sigstore`, so no certificate counts".to_owned());
    }
    let bundle = Bundle::from_json(bundle).map_err(|it| format!("the bundle is broken: {}", told(&it)))?;
    let artifact = subjects
        .iter()
        .find_map(digest)
        .ok_or("the bundle names no SHA-256 or SHA-512 of what it is about")?;
    let mut why = String::new();
    for it in roots {
        let root = &it.root;
        // Chain, embedded timestamps of certificates, log, timestamps and signature; who signed is asked below.
        let policy = VerificationPolicy::any_identity();
        let verified = match it.verifier.verify(Artifact::from_digest(artifact.clone()), &bundle, &policy) {
            Ok(verified) => verified,
            Err(error) => {
                why = format!("it does not hold under {root}: {}", told(&error));
                continue;
            }
        };
        let (Some(identity), Some(issuer)) = (verified.identity(), verified.issuer()) else {
            why = "its certificate does not say who signed".to_owned();
            continue;
        };
        let subject = identity.as_str();
        if !it.identities.iter().any(|it| it.issuer == issuer && covers(&it.subject, subject)) {
            let (subject, issuer) = (subject.escape_debug(), issuer.escape_debug());
            why = format!("{root} does not count signatures of `{subject}` by the word of `{issuer}`");
            continue;
        }
        let certificate = bundle.signing_certificate().map(|it| Digest::of(it.as_bytes()));
        return Ok(Signer {
            root: root.clone(),
            identity: subject.to_owned(),
            key: certificate.map(|it| it.to_string()).unwrap_or_default(),
            issuer: Some(issuer.to_owned()),
        });
    }
    Err(why)
}

/// Exactly, or by its beginning where the pattern ends in `*`.
fn covers(pattern: &str, value: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == value, |start| value.starts_with(start))
}

fn digest(subject: &Subject) -> Option<ArtifactDigest> {
    let known = [("sha256", HashAlgorithm::Sha2256), ("sha512", HashAlgorithm::Sha2512)];
    known.into_iter().find_map(|(name, algorithm)| {
        let bytes = DigestBytes::from_hex(subject.digests.get(name)?).ok()?;
        ArtifactDigest::new(algorithm, bytes).ok()
    })
}

/// An error with its causes.
fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(it) = cause {
        let said = it.to_string();
        if !text.contains(&said) {
            text += &format!(": {said}");
        }
        cause = it.source();
    }
    text
}
