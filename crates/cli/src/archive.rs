//! Packing a folder the same way every time: the same files give the same bytes, and so the same digest.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};
use sha2::{Digest as _, Sha256};
use shipway_model::Digest;
use tar::{Builder, EntryType, Header};

/// What was packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packed {
    /// Of the archive's bytes.
    pub(crate) digest: Digest,
    pub(crate) size_bytes: u64,
    pub(crate) n_files: usize,
}

/// Writes `folder` as `.tar.gz`: entries by name, no times, no owners, modes 755 for what may be executed and for
/// folders, 644 for the rest.
///
/// # Errors
/// When something cannot be read, or is neither a file, a folder nor a link.
pub(crate) fn pack(folder: &Path, out: impl Write) -> io::Result<Packed> {
    let mut entries = Vec::new();
    walk(folder, Path::new(""), &mut entries)?;
    entries.sort();
    // Whether the compressor names an operating system or a time is up to the header; this one names neither.
    let gzip =
        GzBuilder::new().mtime(0).operating_system(255).write(Digesting::new(out), Compression::default());
    let mut archive = Builder::new(gzip);
    let mut n_files = 0;
    for entry in &entries {
        n_files += usize::from(append(&mut archive, folder, entry)?);
    }
    let out = archive.into_inner()?.finish()?;
    let size_bytes = out.size_bytes;
    Ok(Packed { digest: out.digest(), size_bytes, n_files })
}

/// Whether a file begins as gzip does (RFC 1952, section 2.3.1).
pub(crate) fn is_gzip(path: &Path) -> io::Result<bool> {
    let mut magic = Vec::new();
    File::open(path)?.take(2).read_to_end(&mut magic)?;
    Ok(magic == [0x1f, 0x8b])
}

/// Size and digest of a file's bytes.
pub(crate) fn measure(path: &Path) -> io::Result<(Digest, u64)> {
    let mut file = File::open(path)?;
    let mut sink = Digesting::new(io::sink());
    io::copy(&mut file, &mut sink)?;
    let size_bytes = sink.size_bytes;
    Ok((sink.digest(), size_bytes))
}

fn walk(root: &Path, inside: &Path, entries: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(inside))? {
        let entry = entry?;
        let path = inside.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            walk(root, &path, entries)?;
        }
        entries.push(path);
    }
    Ok(())
}

/// Whether it was a file.
fn append(archive: &mut Builder<impl Write>, root: &Path, inside: &Path) -> io::Result<bool> {
    let path = root.join(inside);
    let metadata = fs::symlink_metadata(&path)?;
    let mut header = Header::new_ustar();
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(0);
    header.set_mode(0o755);
    if metadata.is_dir() {
        header.set_entry_type(EntryType::Directory);
        archive.append_data(&mut header, inside, io::empty())?;
    } else if metadata.is_symlink() {
        header.set_entry_type(EntryType::Symlink);
        archive.append_link(&mut header, inside, fs::read_link(&path)?)?;
    } else if metadata.is_file() {
        let executable = metadata.permissions().mode() & 0o111 != 0;
        header.set_entry_type(EntryType::Regular);
        header.set_mode(if executable { 0o755 } else { 0o644 });
        header.set_size(metadata.len());
        // A file that grows meanwhile must not tear the archive; one that shrinks is found by the length.
        archive.append_data(&mut header, inside, File::open(&path)?.take(metadata.len()))?;
        return Ok(true);
    } else {
        let message = format!("{} is neither a file, a folder nor a link", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    Ok(false)
}

/// Passes bytes on and keeps their digest.
struct Digesting<W> {
    out: W,
    hasher: Sha256,
    size_bytes: u64,
}

impl<W> Digesting<W> {
    fn new(out: W) -> Self {
        Self { out, hasher: Sha256::new(), size_bytes: 0 }
    }

    fn digest(self) -> Digest {
        Digest::from_bytes(self.hasher.finalize().into())
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.size_bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for name in names {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("it has one")).expect("made");
            fs::write(&path, name).expect("written");
        }
        folder
    }

    #[test]
    fn the_same_files_give_the_same_bytes_however_they_came_to_be() {
        let (first, second) = (folder(&["bin/web", "a.txt", "z/y"]), folder(&["z/y", "a.txt", "bin/web"]));
        let run = fs::Permissions::from_mode(0o700);
        fs::set_permissions(first.path().join("bin/web"), run).expect("set");
        fs::set_permissions(second.path().join("bin/web"), fs::Permissions::from_mode(0o777)).expect("set");
        let (mut one, mut two) = (Vec::new(), Vec::new());
        let packed = pack(first.path(), &mut one).expect("packed");
        assert_eq!(packed, pack(second.path(), &mut two).expect("packed"));
        assert_eq!(one, two);
        assert_eq!(
            (packed.n_files, packed.size_bytes, packed.digest),
            (3, one.len() as u64, Digest::of(&one))
        );

        fs::write(second.path().join("a.txt"), "other").expect("written");
        assert_ne!(packed.digest, pack(second.path(), io::sink()).expect("packed").digest);
    }

    #[test]
    fn it_unpacks_to_what_was_packed() {
        let packed = folder(&["bin/web", "etc/deep/er/conf"]);
        std::os::unix::fs::symlink("bin/web", packed.path().join("link")).expect("linked");
        let mut bytes = Vec::new();
        pack(packed.path(), &mut bytes).expect("packed");
        let unpacked = tempfile::tempdir().expect("a folder");
        tar::Archive::new(flate2::read::GzDecoder::new(&bytes[..]))
            .unpack(unpacked.path())
            .expect("unpacked");
        assert_eq!(
            fs::read_to_string(unpacked.path().join("etc/deep/er/conf")).expect("read"),
            "etc/deep/er/conf"
        );
        assert_eq!(fs::read_link(unpacked.path().join("link")).expect("a link"), Path::new("bin/web"));
    }
}
