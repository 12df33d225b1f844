//! Unpacks a `.tar.gz` that may mean harm: everything stays inside its folder and within stated limits.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;
use tar::{Archive, Entry, EntryType};

/// An archive may unpack to this many times its own size.
pub(crate) const EXPANSION_MAX: u64 = 100;
/// Below this no archive counts as a bomb: tar pads, so a few small files expand a lot.
const EXPANSION_FREE_BYTES: u64 = 1 << 20;
/// Unpacked, with the padding between files.
pub(crate) const UNPACKED_BYTES_MAX: u64 = 4 << 30;
pub(crate) const ENTRIES_MAX: usize = 100_000;

#[derive(Debug, thiserror::Error)]
pub(crate) enum ArchiveError {
    #[error("entry `{0}` leads out of the archive's folder")]
    Escapes(String),
    #[error("entry `{path}` is a {kind}; only files, folders and links that stay inside are unpacked")]
    Kind { path: String, kind: &'static str },
    #[error("entry `{0}` appears twice")]
    Duplicate(String),
    #[error("unpacks to more than {0} bytes, {EXPANSION_MAX} times its own size")]
    Bomb(u64),
    #[error("unpacks to more than {UNPACKED_BYTES_MAX} bytes")]
    TooBig,
    #[error("has more than {ENTRIES_MAX} entries")]
    TooMany,
    #[error("cannot be read as .tar.gz: {0}")]
    Broken(String),
    #[error("{path}: {fault}")]
    Disk { path: String, fault: io::Error },
}

impl ArchiveError {
    /// Whether the archive itself is at fault, so that no other attempt can help.
    pub(crate) fn is_final(&self) -> bool {
        !matches!(self, Self::Disk { .. })
    }
}

/// Unpacks `archive` into `folder`, which is made anew, durably. On an error `folder` is left half full and must not
/// be used.
pub(crate) fn unpack(archive: &Path, folder: &Path) -> Result<(), ArchiveError> {
    let on_disk = |path: &Path| move_fault(path.display().to_string());
    let file = File::open(archive).map_err(on_disk(archive))?;
    let packed = file.metadata().map_err(on_disk(archive))?.len();
    let expanded_max = packed.saturating_mul(EXPANSION_MAX).clamp(EXPANSION_FREE_BYTES, UNPACKED_BYTES_MAX);
    fs::create_dir(folder).map_err(on_disk(folder))?;
    // One byte more than allowed tells an archive that is too big from one that just fits.
    let stream = MultiGzDecoder::new(io::BufReader::new(file)).take(expanded_max + 1);
    let mut unpacking =
        Unpacking { folder, seen: BTreeSet::new(), links: BTreeSet::new(), folders: BTreeSet::new() };
    let mut archive = Archive::new(stream);
    let result = unpacking.entries(&mut archive);
    let mut rest = archive.into_inner();
    // What follows the end of the archive counts as well: it was written by whoever wrote the rest.
    let drained = io::copy(&mut rest, &mut io::sink());
    if rest.limit() == 0 {
        let bomb = expanded_max < UNPACKED_BYTES_MAX;
        return Err(if bomb { ArchiveError::Bomb(expanded_max) } else { ArchiveError::TooBig });
    }
    result?;
    drained.map_err(|fault| ArchiveError::Broken(fault.to_string()))?;
    unpacking.sync()
}

/// Gives every file of an archive that was unpacked before, by its path within.
pub(crate) fn each_file(
    archive: &Path,
    mut take: impl FnMut(&Path, &mut dyn Read) -> io::Result<()>,
) -> Result<(), ArchiveError> {
    let broken = |fault: io::Error| ArchiveError::Broken(fault.to_string());
    let file = File::open(archive).map_err(move_fault(archive.display().to_string()))?;
    let stream = MultiGzDecoder::new(io::BufReader::new(file)).take(UNPACKED_BYTES_MAX);
    let mut archive = Archive::new(stream);
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        if !matches!(entry.header().entry_type(), EntryType::Regular | EntryType::Continuous) {
            continue;
        }
        let Some(path) = entry.path().ok().and_then(|it| inside(&it)) else { continue };
        take(&path, &mut entry).map_err(broken)?;
    }
    Ok(())
}

struct Unpacking<'a> {
    folder: &'a Path,
    seen: BTreeSet<PathBuf>,
    links: BTreeSet<PathBuf>,
    folders: BTreeSet<PathBuf>,
}

impl Unpacking<'_> {
    fn entries<R: Read>(&mut self, archive: &mut Archive<R>) -> Result<(), ArchiveError> {
        let broken = |fault: io::Error| ArchiveError::Broken(fault.to_string());
        for entry in archive.entries().map_err(broken)? {
            self.entry(entry.map_err(broken)?)?;
            if self.seen.len() > ENTRIES_MAX {
                return Err(ArchiveError::TooMany);
            }
        }
        Ok(())
    }

    fn entry<R: Read>(&mut self, mut entry: Entry<'_, R>) -> Result<(), ArchiveError> {
        let kind = entry.header().entry_type();
        if kind == EntryType::XGlobalHeader {
            return Ok(());
        }
        let shown = shown(&entry.path_bytes());
        let path =
            entry.path().ok().and_then(|it| inside(&it)).ok_or(ArchiveError::Escapes(shown.clone()))?;
        if path.as_os_str().is_empty() && kind == EntryType::Directory {
            return Ok(()); // `./`, the folder itself
        }
        // A link never lies on the way to another entry, so every folder on that way is real.
        if path.ancestors().skip(1).any(|it| self.links.contains(it)) || path.as_os_str().is_empty() {
            return Err(ArchiveError::Escapes(shown));
        }
        if !self.seen.insert(path.clone()) {
            return Err(ArchiveError::Duplicate(shown));
        }
        let on_disk = || move_fault(shown.clone());
        self.make_folder(path.parent().unwrap_or(Path::new(""))).map_err(on_disk())?;
        match kind {
            EntryType::Directory => self.make_folder(&path).map_err(on_disk()),
            EntryType::Regular | EntryType::Continuous => {
                let executable = entry.header().mode().is_ok_and(|mode| mode & 0o111 != 0);
                self.write_file(&path, executable, &mut entry, &shown)
            }
            EntryType::Symlink => {
                let target = entry.link_name().ok().flatten().filter(|it| stays_inside(&path, it));
                let target = target.ok_or(ArchiveError::Escapes(shown.clone()))?;
                symlink(&target, self.folder.join(&path)).map_err(on_disk())?;
                self.links.insert(path);
                Ok(())
            }
            other => Err(ArchiveError::Kind { path: shown, kind: word(other) }),
        }
    }

    fn make_folder(&mut self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(self.folder.join(path))?;
        self.folders.extend(path.ancestors().map(Path::to_path_buf));
        Ok(())
    }

    fn write_file(
        &self,
        path: &Path,
        executable: bool,
        content: &mut impl Read,
        shown: &str,
    ) -> Result<(), ArchiveError> {
        // Nothing of the archive's own mode is kept but the right to execute: no set-user-id, no open folders.
        let mode = if executable { 0o755 } else { 0o644 };
        let target = self.folder.join(path);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(target)
            .map_err(move_fault(shown.to_owned()))?;
        let mut buffer = vec![0; 64 << 10];
        loop {
            // Reading and writing fail for different reasons: the archive's, and the disk's.
            let count = content.read(&mut buffer).map_err(|fault| ArchiveError::Broken(fault.to_string()))?;
            if count == 0 {
                break;
            }
            io::Write::write_all(&mut file, &buffer[..count]).map_err(move_fault(shown.to_owned()))?;
        }
        file.sync_all().map_err(move_fault(shown.to_owned()))
    }

    fn sync(&self) -> Result<(), ArchiveError> {
        for folder in self.folders.iter().map(PathBuf::as_path).chain([Path::new("")]) {
            let path = self.folder.join(folder);
            let synced = File::open(&path).and_then(|it| it.sync_all());
            synced.map_err(move_fault(path.display().to_string()))?;
        }
        Ok(())
    }
}

fn move_fault(path: String) -> impl FnOnce(io::Error) -> ArchiveError {
    move |fault| ArchiveError::Disk { path, fault }
}

/// `path` without `.` parts; nothing when it is absolute or climbs.
fn inside(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => plain.push(name),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(plain)
}

/// Whether a link at `path` to `target` stays inside: it may climb at its start, at most to the top, and go down
/// from there. A climb further on would count from wherever a link in between leads.
fn stays_inside(path: &Path, target: &Path) -> bool {
    let depth = path.components().count() - 1;
    let climbs = target.components().take_while(|it| *it == Component::ParentDir).count();
    let rest: PathBuf = target.components().skip(climbs).collect();
    climbs <= depth && inside(&rest).is_some() && !target.as_os_str().is_empty()
}

fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).chars().take(200).flat_map(char::escape_debug).collect()
}

fn word(kind: EntryType) -> &'static str {
    match kind {
        EntryType::Link => "hard link",
        EntryType::Char | EntryType::Block => "device",
        EntryType::Fifo => "pipe",
        EntryType::GNUSparse => "sparse file",
        _ => "special entry",
    }
}

#[cfg(test)]
mod tests;
