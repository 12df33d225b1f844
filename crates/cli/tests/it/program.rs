//! Running the binary.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The binary, with nothing of this machine's own settings.
pub(crate) fn shipway(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shipway"));
    command.env_clear().env("HOME", folder).current_dir(folder).stdin(Stdio::null());
    command
}

/// What it said and how it ended.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn run(folder: &Path, args: &[&str]) -> Said {
    said(&shipway(folder).args(args).output().expect("the binary runs"))
}

pub(crate) fn said(output: &Output) -> Said {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("it prints UTF-8");
    Said {
        code: output.status.code().expect("it ends by itself"),
        out: text(&output.stdout),
        err: text(&output.stderr),
    }
}
