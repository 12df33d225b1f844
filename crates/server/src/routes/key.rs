//! The keys that people sign with, and who speaks for whom.

use shipway_api::operations::key::{
    EndDelegation, GrantDelegation, ListDelegations, ListKeys, RegisterKey, RevokeKey,
};

use crate::router::Routes;

mod end_delegation;
mod grant_delegation;
mod list;
mod list_delegations;
mod register;
mod revoke;

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .add::<RegisterKey, _, _>(register::handle)
        .add::<ListKeys, _, _>(list::handle)
        .add::<RevokeKey, _, _>(revoke::handle)
        .add::<ListDelegations, _, _>(list_delegations::handle)
        .add::<GrantDelegation, _, _>(grant_delegation::handle)
        .add::<EndDelegation, _, _>(end_delegation::handle)
}
