//! A small disk that can be filled.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system of its own, in memory, mounted on a folder for as long as the value lives.
pub(crate) struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// # Panics
    /// When mounting is not allowed.
    pub(crate) fn mount(folder: &Path, size: &str) -> Self {
        fs::create_dir_all(folder).expect("a folder can be made");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "none"])
            .arg(folder)
            .status();
        assert!(
            mounted.is_ok_and(|it| it.success()),
            "a small disk cannot be mounted: this test needs to be root"
        );
        Self { folder: folder.to_owned() }
    }

    /// Leaves no byte free.
    pub(crate) fn fill(&self) {
        let mut file = File::create(self.ballast()).expect("a file can be made");
        for size in [64 * 1024, 1024, 1] {
            let zeros = vec![0; size];
            let full = loop {
                if let Err(error) = file.write_all(&zeros) {
                    break error;
                }
            };
            assert_eq!(full.kind(), ErrorKind::StorageFull);
        }
    }

    pub(crate) fn clear(&self) {
        fs::remove_file(self.ballast()).expect("it was filled");
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: whoever still works there is about to be killed.
        let _ = Command::new("umount").arg("--lazy").arg(&self.folder).status();
    }
}
