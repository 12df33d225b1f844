//! The service that sites ship: a small HTTP server that misbehaves on demand.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use crate::program::run;

const PROGRAM: &str = include_str!("service.py");

/// How a version misbehaves. `service.py` reads it from the artifact.
#[derive(Debug, Clone, Copy, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Behaviour {
    /// Its health check answers 503.
    pub(crate) is_never_healthy: bool,
    /// Its health check does not answer at all.
    pub(crate) hangs: bool,
    /// Its health check answers 503 for so long.
    pub(crate) warms_up_ms: u64,
    /// It prints this for every request.
    pub(crate) says: &'static str,
}

impl Behaviour {
    pub(crate) const GOOD: Self = Self { is_never_healthy: false, hangs: false, warms_up_ms: 0, says: "" };

    pub(crate) fn warms_up(duration: Duration) -> Self {
        Self { warms_up_ms: u64::try_from(duration.as_millis()).expect("it is short"), ..Self::GOOD }
    }
}

/// Packs a version into an archive under `folder`.
pub(crate) fn pack(folder: &Path, version: &str, behaviour: Behaviour) -> PathBuf {
    let build = folder.join("build").join(version);
    fs::create_dir_all(&build).expect("a folder can be made");
    fs::write(build.join("service.py"), PROGRAM).expect("it can be written");
    let behaviour = serde_json::to_vec(&behaviour).expect("plain values");
    fs::write(build.join("behaviour.json"), behaviour).expect("it can be written");
    // Versions with the same behaviour must differ in their bytes.
    fs::write(build.join("version"), version).expect("it can be written");
    let archive = folder.join("build").join(format!("{version}.tar.gz"));
    let shown = |path: &Path| path.display().to_string();
    let packed = run(folder, &["artifact", "pack", &shown(&build), "-o", &shown(&archive)]);
    assert_eq!(packed.code, 0, "{}", packed.err);
    archive
}
