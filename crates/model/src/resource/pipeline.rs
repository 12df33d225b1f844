//! A pipeline: the graph of stages that a release goes through in one environment.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::service::SecretRef;
use crate::{Millis, Name};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pipeline {
    #[schemars(length(min = 1, max = 200))]
    pub stages: Vec<Stage>,
}

/// Stages to be used again with other parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Template {
    /// Parameter names, each with its default; null means that the user must give it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<Name, Option<String>>,
    /// `${PARAMETER}` in texts is replaced.
    #[schemars(length(min = 1, max = 200))]
    pub stages: Vec<Stage>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Stage {
    pub name: Name,
    /// The stages that must have passed before; without it, the stage above, and `[]` starts at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Vec<Name>>,
    pub run: Run,
    /// The default is `rollback` for deploy and verify, and `halt` for the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<OnFailure>,
    /// Names of shared things (a database, a test account) that only one stage of any rollout may hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locks: Vec<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Millis>,
    /// Further attempts after a failure.
    #[serde(default)]
    #[schemars(range(max = 20))]
    pub retries: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OnFailure {
    /// Stop the line and wait for a person.
    Halt,
    /// Take back what the rollout has done.
    Rollback,
    /// Note it and go on.
    Continue,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Run {
    /// Ship the services of the release, providers before consumers.
    Deploy(Deploy),
    /// Check that every instance of the release is healthy now.
    Verify(Verify),
    /// A program on one target.
    Command(Command),
    /// A database migration: a command that runs once and is not undone.
    Migration(Migration),
    /// One HTTP call from the control plane.
    Http(Http),
    Wait(Wait),
    /// A person's word (`shipway rollout approve`).
    Approval(Approval),
    /// A business journey of several HTTP steps.
    Journey(RunJourney),
    /// What the release must have proved. Waits until it has.
    Gates(Gates),
    Template(UseTemplate),
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deploy {
    /// All services of the release when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Name>,
    /// The Strategy to use instead of the environment's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Name>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Verify {}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Command {
    #[schemars(length(min = 1))]
    pub command: Vec<String>,
    /// Run inside this service's unpacked artifact of the release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Name>,
    /// Labels of the target to run on, besides those of the environment; the first by name is taken.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub on: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, SecretRef>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Migration {
    pub migrate: Command,
    /// The command that takes it back; without it the migration is the point of no return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compensate: Option<Command>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Http {
    #[serde(default)]
    pub method: Method,
    pub url: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The status that counts as success; any of 200 to 299 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect_status: Option<u16>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    #[default]
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Wait {
    pub duration: Millis,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Approval {
    /// What the person is asked.
    pub message: String,
    /// Whose word it takes; anyone who may operate rollouts when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<Name>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RunJourney {
    pub name: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Gates {
    /// Every gate of these has to pass.
    #[schemars(length(min = 1, max = 100))]
    pub policies: Vec<Name>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UseTemplate {
    pub name: Name,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub with: BTreeMap<Name, String>,
}

impl Run {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Deploy(_) => "deploy",
            Self::Verify(_) => "verify",
            Self::Command(_) => "command",
            Self::Migration(_) => "migration",
            Self::Http(_) => "http",
            Self::Wait(_) => "wait",
            Self::Approval(_) => "approval",
            Self::Journey(_) => "journey",
            Self::Gates(_) => "gates",
            Self::Template(_) => "template",
        }
    }
}
