//! What the router holds, on disk: either the old state or the new, never half of one.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use shipway_model::Name;
use shipway_model::routing::Route;

/// Everything that survives a restart.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Held {
    pub(super) routes: Vec<Route>,
    /// The fences of services whose routes were removed.
    pub(super) removed: Vec<Removed>,
}

/// A service without a route, and the revision at or below which it gets none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Removed {
    pub(super) environment: Name,
    pub(super) service: Name,
    pub(super) revision: u64,
}

/// Reads the state; an absent file is the empty state.
///
/// # Errors
/// When the file cannot be read or is not what `save` wrote.
pub(super) fn load(path: &Path) -> io::Result<Held> {
    match fs::read(path) {
        Ok(text) => serde_json::from_slice(&text).map_err(io::Error::from),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(Held::default()),
        Err(fault) => Err(fault),
    }
}

/// Writes the state; it is on stable storage when this returns.
///
/// # Errors
/// When it cannot be written; the former state then stands.
pub(super) fn save(path: &Path, held: &Held) -> io::Result<()> {
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?.to_owned();
    name.push(".new");
    let draft: PathBuf = path.with_file_name(name);
    let mut file = File::create(&draft)?;
    file.write_all(&serde_json::to_vec_pretty(held)?)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_and_refuses_what_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("routes.json");
        assert_eq!(load(&path).unwrap(), Held::default());
        let removed =
            Removed { environment: "prod".parse().unwrap(), service: "web".parse().unwrap(), revision: 7 };
        let held = Held { routes: Vec::new(), removed: vec![removed] };
        save(&path, &held).unwrap();
        assert_eq!(load(&path).unwrap(), held);
        fs::write(&path, "{\"routes\":[").unwrap();
        assert!(load(&path).is_err());
    }
}
