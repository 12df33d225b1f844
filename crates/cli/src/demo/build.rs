//! Building the example's services and packing each version as an artifact.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::Failure;
use super::stage::Stage;
use crate::archive;

/// The root of the source tree that this program was built from.
const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// What was built: service and version to the packed archive.
pub(super) type Builds = BTreeMap<(&'static str, &'static str), PathBuf>;

/// Every version that the story ships, with the defect that it was built with.
const VERSIONS: [(&str, &str, &str); 7] = [
    ("catalogue", "1.0.0", "{}"),
    ("checkout", "1.0.0", "{}"),
    ("web", "1.0.0", "{}"),
    ("web", "1.1.0", "{}"),
    ("checkout", "1.1.0", "{}"),
    ("checkout", "1.2.0", r#"{"errorShare":0.08,"extraLatencyMs":15}"#),
    ("checkout", "1.3.0", "{}"),
];

/// The folder of the example's declarations.
pub(super) fn declarations() -> PathBuf {
    Path::new(WORKSPACE).join("examples/shop/shipway")
}

pub(super) async fn build(stage: &Stage) -> Result<Builds, Failure> {
    println!("Building the example's three services …");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // As this program was built, so that what is compiled already is used again.
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    let output = tokio::process::Command::new(cargo)
        .args(["build", "--quiet", "--package", "shop", "--profile", profile, "--message-format", "json"])
        .current_dir(WORKSPACE)
        .stderr(Stdio::inherit())
        .output()
        .await
        .map_err(|it| Failure::new("running cargo, which builds the example", it))?;
    if !output.status.success() {
        return Err(Failure::because("the example's services could not be built; cargo says why above"));
    }
    let binaries = executables(&output.stdout);
    let folder = stage.make("artifacts")?;
    let mut builds = Builds::new();
    for (service, version, defects) in VERSIONS {
        let name = format!("shop-{service}");
        let binary = binaries.get(&name).ok_or_else(|| Failure::because(format!("cargo built no {name}")))?;
        let unpacked = folder.join(format!("{service}-{version}"));
        let packed_file = folder.join(format!("{service}-{version}.tar.gz"));
        let doing = format!("packing {service} {version}");
        let packed = || -> Result<(), Box<dyn std::error::Error>> {
            fs::create_dir_all(&unpacked)?;
            fs::copy(binary, unpacked.join(&name))?;
            let about = format!(r#"{{"version":"{version}","defects":{defects}}}"#);
            fs::write(unpacked.join("shop.json"), about)?;
            archive::pack(&unpacked, fs::File::create(&packed_file)?)?;
            Ok(())
        };
        packed().map_err(|it| Failure::new(&doing, it))?;
        builds.insert((service, version), packed_file);
    }
    Ok(builds)
}

/// The programs that cargo names in its messages, by target.
fn executables(messages: &[u8]) -> BTreeMap<String, PathBuf> {
    let lines = messages.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let messages = lines.filter_map(|line| serde_json::from_slice::<serde_json::Value>(line).ok());
    messages
        .filter_map(|message| {
            let executable = message.get("executable")?.as_str()?.into();
            Some((message.pointer("/target/name")?.as_str()?.to_owned(), executable))
        })
        .collect()
}
