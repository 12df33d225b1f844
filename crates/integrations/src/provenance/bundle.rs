//! Sigstore bundles 0.1 to 0.3, signed with a key of the roots or, in their keyless form, with a short-lived certificate.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use shipway_model::Digest;
use shipway_model::attestation::{Attestation, Subject};

use super::envelope::Envelope;
use super::{Roots, decode, sigstore};
use crate::evidence::Fault;

/// What a signature over the artifact itself is called; it has no statement and so no predicate.
const MESSAGE_SIGNATURE: &str = "https://sigstore.dev/bundle/messageSignature";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bundle {
    media_type: String,
    verification_material: Material,
    dsse_envelope: Option<Envelope>,
    message_signature: Option<MessageSignature>,
    /// As it stands in the document.
    #[serde(skip)]
    json: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    public_key: Option<IgnoredAny>,
    certificate: Option<IgnoredAny>,
    x509_certificate_chain: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageSignature {
    message_digest: MessageDigest,
    signature: String,
}

#[derive(Deserialize)]
struct MessageDigest {
    algorithm: String,
    digest: String,
}

impl Bundle {
    pub(super) fn parse(json: &str) -> Result<Self, Fault> {
        let bundle: Self = super::parse(json)?;
        Ok(Self { json: json.to_owned(), ..bundle })
    }

    pub(super) fn attestation(&self) -> Result<Attestation, Fault> {
        if !is_known(&self.media_type) {
            let shown: String = self.media_type.chars().take(100).collect();
            return Err(Fault::new(format!("bundles of the type `{shown}` are not known")));
        }
        match (&self.dsse_envelope, &self.message_signature) {
            (Some(envelope), None) => envelope.attestation(),
            (None, Some(message)) => message.attestation(),
            _ => Err(Fault::new("the bundle holds neither an envelope nor a signature, or both")),
        }
    }

    pub(super) fn verify(&self, roots: &Roots, at: Timestamp, attestation: &mut Attestation) {
        let material = &self.verification_material;
        if material.certificate.is_some() || material.x509_certificate_chain.is_some() {
            match sigstore::signer(&roots.keyless, &self.json, &attestation.subjects) {
                Ok(signer) => attestation.signers.push(signer),
                Err(why) => attestation.refused.push(why),
            }
            return;
        }
        if material.public_key.is_none() {
            attestation.refused.push("the bundle does not say with what it is to be verified".to_owned());
            return;
        }
        match (&self.dsse_envelope, &self.message_signature) {
            (Some(envelope), _) => envelope.verify(roots, at, attestation),
            (None, Some(message)) => match message.signer(roots, at) {
                Ok(signer) => attestation.signers.push(signer),
                Err(why) => attestation.refused.push(why),
            },
            (None, None) => {}
        }
    }
}

fn is_known(media_type: &str) -> bool {
    let older = "application/vnd.dev.sigstore.bundle+json;version=";
    let version = media_type
        .strip_prefix(older)
        .or_else(|| media_type.strip_prefix("application/vnd.dev.sigstore.bundle.v")?.strip_suffix("+json"));
    matches!(version, Some("0.1" | "0.2" | "0.3"))
}

impl MessageSignature {
    fn digest(&self) -> Result<Digest, Fault> {
        let bytes = decode("digest", &self.message_digest.digest)?;
        match (self.message_digest.algorithm.as_str(), bytes.try_into()) {
            ("SHA2_256", Ok(bytes)) => Ok(Digest::from_bytes(bytes)),
            _ => Err(Fault::new("the digest that was signed is no SHA-256")),
        }
    }

    fn attestation(&self) -> Result<Attestation, Fault> {
        let digests = [("sha256".to_owned(), self.digest()?.hex())].into();
        Ok(Attestation {
            predicate_type: MESSAGE_SIGNATURE.to_owned(),
            subjects: vec![Subject { name: None, digests }],
            signatures: 1,
            ..Attestation::default()
        })
    }

    fn signer(&self, roots: &Roots, at: Timestamp) -> Result<shipway_model::attestation::Signer, String> {
        let digest = self.digest().map_err(|it| it.message)?;
        let signature = decode("signature", &self.signature).map_err(|it| it.message)?;
        roots.signer_of_digest(&digest, &signature, at)
    }
}
