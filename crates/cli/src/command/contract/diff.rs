//! `shipway contract diff`

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;
use shipway_integrations::contracts::{self, DESCRIPTION_BYTES_MAX};
use shipway_model::Version;
use shipway_model::contract::Contract;
use shipway_policy::contracts::{Change, Severity, announces_a_break, diff};

use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, Paint, plain};

/// Say what changed between two descriptions of an interface, and whom it breaks, offline
///
/// OpenAPI 3.0 and 3.1, Protobuf, GraphQL and pacts; the language is found by content. Rules have the ids of oasdiff, buf
/// and graphql-inspector. The exit code is 1 when something breaks, unless a step of versions announces it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway contract diff openapi-1.0.yaml openapi-1.1.yaml
  shipway contract diff old.proto new.proto --fail-on warning -o json
  shipway contract diff old.graphql new.graphql --from 1.4.0 --to 2.0.0")]
pub(crate) struct Diff {
    old: PathBuf,
    new: PathBuf,
    /// From which severity the exit code is 1
    #[arg(long, value_enum, default_value = "error")]
    fail_on: FailOn,
    /// A rule that does not count, by its id. Repeatable
    #[arg(long, value_name = "RULE")]
    ignore: Vec<String>,
    /// The version of the old description; a new major version may break
    #[arg(long, value_name = "VERSION", requires = "to")]
    from: Option<Version>,
    /// The version of the new description
    #[arg(long, value_name = "VERSION", requires = "from")]
    to: Option<Version>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Error,
    Warning,
}

/// What `-o json` shows.
#[derive(Serialize)]
struct Report {
    breaks: bool,
    /// Whether the versions announce a break; absent where none were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    announced: Option<bool>,
    changes: Vec<Change>,
}

impl Diff {
    pub(crate) fn run(self) -> Outcome {
        let (old, new) = (read(&self.old)?, read(&self.new)?);
        let announced = match (&self.from, &self.to) {
            (Some(from), Some(to)) => Some(
                announces_a_break(from, to)
                    .map_err(|it| Failure::usage(it, "shipway contract diff --help"))?,
            ),
            _ => None,
        };
        let mut changes = diff(&old, &new);
        changes.retain(|it| !self.ignore.contains(&it.rule));
        let counts = |it: &Change| match it.severity {
            Severity::Error => true,
            Severity::Warning => self.fail_on == FailOn::Warning,
            Severity::Info => false,
        };
        let report = Report { breaks: changes.iter().any(counts), announced, changes };
        self.output.show(&report, |paint| render(&report, paint))?;
        Ok(if report.breaks && announced != Some(true) { Exit::Failed } else { Exit::Ok })
    }
}

fn read(path: &Path) -> Result<Contract, Failure> {
    let shown = path.display();
    let mut text = String::new();
    let limit = DESCRIPTION_BYTES_MAX as u64 + 1;
    let whole = File::open(path).and_then(|it| it.take(limit).read_to_string(&mut text));
    whole.map_err(|error| {
        Failure::new(format!("{shown} cannot be read: {error}"), format!("ls -l {shown}"))
    })?;
    contracts::read(&text).map_err(|it| {
        Failure::new(
            plain(&format!("{shown}: {it}")),
            format!("shipway evidence inspect {shown} --format contract"),
        )
    })
}

fn render(report: &Report, paint: Paint) -> String {
    let mut text = String::new();
    for it in &report.changes {
        let severity = match it.severity {
            Severity::Error => paint.bad("error"),
            Severity::Warning => paint.warn("warning"),
            Severity::Info => "info".to_owned(),
        };
        text += &format!("{severity}  {}  {}\n    {}\n", it.rule, plain(&it.place), plain(&it.message));
    }
    text += &match (report.breaks, report.announced) {
        (false, _) if report.changes.is_empty() => "nothing changed\n".to_owned(),
        (false, _) => format!("{}\n", paint.good("nothing breaks")),
        (true, Some(true)) => format!("{}\n", paint.warn("it breaks, as the new version announces")),
        (true, Some(false)) => format!("{}\n", paint.bad("it breaks, and the version does not announce it")),
        (true, None) => format!("{}\n", paint.bad("it breaks")),
    };
    text
}
