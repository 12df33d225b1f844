//! The chores of this repository: `cargo xtask test` is what CI runs.
//!
//! Each chore is a list of [`step::Step`]s, so that everything that runs has a name, a time and a place in the summary.
//! It downloads its tools, by pinned version, into `target/tools`, and changes nothing outside of the repository except
//! for Debian packages that are missing. Start at [`suite`].

mod bench;
mod fuzz;
mod openapi;
mod parquet;
mod run;
mod setup;
mod simulate;
mod step;
mod suite;
mod tally;
mod tools;
mod torture;
mod web;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The chores of this repository.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Everything that CI runs, from the set-up to the tests
    Test,
    /// What needs no test to run: format, lints, architecture, licences, unused dependencies, spelling
    Check,
    /// Install what the other chores need
    Setup,
    /// Simulate worlds in which everything breaks: `--seed N --hours H [--replicas R] [--seeds N] [--fresh N] [--trace]`
    #[command(disable_help_flag = true)]
    Simulate {
        /// Handed on; `--help` explains them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Fuzz the readers of what others hand in: `[--seconds N] [TARGET…]`
    Fuzz {
        /// How long, each
        #[arg(long, default_value_t = fuzz::SECONDS)]
        seconds: u32,
        /// Names of targets; all when left out
        targets: Vec<String>,
    },
    /// Hurt real control planes, agents and routers at random under load, and see what the journals and the ledger say
    Torture(torture::Torture),
    /// Run the benches, or those named
    Bench {
        /// Names from the table that `--list` prints
        names: Vec<String>,
        /// Print the table
        #[arg(long)]
        list: bool,
    },
}

fn main() -> ExitCode {
    let summary = match Arguments::parse().chore {
        Chore::Test => step::run(suite::test()),
        Chore::Check => step::run(suite::check()),
        Chore::Setup => step::run(suite::setup()),
        Chore::Simulate { arguments } => return simulate::run(&arguments),
        Chore::Fuzz { seconds, targets } => step::run(fuzz::steps(seconds, &targets)),
        Chore::Torture(torture) => return torture::run(&torture),
        Chore::Bench { list: true, .. } => {
            bench::print_table();
            return ExitCode::SUCCESS;
        }
        Chore::Bench { names, list: false } => match bench::steps(&names) {
            Ok(steps) => step::run(steps),
            Err(unknown) => {
                eprintln!("{unknown}");
                return ExitCode::from(2);
            }
        },
    };
    summary.print();
    if summary.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
