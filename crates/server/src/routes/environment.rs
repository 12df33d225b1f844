//! Environments.

use shipway_api::Code;
use shipway_api::operations::environment::{
    CompareEnvironments, ListEnvironments, ListStrays, ShowEnvironment, ShowQueue,
};
use shipway_engine::State;
use shipway_model::Name;

use crate::problem::Failure;
use crate::router::Routes;

mod compare;
mod list;
mod queue;
mod show;
mod strays;

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .add::<ListEnvironments, _, _>(list::handle)
        .add::<ShowEnvironment, _, _>(show::handle)
        .add::<ShowQueue, _, _>(queue::handle)
        .add::<ListStrays, _, _>(strays::handle)
        .add::<CompareEnvironments, _, _>(compare::handle)
}

fn check_known(state: &State, name: &Name) -> Result<(), Failure> {
    if state.catalogue.environment(name).is_some() {
        return Ok(());
    }
    Err(Failure::new(Code::UnknownEnvironment, format!("no environment `{name}` is declared"))
        .hint("`shipway env list` shows those there are"))
}
