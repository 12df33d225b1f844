//! Tools from crates.io and PyPI, each of one pinned version, kept in `target/tools`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{Failure, answer, cargo, command, run, tools_dir};

struct CargoTool {
    name: &'static str,
    version: &'static str,
}

const DENY: CargoTool = CargoTool { name: "cargo-deny", version: "0.20.2" };
const MACHETE: CargoTool = CargoTool { name: "cargo-machete", version: "0.9.2" };

const PYTHON_TOOLS: [&str; 3] = ["typos==1.52.0", "openapi-spec-validator==0.9.0", "duckdb==2.0.0"];

pub(crate) fn install_cargo_tools() -> Result<(), Failure> {
    for tool in [DENY, MACHETE] {
        if answer(tool.command(["--version"])).is_some_and(|it| it.ends_with(tool.version)) {
            continue;
        }
        let mut install =
            cargo(["install", "--locked", "--quiet", "--force", tool.name, "--version", tool.version]);
        install.arg("--root").arg(tools_dir());
        // They run for seconds: minutes of optimising would never pay.
        install.envs([
            ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
            ("CARGO_PROFILE_RELEASE_LTO", "off"),
            ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
            ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
        ]);
        run(install)?;
    }
    Ok(())
}

pub(crate) fn install_python_tools() -> Result<(), Failure> {
    let stamp = venv_dir().join("installed");
    let wanted = PYTHON_TOOLS.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let mut make = command("python3", ["-m", "venv", "--clear"]);
    make.arg(venv_dir());
    run(make)?;
    let mut install = python_tool("pip", ["install", "--quiet", "--disable-pip-version-check"]);
    install.args(PYTHON_TOOLS);
    run(install)?;
    std::fs::write(&stamp, wanted)
        .map_err(|fault| Failure::Told(format!("cannot write {}: {fault}", stamp.display())))
}

/// Licences, bans and sources; advisories would need a database from the network.
pub(crate) fn deny() -> Command {
    DENY.command(["check", "--hide-inclusion-graph", "bans", "licenses", "sources"])
}

/// Dependencies that nothing uses.
pub(crate) fn machete() -> Command {
    MACHETE.command(["--skip-target-dir"])
}

pub(crate) fn typos() -> Command {
    python_tool("typos", [])
}

pub(crate) fn openapi_spec_validator(document: &Path) -> Command {
    let mut validator = python_tool("openapi-spec-validator", []);
    validator.arg(document);
    validator
}

/// An SQL engine that reads Parquet; the argument is a script in Python that imports `duckdb`.
pub(crate) fn duckdb(script: &str) -> Command {
    python_tool("python3", ["-c", script])
}

impl CargoTool {
    fn command<const N: usize>(&self, arguments: [&str; N]) -> Command {
        command(tools_dir().join("bin").join(self.name), arguments)
    }
}

fn python_tool<const N: usize>(name: &str, arguments: [&str; N]) -> Command {
    command(venv_dir().join("bin").join(name), arguments)
}

fn venv_dir() -> PathBuf {
    tools_dir().join("venv")
}
