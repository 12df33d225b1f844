//! The seam between the server, which asks whether somebody may do something, and Cedar, which answers.

use std::sync::Arc;

use shipway_api::operations;
use shipway_model::Name;
use shipway_model::resource::AccessPolicy;
use shipway_policy::cedar::{Action, Fault, Rules};
use shipway_server::Decide;

/// The organisation's policies together with the shipped ones.
pub(crate) fn compile(policies: &[(Name, &AccessPolicy)]) -> Result<Decide, Vec<(Name, String)>> {
    let told = |faults: Vec<Fault>| faults.into_iter().map(|it| (it.policy, it.message)).collect::<Vec<_>>();
    let rules = Rules::compile(policies, &actions()).map_err(told)?;
    Ok(Arc::new(move |question| rules.decide(question)))
}

/// The operations of the API as policies name them.
pub(crate) fn actions() -> Vec<Action> {
    let action = |it: shipway_api::Endpoint| Action {
        name: it.id.to_owned(),
        group: it.permission.group(),
        changes: it.changes(),
    };
    operations::all().map(action).collect()
}

#[cfg(test)]
mod tests {
    use shipway_api::Permission;
    use shipway_api::permission::{ROLES, role_word};
    use shipway_model::access::{Principal, PrincipalKind, Question, Thing, ThingKind};
    use shipway_model::event::Role;

    use super::*;

    fn asked_by(role: Role, action: &str) -> Question {
        let kind = if role == Role::Agent { PrincipalKind::Agent } else { PrincipalKind::Person };
        Question {
            principal: Principal {
                kind,
                name: "ana".to_owned(),
                roles: [role].into(),
                teams: Default::default(),
                behind: ["ana".to_owned()].into(),
                scope: None,
                must_change_password: false,
            },
            action: action.to_owned(),
            resource: Thing { kind: ThingKind::ControlPlane, name: "shipway".to_owned() },
            environment: None,
            release: None,
            services: Default::default(),
            change_type: None,
            regulations: std::collections::BTreeSet::new(),
            segregated: false,
            hands: Default::default(),
            authors: Default::default(),
        }
    }

    #[test]
    fn the_shipped_policies_say_what_the_table_of_permissions_says() {
        let decide = compile(&[]).unwrap();
        for endpoint in operations::all() {
            for role in ROLES {
                let ruling = decide(&asked_by(role, endpoint.id));
                let place = format!("{} by {}: {ruling:?}", endpoint.id, role_word(role));
                assert_eq!(ruling.allowed, endpoint.permission.allows(role), "{place}");
                assert_eq!(ruling.errors, [""; 0], "{place}");
            }
        }
    }

    #[test]
    fn whoever_has_no_role_does_nothing_but_ask_who_they_are() {
        let decide = compile(&[]).unwrap();
        for endpoint in operations::all() {
            let mut question = asked_by(Role::Viewer, endpoint.id);
            question.principal.roles.clear();
            let open = [Permission::AnyToken, Permission::Password, Permission::Code];
            let is_open = open.contains(&endpoint.permission);
            assert_eq!(decide(&question).allowed, is_open, "{}", endpoint.id);
        }
    }
}
