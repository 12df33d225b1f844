//! Where a ledger is kept: a control plane's folder, or a PostgreSQL database.

use std::convert::Infallible;
use std::fs;
use std::path::PathBuf;
use std::str::FromStr;

use shipway_runtime::Store;
use shipway_store::copy::Source;
use shipway_store::{PostgresStore, SqliteStore};

use crate::control_plane::LEDGER;
use crate::failure::Failure;

const NEXT: &str = "shipway store --help";

#[derive(Debug, Clone)]
pub(super) enum Home {
    Folder(PathBuf),
    /// Its address, which may hold a password and is not shown.
    Database(String),
}

impl FromStr for Home {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let is_address = text.starts_with("postgres://") || text.starts_with("postgresql://");
        Ok(if is_address { Self::Database(text.to_owned()) } else { Self::Folder(text.into()) })
    }
}

impl Home {
    /// The database when there is one, the folder otherwise.
    pub(super) fn of(folder: PathBuf, store: Option<String>) -> Self {
        store.map_or(Self::Folder(folder), Self::Database)
    }

    /// What is there now, whether or not a control plane is at work on it.
    pub(super) fn look(&self) -> Result<Source, Failure> {
        let (loaded, reader) = match self {
            Self::Folder(folder) => {
                let file = folder.join(LEDGER);
                if !file.is_file() {
                    return Err(Failure::new(format!("there is no ledger at {}", file.display()), NEXT));
                }
                SqliteStore::inspect(&file).map_err(|error| Failure::because(&error, NEXT))?
            }
            Self::Database(address) => {
                PostgresStore::inspect(address).map_err(|error| Failure::because(&error, NEXT))?
            }
        };
        Ok(Source { loaded, reader })
    }

    /// Opens it to be written. A folder that is not there is made; one on which a control plane works is refused.
    pub(super) fn open(&self) -> Result<Box<dyn Store>, Failure> {
        match self {
            Self::Folder(folder) => {
                let unusable = |error| {
                    Failure::new(format!("the folder {} cannot be used: {error}", folder.display()), NEXT)
                };
                fs::create_dir_all(folder).map_err(unusable)?;
                let store = SqliteStore::open(&folder.join(LEDGER));
                Ok(Box::new(store.map_err(|error| Failure::because(&error, NEXT))?))
            }
            Self::Database(address) => {
                let store = PostgresStore::open(address);
                Ok(Box::new(store.map_err(|error| Failure::because(&error, NEXT))?))
            }
        }
    }
}
