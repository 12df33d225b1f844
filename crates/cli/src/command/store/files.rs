//! What belongs to a ledger and lies beside it: blobs, logs, and the key that signs.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::control_plane::{KEY, PUBLIC_KEY};
use crate::failure::Failure;

/// Copies it from one folder to another. Answers how many blobs there are, each of which fits its name.
pub(super) fn copy(from: &Path, to: &Path) -> Result<usize, Failure> {
    let failed = |error: io::Error| {
        Failure::new(
            format!("what lies in {} cannot be copied to {}: {error}", from.display(), to.display()),
            "shipway store --help",
        )
    };
    let mut n_blobs = 0;
    let shelves = from.join("blobs/sha256");
    for shelf in entries(&shelves).map_err(failed)? {
        for blob in entries(&shelf).map_err(failed)? {
            copy_blob(&blob, &to.join("blobs/sha256"), from).map_err(failed)?;
            n_blobs += 1;
        }
    }
    for rollout in entries(&from.join("logs")).map_err(failed)? {
        for log in entries(&rollout).map_err(failed)? {
            copy_file(&log, &to.join(log.strip_prefix(from).unwrap_or(&log))).map_err(failed)?;
        }
    }
    for key in [PUBLIC_KEY, KEY] {
        if from.join(key).exists() {
            copy_file(&from.join(key), &to.join(key)).map_err(failed)?;
        }
    }
    Ok(n_blobs)
}

fn entries(folder: &Path) -> io::Result<Vec<std::path::PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|it| it.map(|it| it.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn copy_blob(blob: &Path, to: &Path, from: &Path) -> io::Result<()> {
    let mut file = File::open(blob)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; 1 << 20];
    loop {
        match file.read(&mut piece)? {
            0 => break,
            n => hash.update(&piece[..n]),
        }
    }
    let name = blob.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let found = hex::encode(hash.finalize());
    if found != name {
        let shown = blob.strip_prefix(from).unwrap_or(blob).display();
        return Err(io::Error::other(format!("{shown} has been changed: its digest is {found}")));
    }
    copy_file(blob, &to.join(&name[..2]).join(&name))
}

/// With its permissions, durably.
fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, to)?;
    let mut file = File::options().write(true).open(to)?;
    file.flush()?;
    file.sync_all()
}
