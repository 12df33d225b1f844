//! DSSE 1.0: a payload of a stated type, and signatures over both.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use shipway_model::attestation::{Attestation, Signer};

use super::statement::{self, Statement};
use super::{Roots, decode};
use crate::evidence::Fault;

/// Most signatures of one envelope; each is tried with every key.
const SIGNATURES_MAX: usize = 16;

#[derive(Deserialize)]
pub(super) struct Envelope {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<Signature>,
}

#[derive(Deserialize)]
struct Signature {
    sig: String,
}

impl Envelope {
    pub(super) fn attestation(&self) -> Result<Attestation, Fault> {
        if self.payload_type != statement::PAYLOAD_TYPE {
            let shown: String = self.payload_type.chars().take(100).collect();
            return Err(Fault::new(format!("the payload is `{shown}` and no in-toto statement")));
        }
        if self.signatures.len() > SIGNATURES_MAX {
            return Err(Fault::new(format!("the envelope has more than {SIGNATURES_MAX} signatures")));
        }
        let mut attestation = Statement::parse(&decode("payload", &self.payload)?)?.attestation();
        attestation.signatures = self.signatures.len() as u64;
        Ok(attestation)
    }

    pub(super) fn verify(&self, roots: &Roots, at: Timestamp, attestation: &mut Attestation) {
        let Ok(payload) = decode("payload", &self.payload) else { return };
        let message = pre_authentication(&self.payload_type, &payload);
        // The same key may have signed several times: it is one signer.
        let mut signers: BTreeSet<Signer> = BTreeSet::new();
        if self.signatures.is_empty() {
            attestation.refused.push("it is not signed".to_owned());
        }
        for (idx, signature) in self.signatures.iter().enumerate() {
            let number = idx + 1;
            let bytes = match decode("signature", &signature.sig) {
                Ok(bytes) => bytes,
                Err(fault) => {
                    attestation.refused.push(format!("signature {number}: {}", fault.message));
                    continue;
                }
            };
            match roots.signer(&message, &bytes, at) {
                Ok(signer) => {
                    signers.insert(signer);
                }
                Err(why) => attestation.refused.push(format!("signature {number}: {why}")),
            }
        }
        attestation.signers.extend(signers);
    }
}

/// DSSE's pre-authentication encoding: the type is signed with the payload, and lengths keep the two apart.
pub(super) fn pre_authentication(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the DSSE specification, `protocol.md`.
    #[test]
    fn the_specifications_example_is_encoded_alike() {
        let encoded = pre_authentication("http://example.com/HelloWorld", b"hello world");
        assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }
}
