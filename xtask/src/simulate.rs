//! The simulator, which lives beside what it simulates: `crates/runtime/examples/simulate.rs`.

use std::process::ExitCode;

use crate::run::{Failure, cargo};
use crate::{run, step::Step};

/// Seeds that CI runs.
const SEEDS: &str = "12";

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

/// The same for CI, as it was built for the tests.
pub(crate) fn step() -> Step {
    let simulator = ["run", "--quiet", "--package", "shipway-runtime", "--example", "simulate", "--"];
    let arguments = ["--seed", "1", "--seeds", SEEDS, "--hours", "1"];
    Step::new("simulation", move || run::run(cargo(simulator.into_iter().chain(arguments))))
}
