//! Signing through `ssh-keygen`, so that agents, passphrases and security keys work as they do everywhere else.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::Failure;

/// What is signed, and how it is signed where the key is, if it is not here.
pub(crate) struct Purpose {
    /// Of the signature, so that it counts for nothing else.
    pub(crate) namespace: &'static str,
    /// The command that prints what is to be signed.
    pub(crate) print: &'static str,
    /// What brings the signature back.
    pub(crate) give: &'static str,
}

/// The armoured signature of the key over `message`.
///
/// # Errors
/// When `ssh-keygen` is not there, or does not sign.
pub(crate) fn sign(key: &Path, message: &[u8], purpose: &Purpose) -> Result<String, Failure> {
    let Purpose { namespace, print, give } = purpose;
    let failed = |what: String| {
        Failure::new(what, *print).with_hint(format!(
            "sign elsewhere: `ssh-keygen -Y sign -n {namespace} -f KEY word.json`, then {give}"
        ))
    };
    let mut child = Command::new("ssh-keygen")
        .args(["-Y", "sign", "-q", "-n", namespace, "-f"])
        .arg(key)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(|error| failed(format!("ssh-keygen cannot be started: {error}")))?;
    let written = child.stdin.take().map(|mut it| it.write_all(message));
    let output = child.wait_with_output().map_err(|error| failed(format!("ssh-keygen: {error}")))?;
    match written {
        Some(Ok(())) if output.status.success() => String::from_utf8(output.stdout)
            .map_err(|_| failed("ssh-keygen wrote what is no signature".to_owned())),
        _ => Err(failed(format!("ssh-keygen did not sign with {}", key.display()))),
    }
}

/// The file with the public half of a key.
pub(crate) fn public_half(key: &Path) -> PathBuf {
    if key.extension().is_some_and(|it| it == "pub") {
        return key.to_owned();
    }
    let mut name = key.as_os_str().to_owned();
    name.push(".pub");
    name.into()
}
