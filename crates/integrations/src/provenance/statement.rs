//! in-toto statements, versions 0.1 and 1.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use shipway_model::attestation::{Attestation, Subject};

use super::{fault, slsa};
use crate::evidence::Fault;

pub(super) const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
const TYPES: [&str; 2] = ["https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1"];
/// Most subjects of one statement.
const SUBJECTS_MAX: usize = 10_000;

#[derive(Deserialize)]
pub(super) struct Statement {
    #[serde(rename = "_type")]
    type_uri: String,
    subject: Vec<Resource>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    #[serde(default)]
    predicate: Value,
}

#[derive(Deserialize)]
struct Resource {
    name: Option<String>,
    #[serde(default)]
    digest: BTreeMap<String, String>,
}

impl Statement {
    pub(super) fn parse(json: &[u8]) -> Result<Self, Fault> {
        let statement: Self = serde_json::from_slice(json).map_err(|it| fault(&it))?;
        if !TYPES.contains(&statement.type_uri.as_str()) {
            let shown: String = statement.type_uri.chars().take(100).collect();
            return Err(Fault::new(format!("`_type` is `{shown}`, which is no in-toto statement")));
        }
        if statement.subject.is_empty() {
            return Err(Fault::new("the statement is about nothing: it has no subject"));
        }
        if statement.subject.len() > SUBJECTS_MAX {
            return Err(Fault::new(format!("the statement has more than {SUBJECTS_MAX} subjects")));
        }
        Ok(statement)
    }

    pub(super) fn attestation(&self) -> Attestation {
        let subject = |it: &Resource| Subject {
            name: it.name.clone(),
            digests: it.digest.iter().map(|(name, hex)| (name.clone(), hex.to_ascii_lowercase())).collect(),
        };
        Attestation {
            predicate_type: self.predicate_type.clone(),
            subjects: self.subject.iter().map(subject).collect(),
            build: slsa::build(&self.predicate_type, &self.predicate),
            summary: slsa::summary(&self.predicate_type, &self.predicate),
            ..Attestation::default()
        }
    }
}
