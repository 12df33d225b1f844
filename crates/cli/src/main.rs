//! The one binary `shipway`: the control plane, the agent, the router, and the verbs that people and CI use.
//!
//! One file per verb under `command/`, in a folder per noun. A verb reads its arguments, asks the control plane
//! (or works offline), and shows the answer; it decides nothing itself. What ends it is an [`exit::Exit`] or a
//! [`failure::Failure`], and both are promises to scripts.
//!
//! Start at [`cli`] for what can be said, and at [`command`] for who answers.

mod access;
mod archive;
mod cdevents;
mod cli;
mod cmdb;
mod command;
mod connection;
mod control_plane;
mod daemon;
mod delivery;
mod demo;
mod exit;
mod failure;
mod judge;
mod keygen;
mod manual;
mod output;
mod rehearsal;
mod sandbox;
mod sessions;
mod settings;
mod signing;
mod source;
mod way_back;

use std::process::ExitCode;

use clap::Parser;

use exit::Exit;
use output::Paint;

fn main() -> ExitCode {
    if sandbox::is_meant() {
        return sandbox::serve();
    }
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and versions are asked for and go to standard output; the rest is a usage error.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Ok.into() };
        }
    };
    let exit = command::run(cli).unwrap_or_else(|failure| {
        output::note(&failure.render(Paint::of_stderr()));
        failure.exit
    });
    exit.into()
}
