use std::collections::BTreeMap;

use shipway_model::access::{Thing, TokenScope};
use shipway_model::event::Role;

use super::*;

fn actions() -> Vec<Action> {
    let action = |name: &str, group, changes| Action { name: name.to_owned(), group, changes };
    vec![
        action("whoAmI", "for-any-token", false),
        action("changePassword", "for-any-token", true),
        action("signOut", "for-any-token", true),
        action("listReleases", "for-viewers", false),
        action("putBlob", "for-builders", true),
        action("registerArtifact", "for-builders", true),
        action("approveStep", "for-approvers", true),
        action("startRollout", "for-operators", true),
        action("applyResources", "for-admins", true),
    ]
}

fn question(role: Role, action: &str) -> Question {
    Question {
        principal: Principal {
            kind: PrincipalKind::Person,
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
        services: BTreeMap::new(),
        change_type: None,
        regulations: std::collections::BTreeSet::new(),
        segregated: false,
        hands: Default::default(),
        authors: Default::default(),
    }
}

fn compile(texts: &[(&str, &str)]) -> Result<Rules, Vec<Fault>> {
    let policies: Vec<(Name, AccessPolicy)> = texts
        .iter()
        .map(|(name, cedar)| (name.parse().unwrap(), AccessPolicy { cedar: (*cedar).to_owned() }))
        .collect();
    let borrowed: Vec<_> = policies.iter().map(|(name, it)| (name.clone(), it)).collect();
    Rules::compile(&borrowed, &actions())
}

#[track_caller]
fn check(rules: &Rules, question: &Question, allowed: bool, because: &[&str]) {
    let ruling = rules.decide(question);
    assert_eq!(
        (ruling.allowed, ruling.because),
        (allowed, because.iter().map(|it| (*it).to_owned()).collect())
    );
    assert_eq!(ruling.errors, [""; 0]);
}

#[test]
fn the_shipped_policies_fit_the_schema() {
    let schema = schema::of(&actions());
    let set = PolicySet::from_policies(named("shipway", SHIPPED).unwrap()).unwrap();
    let result = Validator::new(schema).validate(&set, ValidationMode::Strict);
    let faults: Vec<String> = result.validation_errors().map(ToString::to_string).collect();
    assert_eq!(faults, [""; 0]);
}

#[test]
fn a_machine_does_what_its_token_is_limited_to() {
    let rules = compile(&[]).unwrap();
    let scoped = |scope: TokenScope, action: &str| {
        let mut question = question(Role::Operator, action);
        question.principal.kind = PrincipalKind::Machine;
        question.principal.scope = Some(scope);
        question
    };
    let of_web = || TokenScope { services: ["web".parse().unwrap()].into(), ..Default::default() };
    let mut build = scoped(of_web(), "registerArtifact");
    check(&rules, &build, false, &["shipway/scope-of-services-unnamed"]);
    build.services.insert("web".parse().unwrap(), None);
    check(&rules, &build, true, &["shipway/builders"]);
    build.services.insert("checkout".parse().unwrap(), None);
    check(&rules, &build, false, &["shipway/scope-of-services"]);
    check(&rules, &scoped(of_web(), "putBlob"), true, &["shipway/builders"]);
    check(&rules, &scoped(of_web(), "listReleases"), true, &["shipway/viewers"]);

    let in_staging =
        || TokenScope { environments: ["staging".parse().unwrap()].into(), ..Default::default() };
    let mut start = scoped(in_staging(), "startRollout");
    check(&rules, &start, false, &["shipway/scope-of-environments-unnamed"]);
    start.environment = Some("staging".parse().unwrap());
    check(&rules, &start, true, &["shipway/operators"]);
    start.environment = Some("production".parse().unwrap());
    check(&rules, &start, false, &["shipway/scope-of-environments"]);

    let only = TokenScope { operations: ["startRollout".to_owned()].into(), ..Default::default() };
    check(&rules, &scoped(only.clone(), "startRollout"), true, &["shipway/operators"]);
    check(&rules, &scoped(only.clone(), "listReleases"), false, &["shipway/scope-of-operations"]);
    check(&rules, &scoped(only.clone(), "whoAmI"), true, &["shipway/any-token"]);
    // A scope gives nothing that the role does not.
    let apply = TokenScope { operations: ["applyResources".to_owned()].into(), ..only };
    check(&rules, &scoped(apply, "applyResources"), false, &[]);
}

#[test]
fn duties_are_segregated_for_whoever_may_be_behind_the_name() {
    let rules = compile(&[]).unwrap();
    let mut approve = question(Role::Admin, "approveStep");
    approve.hands = ["ben".to_owned()].into();
    approve.principal.behind.insert("ben".to_owned());
    check(&rules, &approve, true, &["shipway/approvers"]);
    approve.segregated = true;
    check(&rules, &approve, false, &["shipway/segregation-of-approval"]);
    let mut start = Question { action: "startRollout".to_owned(), ..approve };
    check(&rules, &start, true, &["shipway/operators"]);
    start.authors = start.hands.clone();
    check(&rules, &start, false, &["shipway/segregation-of-shipping"]);
}

#[test]
fn with_a_password_that_somebody_else_knows_only_that_is_changed() {
    let rules = compile(&[]).unwrap();
    for (action, allowed) in [
        ("changePassword", true),
        ("whoAmI", true),
        ("signOut", true),
        ("listReleases", false),
        ("startRollout", false),
    ] {
        let mut question = question(Role::Admin, action);
        question.principal.must_change_password = true;
        assert_eq!(rules.decide(&question).allowed, allowed, "{action}");
    }
}

#[test]
fn an_organisation_adds_and_narrows_and_never_overrules_a_forbid() {
    let rules = compile(&[(
        "releasers",
        r#"
        @id("ana-ships")
        permit (principal == Person::"ana", action == Action::"startRollout", resource in Environment::"staging");
        @id("shop-alone")
        forbid (principal, action in Action::"changes", resource in Team::"shop") unless { principal in Team::"shop" };
        "#,
    )])
    .unwrap();
    let mut start = question(Role::Viewer, "startRollout");
    start.resource = Thing { kind: ThingKind::Rollout, name: "new".to_owned() };
    check(&rules, &start, false, &[]);
    start.environment = Some("production".parse().unwrap());
    check(&rules, &start, false, &[]);
    start.environment = Some("staging".parse().unwrap());
    check(&rules, &start, true, &["releasers/ana-ships"]);
    start.services.insert("web".parse().unwrap(), Some("shop".parse().unwrap()));
    check(&rules, &start, false, &["releasers/shop-alone"]);
    start.principal.teams.insert("shop".parse().unwrap());
    check(&rules, &start, true, &["releasers/ana-ships"]);
}

#[test]
fn access_depends_on_the_type_of_the_change_and_on_regulations() {
    let rules = compile(&[(
        "regulated",
        r#"
        @id("majors-by-admins")
        forbid (principal, action == Action::"startRollout", resource)
        when { context.changeTypes.contains("major") && context.regulations.contains("pci") }
        unless { principal in Role::"admin" };
        "#,
    )])
    .unwrap();
    let mut start = question(Role::Operator, "startRollout");
    let allowed = |it: &Question| rules.decide(it).allowed;
    assert!(allowed(&start));
    start.change_type = Some(shipway_model::release::Class::Major);
    assert!(allowed(&start));
    start.regulations.insert("pci".parse().unwrap());
    check(&rules, &start, false, &["regulated/majors-by-admins"]);
    start.change_type = Some(shipway_model::release::Class::Normal);
    assert!(allowed(&start));
    start.change_type = Some(shipway_model::release::Class::Major);
    start.principal.roles.insert(Role::Admin);
    assert!(allowed(&start));
}

#[test]
fn what_is_no_policy_is_refused_with_its_reason() {
    for (text, why) in [
        ("permit (principal, action, resource)", "unexpected end of input"),
        ("permit (principal == ?principal, action, resource);", "template"),
        ("permit (principal, action == Action::\"startRolout\", resource);", "startRolout"),
        ("permit (principal is Persn, action, resource);", "Persn"),
        ("permit (principal, action, resource) when { context.colour == \"red\" };", "colour"),
        ("// nothing", "holds no policy"),
        (
            "@id(\"a\") permit (principal, action, resource); @id(\"a\") forbid (principal, action, resource);",
            "called",
        ),
    ] {
        let Err(faults) = compile(&[("own", text)]) else { panic!("{text} is taken") };
        assert!(faults.iter().any(|it| it.message.contains(why)), "{text}: {faults:?}");
    }
    assert!(compile(&[("shipway", "permit (principal, action, resource);")]).is_err());
}

/// Strict validation leaves overflow alone to fail when it is evaluated.
#[test]
fn a_forbid_that_fails_forbids_and_a_permit_that_fails_permits_nothing() {
    let failing = "when { 9223372036854775807 + (if context.segregated then 1 else 0) > 0 };";
    let mut asked = question(Role::Operator, "startRollout");
    let rules = compile(&[("own", &format!("forbid (principal, action, resource) {}", failing))]).unwrap();
    asked.segregated = true;
    let ruling = rules.decide(&asked);
    assert!(!ruling.allowed && ruling.errors.len() == 1, "{ruling:?}");
    let mut asked = question(Role::Viewer, "startRollout");
    asked.segregated = true;
    let rules = compile(&[("own", &format!("permit (principal, action, resource) {}", failing))]).unwrap();
    assert!(!rules.decide(&asked).allowed);
}

#[test]
fn an_operation_that_is_not_known_is_refused() {
    let rules = compile(&[("own", "permit (principal, action, resource);")]).unwrap();
    assert!(!rules.decide(&question(Role::Admin, "dropEverything")).allowed);
}

/// Keeping policies by their heads must not change an answer: every question is asked of the whole set too.
#[test]
fn asking_fewer_policies_gives_the_same_answer() {
    let mut text = String::new();
    for n in 0..60 {
        let effect = if n % 7 == 0 { "forbid" } else { "permit" };
        let principal = match n % 5 {
            0 => "principal".to_owned(),
            1 => format!("principal == Person::\"p{}\"", n % 4),
            2 => format!("principal in Team::\"t{}\"", n % 3),
            3 => "principal is Machine".to_owned(),
            _ => format!("principal is Person in Team::\"t{}\"", n % 3),
        };
        let action = match n % 3 {
            0 => "action == Action::\"startRollout\"",
            1 => "action in [Action::\"changes\", Action::\"for-viewers\"]",
            _ => "action in [Action::\"approveStep\", Action::\"applyResources\"]",
        };
        let resource = match n % 4 {
            0 => format!("resource in Environment::\"e{}\"", n % 3),
            1 => format!("resource == Service::\"s{}\"", n % 2),
            2 => format!("resource in Service::\"s{}\"", n % 2),
            _ => format!("resource is Rollout in Environment::\"e{}\"", n % 3),
        };
        text += &format!("@id(\"n{n}\") {effect} ({principal}, {action}, {resource});\n");
    }
    let rules = compile(&[("own", &text)]).unwrap();
    let mut whole = named("shipway", SHIPPED).unwrap();
    whole.extend(named("own", &text).unwrap());
    let whole = PolicySet::from_policies(whole).unwrap();
    let mut answers = BTreeMap::new();
    for n in 0..3000_usize {
        let action = &actions()[n % 9].name.clone();
        let mut asked = question([Role::Viewer, Role::Operator, Role::Admin][n % 3], action);
        asked.principal.name = format!("p{}", n / 3 % 5);
        if n / 9 % 4 == 0 {
            asked.principal.kind = PrincipalKind::Machine;
        }
        asked.principal.teams = [format!("t{}", n / 5 % 4).parse().unwrap()].into();
        asked.environment = (n / 7 % 3 < 2).then(|| format!("e{}", n / 11 % 4).parse().unwrap());
        if n / 13 % 2 == 0 {
            asked.services.insert(format!("s{}", n / 17 % 3).parse().unwrap(), None);
        }
        asked.resource = match n / 19 % 3 {
            0 => Thing { kind: ThingKind::Rollout, name: "new".to_owned() },
            1 => Thing { kind: ThingKind::Service, name: format!("s{}", n / 17 % 3) },
            _ => Thing { kind: ThingKind::ControlPlane, name: "shipway".to_owned() },
        };
        let ruling = rules.decide(&asked);
        let cast = entities::of(&asked, &rules.actions[&asked.action]).unwrap();
        let response = Authorizer::new().is_authorized(&cast.request, &whole, &cast.entities);
        assert_eq!(ruling.allowed, response.decision() == Decision::Allow, "{asked:?}");
        let because: BTreeSet<String> = response.diagnostics().reason().map(ToString::to_string).collect();
        assert_eq!(ruling.because, Vec::from_iter(because), "{asked:?}");
        *answers.entry(ruling.allowed).or_insert(0) += 1;
    }
    assert!(answers.values().all(|it| *it > 300), "{answers:?}");
}
