//! SARIF 2.1.0 (OASIS): results of static analysis, and of the scanners that write it besides their own formats.
//!
//! A result becomes a finding unless it says that nothing is wrong (`kind` of `pass` or `notApplicable`) or that it
//! is gone (`baselineState` of `absent`). A run without `results`, and a run that failed without any, scanned
//! nothing as far as the document tells: where all runs are so, the normal form has no findings rather than none.
//!
//! Severity, first that applies (section numbers are the standard's):
//!
//! | from | severity |
//! |---|---|
//! | `security-severity` of the result or its rule | the band of the score |
//! | `level` of the result, else of the run's override (3.20.5), else of the rule's default (3.50.3), else `warning` (3.27.10) | `error` high, `warning` medium, `note` low, `none` none |
//! | no level and a `kind` of `open` or `review` | unknown: nobody has decided yet |

mod result;
mod rule;

use serde::Deserialize;
use shipway_model::evidence::Normal;

use self::result::{ArtifactLocation, Results};
use self::rule::{Override, Rules, Tool};
use super::gathered::{Findings, Gather, Gathered};
use super::remarks::remark;
use super::{Fault, Format, Head, Sniff, Source, json};

pub(super) const FORMAT: Format = Format {
    name: "sarif",
    summary: "SARIF 2.1.0, of any static analyser or scanner that writes it.",
    sniff,
    read,
};

fn sniff(head: &Head<'_>) -> Sniff {
    if !head.text.starts_with('{') {
        return Sniff::No;
    }
    // Python's tools write the keys in any order: a large file may name its schema only at its end.
    let named = head.text.contains("sarif") && head.text.contains("\"runs\"");
    let shaped = ["\"runs\"", "\"tool\"", "\"driver\""].iter().all(|it| head.text.contains(it));
    match (named, shaped) {
        (true, _) => Sniff::Sure,
        (false, true) => Sniff::Maybe,
        (false, false) => Sniff::No,
    }
}

/// Most tools that are named.
const TOOLS_MAX: usize = 20;

#[derive(Deserialize)]
struct Log {
    version: String,
    runs: Option<Gathered<Runs>>,
    #[serde(rename = "inlineExternalProperties")]
    external: Option<Gathered<Elsewhere>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    invocations: Option<Vec<Invocation>>,
    results: Option<Gathered<Results>>,
    artifacts: Option<Vec<Artifact>>,
    taxonomies: Option<Vec<Taxonomy>>,
    version_control_provenance: Option<Vec<Revision>>,
    external_property_file_references: Option<External>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: Option<bool>,
    start_time_utc: Option<String>,
    end_time_utc: Option<String>,
    rule_configuration_overrides: Option<Vec<Override>>,
}

#[derive(Deserialize)]
struct Artifact {
    location: Option<ArtifactLocation>,
}

#[derive(Deserialize)]
struct Taxonomy {
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Revision {
    repository_uri: Option<String>,
    revision_id: Option<String>,
}

#[derive(Deserialize)]
struct External {
    results: Option<Gathered<Elsewhere>>,
}

/// Results that are not in their run: nothing of them is read but that they are there.
#[derive(Default)]
struct Elsewhere(u64);

impl Gather for Elsewhere {
    type Item = serde::de::IgnoredAny;

    fn gather(&mut self, _: Self::Item) {
        self.0 += 1;
    }
}

/// What the runs add up to.
#[derive(Default)]
struct Runs {
    findings: Findings,
    scanned: u64,
    silent: u64,
    /// Names and versions, each once.
    tools: Vec<(String, Option<String>)>,
    created_at: Option<String>,
    about: Option<String>,
    remarks: Vec<String>,
}

impl Gather for Runs {
    type Item = Run;

    fn gather(&mut self, run: Run) {
        let Run { tool, invocations, results, artifacts, taxonomies, version_control_provenance, .. } = run;
        let name = tool.driver.name.clone().unwrap_or_default();
        let invocations = invocations.unwrap_or_default();
        let failed = invocations.iter().any(|it| it.execution_successful == Some(false));
        if failed {
            remark(&mut self.remarks, || format!("a run of {name} says that it did not succeed"));
        }
        if run.external_property_file_references.and_then(|it| it.results).is_some_and(|it| it.0.0 > 0) {
            remark(&mut self.remarks, || {
                format!("a run of {name} keeps results in other files, which are not read")
            });
        }
        let times =
            invocations.iter().filter_map(|it| it.end_time_utc.as_ref().or(it.start_time_utc.as_ref()));
        self.created_at = times.max().cloned().or(self.created_at.take());
        let revision = version_control_provenance.into_iter().flatten().find_map(Revision::about);
        self.about = self.about.take().or(revision);

        match results {
            Some(Gathered(results)) if !(failed && results.is_empty()) => {
                self.scanned += 1;
                let overrides =
                    invocations.into_iter().flat_map(|it| it.rule_configuration_overrides).flatten();
                let taxonomies = taxonomies.into_iter().flatten().map(|it| it.name.unwrap_or_default());
                let rules = Rules::new(&tool, overrides.collect(), taxonomies.collect());
                let files: Vec<String> = artifacts
                    .into_iter()
                    .flatten()
                    .map(|it| it.location.and_then(|it| it.uri).unwrap_or_default())
                    .collect();
                results.settle(&rules, &files, &mut self.findings, &mut self.remarks);
            }
            _ => {
                self.silent += 1;
                remark(&mut self.remarks, || {
                    format!("a run of {name} has no results: it shows nothing, not that nothing was found")
                });
            }
        }
        let version = tool.driver.version.or(tool.driver.semantic_version);
        if self.tools.len() < TOOLS_MAX && !self.tools.iter().any(|it| it.0 == name) {
            self.tools.push((name, version));
        }
    }
}

impl Revision {
    fn about(self) -> Option<String> {
        match (self.repository_uri, self.revision_id) {
            (Some(repository), Some(revision)) => Some(format!("{repository}@{revision}")),
            (repository, revision) => repository.or(revision),
        }
    }
}

fn read(source: Source<'_>) -> Result<Normal, Fault> {
    let log: Log = json::read(source)?;
    if log.version != "2.1.0" {
        return Err(Fault::new(format!("SARIF `{}` is not read; 2.1.0 is", log.version)));
    }
    let runs = log.runs.unwrap_or_default().0;
    let mut normal = Normal {
        format: FORMAT.name.to_owned(),
        format_version: Some(log.version),
        created_at: runs.created_at,
        about: runs.about,
        remarks: runs.remarks,
        ..Normal::default()
    };
    let names: Vec<&str> = runs.tools.iter().map(|it| it.0.as_str()).filter(|it| !it.is_empty()).collect();
    normal.tool = (!names.is_empty()).then(|| names.join(", "));
    if let [(_, version)] = runs.tools.as_slice() {
        normal.tool_version = version.clone();
    }
    if runs.scanned > 0 {
        runs.findings.finish(&mut normal);
    } else if runs.silent == 0 {
        normal
            .remarks
            .push("the document has no run: it shows nothing, not that nothing was found".to_owned());
    }
    if log.external.is_some_and(|it| it.0.0 > 0) {
        normal.remarks.push("external properties within the document are not read".to_owned());
    }
    Ok(normal)
}
