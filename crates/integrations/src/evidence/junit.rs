//! JUnit XML, the one report that every test runner writes and nobody ever specified.

use shipway_model::evidence::{Case, CaseResult, Normal, Tests};

use super::xml::{Node, Reader};
use super::{Fault, Format, Head, MESSAGE_CHARS_MAX, Sniff, Source};

mod gathered;
mod suite;

use gathered::Gathered;
use suite::Suite;

pub(super) const FORMAT: Format = Format {
    name: "junit",
    summary: "JUnit XML of any test runner: pytest, Maven, Gradle, Jest, Vitest, nextest, Go converters.",
    sniff,
    read,
};

/// Most messages of failures that are kept; the rest is counted.
const MESSAGES_MAX: usize = 10_000;

fn sniff(head: &Head<'_>) -> Sniff {
    match head.root() {
        Some("testsuites" | "testsuite") => Sniff::Sure,
        _ => Sniff::No,
    }
}

fn read(source: Source<'_>) -> Result<Normal, Fault> {
    let mut xml = Reader::new(source);
    let mut normal = Normal { format: FORMAT.name.to_owned(), ..Normal::default() };
    let mut gathered = Gathered::default();
    let mut suites: Vec<Suite> = Vec::new();
    while let Some(node) = xml.next()? {
        match node {
            Node::Start => match xml.name() {
                "testsuites" | "testsuite" => {
                    let suite = Suite::begin(&xml, suites.last())?;
                    normal.created_at = normal.created_at.or_else(|| suite.created_at.clone());
                    normal.tool = normal.tool.or_else(|| tool(&xml).map(str::to_owned));
                    suites.push(suite);
                }
                name => match (suites.last_mut(), name) {
                    (None, name) => return Err(xml.fault(format!("`<{name}>` is no test suite"))),
                    (Some(suite), "testcase") => {
                        let (case, n_faults) = read_case(&mut xml, suite)?;
                        suite.count(&case, n_faults);
                        gathered.take(case);
                    }
                    // A suite that broke before or after its cases.
                    (Some(suite), "error" | "failure") => {
                        let result = if name == "error" { CaseResult::Error } else { CaseResult::Failed };
                        let case = suite.as_case(result, message(&mut xml)?);
                        suite.count(&case, 1);
                        gathered.take(case);
                    }
                    _ => xml.skip()?,
                },
            },
            Node::Text => {}
            Node::End => {
                let ended = suites.pop().ok_or_else(|| xml.fault("a suite ends that did not begin"))?;
                gathered.end_suite(&ended, suites.last_mut());
            }
        }
    }
    gathered.finish(&mut normal);
    Ok(normal)
}

/// Where the document names itself after its tool.
fn tool(xml: &Reader<'_>) -> Option<&'static str> {
    let schema = xml.attribute("noNamespaceSchemaLocation").unwrap_or_default();
    match xml.attribute("name").unwrap_or_default() {
        "pytest" | "pytest tests" => Some("pytest"),
        "jest tests" => Some("jest"),
        "vitest tests" => Some("vitest"),
        "Mocha Tests" => Some("mocha"),
        "nextest-run" => Some("cargo-nextest"),
        "AllTests" => Some("googletest"),
        _ if schema.contains("surefire") => Some("maven-surefire"),
        _ => None,
    }
}

/// A case, and how many failures and errors stand in it, those of earlier runs too.
fn read_case(xml: &mut Reader<'_>, suite: &Suite) -> Result<(Case, u64), Fault> {
    let text = |name: &str| xml.attribute(name).filter(|it| !it.is_empty()).map(str::to_owned);
    // GoogleTest says so by an attribute alone.
    let not_run = ["status", "result"].iter().filter_map(|it| xml.attribute(it));
    let not_run =
        not_run.into_iter().any(|it| matches!(it, "notrun" | "skipped" | "suppressed" | "disabled"));
    let mut case = Case {
        suite: suite.path.clone(),
        class: text("classname"),
        name: text("name").unwrap_or_default(),
        result: if not_run { CaseResult::Skipped } else { CaseResult::Passed },
        flaky: false,
        duration_s: seconds(xml.attribute("time")),
        message: None,
        file: text("file"),
        line: text("line").and_then(|it| it.parse().ok()),
    };
    let depth = xml.depth();
    let (mut was_rerun, mut n_faults) = (false, 0);
    while let Some(node) = xml.next()? {
        if node == Node::End && xml.depth() == depth {
            break;
        }
        if node != Node::Start {
            continue;
        }
        match xml.name() {
            name @ ("failure" | "error") => {
                n_faults += 1;
                let result = if name == "error" { CaseResult::Error } else { CaseResult::Failed };
                fail(&mut case, result, message(xml)?);
            }
            "skipped" | "disabled" | "ignored" => {
                if case.result == CaseResult::Passed {
                    case.result = CaseResult::Skipped;
                }
                xml.skip()?;
            }
            // Surefire before 3 counts every run of a test.
            "rerunFailure" | "rerunError" => {
                n_faults += 1;
                xml.skip()?;
            }
            "flakyFailure" | "flakyError" => {
                n_faults += 1;
                was_rerun = true;
                let said = message(xml)?;
                case.message = case.message.or(said);
            }
            _ => xml.skip()?,
        }
    }
    case.flaky = was_rerun && case.result == CaseResult::Passed;
    Ok((case, n_faults))
}

/// An error weighs more than a failure; the first message stays.
fn fail(case: &mut Case, result: CaseResult, message: Option<String>) {
    if case.result != CaseResult::Error {
        case.result = result;
    }
    case.message = case.message.take().or(message);
}

/// The attribute, or else the text.
fn message(xml: &mut Reader<'_>) -> Result<Option<String>, Fault> {
    let attribute = xml.attribute("message").filter(|it| !it.trim().is_empty());
    let attribute = attribute.map(|it| it.chars().take(MESSAGE_CHARS_MAX).collect::<String>());
    let text = xml.text_within(if attribute.is_some() { 0 } else { MESSAGE_CHARS_MAX })?;
    Ok(attribute.or_else(|| Some(text.trim().to_owned())).filter(|it| !it.is_empty()))
}

/// Seconds in the dialects of several locales: `1.5`, `1,234.5`, `1,5`. None for what is no duration.
fn seconds(text: Option<&str>) -> Option<f64> {
    let text = text?.trim().trim_end_matches('s');
    let text = if text.contains('.') { text.replace(',', "") } else { text.replacen(',', ".", 1) };
    text.parse().ok().filter(|it: &f64| it.is_finite() && *it >= 0.0)
}

#[cfg(test)]
mod tests;
