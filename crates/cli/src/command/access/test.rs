//! `shipway access test`

use std::path::{Path, PathBuf};

use clap::Args;
use serde::{Deserialize, Serialize};
use shipway_model::Name;
use shipway_model::access::Question;
use shipway_model::resource::{AccessPolicy, Spec, file};
use shipway_policy::cedar::Rules;

use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, Paint, plain};
use crate::{access, source};

/// Run the tests of access policies, without a control plane
///
/// A test file names files with AccessPolicies and cases. Each case is a question as `shipway access why -o json` shows it,
/// and what is expected: `allowed` or `refused`, and, where it matters, the policies that decide. The exit code is 1 when a
/// case did not hold.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway access test access/releasers.test.yaml
  shipway access test access/*.test.yaml -o json

A test file:
  policies: [releasers.yaml]
  cases:
    - name: an operator of another team does not ship to production
      question:
        principal: { kind: Person, name: ben, roles: [operator], teams: [search] }
        action: startRollout
        resource: { kind: Rollout, name: new }
        environment: production
      expect: refused
      because: [releasers/shop-alone]")]
pub(crate) struct Test {
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Suite {
    /// Relative to the file. The shipped policies hold beside them.
    #[serde(default)]
    policies: Vec<PathBuf>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    question: Question,
    expect: Expected,
    /// All of these must be among the policies that decide.
    #[serde(default)]
    because: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Expected {
    Allowed,
    Refused,
}

/// How one case went.
#[derive(Serialize)]
struct Held {
    file: String,
    case: String,
    held: bool,
    faults: Vec<String>,
}

impl Test {
    pub(super) fn run(self) -> Outcome {
        let mut all = Vec::new();
        for path in &self.files {
            all.extend(run(path)?);
        }
        let exit = if all.iter().all(|it| it.held) { Exit::Ok } else { Exit::Failed };
        self.output.show(&all, |paint| render(&all, paint))?;
        Ok(exit)
    }
}

fn run(path: &Path) -> Result<Vec<Held>, Failure> {
    let shown = path.display().to_string();
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::new(format!("{shown}: {error}"), "shipway access test --help")
    };
    let text = std::fs::read_to_string(path).map_err(|it| wrong(&it))?;
    let suite: Suite = serde_saphyr::from_str(&text).map_err(|it| wrong(&it))?;
    if suite.cases.is_empty() {
        return Err(wrong(&"it has no case, so it would prove nothing"));
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let paths: Vec<PathBuf> = suite.policies.iter().map(|it| folder.join(it)).collect();
    let declared = if paths.is_empty() { Vec::new() } else { policies(&paths)? };
    let borrowed: Vec<(Name, &AccessPolicy)> = declared.iter().map(|(name, it)| (name.clone(), it)).collect();
    let rules = Rules::compile(&borrowed, &access::actions()).map_err(|faults| {
        let told: Vec<String> = faults.iter().map(|it| format!("{}: {}", it.policy, it.message)).collect();
        wrong(&told.join("\n"))
    })?;
    Ok(suite.cases.iter().map(|case| held(&shown, case, &rules)).collect())
}

fn held(file: &str, case: &Case, rules: &Rules) -> Held {
    let ruling = rules.decide(&case.question);
    let found = if ruling.allowed { Expected::Allowed } else { Expected::Refused };
    let mut faults = Vec::new();
    if found != case.expect {
        let because =
            if ruling.because.is_empty() { "no policy".to_owned() } else { ruling.because.join(", ") };
        let word = if ruling.allowed { "allowed" } else { "refused" };
        faults.push(format!("it is {word} by {because}"));
    }
    let missing = case.because.iter().filter(|it| !ruling.because.contains(it));
    faults.extend(missing.map(|it| format!("{it} does not decide it; {} do", ruling.because.join(", "))));
    faults.extend(ruling.errors);
    Held { file: file.to_owned(), case: case.name.clone(), held: faults.is_empty(), faults }
}

fn policies(paths: &[PathBuf]) -> Result<Vec<(Name, AccessPolicy)>, Failure> {
    let sources = source::collect(paths)?;
    let given: Vec<String> = paths.iter().map(|it| it.display().to_string()).collect();
    let again = format!("shipway validate {}", given.join(" "));
    let located = file::read(&source::borrowed(&sources)).map_err(|it| Failure::of_files(it, again))?;
    let policies: Vec<_> = located
        .into_iter()
        .filter_map(|it| match it.resource.spec {
            Spec::AccessPolicy(policy) => Some((it.resource.metadata.name, policy)),
            _ => None,
        })
        .collect();
    match policies.is_empty() {
        true => Err(Failure::new(
            "there is no document of kind AccessPolicy in what was given",
            "shipway schema AccessPolicy",
        )),
        false => Ok(policies),
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
    text + &format!("\n{n_held} of {} cases held\n", all.len())
}
