//! The lock beside the file: two control planes on one ledger would sign two histories.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use super::open::OpenError;

/// Held for as long as it lives; the operating system lets it go when the process dies, however it dies.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Locks `<path>.lock`. The file itself stays; it is empty.
    pub(super) fn take(path: &Path) -> Result<Self, OpenError> {
        let lock = lock_path(path);
        let opened = OpenOptions::new().create(true).truncate(false).write(true).open(&lock);
        let file = match opened {
            Ok(file) => file,
            Err(source) => return Err(OpenError::Lock { lock, source }),
        };
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked { lock }),
            Err(TryLockError::Error(source)) => Err(OpenError::Lock { lock, source }),
        }
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}
