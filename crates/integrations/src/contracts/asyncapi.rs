//! AsyncAPI 2 and 3, in JSON or YAML.

use shipway_model::contract::AsyncApi;

use super::described::Described;
use crate::evidence::Fault;

pub(super) fn read(text: &str) -> Result<AsyncApi, Fault> {
    let Described { title, version, document } =
        Described::read(text, "asyncapi", "AsyncAPI", &["2.", "3."])?;
    Ok(AsyncApi { title, version, document })
}
