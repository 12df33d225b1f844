//! The sign-ins of this user: one token for each control plane, in a file beside the config file that its owner alone
//! can read.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Tokens by the address of the control plane.
type Tokens = BTreeMap<String, String>;

/// Where they are kept.
pub(crate) fn path(config: &Path) -> PathBuf {
    config.with_file_name("sessions.json")
}

/// The token for a control plane. A file that cannot be read holds none.
pub(crate) fn token(path: &Path, server: &str) -> Option<String> {
    read(path).remove(server.trim_end_matches('/'))
}

/// Keeps a token for a control plane, in place of an earlier one.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn keep(path: &Path, server: &str, token: &str) -> io::Result<()> {
    let mut tokens = read(path);
    tokens.insert(server.trim_end_matches('/').to_owned(), token.to_owned());
    write(path, &tokens)
}

/// Forgets the token for a control plane.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn forget(path: &Path, server: &str) -> io::Result<()> {
    let mut tokens = read(path);
    match tokens.remove(server.trim_end_matches('/')) {
        Some(_) => write(path, &tokens),
        None => Ok(()),
    }
}

fn read(path: &Path) -> Tokens {
    fs::read(path).ok().and_then(|it| serde_json::from_slice(&it).ok()).unwrap_or_default()
}

/// Replaced at once, and never readable by others in between.
fn write(path: &Path, tokens: &Tokens) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let beside = path.with_extension("new");
    let _ = fs::remove_file(&beside);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(&serde_json::to_vec_pretty(tokens).expect("texts by texts"))?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_token_is_kept_for_its_control_plane_and_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = path(&folder.path().join("shipway/config.yaml"));
        assert_eq!(token(&path, "http://a:1"), None);
        keep(&path, "http://a:1/", "first").expect("written");
        keep(&path, "http://b:1", "second").expect("written");
        assert_eq!(token(&path, "http://a:1").as_deref(), Some("first"));
        assert_eq!(token(&path, "http://a:2"), None);
        assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o600);
        forget(&path, "http://a:1").expect("written");
        assert_eq!(
            (token(&path, "http://a:1"), token(&path, "http://b:1").as_deref()),
            (None, Some("second"))
        );
    }
}
