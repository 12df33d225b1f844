//! The file that says with which defects a release ships.

use std::collections::BTreeMap;
use std::path::Path;

use shipway_model::Name;
use shipway_model::release::KnownError;

use crate::failure::Failure;

/// Known errors by their names, from YAML or JSON.
///
/// # Errors
/// The file cannot be read, or says something else.
pub(super) fn read(path: &Path) -> Result<BTreeMap<Name, KnownError>, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::new(format!("{shown} cannot be read: {error}"), format!("ls -l {shown}"))
    })?;
    serde_saphyr::from_str(&text).map_err(|error| {
        Failure::new(format!("{shown}: {error}"), "shipway help release create").with_hint(
            "write `NAME: {defect: …, owner: TEAM, mitigation: …, monitor: …, expires: 2027-01-31T00:00:00Z}`",
        )
    })
}
