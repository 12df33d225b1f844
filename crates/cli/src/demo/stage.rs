//! Where the demonstration plays: its folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::Failure;

pub(super) struct Stage {
    folder: PathBuf,
    /// A folder of its own goes when the demonstration has ended well.
    temporary: AtomicBool,
}

impl Stage {
    pub(super) fn new(folder: Option<&Path>) -> Result<Self, Failure> {
        let (folder, temporary) = match folder {
            Some(folder) => (folder.to_owned(), false),
            None => (std::env::temp_dir().join(format!("shipway-demo-{}", std::process::id())), true),
        };
        let doing = format!("making the folder {}", folder.display());
        fs::create_dir_all(&folder).map_err(|it| Failure::new(&doing, it))?;
        let folder = folder.canonicalize().map_err(|it| Failure::new(&doing, it))?;
        let mut entries = fs::read_dir(&folder).map_err(|it| Failure::new(&doing, it))?;
        if entries.next().is_some() {
            return Err(Failure::because(format!("{} is not empty: name a new folder", folder.display())));
        }
        Ok(Self { folder, temporary: AtomicBool::new(temporary) })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Keeps the folder, so that what went wrong can be looked at.
    pub(super) fn keep(&self) {
        self.temporary.store(false, Ordering::Relaxed);
        println!("\nThe logs are kept in {}", self.folder.join("logs").display());
    }

    pub(super) fn make(&self, name: &str) -> Result<PathBuf, Failure> {
        let folder = self.folder.join(name);
        fs::create_dir_all(&folder)
            .map_err(|it| Failure::new(&format!("making {}", folder.display()), it))?;
        Ok(folder)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if self.temporary.load(Ordering::Relaxed) {
            // Best effort: what stays behind is in the system's temporary folder.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}
