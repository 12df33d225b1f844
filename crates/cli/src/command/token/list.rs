//! `shipway token list`

use clap::Args;
use shipway_api::operations::token::ListTokens;
use shipway_api::permission::role_word;

use crate::connection::{connect, pages};
use crate::failure::Outcome;
use crate::output::{OutputArgs, Table, time};
use crate::settings::ConnectionArgs;

/// List the tokens that are valid
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway token list
  shipway token list -o json")]
pub(crate) struct List {
    #[command(flatten)]
    output: OutputArgs,
}

impl List {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let tokens = pages(async |query| Ok(client.call::<ListTokens>((), query, ()).await?.value)).await?;
        self.output.show(&tokens, |paint| {
            let mut table = Table::new(["NAME", "ROLE", "ISSUED", "BY", "ENDS", "ID"]);
            for it in &tokens {
                let ends = it.expires.map_or_else(|| "never".to_owned(), time);
                let (issued, id) = (time(it.issued_at), it.id.to_string());
                table.row([&it.name, role_word(it.role), &issued, &it.issued_by, &ends, &id]);
            }
            table.render(paint, "No token is valid.")
        })
    }
}
