//! An operation of the API as a type, and the same as a row of the table.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::payload::Payload;
use crate::{Code, Permission};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// How long an answer may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    Prompt,
    /// Waits for something to happen, as long as the caller asks.
    LongPoll,
    /// As long as bytes keep coming.
    Streamed,
}

/// One thing that can be asked over HTTP. Implemented by the marker types in [`crate::operations`].
pub trait Operation: Send + Sync + 'static {
    const ID: &'static str;
    const METHOD: Method;
    /// With `{placeholders}` named like the fields of [`Operation::Path`].
    const PATH: &'static str;
    const PERMISSION: Permission;
    const SUMMARY: &'static str;
    /// The status of success.
    const STATUS: u16;
    /// What it may refuse with, beside the codes that every operation may.
    const ERRORS: &'static [Code];
    const PACE: Pace;
    /// Whether the caller may state, by `If-Match`, which state of the thing it means.
    const CONDITIONAL: bool;
    /// Whether it answers for an earlier instant too, by `asOf`. Whatever changes something does not.
    const TAKES_AS_OF: bool;

    type Path: Serialize + DeserializeOwned + JsonSchema + Send;
    type Query: Serialize + DeserializeOwned + JsonSchema + Send;
    type Body: Payload;
    type Answer: Payload;
}

/// The name of the query parameter that asks for what was known at an earlier instant.
pub const AS_OF: &str = "asOf";

/// Whether operations answer for an earlier instant unless the table says otherwise: people's reads do. What an agent
/// is to run has no past.
pub(crate) const fn is_read(method: Method, permission: Permission) -> bool {
    matches!(method, Method::Get) && !matches!(permission, Permission::Agent)
}

/// An [`Operation`] without its types: what documents are rendered from.
pub struct Endpoint {
    pub id: &'static str,
    pub method: Method,
    pub path: &'static str,
    pub permission: Permission,
    pub summary: &'static str,
    pub status: u16,
    pub errors: &'static [Code],
    pub pace: Pace,
    pub conditional: bool,
    pub takes_as_of: bool,
    pub path_schema: fn(&mut SchemaGenerator) -> Schema,
    pub query_schema: fn(&mut SchemaGenerator) -> Schema,
    pub body: Content,
    pub answer: Content,
}

/// A [`Payload`] without its type.
#[derive(Clone, Copy)]
pub struct Content {
    pub media: Option<&'static str>,
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

impl Endpoint {
    pub fn of<O: Operation>() -> Self {
        Self {
            id: O::ID,
            method: O::METHOD,
            path: O::PATH,
            permission: O::PERMISSION,
            summary: O::SUMMARY.trim_ascii(),
            status: O::STATUS,
            errors: O::ERRORS,
            pace: O::PACE,
            conditional: O::CONDITIONAL,
            takes_as_of: O::TAKES_AS_OF,
            path_schema: O::Path::json_schema,
            query_schema: O::Query::json_schema,
            body: Content { media: O::Body::MEDIA, schema: O::Body::schema },
            answer: Content { media: O::Answer::MEDIA, schema: O::Answer::schema },
        }
    }

    /// Whether it changes anything. Some are posted because they are asked with a body, and nothing is kept of them.
    pub fn changes(&self) -> bool {
        self.method != Method::Get && !["makePlan", "draftApproval", "assessRisk"].contains(&self.id)
    }

    /// The noun after `/api/v1/`, by which documents group operations.
    pub fn noun(&self) -> &'static str {
        if self.path.starts_with("/v1/") {
            return "telemetry";
        }
        self.path.trim_start_matches("/api/v1/").split('/').next().unwrap_or_default()
    }
}
