//! How changes of protected environments are judged: of which type they are, whose word they need, what they owe.
//!
//! Everything has a default, so that `spec: {}` is a sensible ITIL process; the defaults are the built-in policy.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::change::{Factor, Severity};
use crate::event::Role;
use crate::release::{Class, Document};
use crate::{Millis, Name, Share};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangePolicy {
    /// What makes a change stricter than it was declared. The strictest rule that speaks decides.
    #[serde(default = "rules_default")]
    #[schemars(length(max = 200))]
    pub rules: Vec<ClassRule>,
    /// What was agreed to beforehand: without a template in good standing, no change is standard.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub templates: Vec<ChangeTemplate>,
    #[serde(default = "Workflow::standard")]
    pub standard: Workflow,
    #[serde(default = "Workflow::normal")]
    pub normal: Workflow,
    #[serde(default = "Workflow::major")]
    pub major: Workflow,
    #[serde(default = "Workflow::emergency")]
    pub emergency: Workflow,
    /// The most points that factors of risk can add, where that is not the built-in weight.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub risk_weights: BTreeMap<Factor, u32>,
    /// Within this time after the end, a failed, taken back or emergency rollout has to be reviewed; from then on the
    /// next change of its services that is no emergency waits.
    #[serde(default = "review_within_default")]
    pub review_within: Millis,
    /// Who may go as an emergency at all.
    #[serde(default, skip_serializing_if = "FastLane::is_default")]
    pub fast_lane: FastLane,
    /// Rules that a measured record asks for or lets go. They are proposed by `shipway change propose` and hold once they
    /// are declared, never by themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub thresholds: Vec<Threshold>,
}

fn review_within_default() -> Millis {
    Millis::from_secs(5 * 24 * 3600)
}

/// A rule that speaks when everything that it names is so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClassRule {
    pub name: Name,
    pub when: When,
    /// What the change is then at least; `emergency` cannot be derived.
    pub class: Class,
    /// For whoever asks why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 500))]
    pub reason: String,
}

/// What a change is like. Every field narrows it; an empty one does not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct When {
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub environments: BTreeSet<Name>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub services: BTreeSet<Name>,
    /// Services of these tiers, 1 to 4.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tiers: BTreeSet<u8>,
    /// Services that handle any of these classes of data.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub data_classes: BTreeSet<Name>,
    /// A touched file matches one of these: `*` within a folder, `**` across folders. Where a release does not say what
    /// it touches, that counts as touched, but makes no more than a normal change of it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub paths: BTreeSet<String>,
    /// Data is migrated: the plan has a point of no return, or the release brings migrations.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub schema: bool,
    /// A service depends on a vendor that what runs does not depend on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub new_integrations: bool,
    /// A service that was never shipped here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub first: bool,
    /// Points of the risk score, from which on it speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub risk_from: Option<u32>,
}

impl When {
    /// Names nothing, so that it is always so.
    pub fn is_always(&self) -> bool {
        *self == Self::default()
    }
}

/// A kind of change that is known and small, and was agreed to beforehand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeTemplate {
    pub name: Name,
    /// The services that it may ship; all of them when empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub services: BTreeSet<Name>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub environments: BTreeSet<Name>,
    /// The only files that it may touch; a release that does not say what it touches does not fit.
    #[schemars(length(min = 1))]
    pub paths: BTreeSet<String>,
    /// The most lines that it may change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_lines: Option<u64>,
    /// What ended since then makes its record. A template that has lost its standing regains it by a later instant here.
    pub agreed: jiff::Timestamp,
    #[serde(default)]
    pub record: RecordRule,
}

/// When a template loses its standing, by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordRule {
    /// Of its latest changes, so many are looked at.
    #[serde(default = "window_default")]
    #[schemars(range(min = 1, max = 1000))]
    pub window: u32,
    /// More failures or rollbacks than this among them, and it no longer stands.
    #[serde(default = "failures_default")]
    pub max_failures: u32,
}

fn window_default() -> u32 {
    20
}

fn failures_default() -> u32 {
    1
}

impl Default for RecordRule {
    fn default() -> Self {
        Self { window: window_default(), max_failures: failures_default() }
    }
}

/// What lets a release bypass boards and owed reviews.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FastLane {
    /// How bad it has to be at least.
    #[serde(default)]
    pub severity_from: Severity,
    /// Of the latest rollouts of each of its services into the environment, so many are looked at.
    #[serde(default = "window_default")]
    #[schemars(range(min = 1, max = 1000))]
    pub window: u32,
    /// More of them taken back than this, and the service has no fast lane until its record is better.
    #[serde(default = "rollbacks_default")]
    pub max_rollbacks: u32,
}

fn rollbacks_default() -> u32 {
    3
}

impl Default for FastLane {
    fn default() -> Self {
        Self { severity_from: Severity::High, window: window_default(), max_rollbacks: rollbacks_default() }
    }
}

impl FastLane {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A rule that depends on how the changes of a Team, or of one service, went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Threshold {
    /// The rules that come of it are called `NAME-TEAM` or `NAME-SERVICE`.
    pub name: Name,
    pub of: RecordOf,
    /// So many of the latest changes that ended are looked at; with fewer nothing is proposed.
    #[serde(default = "window_default")]
    #[schemars(range(min = 1, max = 1000))]
    pub window: u32,
    /// The share of failures and rollbacks from which on the rule is proposed.
    pub tighten_from: Share,
    /// The rule is proposed to go once no more than this many of them failed.
    #[serde(default)]
    pub loosen_at: u32,
    /// Whose word it asks for, beside what the workflow asks for anyway.
    pub from: Approvers,
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 50))]
    pub count: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RecordOf {
    Team,
    Service,
}

/// The way of a change. It stands in the first state that is not done; what has to be done before `begun` is done
/// before anything is touched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Workflow {
    #[serde(default = "states_default")]
    #[schemars(length(min = 2, max = 20))]
    pub states: Vec<ChangeState>,
    /// Documents that the release has to bring.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub documents: BTreeSet<Document>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub approvals: Vec<ApprovalRule>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeState {
    pub name: Name,
    /// The transition out of it.
    pub until: Until,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Until {
    /// The release brings every document that is asked for.
    Documents,
    /// Everybody whose word is asked for has given it.
    Approvals,
    /// The rollout has begun.
    Begun,
    /// The rollout has ended.
    Ended,
    /// The review that is owed was held; nothing when none is.
    Reviewed,
}

/// Whose word is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApprovalRule {
    pub name: Name,
    /// Only where the change is like this; always when absent.
    #[serde(default, skip_serializing_if = "When::is_always")]
    pub when: When,
    pub from: Approvers,
    /// How many different people.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 50))]
    pub count: u32,
    /// Rules of this list that have to be satisfied before a word for this one counts.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub after: BTreeSet<Name>,
    /// How long a word counts at most, from when it was recorded.
    #[serde(default = "valid_default")]
    pub valid: Millis,
    /// Whether those who are asked may have named somebody else to speak for them.
    #[serde(default = "yes")]
    pub delegable: bool,
    /// Gates of the environment's policies that have to pass before a word counts.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schemars(length(max = 50))]
    pub after_gates: BTreeSet<Name>,
    /// How soon it is to be answered, and what happens when it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sla: Option<Sla>,
}

/// Times count from when the change was asked for, in the working hours of whoever is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sla {
    /// Who is asked is reminded then, once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remind_after: Option<Millis>,
    pub escalate_after: Millis,
    /// Whose word is as good from then on.
    pub escalate_to: Approvers,
}

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

fn valid_default() -> Millis {
    Millis::from_secs(7 * 24 * 3600)
}

/// Anybody who is one of these.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Approvers {
    /// A member of the Team that owns a service of the change. Asked for each of these Teams by itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub owners: bool,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub teams: BTreeSet<Name>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub roles: BTreeSet<Role>,
    /// By the names that their tokens carry.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub people: BTreeSet<String>,
}

impl Default for ChangePolicy {
    fn default() -> Self {
        serde_json::from_str("{}").expect("every field has a default")
    }
}

impl ChangePolicy {
    pub fn workflow(&self, class: Class) -> &Workflow {
        match class {
            Class::Standard => &self.standard,
            Class::Normal => &self.normal,
            Class::Major => &self.major,
            Class::Emergency => &self.emergency,
        }
    }
}

impl Workflow {
    fn standard() -> Self {
        Self { states: states_default(), documents: BTreeSet::new(), approvals: Vec::new() }
    }

    fn normal() -> Self {
        Self { approvals: vec![owners()], ..Self::standard() }
    }

    fn major() -> Self {
        let board = ApprovalRule { name: word("board"), from: deciders(), count: 2, ..owners() };
        Self {
            documents: BTreeSet::from([Document::Runbook, Document::RollbackPackage]),
            approvals: vec![owners(), board],
            ..Self::standard()
        }
    }

    fn emergency() -> Self {
        let second = ApprovalRule {
            name: word("second-person"),
            from: deciders(),
            valid: Millis::from_secs(3600),
            ..owners()
        };
        Self { approvals: vec![second], ..Self::standard() }
    }

    /// What has to be done before anything is touched.
    pub fn before_begin(&self) -> impl Iterator<Item = Until> {
        self.states.iter().map(|it| it.until).take_while(|it| *it != Until::Begun)
    }
}

/// Whoever may say yes to what others ask for.
fn deciders() -> Approvers {
    let roles = BTreeSet::from([Role::Approver, Role::Operator, Role::Admin]);
    Approvers { roles, ..Approvers::default() }
}

fn owners() -> ApprovalRule {
    ApprovalRule {
        name: word("owners"),
        when: When::default(),
        from: Approvers { owners: true, ..Approvers::default() },
        count: 1,
        after: BTreeSet::new(),
        valid: valid_default(),
        delegable: true,
        after_gates: BTreeSet::new(),
        sla: None,
    }
}

fn states_default() -> Vec<ChangeState> {
    let state = |name, until| ChangeState { name: word(name), until };
    vec![
        state("assess", Until::Documents),
        state("authorise", Until::Approvals),
        state("schedule", Until::Begun),
        state("implement", Until::Ended),
        state("review", Until::Reviewed),
    ]
}

fn rules_default() -> Vec<ClassRule> {
    let rule = |name, when, class, reason: &str| ClassRule {
        name: word(name),
        when,
        class,
        reason: reason.to_owned(),
    };
    let touching =
        |paths: &[&str]| When { paths: paths.iter().map(|it| (*it).to_owned()).collect(), ..When::default() };
    vec![
        rule(
            "schema",
            When { schema: true, ..When::default() },
            Class::Major,
            "data that was migrated cannot simply be taken back",
        ),
        rule(
            "access-rules",
            touching(&["**/*.cedar", "**/access/**", "**/rbac/**", "**/CODEOWNERS"]),
            Class::Major,
            "it touches who may do what",
        ),
        rule(
            "audit-code",
            touching(&["**/audit/**", "**/ledger/**"]),
            Class::Major,
            "it touches what is recorded",
        ),
        rule(
            "api-surface",
            touching(&["**/*.proto", "**/openapi*", "**/*.graphql", "**/asyncapi*"]),
            Class::Normal,
            "it touches an interface that others use",
        ),
        rule(
            "new-integration",
            When { new_integrations: true, ..When::default() },
            Class::Major,
            "it depends on a vendor that it did not depend on",
        ),
        rule("first", When { first: true, ..When::default() }, Class::Normal, "it was never shipped here"),
        rule(
            "tier-1",
            When { tiers: BTreeSet::from([1]), ..When::default() },
            Class::Normal,
            "it is a service of the first tier",
        ),
        rule("risk", When { risk_from: Some(60), ..When::default() }, Class::Major, "its risk is high"),
    ]
}

fn word(text: &str) -> Name {
    text.parse().expect("the built-in names are valid")
}
