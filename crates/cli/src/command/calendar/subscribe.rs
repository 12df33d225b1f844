//! `shipway calendar subscribe`

use std::collections::BTreeSet;

use clap::Args;
use shipway_api::Operation;
use shipway_api::operations::calendar::ReadCalendar;
use shipway_api::operations::token::{IssueToken, NewToken};
use shipway_model::access::TokenScope;
use shipway_model::event::Role;
use shipway_model::{Millis, Name};
use shipway_runtime::{Clock, SystemClock};

use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::{OutputArgs, note};
use crate::settings::{ConnectionArgs, Settings};

/// Make an address to which Google Calendar, Outlook or Thunderbird can subscribe
///
/// The key in it reads this calendar and can do nothing else. `shipway token revoke ID` ends it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway calendar subscribe --team shop
  shipway calendar subscribe --service checkout --env production --expires 365d")]
pub(crate) struct Subscribe {
    #[arg(long, value_name = "TEAM")]
    team: Option<Name>,
    #[arg(long, value_name = "SERVICE")]
    service: Option<Name>,
    #[arg(long, value_name = "ENV")]
    env: Option<Name>,
    /// How long it is good for; until it is revoked when left out
    #[arg(long, value_name = "DURATION")]
    expires: Option<Millis>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Subscribe {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let named = [("team", &self.team), ("service", &self.service), ("environment", &self.env)];
        let named: Vec<(&str, &Name)> =
            named.into_iter().filter_map(|(word, name)| Some((word, name.as_ref()?))).collect();
        let scope = TokenScope {
            services: self.service.iter().cloned().collect(),
            environments: self.env.iter().cloned().collect(),
            operations: [ReadCalendar::ID.to_owned()].into(),
            evidence_kinds: BTreeSet::new(),
        };
        let words: Vec<String> = named.iter().map(|(word, name)| format!("{word}-{name}")).collect();
        let name = format!("calendar-{}", if words.is_empty() { "all".to_owned() } else { words.join("-") });
        let expires = self.expires.map(|it| SystemClock.now() + it.duration());
        let token = NewToken { name, role: Role::Viewer, expires, scope: Some(scope) };
        let issued = once(connect(connection)?.call::<IssueToken>((), (), token)).await?.value;
        let server = Settings::resolve(connection)?.server.value.to_string();
        let query: String = named.iter().map(|(word, name)| format!("{word}={name}&")).collect();
        let url =
            format!("{}{}?{query}key={}", server.trim_end_matches('/'), ReadCalendar::PATH, issued.secret);
        let exit = self
            .output
            .show(&serde_json::json!({ "url": url, "token": issued.token.id }), |_| format!("{url}\n"))?;
        note(&format!(
            "whoever has this address reads the calendar; `shipway token revoke {}` ends it\n",
            issued.token.id
        ));
        Ok(exit)
    }
}
