//! `shipway tests select`

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read as _};
use std::path::{Path, PathBuf};

use clap::Args;
use shipway_api::operations::test::{HistoryQuery, ListTests};
use shipway_integrations::coverage_map;
use shipway_integrations::evidence::{self, Source};
use shipway_model::Name;
use shipway_model::evidence::{CaseResult, FileChange, Normal};
use shipway_policy::selection::{CoverageMap, Past, Selection, select};

use crate::connection::connect;
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, Paint, Table, plain};
use crate::settings::ConnectionArgs;

/// Say which tests a change calls for, what is left out and what that risks, and put them into shards of equal time
///
/// A test is chosen when it runs a file that the change touches, when nobody knows what it runs, or when it failed last. A
/// file that no test is known to run chooses everything. Nothing is asked of a control plane but with --service.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git diff main | shipway tests select --coverage per-test.lcov --diff - --reports junit.xml
  shipway tests select --coverage coverage.json --diff change.diff --service checkout --shards 4
  shipway tests select --coverage coverage.json --diff change.diff --ignore docs/ --ignore README.md -o json")]
pub(crate) struct Select {
    /// Which test runs which file: LCOV with `TN:`, or the JSON of coverage.py with contexts
    #[arg(long, value_name = "FILE")]
    coverage: PathBuf,
    /// The change, as `git diff` writes it; `-` reads it from the input
    #[arg(long, value_name = "FILE")]
    diff: PathBuf,
    /// Reports of earlier runs, the oldest first: durations, and what failed
    #[arg(long, value_name = "FILE", num_args = 1..)]
    reports: Vec<PathBuf>,
    /// Instead: what was attached about this service
    #[arg(long, value_name = "SERVICE", conflicts_with = "reports")]
    service: Option<Name>,
    /// Files that begin like this call for no test. Repeatable
    #[arg(long, value_name = "PREFIX")]
    ignore: Vec<String>,
    /// Into how many parts
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    shards: u16,
    #[command(flatten)]
    output: OutputArgs,
}

impl Select {
    pub(super) fn asks_a_control_plane(&self) -> bool {
        self.service.is_some()
    }

    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let text = fs::read_to_string(&self.coverage).map_err(|it| refused(&self.coverage, &it))?;
        let map = coverage_map::read(&text).map_err(|it| refused(&self.coverage, &it))?;
        let changes = changes(&self.diff)?;
        let past = match &self.service {
            Some(service) => of_service(&map, service, connection).await?,
            None => of_reports(&map, &self.reports)?,
        };
        let selection = select(&map, &past, &changes, &self.ignore, usize::from(self.shards));
        self.output.show(&selection, |paint| render(&selection, paint))
    }
}

fn refused(path: &Path, why: &dyn std::fmt::Display) -> Failure {
    Failure::new(plain(&format!("{}: {why}", path.display())), "shipway tests select --help")
}

fn changes(path: &Path) -> Result<Vec<FileChange>, Failure> {
    let mut bytes = Vec::new();
    let limit = evidence::DOCUMENT_BYTES_MAX;
    let whole = match path == Path::new("-") {
        true => io::stdin().take(limit).read_to_end(&mut bytes),
        false => File::open(path).and_then(|it| it.take(limit).read_to_end(&mut bytes)),
    };
    whole.map_err(|it| refused(path, &it))?;
    // Nothing was touched.
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Vec::new());
    }
    let format = evidence::find("git-diff").map_err(|it| refused(path, &it))?;
    let read = evidence::read(Source::new(&mut &bytes[..]), None, Some(format));
    Ok(read.map_err(|it| refused(path, &it))?.changes.unwrap_or_default())
}

async fn of_service(
    map: &CoverageMap,
    service: &Name,
    connection: &ConnectionArgs,
) -> Result<BTreeMap<String, Past>, Failure> {
    let query = HistoryQuery { service: service.clone(), rate: None, confidence: Some(0.0) };
    let view = connect(connection)?.call::<ListTests>((), query, ()).await?.value;
    let past = view.tests.into_iter().map(|it| {
        let it = it.history;
        let known =
            Past { runs: it.runs, failed: it.failed, failed_last: it.failed_last, duration_s: it.duration_s };
        (name_in(map, &it.suite, &it.test), known)
    });
    Ok(past.collect())
}

fn of_reports(map: &CoverageMap, paths: &[PathBuf]) -> Result<BTreeMap<String, Past>, Failure> {
    let mut all: BTreeMap<String, Past> = BTreeMap::new();
    for path in paths {
        let report = report(path)?;
        for case in report.tests.into_iter().flat_map(|it| it.cases) {
            let has_failed = match case.result {
                CaseResult::Passed => false,
                CaseResult::Failed | CaseResult::Error => true,
                CaseResult::Skipped => continue,
            };
            let past = all.entry(name_in(map, &case.suite, &case.name)).or_default();
            past.runs += 1;
            past.failed += u64::from(has_failed);
            past.failed_last = has_failed;
            past.duration_s = case.duration_s.or(past.duration_s);
        }
    }
    Ok(all)
}

fn report(path: &Path) -> Result<Normal, Failure> {
    let file = File::open(path).map_err(|it| refused(path, &it))?;
    let name = path.file_name().and_then(|it| it.to_str());
    evidence::read(Source::new(&mut BufReader::new(file)), name, None).map_err(|it| refused(path, &it))
}

/// Maps and reports call the same test differently: `tests/test_a.py::test_b` is `test_b` of a suite. What cannot be told
/// apart stays a name of its own, so it is run.
fn name_in(map: &CoverageMap, suite: &str, test: &str) -> String {
    let whole = format!("{suite}::{test}");
    for exact in [test, whole.as_str()] {
        if map.contains_key(exact) {
            return exact.to_owned();
        }
    }
    let ends = |name: &&String| {
        name.strip_suffix(test).is_some_and(|rest| rest.ends_with("::") || rest.ends_with('.'))
    };
    let mut alike = map.keys().filter(ends);
    match (alike.next(), alike.next()) {
        (Some(one), None) => one.clone(),
        _ => test.to_owned(),
    }
}

fn render(selection: &Selection, paint: Paint) -> String {
    let mut table = Table::new(["TEST", "WHY"]);
    for it in &selection.selected {
        table.row([&it.test, &it.why]);
    }
    let mut text = table.render(paint, "The change calls for no test.");
    let n_left = selection.left_out.len();
    if n_left > 0 {
        let percent = selection.risk * 100.0;
        text +=
            &format!("\n{n_left} tests are left out; the chance that one of them fails is {percent:.2} %\n");
        for it in selection.left_out.iter().take(10) {
            text += &format!("  {:.2} %  {}  ({} runs)\n", it.risk * 100.0, plain(&it.test), it.runs);
        }
        if n_left > 10 {
            text += &format!("  and {} more\n", n_left - 10);
        }
    }
    if selection.shards.len() > 1 {
        text += "\n";
        for (idx, it) in selection.shards.iter().enumerate() {
            text += &format!("shard {}: {} tests, {:.1} s\n", idx + 1, it.tests.len(), it.expected_s);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_of_reports_are_found_in_the_map() {
        let names = ["t.py::a", "u.py::a", "v.py::b", "shop.c"];
        let map: CoverageMap = names.map(|it| (it.to_owned(), std::collections::BTreeSet::new())).into();
        assert_eq!(name_in(&map, "v", "b"), "v.py::b");
        assert_eq!(name_in(&map, "shop", "c"), "shop.c");
        assert_eq!(name_in(&map, "t.py", "a"), "t.py::a");
        assert_eq!(name_in(&map, "x", "a"), "a", "two are called so");
    }
}
