//! Who may do what and why, and privilege for a time.

use jiff::Timestamp;
use serde_json::{Value, json};
use shipway_api::operations::access::{
    ApproveGrant, EndGrant, ListGrants, RecordCommits, RequestGrant, WhoCan, WhyAccess,
};
use shipway_api::view::access::{GrantUse, GrantView};
use shipway_api::{Code, operations};
use shipway_engine::State;
use shipway_engine::access::Grant;
use shipway_model::GrantId;

use crate::access::subject::Subject;
use crate::problem::Failure;
use crate::router::Routes;

mod approve_grant;
mod end_grant;
mod list_grants;
mod record_commits;
mod request_grant;
mod who_can;
mod why;

pub(crate) use who_can::who_can;

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .add::<WhoCan, _, _>(who_can::handle)
        .add::<WhyAccess, _, _>(why::handle)
        .add::<RequestGrant, _, _>(request_grant::handle)
        .add::<ListGrants, _, _>(list_grants::handle)
        .add::<ApproveGrant, _, _>(approve_grant::handle)
        .add::<EndGrant, _, _>(end_grant::handle)
        .add::<RecordCommits, _, _>(record_commits::handle)
}

/// What a question in the query is about.
fn subject(state: &State, query: &impl serde::Serialize) -> Subject {
    let named = serde_json::to_value(query).expect("queries have string keys");
    Subject::of(state, [&named, &Value::Null, &json!({})])
}

fn check_action(action: &str) -> Result<(), Failure> {
    if operations::all().any(|it| it.id == action) {
        return Ok(());
    }
    let shown = crate::problem::shown(action);
    Err(Failure::new(Code::InvalidRequest, format!("no operation is called `{shown}`"))
        .hint("the ids of operations are in `/openapi.json` and in docs/api/permissions.md"))
}

fn view(grant: &Grant, now: Timestamp) -> GrantView {
    let use_of = |it: &shipway_engine::access::Use| GrantUse {
        at: it.at,
        by: it.by.clone(),
        operation: it.operation.clone(),
        resource: it.resource.clone(),
    };
    GrantView {
        id: grant.id,
        privilege: grant.privilege.clone(),
        standing: grant.standing(now).to_owned(),
        requested_by: grant.requested_by.clone(),
        requested: grant.requested,
        approved_by: grant.approved.as_ref().map(|it| it.by.clone()),
        until: grant.approved.as_ref().map(|it| it.until),
        ended_by: grant.ended.as_ref().map(|it| it.0.clone()),
        uses: grant.uses.iter().map(use_of).collect(),
    }
}

/// One that was just decided about.
fn shown(state: &State, id: GrantId, now: Timestamp) -> GrantView {
    view(state.access.grants.get(id).expect("what was decided about is known"), now)
}
