//! Which operation of the API reads what a page shows: so that policies which keep somebody from reading something there keep them
//! from reading it here.

use axum::extract::{FromRequestParts as _, MatchedPath, Query, RawPathParams};
use axum::http::request::Parts;
use serde_json::{Map, Value};
use shipway_api::operations::access::WhoCan;
use shipway_api::operations::alert::{ListAlerts, ShowAlert};
use shipway_api::operations::board::ListAgenda;
use shipway_api::operations::calendar::ReadCalendar;
use shipway_api::operations::change::{ListChanges, ListReviews, ShowChange};
use shipway_api::operations::environment::{ListEnvironments, ShowEnvironment};
use shipway_api::operations::ledger::ListLedgerEvents;
use shipway_api::operations::plan::MakePlan;
use shipway_api::operations::register::ListRegister;
use shipway_api::operations::release::{ListReleases, ShowRelease};
use shipway_api::operations::resource::{ListResources, ShowResource};
use shipway_api::operations::rollout::{ListRollouts, ShowRollout};
use shipway_api::operations::token::WhoAmI;
use shipway_api::{Code, Operation};

use crate::access::Caller;
use crate::access::authorise::allow;
use crate::app::App;
use crate::problem::Failure;

/// The beginning of a page's address, as it is routed, and the operation that reads what is shown under it. The first that fits
/// counts.
const READS: [(&str, &str); 24] = [
    ("/rollouts/{rollout}", ShowRollout::ID),
    ("/rollouts", ListRollouts::ID),
    ("/releases/{release}", ShowRelease::ID),
    ("/releases", ListReleases::ID),
    ("/plan", MakePlan::ID),
    ("/changes/{change}", ShowChange::ID),
    ("/changes", ListChanges::ID),
    ("/cab/{board}", ListAgenda::ID),
    ("/cab", ListChanges::ID),
    ("/reviews", ListReviews::ID),
    ("/alerts/{alert}", ShowAlert::ID),
    ("/alerts", ListAlerts::ID),
    ("/services/{service}", ShowResource::ID),
    ("/services", ListResources::ID),
    ("/environments/{environment}", ShowEnvironment::ID),
    ("/environments", ListEnvironments::ID),
    ("/exceptions", ListRegister::ID),
    ("/calendar", ReadCalendar::ID),
    ("/ledger", ListLedgerEvents::ID),
    ("/access", WhoCan::ID),
    ("/search", ListResources::ID),
    ("/me", WhoAmI::ID),
    ("/design", WhoAmI::ID),
    ("/sign-out", WhoAmI::ID),
];

/// Whether the caller may read what the page shows.
///
/// # Errors
/// Why not; also for a page of which nobody has said what it reads.
pub(super) async fn check(app: &App, caller: &Caller, parts: &mut Parts) -> Result<(), Failure> {
    let Some(path) = parts.extensions.get::<MatchedPath>().map(|it| it.as_str().to_owned()) else {
        return Err(unknown("nothing"));
    };
    let operation = read_by(&path).ok_or_else(|| unknown(&path))?;
    let (of_path, of_query) = (named(parts).await, asked(parts));
    allow(app, caller, operation, [&of_path, &of_query, &Value::Null]).await
}

/// The operation that reads what is shown at this route.
fn read_by(path: &str) -> Option<&'static str> {
    if path == "/" {
        // What moves and what waits, of everything.
        return Some(ListRollouts::ID);
    }
    let fits =
        |start: &str| path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    READS.iter().find(|(start, _)| fits(start)).map(|it| it.1)
}

/// What the address names.
async fn named(parts: &mut Parts) -> Value {
    let Ok(found) = RawPathParams::from_request_parts(parts, &()).await else { return Value::Null };
    Value::Object(found.iter().map(|(key, value)| (key.to_owned(), value.into())).collect())
}

/// What it names behind its `?`.
fn asked(parts: &Parts) -> Value {
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map(|Query(it)| it);
    let fields = pairs.unwrap_or_default().into_iter().map(|(key, value)| (key, value.into()));
    Value::Object(fields.collect::<Map<String, Value>>())
}

fn unknown(path: &str) -> Failure {
    Failure::new(Code::Forbidden, format!("nobody has said who may read the page {path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_by_the_most_particular_operation() {
        assert_eq!(read_by("/rollouts/{rollout}/steps/{step}"), Some(ShowRollout::ID));
        assert_eq!(read_by("/rollouts"), Some(ListRollouts::ID));
        assert_eq!(read_by("/services/{service}"), Some(ShowResource::ID));
        assert_eq!(read_by("/me/passkeys"), Some(WhoAmI::ID));
        assert_eq!(read_by("/"), Some(ListRollouts::ID));
        assert_eq!(read_by("/menu"), None);
    }

    #[test]
    fn of_every_page_it_is_said_what_it_reads() {
        // Before there is a session, and what shows nothing of the ledger but how long it is.
        const UNREAD: [&str; 5] =
            ["/sign-in", "/sign-in/oidc", "/sign-in/oidc/callback", "/assets/{name}", "/live"];
        let routed =
            include_str!("../pages.rs").split(".route(\"").skip(1).filter_map(|it| it.split('"').next());
        let missing: Vec<&str> = routed.filter(|it| read_by(it).is_none() && !UNREAD.contains(it)).collect();
        assert!(missing.is_empty(), "add them to READS: {missing:?}");
    }
}
