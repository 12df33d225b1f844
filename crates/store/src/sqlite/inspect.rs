//! Looking at a ledger's file without changing it, whether or not a control plane has it open.

use std::path::Path;
use std::sync::Arc;

use shipway_runtime::StoreReader;
use shipway_runtime::store::Loaded;

use super::connection;
use super::open::{OpenError, Schema, look};
use super::reader::Reader;
use super::writer::{SqliteStore, load};

/// The effects of tables of version 1, which did not know holders.
const LOAD_EFFECTS_1: &str = "SELECT body, generation, leased_until_ms, NULL FROM effects";

impl SqliteStore {
    /// What the file `path` holds now. Records beyond the head that is answered may be read too, while others write.
    ///
    /// # Errors
    /// Refuses a file that is not there, that a newer version has written, or that is something else.
    pub fn inspect(path: &Path) -> Result<(Loaded, Arc<dyn StoreReader>), OpenError> {
        let path = path.to_owned();
        let failed = |source| OpenError::Sqlite { path: path.clone(), source };
        let mut connection = connection::reader(&path).map_err(failed)?;
        let effects = match look(&connection).map_err(failed)? {
            Schema::Older(1) => LOAD_EFFECTS_1,
            Schema::Ready | Schema::Older(_) => include_str!("sql/load_effects.sql"),
            Schema::Newer(found) => return Err(OpenError::Newer { path, found }),
            Schema::Empty | Schema::NotALedger => return Err(OpenError::NotALedger { path }),
        };
        let loaded = load(&mut connection, effects).map_err(failed)?;
        Ok((loaded, Arc::new(Reader::new(path))))
    }
}
