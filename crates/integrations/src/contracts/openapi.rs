//! OpenAPI 3.0 and 3.1, in JSON or YAML.

use serde_json::Value;
use shipway_model::contract::OpenApi;

use crate::evidence::Fault;

pub(super) fn read(text: &str) -> Result<OpenApi, Fault> {
    let document: Value = match text.trim_start().starts_with('{') {
        true => serde_json::from_str(text).map_err(|it| {
            let message = it.to_string();
            let message = message.split(" at line ").next().unwrap_or(&message).to_owned();
            Fault::at(it.line() as u64, it.column().max(1) as u64, message)
        })?,
        // Aliases and nesting have a budget there.
        false => serde_saphyr::from_str(text).map_err(|it| Fault::new(it.to_string()))?,
    };
    let said = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let version = said("/openapi").unwrap_or_default();
    if !version.starts_with("3.0.") && !version.starts_with("3.1.") {
        let shown: String = version.chars().take(20).collect();
        return Err(Fault::new(format!("OpenAPI `{shown}` is not known: 3.0 and 3.1 are")));
    }
    let missing = |what: &str| Fault::new(format!("`{what}` is missing"));
    Ok(OpenApi {
        title: said("/info/title").ok_or_else(|| missing("info.title"))?,
        version: said("/info/version").ok_or_else(|| missing("info.version"))?,
        document,
    })
}
