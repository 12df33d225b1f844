//! `shipway access`

use clap::Subcommand;

use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

mod approve;
mod end;
mod grants;
mod request;
mod resource;
mod test;
mod who_can;
mod why;

#[derive(Debug, Subcommand)]
pub(crate) enum Access {
    WhoCan(who_can::WhoCan),
    Why(why::Why),
    Test(test::Test),
    Request(request::Request),
    Approve(approve::Approve),
    End(end::End),
    Grants(grants::Grants),
}

impl Access {
    /// Policies are tested without one.
    pub(crate) fn asks_a_control_plane(&self) -> bool {
        !matches!(self, Self::Test(_))
    }

    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::WhoCan(it) => it.run(connection).await,
            Self::Why(it) => it.run(connection).await,
            Self::Test(it) => it.run(),
            Self::Request(it) => it.run(connection).await,
            Self::Approve(it) => it.run(connection).await,
            Self::End(it) => it.run(connection).await,
            Self::Grants(it) => it.run(connection).await,
        }
    }
}
