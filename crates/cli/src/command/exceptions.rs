//! `shipway exceptions`

use clap::Args;
use shipway_api::operations::register::{ListRegister, RegisterQuery};
use shipway_api::view::register::{ExceptionKind, RegisterEntry};

use crate::connection::{connect, pages};
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, time};
use crate::settings::ConnectionArgs;

/// List everything that was let through although a rule would have stopped it
///
/// Exceptions from calendars, waivers of gates, hotfixes, what came into a frozen scope, and privilege for a time: what, why,
/// whose, by whose word, until when, and what went through on account of it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway exceptions --open
  shipway exceptions --kind waiver
  shipway exceptions -o json")]
pub(crate) struct Exceptions {
    /// calendar, waiver, hotfix, late-item or privilege
    #[arg(long, value_parser = parse_kind)]
    kind: Option<ExceptionKind>,
    /// Leave out what is over
    #[arg(long)]
    open: bool,
    #[command(flatten)]
    output: OutputArgs,
}

impl Exceptions {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let open = self.open.then_some(true);
        let all = pages(async |page| {
            let query = RegisterQuery { kind: self.kind, open, cursor: page.cursor, limit: page.limit };
            Ok(client.call::<ListRegister>((), query, ()).await?.value)
        })
        .await?;
        self.output.show(&all, |paint| render(&all, paint))
    }
}

fn render(entries: &[RegisterEntry], paint: Paint) -> String {
    let heading = ["KIND", "ID", "STANDING", "WHAT", "ENDS", "OWNER", "APPROVED BY", "TOUCHED", "WHY"];
    let mut table = Table::new(heading);
    for it in entries {
        let (ends, approved) = (it.expires.map(time).unwrap_or_default(), it.approved_by.join(", "));
        let touched = it.touched.join("; ");
        table.row([
            it.kind.as_str(),
            &it.id,
            &it.standing,
            &it.what,
            &ends,
            &it.owner,
            &approved,
            &touched,
            &it.why,
        ]);
    }
    table.render(paint, "No exception was asked for.")
}

fn parse_kind(text: &str) -> Result<ExceptionKind, String> {
    serde_json::from_value(text.into())
        .map_err(|_| "the kinds are calendar, waiver, hotfix, late-item and privilege".to_owned())
}
