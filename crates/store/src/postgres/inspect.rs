//! Looking at a ledger without changing anything, whether or not replicas are at work on it.

use std::sync::Arc;

use shipway_runtime::store::Loaded;
use shipway_runtime::{StoreError, StoreReader};

use super::line::{Line, Lines};
use super::migrate::known_version;
use super::open::{ConnectError, PostgresStore, target};
use super::reader::Reader;
use super::writer::load;
use crate::driver::Driver;

impl PostgresStore {
    /// What the ledger at `address` is now. Records beyond the head that is answered may be read too, while others write.
    ///
    /// # Errors
    /// Also when there is no ledger, or one whose tables are of a version that this release cannot work on.
    pub fn inspect(address: &str) -> Result<(Loaded, Arc<dyn StoreReader>), ConnectError> {
        let driver = Driver::start().map_err(ConnectError::Threads)?;
        let target = Arc::new(target(address)?);
        let mut line = Line::new(target.clone()).map_err(ConnectError::Threads)?;
        line.call(|session| async move { Ok(known_version(&session).await) }).map_err(StoreError::from)??;
        let loaded = line.call(|session| async move { load(&session).await }).map_err(StoreError::from)?;
        Ok((loaded, Arc::new(Reader::new(Lines::new(driver, target, 1)))))
    }
}
