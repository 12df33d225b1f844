//! Archives by their digest, fetched once and checked before every use.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use futures_util::StreamExt;
use sha2::{Digest as _, Sha256};
use shipway_model::Digest;
use tokio::io::AsyncWriteExt;
use tracing::{info, warn};

use crate::archive::{self, ArchiveError};
use crate::layout::remove;
use crate::link::{Link, LinkError};

/// Archives that are kept; those fetched longest ago go first.
const ARCHIVES_MAX: usize = 16;
/// The largest archive that is fetched.
const ARCHIVE_BYTES_MAX: u64 = 4 << 30;

#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("artifact {expected} was corrupted on the way: what came is {actual}")]
    Corrupt { expected: Digest, actual: Digest },
    #[error("artifact {0} is larger than {ARCHIVE_BYTES_MAX} bytes")]
    TooBig(Digest),
    #[error("artifact {0} cannot be fetched: {1}")]
    Link(Digest, LinkError),
    #[error("artifact {0}: the archive {1}")]
    Archive(Digest, ArchiveError),
    #[error("artifact {0}: {1}")]
    Disk(Digest, io::Error),
}

impl FetchError {
    /// Whether it is only that the control plane cannot be reached.
    pub(crate) fn is_cut_off(&self) -> bool {
        matches!(self, Self::Link(_, fault) if !fault.is_refusal())
    }

    /// Whether another attempt may go better.
    pub(crate) fn is_retryable(&self) -> bool {
        match self {
            Self::Corrupt { .. } | Self::Disk(..) => true,
            Self::TooBig(_) => false,
            Self::Link(_, fault) => !fault.is_refusal(),
            Self::Archive(_, fault) => !fault.is_final(),
        }
    }
}

pub(crate) struct Cache {
    folder: PathBuf,
    link: Link,
}

impl Cache {
    /// Removes what an earlier agent left half fetched.
    pub(crate) fn open(folder: PathBuf, link: Link) -> io::Result<Self> {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|it| it == "part") {
                remove(fs::remove_file(path))?;
            }
        }
        Ok(Self { folder, link })
    }

    /// Unpacks `artifact` into `folder` by way of `unfinished`: `folder` is there whole or not at all.
    pub(crate) async fn unpack(
        &self,
        artifact: Digest,
        unfinished: PathBuf,
        folder: PathBuf,
    ) -> Result<(), FetchError> {
        if folder.is_dir() {
            return Ok(());
        }
        let archive = self.fetch(artifact).await?;
        info!(%artifact, folder = %folder.display(), "unpacking");
        let unpacking = tokio::task::spawn_blocking(move || {
            let on_disk = |fault| FetchError::Disk(artifact, fault);
            remove(fs::remove_dir_all(&unfinished)).map_err(on_disk)?;
            let parent = folder.parent().unwrap_or(Path::new("/"));
            fs::create_dir_all(parent).map_err(on_disk)?;
            if let Err(fault) = archive::unpack(&archive, &unfinished) {
                remove(fs::remove_dir_all(&unfinished)).map_err(on_disk)?;
                return Err(FetchError::Archive(artifact, fault));
            }
            fs::rename(&unfinished, &folder).map_err(on_disk)?;
            File::open(parent).and_then(|it| it.sync_all()).map_err(on_disk)
        });
        unpacking.await.expect("unpacking does not panic")
    }

    /// The archive, fetched where it is not here, and checked.
    pub(crate) async fn fetch(&self, artifact: Digest) -> Result<PathBuf, FetchError> {
        let on_disk = |fault| FetchError::Disk(artifact, fault);
        let path = self.folder.join(artifact.hex());
        if path.is_file() {
            let actual = digest_of(path.clone()).await.map_err(on_disk)?;
            if actual == artifact {
                return Ok(path);
            }
            warn!(%artifact, %actual, "the cached archive was damaged; fetching it again");
            remove(fs::remove_file(&path)).map_err(on_disk)?;
        }
        self.prune().map_err(on_disk)?;
        // Two who fetch the same at once each write a file of their own.
        let part = tempfile_in(&self.folder, artifact).map_err(on_disk)?;
        let result = self.download(artifact, &part).await;
        match result {
            Ok(actual) if actual == artifact => {
                fs::rename(&part, &path).map_err(on_disk)?;
                info!(%artifact, "fetched");
                Ok(path)
            }
            Ok(actual) => {
                remove(fs::remove_file(&part)).map_err(on_disk)?;
                Err(FetchError::Corrupt { expected: artifact, actual })
            }
            Err(fault) => {
                remove(fs::remove_file(&part)).map_err(on_disk)?;
                Err(fault)
            }
        }
    }

    /// Fetches into `part` and returns the digest of what came.
    async fn download(&self, artifact: Digest, part: &Path) -> Result<Digest, FetchError> {
        let on_disk = |fault| FetchError::Disk(artifact, fault);
        let mut body = self.link.blob(artifact).await.map_err(|fault| FetchError::Link(artifact, fault))?;
        let mut file = tokio::fs::File::create(part).await.map_err(on_disk)?;
        let (mut hasher, mut size_bytes) = (Sha256::new(), 0);
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|fault| FetchError::Link(artifact, fault))?;
            size_bytes += piece.len() as u64;
            if size_bytes > ARCHIVE_BYTES_MAX {
                return Err(FetchError::TooBig(artifact));
            }
            hasher.update(&piece);
            file.write_all(&piece).await.map_err(on_disk)?;
        }
        file.sync_all().await.map_err(on_disk)?;
        Ok(Digest::from_bytes(hasher.finalize().into()))
    }

    fn prune(&self) -> io::Result<()> {
        let mut archives = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.path().extension().is_none() {
                archives.push((entry.metadata()?.modified()?, entry.path()));
            }
        }
        archives.sort();
        let surplus = (archives.len() + 1).saturating_sub(ARCHIVES_MAX);
        archives.into_iter().take(surplus).try_for_each(|(_, path)| remove(fs::remove_file(path)))
    }
}

async fn digest_of(path: PathBuf) -> io::Result<Digest> {
    let hashing = tokio::task::spawn_blocking(move || {
        let (mut file, mut hasher, mut buffer) = (File::open(path)?, Sha256::new(), vec![0; 64 << 10]);
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                count => hasher.update(&buffer[..count]),
            }
        }
        Ok(Digest::from_bytes(hasher.finalize().into()))
    });
    hashing.await.expect("hashing does not panic")
}

fn tempfile_in(folder: &Path, artifact: Digest) -> io::Result<PathBuf> {
    for number in 0..1000 {
        let path = folder.join(format!("{}-{number}.part", artifact.hex()));
        match File::create_new(&path) {
            Ok(_) => return Ok(path),
            Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => {}
            Err(fault) => return Err(fault),
        }
    }
    Err(io::Error::from(io::ErrorKind::AlreadyExists))
}
