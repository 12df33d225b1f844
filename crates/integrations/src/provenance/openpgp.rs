//! OpenPGP signatures of commits and tags, under certificates that stand in the roots. No keyring and no server is asked.

#[cfg(feature = "openpgp")]
mod certificate;

#[cfg(feature = "openpgp")]
pub(super) use certificate::Certificate;

use shipway_model::Name;
use shipway_model::attestation::Signer;

/// What stands in for certificates where none can be read.
#[cfg(not(feature = "openpgp"))]
#[derive(Debug)]
pub(super) struct Certificate;

#[cfg(not(feature = "openpgp"))]
impl Certificate {
    /// Whatever it is: that it cannot be asked is said when a signature is.
    pub(super) fn parse(_: &str) -> Result<Self, String> {
        Ok(Self)
    }
}

/// Whose signature over the message it is.
///
/// # Errors
/// Nobody's that counts, in a sentence.
#[cfg(feature = "openpgp")]
pub(super) fn signer(roots: &[(Name, Certificate)], armored: &str, message: &[u8]) -> Result<Signer, String> {
    certificate::signer(roots, armored, message)
}

/// # Errors
/// Always: this build cannot.
#[cfg(not(feature = "openpgp"))]
pub(super) fn signer(_: &[(Name, Certificate)], _: &str, _: &[u8]) -> Result<Signer, String> {
    Err("it is signed with OpenPGP, which this build does not verify: build it with `--features full`"
        .to_owned())
}
