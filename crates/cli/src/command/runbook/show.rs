//! `shipway runbook show`

use std::fmt::Write as _;

use clap::Args;
use shipway_api::operations::runbook::{RunbookPath, ShowRunbook};
use shipway_api::view::runbook::RunbookView;
use shipway_model::Name;

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, plain};
use crate::settings::ConnectionArgs;

/// Show a runbook: its text, its fallbacks, and where each can be run
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway runbook show checkout-operating
  shipway runbook show checkout-operating -o yaml")]
pub(crate) struct Show {
    runbook: Name,
    #[command(flatten)]
    output: OutputArgs,
}

impl Show {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = RunbookPath { runbook: self.runbook };
        let view = connect(connection)?.call::<ShowRunbook>(path, (), ()).await?.value;
        self.output.show(&view, |paint| text(&view, paint))
    }
}

fn text(view: &RunbookView, paint: Paint) -> String {
    let mut text = super::render(std::slice::from_ref(view), paint);
    let _ = writeln!(text, "\n{} {}", paint.dim("revision"), view.revision);
    for reason in view.outdated.iter().flat_map(|it| &it.reasons) {
        let _ = writeln!(text, "{} {}", paint.dim("out of date:"), plain(reason));
    }
    for it in &view.fallbacks {
        let places: Vec<&str> = it.agreed_in.iter().map(|it| it.as_str()).collect();
        let places = if places.is_empty() { "nowhere".to_owned() } else { places.join(", ") };
        let _ = writeln!(
            text,
            "\n{}, agreed to in {places}: {}",
            paint.strong(it.name.as_str()),
            plain(&it.when)
        );
    }
    // Line by line: what people wrote may hold what a terminal would obey.
    let lines: Vec<String> = view.text.lines().map(plain).collect();
    let _ = writeln!(text, "\n{}", lines.join("\n"));
    text
}
