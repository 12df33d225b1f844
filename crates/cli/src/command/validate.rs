//! `shipway validate`

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use shipway_engine::calendar::compile;
use shipway_engine::catalogue::{check, graph};
use shipway_model::resource::file::{self, Fault, Located, Pointer};
use shipway_model::resource::{Key, Kind, Spec};

use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output::{Format, OutputArgs};
use crate::source;

/// Check files without a control plane
///
/// Every fault of every file is told at once, with its place and what to write instead. Whether the names that a
/// file refers to exist is checked by `shipway apply` and `shipway diff`, against everything that is declared.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway validate shop.yaml
  shipway validate shop/ teams.yaml
  cat shop.yaml | shipway validate -
  shipway validate shop/ -o json")]
pub(crate) struct Validate {
    /// Files; folders are walked, `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

/// What `-o json` shows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    resources: Vec<Key>,
    faults: Vec<Fault>,
}

impl Validate {
    pub(crate) fn run(self) -> Outcome {
        let sources = source::collect(&self.files)?;
        let files: Vec<String> = self.files.iter().map(|it| it.display().to_string()).collect();
        let again = format!("shipway validate {}", files.join(" "));
        let located = match read(&sources).and_then(|it| times(it, &sources)) {
            Ok(located) => located,
            Err(faults) if self.output.output == Format::Table => {
                return Err(Failure::of_files(faults, again));
            }
            Err(faults) => {
                self.output.show(&Report { resources: Vec::new(), faults }, |_| String::new())?;
                return Ok(Exit::Failed);
            }
        };
        let report =
            Report { resources: located.iter().map(|it| it.resource.key()).collect(), faults: Vec::new() };
        self.output.show(&report, |paint| {
            let n_files = sources.len();
            let counts = counts(&located);
            let files = if n_files == 1 { "1 file".to_owned() } else { format!("{n_files} files") };
            format!("{} {files}: {counts}\n", paint.good("valid"))
        })
    }
}

/// All that is wrong, within what was given; the control plane looks at everything that is declared.
fn read(sources: &[source::Source]) -> Result<Vec<Located>, Vec<Fault>> {
    let files = source::borrowed(sources);
    let located = file::read(&files)?;
    let needs = |it: &Located| Some((it.resource.key(), graph::needs(&it.resource.spec)?));
    let graph: graph::Graph = located.iter().filter_map(needs).collect();
    let Some(cycle) = graph::cycle(&graph).and_then(|it| check::of_cycle(&it)) else { return Ok(located) };
    let value = cycle.value.as_deref();
    let pointer = Pointer { resource: &cycle.about, field: cycle.field, value };
    let fault = file::locate(&files, pointer, &cycle.message, Some(cycle.help));
    match fault {
        Some(fault) => Err(vec![fault]),
        None => Ok(located),
    }
}

/// The times of calendars can be judged without anything else.
fn times(located: Vec<Located>, sources: &[source::Source]) -> Result<Vec<Located>, Vec<Fault>> {
    let files = source::borrowed(sources);
    let mut faults = Vec::new();
    for it in &located {
        let Spec::Calendar(calendar) = &it.resource.spec else { continue };
        let about = it.resource.key();
        for fault in compile(&about.name, calendar).err().unwrap_or_default() {
            let pointer = Pointer { resource: &about, field: fault.field, value: Some(&fault.value) };
            faults.extend(file::locate(&files, pointer, &fault.message, Some(fault.help)));
        }
    }
    if faults.is_empty() { Ok(located) } else { Err(faults) }
}

fn counts(located: &[Located]) -> String {
    if located.is_empty() {
        return "nothing is declared in it".to_owned();
    }
    let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
    for it in located {
        *counts.entry(it.resource.kind()).or_default() += 1;
    }
    counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ")
}

pub(super) fn read_all(files: &[PathBuf]) -> Result<Vec<source::Source>, Failure> {
    let sources = source::collect(files)?;
    // What is known to be wrong need not travel.
    let given: Vec<String> = files.iter().map(|it| it.display().to_string()).collect();
    file::read(&source::borrowed(&sources))
        .map_err(|faults| Failure::of_files(faults, format!("shipway validate {}", given.join(" "))))?;
    Ok(sources)
}
