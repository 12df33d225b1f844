//! `mutants.out/outcomes.json` of cargo-mutants.

use serde::Deserialize;
use shipway_model::evidence::{Location, Normal};

use super::mutants::{Fate, Mutants};
use super::{Fault, Format, Head, Sniff, Source, json};

pub(super) const FORMAT: Format =
    Format { name: "cargo-mutants", summary: "The `outcomes.json` of cargo-mutants.", sniff, read };

fn sniff(head: &Head<'_>) -> Sniff {
    match head.has_keys(&["outcomes", "scenario"]) {
        true if head.has_keys(&["summary"]) => Sniff::Sure,
        true => Sniff::Maybe,
        false => Sniff::No,
    }
}

#[derive(Deserialize)]
struct Report {
    outcomes: Vec<Outcome>,
    total_mutants: Option<u64>,
    start_time: Option<String>,
    cargo_mutants_version: Option<String>,
}

#[derive(Deserialize)]
struct Outcome {
    scenario: Scenario,
    summary: Summary,
}

#[derive(Deserialize)]
enum Scenario {
    /// The tests without a change.
    Baseline,
    Mutant(Box<Mutant>),
}

#[derive(Deserialize)]
struct Mutant {
    name: String,
    file: String,
    span: Option<Span>,
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

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
enum Summary {
    Success,
    CaughtMutant,
    MissedMutant,
    Unviable,
    Failure,
    Timeout,
}

fn read(source: Source<'_>) -> Result<Normal, Fault> {
    let report: Report = json::read(source)?;
    let mut normal = Normal {
        format: FORMAT.name.to_owned(),
        tool: Some("cargo-mutants".to_owned()),
        tool_version: report.cargo_mutants_version,
        created_at: report.start_time,
        ..Normal::default()
    };
    let mut mutants = Mutants::default();
    let mut n_mutants = 0;
    for Outcome { scenario, summary } in report.outcomes {
        let Scenario::Mutant(mutant) = scenario else {
            if summary != Summary::Success {
                normal.remarks.push("the tests failed without any mutant".to_owned());
            }
            continue;
        };
        n_mutants += 1;
        let fate = match summary {
            Summary::CaughtMutant => Fate::Killed,
            Summary::MissedMutant => Fate::Survived,
            Summary::Timeout => Fate::Timeout,
            // Of a check alone, or of a build that did not come so far.
            Summary::Unviable | Summary::Success | Summary::Failure => Fate::Ignored,
        };
        mutants.take(fate, || {
            let Mutant { name, file, span } = *mutant;
            let (start, end) = span.map(|it| (it.start, it.end)).unzip();
            let (line, column) = start.map(|it| (it.line, it.column)).unzip();
            (Location { file, line, column, end_line: end.map(|it| it.line) }, name)
        });
    }
    if let Some(total) = report.total_mutants.filter(|it| *it != n_mutants) {
        normal.remarks.push(format!("the document says there are {total} mutants and lists {n_mutants}"));
    }
    mutants.finish(&mut normal);
    Ok(normal)
}
