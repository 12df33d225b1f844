//! `shipway token issue`

use clap::Args;
use jiff::Timestamp;
use shipway_api::operations::token::{IssueToken, NewToken};
use shipway_model::access::TokenScope;
use shipway_model::event::Role;
use shipway_model::{Millis, Name};
use shipway_runtime::{Clock, SystemClock};

use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::{self, OutputArgs, time};
use crate::settings::ConnectionArgs;

/// Issue an access token; its secret is shown once
///
/// A viewer reads; a builder registers builds and seals releases; an operator ships, pauses and takes back; an
/// admin declares and issues tokens; an approver reads and says yes or no; an auditor reads everything; an agent is one
/// host's, and its name is the host's. A token with --service, --env, --operation or --evidence is a machine's: it does no
/// more than these, and whoever issued it answers for it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway token issue ci --role builder --expires 90d
  shipway token issue ci --role builder --service checkout --operation registerArtifact --operation putBlob
  shipway token issue scanner --role builder --operation attachEvidence --operation putBlob --evidence findings --evidence components
  shipway token issue host-a --role agent
  shipway token issue ana --role operator --expires 2027-01-01T00:00:00Z -o json")]
pub(crate) struct Issue {
    /// Who will hold it; of an agent, its host's name
    name: String,
    #[arg(long, value_name = "viewer|builder|operator|admin|approver|auditor|agent", value_parser = parse_role)]
    role: Role,
    /// When it ends: a time, or how long from now; never when left out
    #[arg(long, value_parser = parse_expiry)]
    expires: Option<Expiry>,
    /// Only about this service; may be repeated
    #[arg(long = "service", value_name = "SERVICE")]
    services: Vec<Name>,
    /// Only in this environment; may be repeated
    #[arg(long = "env", value_name = "ENV")]
    environments: Vec<Name>,
    /// Only this operation of the API, for example `registerArtifact`; may be repeated
    #[arg(long = "operation", value_name = "OPERATION", value_parser = parse_operation)]
    operations: Vec<String>,
    /// Only evidence of this kind, for example `tests`, or statements of it, for example `sign-off`; may be repeated
    #[arg(long = "evidence", value_name = "KIND")]
    evidence_kinds: Vec<Name>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Clone, Copy)]
enum Expiry {
    At(Timestamp),
    In(Millis),
}

impl Issue {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let expires = self.expires.map(|it| match it {
            Expiry::At(at) => at,
            Expiry::In(after) => SystemClock.now() + after.duration(),
        });
        let scope = TokenScope {
            services: self.services.into_iter().collect(),
            environments: self.environments.into_iter().collect(),
            operations: self.operations.into_iter().collect(),
            evidence_kinds: self.evidence_kinds.into_iter().collect(),
        };
        let scope = Some(scope).filter(|it| !it.is_everything());
        let token = NewToken { name: self.name, role: self.role, expires, scope };
        let issued = once(connect(connection)?.call::<IssueToken>((), (), token)).await?.value;
        let exit = self.output.show(&issued, |_| format!("{}\n", issued.secret))?;
        let expires =
            issued.token.expires.map_or_else(|| "never ends".to_owned(), |at| format!("ends {}", time(at)));
        output::note(&format!("{} {expires}; this secret is not shown again\n", issued.token.id));
        Ok(exit)
    }
}

pub(crate) fn parse_role(text: &str) -> Result<Role, String> {
    serde_json::from_value(text.into())
        .map_err(|_| "the roles are viewer, builder, operator, admin, approver, auditor and agent".to_owned())
}

fn parse_operation(text: &str) -> Result<String, String> {
    match shipway_api::operations::all().any(|it| it.id == text) {
        true => Ok(text.to_owned()),
        false => Err("no operation of the API is called so; docs/api/permissions.md lists them".to_owned()),
    }
}

fn parse_expiry(text: &str) -> Result<Expiry, String> {
    let at = text.parse().map(Expiry::At);
    at.or_else(|_| text.parse().map(Expiry::In))
        .map_err(|_| "write for example 90d, 12h or 2027-01-01T00:00:00Z".to_owned())
}
