//! Which steps each chore consists of, in their order.

use crate::run::{answer, built, cargo, command, run, run_tests};
use crate::step::Step;
use crate::{fuzz, openapi, parquet, setup as packages, simulate, tools, web};

/// Everything that CI runs.
pub(crate) fn test() -> Vec<Step> {
    let mut steps = setup();
    steps.extend(checks());
    steps.push(Step::with_tests("doc tests", || {
        run_tests(cargo(["test", "--workspace", "--all-features", "--doc", "--quiet"]))
    }));
    steps.push(Step::with_tests("tests", || {
        run_tests(if answer(cargo(["nextest", "--version"])).is_some() {
            let nextest = ["nextest", "run", "--workspace", "--all-features", "--no-fail-fast"];
            cargo(nextest.into_iter().chain(["--config-file", "xtask/nextest.toml"]))
        } else {
            cargo(["test", "--workspace", "--all-features", "--lib", "--bins", "--tests", "--no-fail-fast"])
        })
    }));
    steps.push(Step::new("archived tables in DuckDB", parquet::read_by_duckdb));
    steps.push(simulate::step());
    steps.push(Step::new("fuzzing", || fuzz::run(fuzz::SECONDS, &fuzz::TARGETS)));
    steps.push(Step::with_tests("the pages in a browser", web::test));
    // What the README's first command runs.
    steps.push(Step::new("demonstration", || run(command(built("shipway")?, ["demo", "--exit"]))));
    steps
}

/// What needs no test to run.
pub(crate) fn check() -> Vec<Step> {
    let mut steps = setup();
    steps.extend(checks());
    steps
}

/// What the other chores need.
pub(crate) fn setup() -> Vec<Step> {
    [
        Step::new("Debian packages", packages::install_packages),
        Step::new("tools from PyPI", tools::install_python_tools),
        Step::new("tools from crates.io", tools::install_cargo_tools),
        Step::new("packages from npm", web::install_packages),
    ]
    .map(Step::needed_by_others)
    .into()
}

/// The quick ones first.
fn checks() -> Vec<Step> {
    vec![
        Step::new("format", || run(cargo(["fmt", "--all", "--check"]))),
        Step::new("spelling", || run(tools::typos())),
        Step::new("OpenAPI document", openapi::validate),
        Step::new("unused dependencies", || run(tools::machete())),
        Step::new("licences, bans and sources", || run(tools::deny())),
        Step::new("architecture", || run(cargo(["test", "--quiet", "--package", "xtask", "--test", "it"]))),
        Step::new("lints", || {
            let everything = ["clippy", "--quiet", "--workspace", "--all-targets", "--all-features"];
            run(cargo(everything.into_iter().chain(["--", "--deny", "warnings"])))
        }),
    ]
}
