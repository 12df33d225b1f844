//! Running programs at the root of the repository.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use crate::tally::Tally;

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("`{program}` could not be started: {source}")]
    NotStarted { program: String, source: std::io::Error },
    #[error("`{program}` ended with {status}")]
    Ended { program: String, status: ExitStatus },
    #[error("tests failed or could not be built ({status})")]
    Tests { status: ExitStatus, tally: Tally },
    #[error("{0}")]
    Told(String),
}

impl Failure {
    /// How many tests had run when it happened.
    pub(crate) fn tally(&self) -> Tally {
        match self {
            Self::Tests { tally, .. } => tally.clone(),
            Self::NotStarted { .. } | Self::Ended { .. } | Self::Told(_) => Tally::default(),
        }
    }
}

/// The repository's root folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository")
}

/// `program` with `arguments`, to be run at the root.
pub(crate) fn command(
    program: impl AsRef<OsStr>,
    arguments: impl IntoIterator<Item: AsRef<OsStr>>,
) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).args(arguments);
    command
}

/// The cargo that runs this.
pub(crate) fn cargo(arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), arguments)
}

/// The program `name` (a path below the folder of built programs), built as the tests build it: another choice of packages
/// has other features, and would build the house a second time.
pub(crate) fn built(name: &str) -> Result<PathBuf, Failure> {
    run(cargo(["test", "--quiet", "--workspace", "--all-features", "--no-run"]))?;
    Ok(root().join("target/debug").join(name))
}

/// Runs `command` with its output shown, and fails if it does.
pub(crate) fn run(mut command: Command) -> Result<(), Failure> {
    let program = shown(&command);
    let status =
        command.status().map_err(|source| Failure::NotStarted { program: program.clone(), source })?;
    if status.success() { Ok(()) } else { Err(Failure::Ended { program, status }) }
}

/// What `command` writes to standard output, or nothing if it fails or is not there.
pub(crate) fn answer(mut command: Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs `command` with its output shown, and counts the tests that the output tells of.
pub(crate) fn run_tests(mut command: Command) -> Result<Tally, Failure> {
    let program = shown(&command);
    let not_started = |source| Failure::NotStarted { program: program.clone(), source };
    // Both streams go into one pipe: nextest tells its results on standard error, cargo test on standard output.
    let (reader, writer) = std::io::pipe().map_err(not_started)?;
    command.stdout(writer.try_clone().map_err(not_started)?).stderr(writer);
    let mut child = command.spawn().map_err(not_started)?;
    // The command holds the writing ends; as long as it lives, the reader waits for more.
    drop(command);
    let mut tally = Tally::default();
    for line in BufReader::new(reader).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        tally.read_line(&line);
    }
    let status = child.wait().map_err(not_started)?;
    if status.success() { Ok(tally) } else { Err(Failure::Tests { status, tally }) }
}

/// Where the tools are kept between runs.
pub(crate) fn tools_dir() -> PathBuf {
    root().join("target/tools")
}

/// The command as somebody would type it, without the folder that the program lies in.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let words = std::iter::once(program.file_name().unwrap_or_default()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn tests_are_counted_on_both_streams() {
        let script = "echo 'test result: ok. 3 passed; 0 failed; 1 ignored;'; \
                      echo '     Summary [   0.1s] 2 tests run: 2 passed, 0 skipped' >&2";
        let tally = run_tests(command("sh", ["-c", script])).unwrap();
        assert!(
            tally.line(true, Duration::ZERO).starts_with("test result: ok. 5 passed; 0 failed; 1 ignored;")
        );
    }

    #[test]
    fn failed_tests_are_counted_too() {
        let script = "echo 'test result: FAILED. 3 passed; 2 failed; 0 ignored;'; exit 101";
        let failure = run_tests(command("sh", ["-c", script])).unwrap_err();
        assert!(
            failure
                .tally()
                .line(false, Duration::ZERO)
                .starts_with("test result: FAILED. 3 passed; 2 failed;")
        );
    }

    #[test]
    fn a_failure_names_the_program_without_its_folder() {
        let failure = run(command("/bin/sh", ["-c", "exit 3"])).unwrap_err();
        assert_eq!(failure.to_string(), "`sh -c exit 3` ended with exit status: 3");
    }
}
