//! Whom a verb that checks evidence believes.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use shipway_ledger::{Policy, VerifierKey};

use crate::failure::Failure;

/// The longest key or policy that is read, in bytes.
const FILE_BYTES_MAX: u64 = shipway_ledger::policy::SIZE_BYTES_MAX as u64;

#[derive(Debug, Clone, Args)]
pub(super) struct TrustArgs {
    /// A file with the public key of a log that is believed. Repeatable
    #[arg(long, value_name = "FILE")]
    key: Vec<PathBuf>,
    /// A file that says which logs are believed and which witnesses must have cosigned (C2SP tlog-policy)
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

impl TrustArgs {
    /// Whether anybody is named.
    pub(super) fn is_given(&self) -> bool {
        self.policy.is_some() || !self.key.is_empty()
    }

    /// # Errors
    /// When a file cannot be read or is not what it should be.
    pub(super) fn policy(&self) -> Result<Policy, Failure> {
        let mut policy = match &self.policy {
            Some(path) => {
                let text = read(path)?;
                text.parse::<Policy>().map_err(|error| not_usable(path, "policy", &error))?
            }
            None => Policy::default(),
        };
        for path in &self.key {
            policy.add_log(read_key(path)?);
        }
        Ok(policy)
    }
}

/// # Errors
/// When there is no log's public key in the file.
pub(super) fn read_key(path: &Path) -> Result<VerifierKey, Failure> {
    read(path)?.trim().parse().map_err(|error| not_usable(path, "log's public key", &error))
}

/// The text of a key or policy.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    let too_long = fs::metadata(path).is_ok_and(|it| it.is_file() && it.len() > FILE_BYTES_MAX);
    if too_long {
        return Err(Failure::new(format!("{} is too long for a key or policy", path.display()), next(path)));
    }
    fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("{} cannot be read: {error}", path.display()), next(path)))
}

fn not_usable(path: &Path, what: &str, error: &dyn std::error::Error) -> Failure {
    Failure::new(format!("{} holds no {what} that can be used: {error}", path.display()), next(path))
}

fn next(path: &Path) -> String {
    format!("cat {}", path.display())
}
