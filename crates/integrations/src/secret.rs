//! Secrets that declarations point at, read on the control plane's machine when they are needed.

use std::fs;

use shipway_model::resource::service::SecretRef;

/// What stands there, without the end of its line.
///
/// # Errors
/// Why it cannot be read, in a sentence that says nothing of it.
pub(crate) fn read(secret: &SecretRef) -> Result<String, String> {
    match secret {
        SecretRef::File(path) => fs::read_to_string(path)
            .map(|it| it.trim_end_matches(['\n', '\r']).to_owned())
            .map_err(|error| format!("the secret cannot be read from {path}: {error}")),
        SecretRef::Env(name) => {
            std::env::var(name).map_err(|_| format!("the control plane has no variable {name}"))
        }
    }
}
