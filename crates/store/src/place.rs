//! Where exports and archives lie: a folder, or a bucket of object storage.

mod lease;

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use futures_util::future::{join_all, try_join_all};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    Error, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload, PutResult, UpdateVersion,
};

use crate::driver::Driver;

use self::lease::{Lease, NotTaken, Pace};

/// Held within a place by who writes there.
const LOCK: &str = ".lock";
/// What an address in object storage begins with.
const S3: &str = "s3://";
/// Files written at once.
const WRITES_MAX: usize = 16;

/// Files by their names, each written whole or not at all, and durable when it is written.
#[derive(Debug)]
pub struct Place {
    address: String,
    store: Arc<dyn ObjectStore>,
    /// Before every name.
    prefix: Path,
    driver: Arc<Driver>,
    kind: Kind,
    /// The files that change, as they were when they were last read or written here; nothing where there was no file.
    seen: Mutex<BTreeMap<String, Option<UpdateVersion>>>,
    /// That of the [`Lock`] which is held over this place.
    lease: Mutex<Weak<Lease>>,
}

#[derive(Debug)]
enum Kind {
    Folder(PathBuf),
    Bucket(Pace),
}

/// Keeps others from writing to a place for as long as it lives.
#[derive(Debug)]
pub struct Lock {
    _held: Held,
}

#[derive(Debug)]
#[expect(dead_code, reason = "it is held, and never looked at")]
enum Held {
    Folder(File),
    Bucket(Arc<Lease>),
}

/// Why a place cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    #[error("{address} cannot be used: {reason}")]
    Unusable { address: String, reason: String },
    #[error(
        "{address} is object storage, which this build of Shipway does not speak: build it with `--features s3`, or name a \
         folder"
    )]
    NoObjectStorage { address: String },
    #[error("{address} is being written to by another call")]
    Locked { address: String },
    #[error("the lock on {address} could not be renewed in time: another call may be writing there by now")]
    Lost { address: String },
    #[error("{name} in {address} has been replaced by another call meanwhile")]
    Replaced { address: String, name: String },
    #[error("{name} in {address} has more than {bytes_max} bytes")]
    TooLong { address: String, name: String, bytes_max: u64 },
    #[error("{name} in {address} cannot be read or written")]
    File { address: String, name: String, source: Box<Error> },
}

impl Place {
    /// A folder that is there, or `s3://BUCKET/PREFIX` with the credentials of the environment (`AWS_…`).
    ///
    /// # Errors
    /// When there is no such folder, or this build speaks to folders only.
    pub fn open(address: &str) -> Result<Self, PlaceError> {
        let unusable = |reason: String| PlaceError::Unusable { address: address.to_owned(), reason };
        if Self::is_bucket(address) {
            let (store, prefix) = bucket(address)?;
            return Self::of(address.to_owned(), store, prefix, Kind::Bucket(Pace::USUAL));
        }
        // The live store remembers the address: it must mean the same wherever it is read from.
        let folder = fs::canonicalize(address).map_err(|it| unusable(it.to_string()))?;
        let store = LocalFileSystem::new_with_prefix(&folder).map_err(|it| unusable(it.to_string()))?;
        let address = folder.to_string_lossy().into_owned();
        Self::of(address, Arc::new(store.with_fsync(true)), Path::default(), Kind::Folder(folder))
    }

    /// The same, and makes the folder if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn make(address: &str) -> Result<Self, PlaceError> {
        if !Self::is_bucket(address) {
            fs::create_dir_all(address)
                .map_err(|it| PlaceError::Unusable { address: address.to_owned(), reason: it.to_string() })?;
        }
        Self::open(address)
    }

    /// Whether an address is one in object storage.
    pub fn is_bucket(address: &str) -> bool {
        address.starts_with(S3)
    }

    fn of(
        address: String,
        store: Arc<dyn ObjectStore>,
        prefix: Path,
        kind: Kind,
    ) -> Result<Self, PlaceError> {
        let driver = Driver::start()
            .map_err(|it| PlaceError::Unusable { address: address.clone(), reason: it.to_string() })?;
        Ok(Self { address, store, prefix, driver, kind, seen: Mutex::default(), lease: Mutex::default() })
    }

    /// By which it is found again.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Keeps others from writing there for as long as the answer lives. In object storage that is an object which its
    /// holder renews; one that nobody renews any more is taken over, after half a minute of looking at it.
    ///
    /// # Errors
    /// [`PlaceError::Locked`] when somebody else holds it.
    pub fn lock(&self) -> Result<Lock, PlaceError> {
        match &self.kind {
            Kind::Folder(folder) => self.lock_folder(folder),
            Kind::Bucket(pace) => {
                let taken = Lease::take(&self.driver, &self.store, self.path(LOCK), *pace);
                let lease = taken.map_err(|not| match not {
                    NotTaken::Held => PlaceError::Locked { address: self.address.clone() },
                    NotTaken::Failed(source) => self.failed(LOCK, source),
                })?;
                let lease = Arc::new(lease);
                *self.lease.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&lease);
                Ok(Lock { _held: Held::Bucket(lease) })
            }
        }
    }

    fn lock_folder(&self, folder: &std::path::Path) -> Result<Lock, PlaceError> {
        let unusable = |error: io::Error| PlaceError::Unusable {
            address: self.address.clone(),
            reason: error.to_string(),
        };
        let path = folder.join(LOCK);
        let file = File::options().create(true).truncate(false).write(true).open(path).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _held: Held::Folder(file) }),
            Err(TryLockError::WouldBlock) => Err(PlaceError::Locked { address: self.address.clone() }),
            Err(TryLockError::Error(error)) => Err(unusable(error)),
        }
    }

    /// A file's content; nothing when there is no such file.
    ///
    /// # Errors
    /// When it cannot be told.
    pub fn read(&self, name: &str) -> Result<Option<Bytes>, PlaceError> {
        let found = self.read_all(vec![name.to_owned()])?;
        Ok(found.into_iter().next().flatten())
    }

    /// The contents of files, which are asked for at once.
    ///
    /// # Errors
    /// When one of them cannot be told.
    pub fn read_all(&self, names: Vec<String>) -> Result<Vec<Option<Bytes>>, PlaceError> {
        let (store, paths) = (self.store.clone(), names.iter().map(|it| self.path(it)).collect::<Vec<_>>());
        let found = self.driver.block(async move {
            join_all(paths.iter().map(|path| async { store.get(path).await?.bytes().await })).await
        });
        let found = names.iter().zip(found).map(|(name, found)| match found {
            Ok(bytes) => Ok(Some(bytes)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(self.failed(name, source)),
        });
        found.collect()
    }

    /// The same of one file, which may be somebody else's and of any length.
    ///
    /// # Errors
    /// Also when it has more than `bytes_max` bytes.
    pub fn read_at_most(&self, name: &str, bytes_max: u64) -> Result<Option<Bytes>, PlaceError> {
        let found = self.get(name, bytes_max)?;
        Ok(found.map(|it| it.0))
    }

    /// The same of a file that changes. From now on [`Place::replace`] replaces this content and no other.
    ///
    /// # Errors
    /// As of [`Place::read_at_most`].
    pub fn read_to_replace(&self, name: &str, bytes_max: u64) -> Result<Option<Bytes>, PlaceError> {
        let (bytes, version) = self.get(name, bytes_max)?.unzip();
        self.see(name, version);
        Ok(bytes)
    }

    fn get(&self, name: &str, bytes_max: u64) -> Result<Option<(Bytes, UpdateVersion)>, PlaceError> {
        let (store, path) = (self.store.clone(), self.path(name));
        let found = self.driver.block(async move {
            let found = store.get(&path).await?;
            let version =
                UpdateVersion { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
            match found.meta.size > bytes_max {
                true => Ok(None),
                false => found.bytes().await.map(|bytes| Some((bytes, version))),
            }
        });
        let (address, name) = (self.address.clone(), name.to_owned());
        match found {
            Ok(Some(found)) => Ok(Some(found)),
            Ok(None) => Err(PlaceError::TooLong { address, name, bytes_max }),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(self.failed(&name, source)),
        }
    }

    /// Writes a file as one piece, in place of another of that name.
    ///
    /// # Errors
    /// When it was not written.
    pub fn write(&self, name: &str, bytes: Vec<u8>) -> Result<(), PlaceError> {
        self.put(name, bytes, PutMode::Overwrite).map(drop)
    }

    /// Writes files, each as one piece, in no order.
    ///
    /// # Errors
    /// When one of them was not written; others may have been.
    pub fn write_all(&self, mut files: Vec<(String, Vec<u8>)>) -> Result<(), PlaceError> {
        while !files.is_empty() {
            self.must_be_held()?;
            let piece: Vec<_> = files.drain(..files.len().min(WRITES_MAX)).collect();
            let writes = piece.into_iter().map(|(name, bytes)| {
                let (store, path) = (self.store.clone(), self.path(&name));
                async move {
                    let written = store.put(&path, PutPayload::from(bytes)).await;
                    written.map(drop).map_err(|source| (name, source))
                }
            });
            let writes: Vec<_> = writes.collect();
            self.driver
                .block(async move { try_join_all(writes).await.map(drop) })
                .map_err(|(name, source)| self.failed(&name, source))?;
        }
        Ok(())
    }

    /// Writes a file that changes, in place of what [`Place::read_to_replace`] found there or was last written from here. In
    /// object storage nothing else is replaced; a folder's lock sees to that.
    ///
    /// # Errors
    /// [`PlaceError::Replaced`] when there is something else by now.
    pub fn replace(&self, name: &str, bytes: Vec<u8>) -> Result<(), PlaceError> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned().flatten();
        let mode = match (&self.kind, seen) {
            (Kind::Folder(_), _) => PutMode::Overwrite,
            (Kind::Bucket(_), None) => PutMode::Create,
            (Kind::Bucket(_), Some(version)) => PutMode::Update(version),
        };
        let PutResult { e_tag, version, .. } = self.put(name, bytes, mode)?;
        self.see(name, Some(UpdateVersion { e_tag, version }));
        Ok(())
    }

    fn put(&self, name: &str, bytes: Vec<u8>, mode: PutMode) -> Result<PutResult, PlaceError> {
        self.must_be_held()?;
        let (store, path) = (self.store.clone(), self.path(name));
        let options = PutOptions { mode, ..PutOptions::default() };
        let written =
            self.driver.block(async move { store.put_opts(&path, PutPayload::from(bytes), options).await });
        written.map_err(|source| match source {
            Error::Precondition { .. } | Error::AlreadyExists { .. } => {
                PlaceError::Replaced { address: self.address.clone(), name: name.to_owned() }
            }
            source => self.failed(name, source),
        })
    }

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// When it may still be there.
    pub fn remove(&self, name: &str) -> Result<(), PlaceError> {
        self.must_be_held()?;
        let (store, path) = (self.store.clone(), self.path(name));
        match self.driver.block(async move { store.delete(&path).await }) {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(self.failed(name, source)),
        }
    }

    /// Whoever has lost its lock writes nothing more.
    fn must_be_held(&self) -> Result<(), PlaceError> {
        let lease = self.lease.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        match lease {
            Some(lease) if !lease.is_sure() => Err(PlaceError::Lost { address: self.address.clone() }),
            _ => Ok(()),
        }
    }

    fn see(&self, name: &str, version: Option<UpdateVersion>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(name.to_owned(), version);
    }

    fn path(&self, name: &str) -> Path {
        let name = Path::from(name);
        self.prefix.parts().chain(name.parts()).collect()
    }

    fn failed(&self, name: &str, source: Error) -> PlaceError {
        PlaceError::File { address: self.address.clone(), name: name.to_owned(), source: Box::new(source) }
    }
}

#[cfg(feature = "s3")]
fn bucket(address: &str) -> Result<(Arc<dyn ObjectStore>, Path), PlaceError> {
    let unusable = |reason: String| PlaceError::Unusable { address: address.to_owned(), reason };
    let (bucket, prefix) = address[S3.len()..].split_once('/').unwrap_or((&address[S3.len()..], ""));
    let store = object_store::aws::AmazonS3Builder::from_env().with_bucket_name(bucket);
    // One by one: not everything that speaks this protocol knows how to delete many at once.
    let store = store.with_disable_bulk_delete(true).build();
    let prefix = Path::parse(prefix).map_err(|it| unusable(it.to_string()))?;
    Ok((Arc::new(store.map_err(|it| unusable(it.to_string()))?), prefix))
}

#[cfg(not(feature = "s3"))]
fn bucket(address: &str) -> Result<(Arc<dyn ObjectStore>, Path), PlaceError> {
    Err(PlaceError::NoObjectStorage { address: address.to_owned() })
}

#[cfg(test)]
mod tests;
