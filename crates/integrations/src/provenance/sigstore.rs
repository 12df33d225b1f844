//! Keyless bundles of Sigstore: a short-lived certificate says who signed, and logs and timestamp authorities say that the
//! signature was made while it was valid. Everything that is believed stands in the root; nothing is fetched.

#[cfg(feature = "sigstore")]
mod keyless;

#[cfg(feature = "sigstore")]
pub(super) use keyless::Keyless;

use shipway_model::attestation::{Signer, Subject};

#[cfg(not(feature = "sigstore"))]
use shipway_model::{Name, resource::trust::Sigstore};

/// What stands in for authorities where they cannot be asked.
#[cfg(not(feature = "sigstore"))]
#[derive(Debug)]
pub(super) struct Keyless;

#[cfg(not(feature = "sigstore"))]
impl Keyless {
    /// Whatever it is: that it cannot be asked is said when a bundle is.
    pub(super) fn new(_: &Name, _: &Sigstore) -> Result<Self, String> {
        Ok(Self)
    }
}

/// Whose certificate signed the bundle, which is about the first of the subjects.
///
/// # Errors
/// Nobody's that counts, in a sentence.
#[cfg(feature = "sigstore")]
pub(super) fn signer(roots: &[Keyless], bundle: &str, subjects: &[Subject]) -> Result<Signer, String> {
    keyless::signer(roots, bundle, subjects)
}

/// # Errors
/// Always: this build cannot.
#[cfg(not(feature = "sigstore"))]
pub(super) fn signer(_: &[Keyless], _: &str, _: &[Subject]) -> Result<Signer, String> {
    Err("it is signed with a certificate, which this build does not verify: build it with `--features full`"
        .to_owned())
}
