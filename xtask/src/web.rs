//! The pages in a real browser: what `web/` needs, its tests, and its bench.

use std::path::PathBuf;
use std::process::Command;

use crate::run::{Failure, built, cargo, command, root, run, run_tests};
use crate::tally::Tally;

/// Packages by their lockfile; the browser is Debian's, so none is downloaded.
pub(crate) fn install_packages() -> Result<(), Failure> {
    let (lock, stamp) = (folder().join("package-lock.json"), folder().join("node_modules/installed"));
    let wanted = std::fs::read_to_string(&lock)
        .map_err(|fault| Failure::Told(format!("cannot read {}: {fault}", lock.display())))?;
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    run(node("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]))?;
    std::fs::write(&stamp, wanted)
        .map_err(|fault| Failure::Told(format!("cannot write {}: {fault}", stamp.display())))
}

/// Against a site of real processes, as they are built for the other tests.
pub(crate) fn test() -> Result<Tally, Failure> {
    built("shipway")?;
    run_tests(node("npm", ["test", "--silent"]))
}

/// The program is measured as the other benches measure it.
pub(crate) fn bench() -> Result<(), Failure> {
    run(cargo(["build", "--quiet", "--profile", "bench", "--package", "shipway-cli", "--bin", "shipway"]))?;
    let mut bench = node("node", ["bench.mjs"]);
    bench.env("SHIPWAY_BIN_DIR", root().join("target/release"));
    run(bench)
}

fn node<const N: usize>(program: &str, arguments: [&str; N]) -> Command {
    let mut node = command(program, arguments);
    node.current_dir(folder()).env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    node
}

fn folder() -> PathBuf {
    root().join("web")
}
