//! Mutation testing elements JSON: StrykerJS, Stryker.NET, Stryker4s, Infection, mutmut's converters.

use std::collections::BTreeMap;

use serde::Deserialize;
use shipway_model::evidence::{Location, Normal};

use super::json::{self, Unique};
use super::mutants::{Fate, Mutants};
use super::{Fault, Format, Head, Sniff, Source};

pub(super) const FORMAT: Format = Format {
    name: "stryker",
    summary: "Mutation testing elements JSON, of StrykerJS, Stryker.NET, Stryker4s and Infection.",
    sniff,
    read,
};

fn sniff(head: &Head<'_>) -> Sniff {
    match head.has_keys(&["files"]) {
        true if head.has_keys(&["mutants", "mutatorName"]) => Sniff::Sure,
        true if head.has_keys(&["schemaVersion", "thresholds"]) || head.has_keys(&["mutants"]) => {
            Sniff::Maybe
        }
        _ => Sniff::No,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema_version: String,
    files: Unique<File>,
    framework: Option<Framework>,
}

#[derive(Deserialize)]
struct Framework {
    name: String,
    version: Option<String>,
}

#[derive(Deserialize)]
struct File {
    mutants: Vec<Mutant>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mutant {
    mutator_name: String,
    replacement: Option<String>,
    status: Status,
    location: Span,
}

#[derive(Deserialize, Clone, Copy)]
enum Status {
    Killed,
    Survived,
    NoCoverage,
    Timeout,
    CompileError,
    RuntimeError,
    Ignored,
    Pending,
}

#[derive(Deserialize)]
struct Span {
    start: Place,
    end: Place,
}

#[derive(Deserialize)]
struct Place {
    line: u64,
    column: u64,
}

fn read(source: Source<'_>) -> Result<Normal, Fault> {
    let report: Report = json::read(source)?;
    let mut normal = Normal {
        format: FORMAT.name.to_owned(),
        format_version: Some(report.schema_version),
        tool: report.framework.as_ref().map(|it| it.name.clone()),
        tool_version: report.framework.and_then(|it| it.version),
        ..Normal::default()
    };
    let mut mutants = Mutants::default();
    let mut n_pending = 0;
    let files: BTreeMap<_, _> = report.files.0;
    for (path, file) in files {
        for Mutant { mutator_name, replacement, status, location: Span { start, end } } in file.mutants {
            let fate = match status {
                Status::Killed => Fate::Killed,
                Status::Survived => Fate::Survived,
                Status::NoCoverage => Fate::NoCoverage,
                Status::Timeout => Fate::Timeout,
                Status::CompileError | Status::RuntimeError | Status::Ignored | Status::Pending => {
                    Fate::Ignored
                }
            };
            n_pending += u64::from(matches!(status, Status::Pending));
            mutants.take(fate, || {
                let location = Location {
                    file: path.clone(),
                    line: Some(start.line),
                    column: Some(start.column),
                    end_line: Some(end.line),
                };
                let by = replacement.map_or_else(String::new, |it| format!(": {it}"));
                (location, format!("{mutator_name}{by}"))
            });
        }
    }
    if n_pending > 0 {
        normal.remarks.push(format!("{n_pending} mutants were not tested yet"));
    }
    mutants.finish(&mut normal);
    Ok(normal)
}
