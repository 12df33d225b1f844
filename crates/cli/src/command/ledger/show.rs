//! `shipway ledger show`

use clap::Args;
use shipway_api::operations::ledger::{LedgerQuery, ListLedgerEvents};

use super::line::line;
use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Show events in their order
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway ledger show
  shipway ledger show --from 1200 --limit 10 -o json")]
pub(crate) struct Show {
    /// The first position
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// This many at most
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    #[command(flatten)]
    output: OutputArgs,
}

impl Show {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let query = LedgerQuery { from: Some(self.from), limit: Some(self.limit) };
        let page = connect(connection)?.call::<ListLedgerEvents>((), query, ()).await?.value;
        self.output.show(&page.items, |paint| {
            let mut text: String = page.items.iter().map(|it| line(it, paint)).collect();
            if let Some(next) = &page.next {
                text += &format!("{} shipway ledger show --from {next}\n", paint.dim("next:"));
            }
            text
        })
    }
}
