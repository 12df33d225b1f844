//! The workspace as cargo knows it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// A package of the workspace.
pub(crate) struct Package {
    /// Without `shipway-`, as its folder is called.
    pub(crate) name: String,
    pub(crate) dir: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
}

pub(crate) struct Dependency {
    /// As the registry knows it, whatever it is renamed to.
    pub(crate) name: String,
    pub(crate) is_for_tests: bool,
}

impl Dependency {
    /// The name in [`Package::name`]'s form, if it is one of the house's own crates.
    pub(crate) fn own_crate(&self) -> Option<&str> {
        self.name.strip_prefix("shipway-")
    }
}

pub(crate) fn packages() -> Vec<Package> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let output = Command::new(env!("CARGO"))
        .current_dir(root)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages: Vec<Package> = metadata["packages"].as_array().unwrap().iter().map(package).collect();
    assert!(packages.len() > 5, "cargo metadata shows the whole workspace");
    packages
}

fn package(value: &Value) -> Package {
    let name = text(&value["name"]);
    Package {
        name: name.strip_prefix("shipway-").unwrap_or(name).to_owned(),
        dir: Path::new(text(&value["manifest_path"])).parent().unwrap().to_owned(),
        dependencies: value["dependencies"].as_array().unwrap().iter().map(dependency).collect(),
    }
}

fn dependency(value: &Value) -> Dependency {
    Dependency { name: text(&value["name"]).to_owned(), is_for_tests: value["kind"] == "dev" }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
