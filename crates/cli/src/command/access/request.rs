//! `shipway access request`

use clap::Args;
use shipway_api::operations::access::RequestGrant;
use shipway_model::access::Privilege;
use shipway_model::event::Role;
use shipway_model::{Millis, Name};

use super::grants::render;
use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Ask for a role for a while; an admin other than you has to say yes
///
/// It lasts from the moment of the yes for as long as was asked, one minute to a day, and ends by itself. Everything done on
/// account of it is recorded and listed with it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway access request --role operator --env production --for 30m --reason \"the payment queue is stuck\"
  shipway access request --role admin --for 1h --reason \"new router address\"
  shipway access request --role operator --env production --for 20m --run https://ci.example.org/shop/runs/4711 --reason \"it ships the release\"")]
pub(crate) struct Request {
    #[arg(long, value_name = "ROLE", value_parser = crate::command::token::parse_role)]
    role: Role,
    /// Only in this environment; may be repeated
    #[arg(long = "env", value_name = "ENV")]
    environments: Vec<Name>,
    /// For this long
    #[arg(long = "for", value_name = "DURATION")]
    duration: Millis,
    /// Why it is needed
    #[arg(long)]
    reason: String,
    /// The run of a pipeline that needs it, as the CI names it; machines have to say it
    #[arg(long, default_value = "")]
    run: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl Request {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let privilege = Privilege {
            role: self.role,
            environments: self.environments.into_iter().collect(),
            duration: self.duration,
            reason: self.reason,
            run: self.run,
        };
        let view = once(connect(connection)?.call::<RequestGrant>((), (), privilege)).await?.value;
        self.output.show(&view, |paint| {
            let next = format!("{} shipway access approve {}\n", paint.dim("next, by an admin:"), view.id);
            render(std::slice::from_ref(&view), paint) + &next
        })
    }
}
