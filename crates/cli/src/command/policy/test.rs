//! `shipway policy test`

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shipway_model::Name;
use shipway_model::gate::Status;
use shipway_policy::Facts;

use super::files;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, Paint, plain};
use crate::sandbox::decide;

/// Run the tests of policies
///
/// A test file names its policies and cases. `facts` of the file are what every case begins with; a case's own are merged
/// over them, object by object. `expect` says a status for each gate that matters: satisfied, missing, failed, waived
/// or waiting. The exit code is 1 when a case did not hold.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway policy test policies/production.test.yaml
  shipway policy test policies/*.test.yaml -o json

A test file:
  policies: [production.yaml]
  facts: {…}
  cases:
    - name: without a scan nothing goes
      facts: { evidence: [] }
      expect: { scan: missing }")]
pub(crate) struct Test {
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Suite {
    /// Relative to the file.
    policies: Vec<PathBuf>,
    #[serde(default)]
    facts: Value,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    facts: Value,
    expect: BTreeMap<Name, Status>,
}

/// How one case went.
#[derive(Serialize)]
struct Held {
    file: String,
    case: String,
    held: bool,
    /// One sentence per gate that said something else.
    faults: Vec<String>,
}

impl Test {
    pub(crate) fn run(self) -> Outcome {
        let mut all = Vec::new();
        for path in &self.files {
            let shown = path.display().to_string();
            let wrong = |error: &dyn std::fmt::Display| {
                Failure::new(format!("{shown}: {error}"), "shipway policy test --help")
            };
            let suite: Suite = serde_saphyr::from_str(&files::text(path)?).map_err(|it| wrong(&it))?;
            if suite.cases.is_empty() {
                return Err(wrong(&"it has no case, so it would prove nothing"));
            }
            let folder = path.parent().unwrap_or(std::path::Path::new("."));
            let paths: Vec<PathBuf> = suite.policies.iter().map(|it| folder.join(it)).collect();
            let policies = files::policies(&paths)?;
            for case in suite.cases {
                let mut facts = suite.facts.clone();
                merge(&mut facts, case.facts);
                let facts: Facts = serde_json::from_value(facts)
                    .map_err(|error| wrong(&format!("the facts of `{}` do not read: {error}", case.name)))?;
                if case.expect.is_empty() {
                    return Err(wrong(&format!(
                        "`{}` expects nothing, so it would prove nothing",
                        case.name
                    )));
                }
                let answer = decide(&policies, &facts);
                let faults: Vec<String> = case
                    .expect
                    .iter()
                    .flat_map(|(gate, expected)| differences(gate, *expected, &answer.requirements))
                    .collect();
                all.push(Held { file: shown.clone(), case: case.name, held: faults.is_empty(), faults });
            }
        }
        let exit = if all.iter().all(|it| it.held) { Exit::Ok } else { Exit::Failed };
        self.output.show(&all, |paint| render(&all, paint))?;
        Ok(exit)
    }
}

fn differences(
    gate: &Name,
    expected: Status,
    requirements: &[shipway_model::gate::Requirement],
) -> Vec<String> {
    let found: Vec<_> = requirements.iter().filter(|it| it.gate == *gate).collect();
    if found.is_empty() {
        return vec![format!("no gate is called {gate}")];
    }
    let of_service = |name: &Option<Name>| name.as_ref().map_or_else(String::new, |it| format!(" of {it}"));
    found
        .into_iter()
        .filter(|it| it.status != expected)
        .map(|it| {
            let (said, service) = (it.status.as_str(), of_service(&it.service));
            format!("{gate}{service} is {said}, not {}: {}", expected.as_str(), it.reasons.join("; "))
        })
        .collect()
}

/// Objects field by field; everything else is replaced.
fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (_, Value::Null) => {}
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                merge(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over,
    }
}

fn render(all: &[Held], paint: Paint) -> String {
    let mut text = String::new();
    for it in all {
        let mark = if it.held { paint.good("held") } else { paint.bad("failed") };
        text += &format!("{mark} {} › {}\n", plain(&it.file), plain(&it.case));
        for fault in &it.faults {
            text += &format!("  {}\n", plain(fault));
        }
    }
    let n_held = all.iter().filter(|it| it.held).count();
    text += &format!("\n{n_held} of {} cases held\n", all.len());
    text
}
