//! What OpenAPI and AsyncAPI have in common: a version of the language, a title and a version of the interface.

use serde_json::Value;

use crate::evidence::Fault;

pub(super) struct Described {
    pub(super) title: String,
    pub(super) version: String,
    pub(super) document: Value,
}

impl Described {
    /// A description whose field `key` says a version of the language that begins as one of `known`.
    ///
    /// # Errors
    /// It is broken, in another version of the language, or says no title or version.
    pub(super) fn read(text: &str, key: &str, language: &str, known: &[&str]) -> Result<Self, Fault> {
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
        let version = said(&format!("/{key}")).unwrap_or_default();
        if !known.iter().any(|it| version.starts_with(it)) {
            let shown: String = version.chars().take(20).collect();
            let known: Vec<&str> = known.iter().map(|it| it.trim_end_matches('.')).collect();
            return Err(Fault::new(format!(
                "{language} `{shown}` is not known: {} are",
                known.join(" and ")
            )));
        }
        let missing = |what: &str| Fault::new(format!("`{what}` is missing"));
        Ok(Self {
            title: said("/info/title").ok_or_else(|| missing("info.title"))?,
            version: said("/info/version").ok_or_else(|| missing("info.version"))?,
            document,
        })
    }
}
