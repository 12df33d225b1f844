//! Bytes by their digest, as files: `sha256/ab/abcdef…`.
//!
//! A file under its digest's name is whole: bytes are written beside, checked, made durable and only then renamed.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use sha2::{Digest as _, Sha256};
use shipway_model::Digest;
use shipway_runtime::{Entropy, OsEntropy};
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;

pub(crate) struct BlobStore {
    folder: PathBuf,
    bytes_max: u64,
    /// Names the uploads of this process apart from those of others in the same folder.
    process: String,
    uploads: AtomicU64,
}

/// No upload takes this long: what is older was left by a process that died.
const UPLOAD_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Why bytes were not stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PutError {
    #[error("the blob is larger than {bytes_max} bytes")]
    TooLarge { bytes_max: u64 },
    #[error("the bytes have the digest {found}, not {expected}")]
    Mismatch { expected: Digest, found: Digest },
    /// The sender stopped sending.
    #[error("the bytes stopped coming")]
    Broken,
    #[error("the blob cannot be stored")]
    Io(#[from] io::Error),
}

impl BlobStore {
    pub(crate) fn open(folder: &Path, bytes_max: u64) -> io::Result<Self> {
        std::fs::create_dir_all(folder.join("uploads"))?;
        std::fs::create_dir_all(folder.join("sha256"))?;
        let mut process = [0; 8];
        OsEntropy.fill(&mut process);
        let process = hex::encode(process);
        Ok(Self { folder: folder.to_owned(), bytes_max, process, uploads: AtomicU64::new(0) })
    }

    /// Removes what an earlier process has left, where nobody else uploads into the folder.
    pub(crate) fn forget_uploads(&self) -> io::Result<()> {
        std::fs::remove_dir_all(self.folder.join("uploads"))?;
        std::fs::create_dir_all(self.folder.join("uploads"))
    }

    /// Removes what processes have left that died, where others upload into the folder too.
    pub(crate) fn forget_stale_uploads(&self) -> io::Result<()> {
        let uploads = self.folder.join("uploads");
        // The time there is now, by the clock that gives files their times.
        let probe = uploads.join(&self.process);
        let now = std::fs::File::create(&probe)?.metadata()?.modified()?;
        std::fs::remove_file(&probe)?;
        for entry in std::fs::read_dir(&uploads)?.flatten() {
            let modified = entry.metadata().and_then(|it| it.modified());
            if modified.is_ok_and(|it| now.duration_since(it).is_ok_and(|age| age > UPLOAD_MAX)) {
                // Another replica may have been faster.
                let _ = std::fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    pub(crate) fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    /// The size of the blob, if it is here.
    pub(crate) fn size(&self, digest: &Digest) -> Option<u64> {
        std::fs::metadata(self.path(digest)).ok().map(|it| it.len())
    }

    /// The bytes to be read, and how many.
    pub(crate) async fn get(&self, digest: &Digest) -> io::Result<Option<(File, u64)>> {
        match File::open(self.path(digest)).await {
            Ok(file) => {
                let size = file.metadata().await?.len();
                Ok(Some((file, size)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All of the bytes, read on this thread.
    pub(crate) fn read_here(&self, digest: &Digest) -> io::Result<Option<Vec<u8>>> {
        match std::fs::read(self.path(digest)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes the bytes. Blocks. Whether there were any.
    pub(crate) fn remove_here(&self, digest: &Digest) -> io::Result<bool> {
        match std::fs::remove_file(self.path(digest)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Stores the bytes, if they have the digest. Waits at most `silence_max` for each piece.
    pub(crate) async fn put<E>(
        &self,
        digest: &Digest,
        mut bytes: impl Stream<Item = Result<Bytes, E>> + Unpin,
        silence_max: Duration,
    ) -> Result<(), PutError> {
        let name = format!("{}-{}", self.process, self.uploads.fetch_add(1, Ordering::Relaxed));
        let upload = Upload(self.folder.join("uploads").join(name));
        let mut file = File::create(&upload.0).await?;
        let (mut hash, mut size) = (Sha256::new(), 0);
        while let Some(piece) =
            tokio::time::timeout(silence_max, bytes.next()).await.map_err(|_| PutError::Broken)?
        {
            let piece = piece.map_err(|_| PutError::Broken)?;
            size += piece.len() as u64;
            if size > self.bytes_max {
                return Err(PutError::TooLarge { bytes_max: self.bytes_max });
            }
            hash.update(&piece);
            file.write_all(&piece).await?;
        }
        let found = Digest::from_bytes(hash.finalize().into());
        if found != *digest {
            return Err(PutError::Mismatch { expected: *digest, found });
        }
        file.sync_all().await?;
        self.keep(&upload, digest).await
    }

    /// Gives the upload its name, durably.
    async fn keep(&self, upload: &Upload, digest: &Digest) -> Result<(), PutError> {
        let path = self.path(digest);
        let folder = path.parent().expect("a blob lies in a folder").to_owned();
        fs::create_dir_all(&folder).await?;
        fs::rename(&upload.0, &path).await?;
        // A rename is durable once its folder is, and a new folder once its parent is.
        File::open(&folder).await?.sync_all().await?;
        File::open(self.folder.join("sha256")).await?.sync_all().await?;
        Ok(())
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        self.folder.join("sha256").join(&hex[..2]).join(hex)
    }
}

/// A file that is removed when the upload ends in any other way than by being kept.
struct Upload(PathBuf);

impl Drop for Upload {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %self.0.display(), error = %error, "an unfinished upload was not removed");
        }
    }
}
