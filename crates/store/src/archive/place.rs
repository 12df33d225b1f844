//! Where an archive lies: a folder, or a bucket of object storage.

use std::fs;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, PutPayload};

use crate::driver::Driver;

/// What an address in object storage begins with.
const S3: &str = "s3://";

/// Files by their names, each written whole or not at all, and durable when it is written.
#[derive(Debug)]
pub struct Place {
    address: String,
    store: Arc<dyn ObjectStore>,
    /// Before every name.
    prefix: Path,
    driver: Arc<Driver>,
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
        let driver = Driver::start().map_err(|it| unusable(it.to_string()))?;
        if address.starts_with(S3) {
            let (store, prefix) = bucket(address)?;
            return Ok(Self { address: address.to_owned(), store, prefix, driver });
        }
        // The live store remembers the address: it must mean the same wherever it is read from.
        let folder = fs::canonicalize(address).map_err(|it| unusable(it.to_string()))?;
        let store = LocalFileSystem::new_with_prefix(&folder).map_err(|it| unusable(it.to_string()))?;
        let address = folder.to_string_lossy().into_owned();
        Ok(Self { address, store: Arc::new(store.with_fsync(true)), prefix: Path::default(), driver })
    }

    /// The same, and makes the folder if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn make(address: &str) -> Result<Self, PlaceError> {
        if !address.starts_with(S3) {
            fs::create_dir_all(address)
                .map_err(|it| PlaceError::Unusable { address: address.to_owned(), reason: it.to_string() })?;
        }
        Self::open(address)
    }

    /// By which it is found again.
    pub fn address(&self) -> &str {
        &self.address
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

    /// Writes a file as one piece, in place of another of that name.
    ///
    /// # Errors
    /// When it was not written.
    pub fn write(&self, name: &str, bytes: Vec<u8>) -> Result<(), PlaceError> {
        let (store, path) = (self.store.clone(), self.path(name));
        let written = self.driver.block(async move { store.put(&path, PutPayload::from(bytes)).await });
        written.map(drop).map_err(|source| self.failed(name, source))
    }

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// When it may still be there.
    pub fn remove(&self, name: &str) -> Result<(), PlaceError> {
        let (store, path) = (self.store.clone(), self.path(name));
        match self.driver.block(async move { store.delete(&path).await }) {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(self.failed(name, source)),
        }
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
mod tests {
    use super::*;

    #[test]
    fn files_are_written_read_replaced_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let address = folder.path().join("new/archive").display().to_string();
        assert!(matches!(Place::open(&address), Err(PlaceError::Unusable { .. })));
        let place = Place::make(&address).unwrap();
        assert_eq!(place.read("tile/0/000").unwrap(), None);
        place.write("tile/0/000", b"one".to_vec()).unwrap();
        place.write("tile/0/000", b"two".to_vec()).unwrap();
        let again = Place::open(place.address()).unwrap();
        assert_eq!(again.read("tile/0/000").unwrap().as_deref(), Some(b"two".as_slice()));
        place.remove("tile/0/000").unwrap();
        place.remove("tile/0/000").unwrap();
        assert_eq!(again.read("tile/0/000").unwrap(), None);
    }

    #[cfg(not(feature = "s3"))]
    #[test]
    fn object_storage_is_refused_by_a_build_that_does_not_speak_to_it() {
        let refused = Place::make("s3://bucket/ledger").err().unwrap();
        assert!(refused.to_string().contains("--features s3"), "{refused}");
    }
}
