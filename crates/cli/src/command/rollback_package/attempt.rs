//! `shipway rollback-package try`

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use shipway_model::Digest;
use shipway_model::release::RollbackPackage;

use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, Paint, Table, plain};
use crate::way_back::{Report, junit, rehearse};

/// Files of a package's folder that are copied.
const FILES_MAX: usize = 10_000;
const NEXT: &str = "shipway rollback-package try --help";

/// Try a way back before it is needed: rows that stood before, and rows that the new version wrote, must all be there afterwards
///
/// The package's `rehearsal` says how: commands that make data as the version before leaves them (`before`), what the release
/// does to them (`forward`), what the new version writes (`write`), how one of the package's `scripts` is run (`run`, with its
/// path in $SCRIPT), and what prints the rows (`rows`; `newRows` while the data are as the new version has them). They run in a
/// copy of the package's folder, with PATH, HOME, TMPDIR and what --pass names as their whole environment; nothing else keeps them
/// from doing what you may do. The exit code is 0 when everything held, and 1 when something did not.
///
/// With --out it is written as JUnit XML. Attached to the release, it satisfies a gate `documents` with `rollbackTried: true`,
/// for exactly this rollback package.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway rollback-package try rollback/package.yaml
  shipway rollback-package try rollback/package.yaml --pass DATABASE_URL --out rehearsal.xml")]
pub(crate) struct Try {
    /// The rollback package, as it is sealed into the release; its scripts stand beside it
    file: PathBuf,
    /// A variable of yours that the commands find too
    #[arg(long, value_name = "VARIABLE")]
    pass: Vec<String>,
    /// Where the report is written as JUnit XML
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Try {
    pub(crate) async fn run(self) -> Outcome {
        let unreadable = |why: String| Failure::new(format!("{}: {why}", self.file.display()), NEXT);
        let bytes = fs::read(&self.file).map_err(|error| unreadable(error.to_string()))?;
        let text = std::str::from_utf8(&bytes).map_err(|_| unreadable("it is not UTF-8 text".to_owned()))?;
        let package: RollbackPackage =
            serde_saphyr::from_str(text).map_err(|error| unreadable(error.to_string()))?;
        let rehearsal = package.rehearsal.as_ref().ok_or_else(|| {
            unreadable("it has no `rehearsal`, which says how the way back is tried".to_owned())
        })?;
        let variables = self.variables()?;
        let home = self.file.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = tempfile::tempdir().map_err(|error| Failure::because(&error, NEXT))?;
        let mut n_left = FILES_MAX;
        copy(home, folder.path(), &mut n_left)
            .map_err(|error| Failure::new(format!("{} cannot be copied: {error}", home.display()), NEXT))?;
        let report = rehearse(Digest::of(&bytes), &package, rehearsal, folder.path(), &variables).await;
        if let Some(out) = &self.out {
            fs::write(out, junit(&report)).map_err(|error| {
                Failure::new(format!("{} cannot be written: {error}", out.display()), NEXT)
            })?;
        }
        self.output.show(&report, |paint| render(&report, paint))?;
        Ok(if report.passed { Exit::Ok } else { Exit::Failed })
    }

    fn variables(&self) -> Result<BTreeMap<String, String>, Failure> {
        let value = |name: &String| match std::env::var(name) {
            Ok(value) => Ok((name.clone(), value)),
            Err(_) => Err(Failure::usage(format!("there is no variable {name} to pass on"), NEXT)),
        };
        self.pass.iter().map(value).collect()
    }
}

/// Files and folders; whatever else there is, links too, leads out of the folder or is no script.
fn copy(from: &Path, to: &Path, n_left: &mut usize) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        *n_left = n_left.checked_sub(1).ok_or_else(|| {
            io::Error::other(format!(
                "it holds more than {FILES_MAX} files; keep the package in a folder of its own"
            ))
        })?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            fs::create_dir(&target)?;
            copy(&entry.path(), &target, n_left)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

fn render(report: &Report, paint: Paint) -> String {
    let mut table = Table::new(["STEP OR CHECK", "RESULT", "SECONDS"]);
    for it in &report.cases {
        let word = if it.fault.is_some() { paint.bad("failed") } else { paint.good("passed") };
        table.row([&*plain(&it.name), &word, &format!("{:.1}", it.duration_s)]);
    }
    let mut text = table.render(paint, "Nothing was tried.");
    for it in &report.cases {
        if let Some(fault) = &it.fault {
            text += &format!("{} {}: {}\n", paint.bad("✗"), plain(&it.name), plain(fault));
        }
    }
    text + &match report.passed {
        true => paint.good("The way back holds: every row is there, before and since.\n"),
        false => paint.bad("The way back does not hold.\n"),
    }
}
