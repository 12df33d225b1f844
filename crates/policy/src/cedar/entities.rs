//! A question as Cedar sees it: entities, their parents, and the context.

use super::*;

/// An operation, with the groups that it belongs to.
pub(super) struct ActionEntity {
    uid: EntityUid,
    groups: Vec<EntityUid>,
}

/// One question, cast into Cedar's terms.
pub(super) struct Cast {
    pub(super) request: Request,
    pub(super) entities: Entities,
    /// The principal and everything that it is in; the same of action and resource.
    pub(super) principals: Vec<EntityUid>,
    pub(super) actions: Vec<EntityUid>,
    pub(super) resources: Vec<EntityUid>,
}

pub(super) fn actions(actions: &[Action]) -> HashMap<String, ActionEntity> {
    let entity = |it: &Action| ActionEntity {
        uid: uid("Action", &it.name),
        groups: it.groups().iter().map(|group| uid("Action", group)).collect(),
    };
    actions.iter().map(|it| (it.name.clone(), entity(it))).collect()
}

pub(super) fn of(question: &Question, action: &ActionEntity) -> Result<Cast, String> {
    let mut all = Vec::new();
    let principals = principal(&question.principal, &mut all)?;
    let resources = resource(question, &mut all);
    all.extend(action.groups.iter().map(|it| Entity::new_no_attrs(it.clone(), HashSet::new())));
    all.push(Entity::new_no_attrs(action.uid.clone(), action.groups.iter().cloned().collect()));
    let mut actions = action.groups.clone();
    actions.push(action.uid.clone());
    let says = |error: &dyn std::fmt::Display| error.to_string();
    let entities = Entities::from_entities(all, None).map_err(|it| says(&it))?;
    let request = Request::new(
        uid(question.principal.kind.as_str(), &question.principal.name),
        action.uid.clone(),
        uid(question.resource.kind.as_str(), &question.resource.name),
        context(question)?,
        None,
    );
    Ok(Cast { request: request.map_err(|it| says(&it))?, entities, principals, actions, resources })
}

fn principal(principal: &Principal, all: &mut Vec<Entity>) -> Result<Vec<EntityUid>, String> {
    let own = uid(principal.kind.as_str(), &principal.name);
    let mut above = Vec::new();
    for role in &principal.roles {
        above.extend(schema::role_with_all_below(*role).map(|it| uid("Role", it)));
    }
    above.extend(principal.teams.iter().map(|it| uid("Team", it.as_str())));
    above.sort();
    above.dedup();
    all.extend(above.iter().map(|it| Entity::new_no_attrs(it.clone(), HashSet::new())));
    let attributes = match principal.kind {
        PrincipalKind::Person => {
            vec![("mustChangePassword".to_owned(), bool(principal.must_change_password))]
        }
        PrincipalKind::Machine => scope(principal),
        PrincipalKind::Agent => Vec::new(),
    };
    let entity = Entity::new(own.clone(), attributes.into_iter().collect(), above.iter().cloned().collect());
    all.push(entity.map_err(|it| it.to_string())?);
    above.push(own);
    Ok(above)
}

fn scope(principal: &Principal) -> Vec<(String, RestrictedExpression)> {
    let scope = principal.scope.clone().unwrap_or_default();
    vec![
        ("services".to_owned(), texts(scope.services.iter().map(Name::as_str))),
        ("environments".to_owned(), texts(scope.environments.iter().map(Name::as_str))),
        ("operations".to_owned(), texts(scope.operations.iter().map(String::as_str))),
    ]
}

/// A rollout is in its environment and its release, a release in its services, a service in the team that owns it, and
/// everything in the control plane.
fn resource(question: &Question, all: &mut Vec<Entity>) -> Vec<EntityUid> {
    let top = uid("ControlPlane", CONTROL_PLANE);
    let mut known = vec![top.clone()];
    all.push(Entity::new_no_attrs(top.clone(), HashSet::new()));
    let mut add = |own: EntityUid, mut parents: Vec<EntityUid>, all: &mut Vec<Entity>| {
        parents.push(top.clone());
        if !known.contains(&own) {
            all.push(Entity::new_no_attrs(own.clone(), parents.into_iter().collect()));
            known.push(own);
        }
    };
    let mut services = Vec::new();
    for (service, owner) in &question.services {
        let owner: Vec<EntityUid> = owner.iter().map(|it| uid("Team", it.as_str())).collect();
        // The team may be there already, above the principal.
        let is_new = |it: &EntityUid, all: &[Entity]| !all.iter().any(|known| known.uid() == *it);
        for team in owner.iter().filter(|it| is_new(it, all)).cloned().collect::<Vec<_>>() {
            all.push(Entity::new_no_attrs(team, HashSet::new()));
        }
        let own = uid("Service", service.as_str());
        services.push(own.clone());
        add(own, owner, all);
    }
    let environment = question.environment.as_ref().map(|it| uid("Environment", it.as_str()));
    if let Some(environment) = &environment {
        add(environment.clone(), Vec::new(), all);
    }
    let release = question.release.as_ref().map(|it| uid("Release", it));
    if let Some(release) = &release {
        add(release.clone(), services.clone(), all);
    }
    let own = uid(question.resource.kind.as_str(), &question.resource.name);
    if question.resource.kind == ThingKind::Rollout {
        add(own, environment.into_iter().chain(release).chain(services).collect(), all);
    } else {
        add(own, Vec::new(), all);
    }
    let teams = question.services.values().flatten().map(|it| uid("Team", it.as_str()));
    let mut above: Vec<EntityUid> = known.into_iter().chain(teams).collect();
    above.sort();
    above.dedup();
    above
}

fn context(question: &Question) -> Result<Context, String> {
    let services = question.services.keys().map(Name::as_str);
    let pairs = [
        ("operation", RestrictedExpression::new_string(question.action.clone())),
        ("environments", texts(question.environment.iter().map(Name::as_str))),
        ("services", texts(services)),
        ("changeTypes", texts(question.change_type.iter().map(|it| it.as_str()))),
        ("regulations", texts(question.regulations.iter().map(Name::as_str))),
        ("behind", texts(question.principal.behind.iter().map(String::as_str))),
        ("segregated", bool(question.segregated)),
        ("hands", texts(question.hands.iter().map(String::as_str))),
        ("authors", texts(question.authors.iter().map(String::as_str))),
    ];
    Context::from_pairs(pairs.map(|(key, value)| (key.to_owned(), value))).map_err(|it| it.to_string())
}

/// The one control plane, in whose name everything is that is nothing else.
const CONTROL_PLANE: &str = "shipway";

fn uid(kind: &str, id: &str) -> EntityUid {
    let kind = kind.parse().expect("the kinds are names in Cedar");
    EntityUid::from_type_name_and_id(kind, cedar_policy::EntityId::new(id))
}

fn bool(value: bool) -> RestrictedExpression {
    RestrictedExpression::new_bool(value)
}

fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> RestrictedExpression {
    RestrictedExpression::new_set(texts.map(|it| RestrictedExpression::new_string(it.to_owned())))
}
