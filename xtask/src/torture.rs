//! The torture test, which lives among the tests of the whole product: `crates/cli/tests/it/torture.rs`.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::run::{self, Failure, cargo};

#[derive(Args)]
pub(crate) struct Torture {
    /// For how long processes are hurt, on each store
    #[arg(long, default_value_t = 5)]
    minutes: u64,
    /// Of the choices; a fresh one when absent, which is printed
    #[arg(long)]
    seed: Option<u64>,
    /// One store alone
    #[arg(long)]
    store: Option<Store>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Store {
    Sqlite,
    Postgres,
}

/// Runs it with its output shown.
pub(crate) fn run(torture: &Torture) -> ExitCode {
    let which = match torture.store {
        None => "torture::",
        Some(Store::Sqlite) => "torture::on_sqlite",
        Some(Store::Postgres) => "torture::on_postgres",
    };
    let mut tests = cargo(["test", "--package", "shipway-cli", "--test", "it", "--", which, "--nocapture"]);
    tests.arg("--test-threads=1").env("SHIPWAY_TORTURE_SECONDS", (torture.minutes * 60).to_string());
    if let Some(seed) = torture.seed {
        tests.env("SHIPWAY_TORTURE_SEED", seed.to_string());
    }
    match run::run(tests) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !matches!(failure, Failure::Ended { .. }) {
                eprintln!("{failure}");
            }
            ExitCode::FAILURE
        }
    }
}
