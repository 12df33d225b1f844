//! `shipway alert mark`

use clap::Args;
use jiff::Timestamp;
use shipway_api::operations::alert::{NewMarker, SetMarker};
use shipway_model::Name;

use crate::command::calendar::instant;
use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::{OutputArgs, plain, time};
use crate::settings::ConnectionArgs;

/// Tell of a change that was made elsewhere, so that alerts after it name it
///
/// Such as one of a feature flag, or of what a vendor runs. It is recorded, so it may not name a person.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway alert mark \"flag new-checkout: off to on\" --service checkout --env production
  shipway alert mark \"DNS moved\" --at 2026-03-14T09:20:40Z")]
pub(crate) struct Mark {
    /// What changed
    what: String,
    /// The service that it touches; all when left out
    #[arg(long)]
    service: Option<Name>,
    /// Where; everywhere when left out
    #[arg(long = "env", value_name = "ENVIRONMENT")]
    environment: Option<Name>,
    /// When it took effect; now when left out
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    at: Option<Timestamp>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Mark {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let Self { what, service, environment, at, output } = self;
        let client = connect(connection)?;
        let marker =
            once(client.call::<SetMarker>((), (), NewMarker { what, at, service, environment })).await?.value;
        output.show(&marker, |_| {
            let of = |name: &Option<Name>, all: &str| name.as_ref().map_or(all.to_owned(), Name::to_string);
            let (service, environment) =
                (of(&marker.service, "all services"), of(&marker.environment, "all environments"));
            format!("{} at {}: {}, {}\n", plain(&marker.what), time(marker.at), service, environment)
        })
    }
}
