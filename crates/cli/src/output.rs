//! What a command shows: a table for people, JSON or YAML for programs.

use std::io::{self, IsTerminal, Write};

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;

mod fault;
mod instance;
mod paint;
mod table;
mod word;

pub(crate) use fault::render_fault;
pub(crate) use instance::{targets, traffic};
pub(crate) use paint::Paint;
pub(crate) use table::Table;
pub(crate) use word::{plain, short, size, time};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    Json,
    Yaml,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct OutputArgs {
    /// How to show it
    #[arg(short, long, value_enum, default_value = "table")]
    pub(crate) output: Format,
}

impl OutputArgs {
    /// Shows `value` as it travels, or as `text` makes it for people.
    pub(crate) fn show(
        &self,
        value: &impl Serialize,
        text: impl FnOnce(Paint) -> String,
    ) -> Result<Exit, Failure> {
        match self.output {
            Format::Table => print(&text(Paint::of_stdout())),
            Format::Json => print(&json(value)),
            Format::Yaml => print(&yaml(value)?),
        }
        Ok(Exit::Ok)
    }
}

/// Pretty JSON with a newline at its end.
pub(crate) fn json(value: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(value).expect("what is shown has string keys and finite numbers");
    text + "\n"
}

/// One YAML document, fields in the order of the wire.
pub(crate) fn yaml(value: &impl Serialize) -> Result<String, Failure> {
    // By way of JSON: enums and flattened fields then look the same in both.
    let value = serde_json::to_value(value).expect("what is shown has string keys");
    serde_saphyr::to_string(&value).map_err(|error| {
        Failure::new(format!("this cannot be written as YAML: {error}"), "the same command with -o json")
    })
}

/// To standard output. A reader that went away (`| head`) is no error.
pub(crate) fn print(text: &str) {
    print_bytes(text.as_bytes());
}

/// As they are: what a step printed is the step's own affair.
pub(crate) fn print_bytes(bytes: &[u8]) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(bytes).and_then(|()| stdout.flush());
}

/// To standard error: what is not the command's result.
pub(crate) fn note(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

pub(crate) fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}
