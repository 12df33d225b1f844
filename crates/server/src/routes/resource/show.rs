//! Showing one declared resource.

use shipway_api::operations::resource::ShowResource;
use shipway_api::{Code, Problem};
use shipway_model::resource::Key;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ShowResource>) -> Outcome<ShowResource> {
    let state = it.app.runtime.state();
    let key = Key { kind: it.path.kind, name: it.path.name };
    let resource = state.catalogue.get(&key).ok_or_else(|| {
        Problem::new(Code::UnknownResource, format!("no {key} is declared"))
            .hint("`shipway get` lists what is")
    })?;
    Ok(views::resource::view(&state.catalogue, resource))
}
