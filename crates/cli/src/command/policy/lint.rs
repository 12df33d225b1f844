//! `shipway policy lint`

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};
use shipway_model::Name;
use shipway_model::resource::policy::{Gate, Require};
use shipway_policy::rego::Said;

use super::files;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, plain};
use crate::sandbox::Sandbox;

/// Look for policies that let pass what they should not
///
/// A Rego module is asked about inputs that prove nothing: none at all, an empty object, and a release without evidence.
/// One that says yes to any of them asserts nothing. Gates that hold nobody back are named too. The exit code is 1 when
/// something was found.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway policy lint policies/
  shipway policy lint policy.yaml -o json")]
pub(crate) struct Lint {
    #[arg(required = true, value_name = "FILE")]
    policies: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Serialize)]
struct Remark {
    policy: Name,
    gate: Name,
    message: String,
}

impl Lint {
    pub(crate) fn run(self) -> Outcome {
        let policies = files::policies(&self.policies)?;
        let mut remarks = Vec::new();
        for (policy, it) in &policies {
            for gate in &it.gates {
                let found = look(gate).into_iter();
                remarks.extend(found.map(|message| Remark {
                    policy: policy.clone(),
                    gate: gate.name.clone(),
                    message,
                }));
            }
        }
        let exit = if remarks.is_empty() { Exit::Ok } else { Exit::Failed };
        self.output.show(&remarks, |paint| render(&remarks, paint))?;
        Ok(exit)
    }
}

fn look(gate: &Gate) -> Vec<String> {
    match &gate.require {
        Require::Rego(rule) => inputs()
            .into_iter()
            .filter_map(|(what, input)| match Sandbox::about(&input).ask(rule) {
                Ok(Said::Allowed) => Some(format!(
                    "the module allows {what}: let `allow` follow from what must be there, never from what is absent"
                )),
                Ok(Said::Denied(_) | Said::Nothing) => None,
                Err(fault) => Some(format!("the module cannot be asked about {what}: {fault}")),
            })
            .collect(),
        Require::Tests(rule) if rule.pass_rate == 0.0 && rule.suites.is_empty() && !rule.no_new_failures => {
            vec!["every test may fail".to_owned()]
        }
        Require::Mutation(rule) if rule.score == 0.0 => vec!["every mutant may survive".to_owned()],
        Require::Coverage(rule) if [rule.lines, rule.branches, rule.functions].contains(&Some(0.0)) => {
            vec!["a bound of 0 % holds nobody back".to_owned()]
        }
        Require::Licences(rule) if rule.allow.is_empty() && rule.deny.is_empty() => {
            vec!["no licence is allowed or denied by name".to_owned()]
        }
        _ => Vec::new(),
    }
}

/// Inputs that prove nothing.
fn inputs() -> [(&'static str, Value); 3] {
    let bare = json!({
        "release": {}, "makers": [], "environment": "production", "at": "2026-01-01T00:00:00Z",
        "services": {}, "documents": [], "evidence": [], "baseline": [], "waivers": [],
    });
    [
        ("no input", Value::Null),
        ("an empty input", json!({})),
        ("a release of nothing, without evidence", bare),
    ]
}

fn render(remarks: &[Remark], paint: Paint) -> String {
    if remarks.is_empty() {
        return format!("{}\n", paint.good("nothing to remark"));
    }
    let line = |it: &Remark| {
        let gate = paint.strong(&format!("{} {}", it.policy, it.gate));
        format!("{gate}: {}\n", plain(&it.message))
    };
    remarks.iter().map(line).collect()
}
