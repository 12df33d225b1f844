//! Showing one declared resource.

use shipway_api::Code;
use shipway_api::operations::resource::ShowResource;
use shipway_model::resource::Key;

use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;
use crate::views;

pub(super) async fn handle(it: Incoming<ShowResource>) -> Outcome<ShowResource> {
    let state = it.state();
    let key = Key { kind: it.path.kind, name: it.path.name.clone() };
    let resource = state.catalogue.get(&key).ok_or_else(|| {
        Failure::new(Code::UnknownResource, format!("no {key} is declared"))
            .hint("`shipway get` lists what is")
    })?;
    Ok(views::resource::view(&state.catalogue, resource))
}
