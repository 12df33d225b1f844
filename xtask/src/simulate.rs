//! The simulator, which lives beside what it simulates: `crates/runtime/examples/simulate.rs`.

use std::process::{Command, ExitCode};

use crate::run::{Failure, built, cargo, command};
use crate::{run, step::Step};

/// Seeds that CI runs in worlds with one control plane, and in worlds with several.
const SEEDS: &str = "8";
/// Fresh ones beside them. All together take a minute or two.
const FRESH: &str = "2";

/// Runs the simulator, optimised, with these arguments. What it finds is in its output and exit status.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let simulator =
        ["run", "--quiet", "--release", "--package", "shipway-runtime", "--example", "simulate", "--"];
    let arguments = simulator.into_iter().chain(arguments.iter().map(String::as_str));
    match run::run(cargo(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !matches!(failure, Failure::Ended { .. }) {
                eprintln!("{failure}");
            }
            ExitCode::FAILURE
        }
    }
}

/// The same for CI, as it was built for the tests: fixed seeds, and fresh ones that it prints.
pub(crate) fn step() -> Step {
    Step::new("simulation", || {
        ["1", "3"].into_iter().try_for_each(|replicas| run::run(worlds_with(replicas)?))
    })
}

fn worlds_with(replicas: &'static str) -> Result<Command, Failure> {
    let seeds = ["--seed", "1", "--seeds", SEEDS, "--fresh", FRESH, "--hours", "1", "--replicas", replicas];
    Ok(command(built("examples/simulate")?, seeds))
}
