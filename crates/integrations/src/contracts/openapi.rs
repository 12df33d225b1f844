//! OpenAPI 3.0 and 3.1, in JSON or YAML.

use shipway_model::contract::OpenApi;

use super::described::Described;
use crate::evidence::Fault;

pub(super) fn read(text: &str) -> Result<OpenApi, Fault> {
    let Described { title, version, document } =
        Described::read(text, "openapi", "OpenAPI", &["3.0.", "3.1."])?;
    Ok(OpenApi { title, version, document })
}
