//! `shipway diff`

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;
use shipway_api::view::resource::{Applied, Change, ResourceChange};

use super::apply;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, plain};
use crate::settings::ConnectionArgs;

/// Show what `shipway apply` would change
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway diff shop/
  shipway diff services.yaml -o json")]
pub(crate) struct Diff {
    /// Files; folders are walked, `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Diff {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let applied = apply::send(connection, &self.files, true).await?;
        self.output.show(&applied, |paint| render(&applied, paint))
    }
}

/// A line per resource that changes, and one per field below it.
pub(super) fn render(applied: &Applied, paint: Paint) -> String {
    let mut text = String::new();
    for change in &applied.changes {
        text += &resource_line(change, paint);
        for field in &change.diff {
            let (before, after) = (value(field.before.as_ref()), value(field.after.as_ref()));
            text += &format!("    {}: {} → {}\n", plain(&field.path), paint.bad(&before), paint.good(&after));
        }
    }
    let count = |wanted| applied.changes.iter().filter(|it| it.change == wanted).count();
    let (created, updated, unchanged) =
        (count(Change::Created), count(Change::Updated), count(Change::Unchanged));
    text + &format!("{created} created, {updated} updated, {unchanged} unchanged\n")
}

fn resource_line(change: &ResourceChange, paint: Paint) -> String {
    let key = &change.key;
    match change.change {
        Change::Created => format!("{} {key}\n", paint.good("+")),
        Change::Updated => format!("{} {key}\n", paint.warn("~")),
        Change::Unchanged => format!("{}\n", paint.dim(&format!("= {key}"))),
    }
}

fn value(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |it| plain(&it.to_string()))
}
