//! `shipway analysis logs`

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;
use shipway_analysis::canary::Arm;
use shipway_analysis::logs::{Change, Logs as Comparison, Report, Rule, Signatures, Structure};
use shipway_model::resource::Kind;

use super::files::{self, Lines};
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, Paint, Table, plain};

/// Compare the logs of two versions: templates that are new or more frequent, known failures, broken structure
///
/// Lines may be text or JSON objects. Templates are mined from both files, and of the findings that are told at most the
/// given share is false, on average. The exit code is 0 whatever is found.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway analysis logs --control old.log --canary new.log
  shipway analysis logs --control old.log --canary new.log --signatures failures.yaml -o json
  shipway analysis logs --control old.log --canary new.log --structure lines.yaml
  shipway analysis logs --control old.log --canary new.log --control-requests 90000 --canary-requests 10000")]
pub(crate) struct Logs {
    /// Lines of the version being replaced; `-` is standard input
    #[arg(long, value_name = "FILE")]
    control: PathBuf,
    /// Lines of the new version
    #[arg(long, value_name = "FILE")]
    canary: PathBuf,
    /// YAML or JSON: a document of kind LogSignatures, or its `signatures` alone, each with `name`, `pattern` (`*` is anything), `level` and `advice`
    #[arg(long, value_name = "FILE")]
    signatures: Option<PathBuf>,
    /// YAML or JSON: the fields that every line has (`required`) or may have (`optional`), each with its type
    #[arg(long, value_name = "FILE")]
    structure: Option<PathBuf>,
    /// Share of the findings that may be false
    #[arg(long, value_name = "SHARE", default_value_t = 0.05, value_parser = share)]
    false_discoveries: f64,
    /// Ratio of rates up to which a template is not more frequent
    #[arg(long, value_name = "RATIO", default_value_t = 2.0, value_parser = ratio)]
    margin: f64,
    /// What the rates are relative to, instead of the lines
    #[arg(long, value_name = "N", requires = "canary_requests")]
    control_requests: Option<u64>,
    #[arg(long, value_name = "N", requires = "control_requests")]
    canary_requests: Option<u64>,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn share(text: &str) -> Result<f64, String> {
    let found = text.parse().ok().filter(|it| (1e-6..=0.5).contains(it));
    found.ok_or_else(|| "it goes from 0.000001 to 0.5".to_owned())
}

pub(super) fn ratio(text: &str) -> Result<f64, String> {
    let found = text.parse().ok().filter(|it| (1.0..=100.0).contains(it));
    found.ok_or_else(|| "it goes from 1 to 100".to_owned())
}

impl Logs {
    pub(crate) fn run(self) -> Outcome {
        let mut logs = Comparison::new(self.signatures()?);
        if let Some(path) = &self.structure {
            logs = logs.declared(files::read::<Structure>(path)?);
        }
        for (arm, path) in [(Arm::Control, &self.control), (Arm::Canary, &self.canary)] {
            read(&mut logs, arm, path)?;
        }
        let report = logs.report(&Rule {
            false_discoveries: self.false_discoveries,
            margin: self.margin,
            control_requests: self.control_requests,
            canary_requests: self.canary_requests,
        });
        self.output.show(&report, |paint| render(&report, paint))
    }

    fn signatures(&self) -> Result<Signatures, Failure> {
        let Some(path) = &self.signatures else { return Ok(Signatures::default()) };
        let declared = files::read::<Value>(path)?;
        let signatures: Signatures = match declared.get("kind") {
            Some(kind) if kind == Kind::LogSignatures.as_str() => {
                let spec = declared.get("spec").cloned().unwrap_or_default();
                serde_json::from_value(spec).map_err(|it| files::refused(path, &it.to_string()))?
            }
            _ => files::read(path)?,
        };
        signatures.check().map_err(|it| files::refused(path, &it.to_string()))?;
        Ok(signatures)
    }
}

fn read(logs: &mut Comparison, arm: Arm, path: &Path) -> Result<(), Failure> {
    let mut lines = Lines::open(path)?;
    // Bytes that are no text are part of what programs log.
    while let Some((_, text)) = lines.next_text()? {
        logs.read_line(arm, &text);
    }
    Ok(())
}

fn render(report: &Report, paint: Paint) -> String {
    let verdict = if report.is_worse { paint.bad("worse") } else { paint.good("not shown to be worse") };
    let mut text = format!(
        "{verdict}: {} lines of control, {} of the canary, {} templates\n\n",
        report.control_lines, report.canary_lines, report.templates
    );
    let mut table = Table::new(["CHANGE", "LEVEL", "CONTROL", "CANARY", "P", "TEMPLATE"]);
    for it in &report.findings {
        let change = match it.change {
            Change::New => "new",
            Change::MoreOften => "more often",
            Change::LessOften => "less often",
            Change::Gone => "gone",
        };
        let level = it.level.map_or_else(|| "-".to_owned(), |it| format!("{it:?}").to_lowercase());
        let p_value = format!("{:.1e}", it.p_value);
        table.row([
            change,
            &level,
            &it.control.to_string(),
            &it.canary.to_string(),
            &p_value,
            &plain(&it.template),
        ]);
    }
    text += &table.render(paint, "No template became more or less frequent.");
    for reason in &report.reasons {
        text += &format!("\n{}", plain(reason));
    }
    text + "\n"
}
