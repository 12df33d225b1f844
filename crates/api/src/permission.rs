//! Who may call an operation, and the page of docs that says so.

use shipway_model::event::Role;

use crate::operations;

/// What an operation asks of the token that calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// A name and a password instead of a token.
    Password,
    /// The code of a sign-in that a browser has finished, and its verifier, instead of a token.
    Code,
    /// Any valid token.
    AnyToken,
    /// People's and machines' tokens that may read, which is all but agents'.
    Viewer,
    /// Readers, and agents, which fetch what they are to run.
    ViewerOrAgent,
    Builder,
    /// Builders, and agents, which push what services tell of themselves.
    BuilderOrAgent,
    /// Builders, and CI systems, which have the secret of a Webhook and no token.
    Webhook,
    /// Says yes or no to what others ask for.
    Approver,
    Operator,
    Admin,
    /// Reads what tells about access itself.
    Auditor,
    /// The agent of the very host that the operation names.
    Agent,
}

/// Every role, in the order of the docs.
pub const ROLES: [Role; 7] =
    [Role::Viewer, Role::Builder, Role::Operator, Role::Admin, Role::Agent, Role::Approver, Role::Auditor];

impl Permission {
    /// Whether a token of `role` passes. That an agent acts for its own host alone is checked by the server.
    pub const fn allows(self, role: Role) -> bool {
        match self {
            Self::Password | Self::Code | Self::AnyToken | Self::ViewerOrAgent => true,
            Self::Viewer => !matches!(role, Role::Agent),
            Self::Builder | Self::Webhook => {
                matches!(role, Role::Builder | Role::Operator | Role::Admin)
            }
            Self::BuilderOrAgent => {
                matches!(role, Role::Builder | Role::Operator | Role::Admin | Role::Agent)
            }
            Self::Approver => matches!(role, Role::Approver | Role::Operator | Role::Admin),
            Self::Operator => matches!(role, Role::Operator | Role::Admin),
            Self::Admin => matches!(role, Role::Admin),
            Self::Auditor => matches!(role, Role::Auditor | Role::Admin),
            Self::Agent => matches!(role, Role::Agent),
        }
    }

    /// The group of operations that it makes, as policies name it.
    pub const fn group(self) -> &'static str {
        match self {
            Self::Password | Self::Code | Self::AnyToken => "for-any-token",
            Self::Viewer => "for-viewers",
            Self::ViewerOrAgent => "for-viewers-and-agents",
            Self::Builder | Self::Webhook => "for-builders",
            Self::BuilderOrAgent => "for-builders-and-agents",
            Self::Approver => "for-approvers",
            Self::Operator => "for-operators",
            Self::Admin => "for-admins",
            Self::Auditor => "for-auditors",
            Self::Agent => "for-agents",
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "a name and a password",
            Self::Code => "the code of a sign-in and its verifier",
            Self::AnyToken => "any token",
            Self::Viewer => "viewer",
            Self::ViewerOrAgent => "viewer or agent",
            Self::Builder => "builder",
            Self::BuilderOrAgent => "builder or agent",
            Self::Webhook => "builder, or the secret of the Webhook",
            Self::Approver => "approver",
            Self::Operator => "operator",
            Self::Admin => "admin",
            Self::Auditor => "auditor",
            Self::Agent => "agent (its own host)",
        }
    }
}

/// The word for a role in files, answers and docs.
pub const fn role_word(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer",
        Role::Builder => "builder",
        Role::Operator => "operator",
        Role::Admin => "admin",
        Role::Agent => "agent",
        Role::Approver => "approver",
        Role::Auditor => "auditor",
    }
}

/// `docs/api/permissions.md`: every operation and the roles that may call it.
pub fn render_docs() -> String {
    let mut text = String::from(
        "# Who may do what\n\n\
         This page is rendered from the table of operations; `UPDATE_DOCS=1 cargo test -p shipway-api` writes it.\n\n\
         | operation | request |",
    );
    for role in ROLES {
        text += &format!(" {} |", role_word(role));
    }
    text += &format!("\n|---|---|{}\n", "---|".repeat(ROLES.len()));
    for endpoint in operations::all() {
        text += &format!("| {} | `{} {}` |", endpoint.id, endpoint.method.as_str(), endpoint.path);
        for role in ROLES {
            text += if endpoint.permission.allows(role) { " yes |" } else { " |" };
        }
        text += "\n";
    }
    text += "\nAn agent's token is bound to one host: its name is the host's, and operations that name another host \
             are refused.\n";
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn the_docs_say_what_the_table_says() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api/permissions.md");
        let rendered = super::render_docs();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &rendered).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap();
        assert_eq!(written, rendered, "run `UPDATE_DOCS=1 cargo test -p shipway-api`");
    }
}
