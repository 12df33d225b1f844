//! What policies can speak of, as Cedar's schema: the operations, and what they are about.

use cedar_policy::Schema;
use shipway_model::event::Role;

/// An operation as far as authorisation sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// The operation's id, for example `startRollout`.
    pub name: String,
    /// For whom the shipped policies permit it, in one word: `viewers`, `operators`, …
    pub group: &'static str,
    /// Whether it changes anything.
    pub changes: bool,
}

/// Every group of operations by whom they are for, and the two by what they do.
const GROUPS: [&str; 12] = [
    "for-any-token",
    "for-viewers",
    "for-viewers-and-agents",
    "for-builders",
    "for-builders-and-agents",
    "for-approvers",
    "for-operators",
    "for-admins",
    "for-auditors",
    "for-agents",
    "reads",
    "changes",
];

impl Action {
    /// The actions that it is in.
    pub(super) fn groups(&self) -> [&'static str; 2] {
        [self.group, if self.changes { "changes" } else { "reads" }]
    }
}

/// The role and those whose powers it has too: an admin is an operator, an operator a builder and an approver, and
/// everybody but an agent reads.
pub(super) fn role_with_all_below(role: Role) -> impl Iterator<Item = &'static str> {
    let all: &[&str] = match role {
        Role::Viewer => &["viewer"],
        Role::Builder => &["builder", "viewer"],
        Role::Approver => &["approver", "viewer"],
        Role::Auditor => &["auditor", "viewer"],
        Role::Operator => &["operator", "builder", "approver", "viewer"],
        Role::Admin => &["admin", "operator", "builder", "approver", "auditor", "viewer"],
        Role::Agent => &["agent"],
    };
    all.iter().copied()
}

const ENTITIES: &str = "
entity ControlPlane;
entity Role;
entity Team;
entity Person in [Role, Team] = { mustChangePassword: Bool };
entity Machine in [Role, Team] = { services: Set<String>, environments: Set<String>, operations: Set<String> };
entity Agent in [Role];
entity Environment in [ControlPlane];
entity Service in [ControlPlane, Team];
entity Release in [ControlPlane, Service];
entity Rollout in [ControlPlane, Environment, Release, Service];
type About = {
    operation: String,
    environments: Set<String>,
    services: Set<String>,
    changeTypes: Set<String>,
    regulations: Set<String>,
    behind: Set<String>,
    segregated: Bool,
    hands: Set<String>,
    authors: Set<String>,
};
";

/// The schema in Cedar's own language.
pub(super) fn text(actions: &[Action]) -> String {
    let mut text = ENTITIES.to_owned();
    for group in GROUPS {
        text += &format!("action \"{group}\";\n");
    }
    for action in actions {
        let groups = action.groups().map(|it| format!("\"{it}\"")).join(", ");
        text += &format!(
            "action \"{}\" in [{groups}] appliesTo {{ principal: [Person, Machine, Agent], \
             resource: [ControlPlane, Environment, Service, Release, Rollout], context: About }};\n",
            action.name
        );
    }
    text
}

pub(super) fn of(actions: &[Action]) -> Schema {
    let (schema, _) = Schema::from_cedarschema_str(&text(actions)).expect("our own schema is one");
    schema
}
