//! `shipway config show`

use clap::Args;
use serde::Serialize;

use crate::failure::Outcome;
use crate::output::{OutputArgs, Table};
use crate::settings::{ConnectionArgs, Origin, Setting, Settings};

/// Show which settings hold, and who gave each
///
/// A flag wins over the environment, the environment over the config file. The token itself is not shown.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway config show
  shipway config show --config ./ci.yaml -o json")]
pub(crate) struct Show {
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Serialize)]
struct Row {
    name: &'static str,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<Origin>,
}

impl Show {
    pub(crate) fn run(self, connection: &ConnectionArgs) -> Outcome {
        let rows = rows(Settings::resolve(connection)?);
        self.output.show(&rows, |paint| {
            let mut table = Table::new(["SETTING", "VALUE", "FROM"]);
            for row in &rows {
                let origin = row.origin.as_ref().map(ToString::to_string).unwrap_or_default();
                table.row([row.name, &row.value, &origin]);
            }
            table.render(paint, "")
        })
    }
}

fn rows(settings: Settings) -> Vec<Row> {
    let file = match &settings.config {
        Some(path) if path.exists() => path.display().to_string(),
        Some(path) => format!("{} (not there)", path.display()),
        None => "none".to_owned(),
    };
    let token = match settings.token {
        Some(Setting { value, origin }) => Row { name: "token", value: hidden(&value), origin: Some(origin) },
        None => Row { name: "token", value: "none".to_owned(), origin: None },
    };
    let server = Row { name: "server", value: settings.server.value, origin: Some(settings.server.origin) };
    vec![server, token, Row { name: "config file", value: file, origin: None }]
}

/// Nothing of it: what stands there may be a password of something else.
fn hidden(token: &str) -> String {
    format!("{} characters, hidden", token.chars().count())
}
