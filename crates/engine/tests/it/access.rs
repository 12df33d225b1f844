//! Who somebody is, whatever name they act by, and what follows from it.

use std::collections::BTreeSet;

use shipway_engine::access::{Part, hands};
use shipway_engine::{Code, Command, Identity};
use shipway_model::access::{Account, Commit, Privilege, TokenScope};
use shipway_model::event::{Body, Role};
use shipway_model::exception::Exception;
use shipway_model::resource::file;
use shipway_model::{AccountId, Digest, ExceptionId, GrantId, Millis, TokenId};

use crate::world::{World, name, uuid_from};

const ANA: &str = "
apiVersion: shipway.dev/v1
kind: Person
metadata: { name: ana }
spec: { accounts: [ana-laptop], emails: [Ana@example.org] }
";

fn declare(world: &mut World, text: &str) -> Result<Vec<Body>, shipway_engine::Rejection> {
    let files = [file::SourceFile { path: "people.yaml", text }];
    let resources = file::read(&files).unwrap().into_iter().map(|it| it.resource).collect();
    world.ask_as("root", Command::ApplyResources { resources })
}

fn token(world: &mut World, by: &str, holder: &str, scope: Option<TokenScope>) -> Result<Vec<Body>, Code> {
    let issue = Command::IssueToken {
        id: TokenId::from_uuid(uuid_from(world.uuid())),
        name: holder.to_owned(),
        role: Role::Operator,
        secret_digest: Digest::of(b"secret"),
        expires: None,
        scope,
        account: None,
        groups: BTreeSet::new(),
        provider: false,
    };
    world.ask_as(by, issue).map_err(|it| it.code)
}

fn account(world: &mut World, by: &str, holder: &str) -> AccountId {
    let id = AccountId::from_uuid(uuid_from(world.uuid()));
    let account = Account { name: holder.to_owned(), role: Role::Operator, person: None };
    world.ask_as(by, Command::AddAccount { id, account }).unwrap();
    world.ask_as(by, Command::SetPassword { id }).unwrap();
    id
}

fn exception(world: &mut World, by: &str) -> ExceptionId {
    let id = ExceptionId::from_uuid(uuid_from(world.uuid()));
    let exception = Exception {
        scope: Default::default(),
        calendar: None,
        release: None,
        reason: "it cannot wait".to_owned(),
        from: world.now,
        until: world.now + jiff::SignedDuration::from_hours(2),
    };
    world.ask_as(by, Command::RequestException { id, exception }).unwrap();
    id
}

fn approve(world: &mut World, by: &str, id: ExceptionId) -> Result<Vec<Body>, Code> {
    world.ask_as(by, Command::ApproveException { id }).map_err(|it| it.code)
}

#[test]
fn a_second_name_of_the_same_person_does_not_approve() {
    let mut world = World::new();
    declare(&mut world, ANA).unwrap();
    let asked = exception(&mut world, "ana");
    assert_eq!(approve(&mut world, "ana", asked), Err(Code::SelfApproval));
    assert_eq!(approve(&mut world, "ana-laptop", asked), Err(Code::SelfApproval));
    assert!(approve(&mut world, "ben", asked).is_ok());
    // Nor does one person count twice.
    let asked = exception(&mut world, "ben");
    assert_eq!(approve(&mut world, "ana", asked).unwrap().len(), 1);
    assert_eq!(approve(&mut world, "ana-laptop", asked), Ok(Vec::new()));
    assert!(world.state.calendars.exceptions.get(asked).unwrap().holds_from().is_none());
}

#[test]
fn a_machine_does_not_approve_what_its_owner_asked_nor_through_another_machine() {
    let mut world = World::new();
    let scope =
        || Some(TokenScope { operations: ["approveException".to_owned()].into(), ..Default::default() });
    token(&mut world, "eve", "bot", scope()).unwrap();
    token(&mut world, "bot", "bot-of-bot", scope()).unwrap();
    assert_eq!(world.state.access.identity("bot"), Identity::Machine("bot".to_owned()));
    let asked = exception(&mut world, "eve");
    for bot in ["bot", "bot-of-bot"] {
        assert_eq!(approve(&mut world, bot, asked), Err(Code::SelfApproval), "{bot}");
    }
    let asked = exception(&mut world, "bot-of-bot");
    assert_eq!(approve(&mut world, "eve", asked), Err(Code::SelfApproval));
    assert!(approve(&mut world, "ben", asked).is_ok());
}

#[test]
fn a_circle_of_machines_ends() {
    let mut world = World::new();
    let scope = || Some(TokenScope { operations: ["whoAmI".to_owned()].into(), ..Default::default() });
    token(&mut world, "second", "first", scope()).unwrap();
    token(&mut world, "first", "second", scope()).unwrap();
    let behind = world.state.access.behind("first");
    assert_eq!(behind, ["first", "second"].map(|it| Identity::Machine(it.to_owned())));
}

#[test]
fn nobody_gets_a_token_in_the_name_of_another_declared_person() {
    let mut world = World::new();
    token(&mut world, "root", "ana", None).unwrap();
    declare(&mut world, ANA).unwrap();
    for holder in ["ana", "ana-laptop"] {
        assert_eq!(token(&mut world, "root", holder, None), Err(Code::Impersonation), "{holder}");
        assert!(token(&mut world, "ana", holder, None).is_ok());
    }
    assert!(token(&mut world, "root", "ci", None).is_ok());
}

#[test]
fn whoever_set_anothers_password_may_be_acting_for_them_until_it_is_changed() {
    let mut world = World::new();
    let ben = account(&mut world, "root", "ben");
    assert!(world.state.access.accounts.named("ben").unwrap().must_change_password());
    let asked = exception(&mut world, "root");
    assert_eq!(approve(&mut world, "ben", asked), Err(Code::SelfApproval));
    world.ask_as("ben", Command::SetPassword { id: ben }).unwrap();
    assert!(approve(&mut world, "ben", asked).is_ok());
}

#[test]
fn a_new_password_and_a_closed_account_end_the_sign_ins() {
    let mut world = World::new();
    let ben = account(&mut world, "root", "ben");
    for end in [Command::SetPassword { id: ben }, Command::DisableAccount { id: ben }] {
        let id = TokenId::from_uuid(uuid_from(world.uuid()));
        let sign_in = Command::IssueToken {
            id,
            name: "ben".to_owned(),
            role: Role::Operator,
            secret_digest: Digest::of(b"secret"),
            expires: None,
            scope: None,
            account: Some(ben),
            groups: BTreeSet::new(),
            provider: false,
        };
        world.ask_as("ben", sign_in).unwrap();
        assert!(world.state.access.get(id).unwrap().is_valid(world.now));
        world.ask_as("ben", end).unwrap();
        assert!(!world.state.access.get(id).unwrap().is_valid(world.now));
    }
}

#[test]
fn two_persons_cannot_be_known_by_the_same() {
    let mut world = World::new();
    declare(&mut world, ANA).unwrap();
    for (spec, what) in [
        ("{ accounts: [ana] }", "the name of the other"),
        ("{ accounts: [ana-laptop] }", "an account"),
        ("{ emails: [ana@EXAMPLE.org] }", "an address in other letters"),
    ] {
        let text = ANA
            .replace("name: ana ", "name: ben ")
            .replace("{ accounts: [ana-laptop], emails: [Ana@example.org] }", spec);
        let refused = declare(&mut world, &text).unwrap_err();
        assert_eq!(refused.code, Code::InvalidDeclarations, "{what}");
    }
    // A Person that is declared anew gives up what it no longer names.
    declare(&mut world, &ANA.replace("ana-laptop", "ana-phone")).unwrap();
    assert_eq!(world.state.access.person("ana-laptop"), None);
    assert_eq!(world.state.access.person("ana-phone"), Some(&name("ana")));
}

#[test]
fn privilege_is_given_by_somebody_else_for_as_long_as_was_asked() {
    let mut world = World::new();
    declare(&mut world, ANA).unwrap();
    let id = GrantId::from_uuid(uuid_from(world.uuid()));
    let privilege = Privilege {
        role: Role::Admin,
        environments: [name("production")].into(),
        duration: Millis::from_secs(600),
        reason: "the router moves".to_owned(),
        run: String::new(),
    };
    world.ask_as("ana", Command::RequestGrant { id, privilege: privilege.clone() }).unwrap();
    assert_eq!(world.state.access.grants_in_force("ana", world.now).count(), 0);
    for own in ["ana", "ana-laptop"] {
        let refused = world.ask_as(own, Command::ApproveGrant { id }).unwrap_err();
        assert_eq!(refused.code, Code::SelfApproval);
    }
    world.ask_as("ben", Command::ApproveGrant { id }).unwrap();
    let grant = world.state.access.grants_in_force("ana-laptop", world.now).next().unwrap();
    assert!(
        grant.covers(Some(&name("production")))
            && !grant.covers(Some(&name("staging")))
            && !grant.covers(None)
    );
    let used =
        || Command::UseGrant { id, operation: "startRollout".to_owned(), resource: "production".to_owned() };
    world.ask_as("ana", used()).unwrap();
    world.pass(600);
    assert_eq!(world.state.access.grants_in_force("ana", world.now).count(), 0);
    assert_eq!(world.ask_as("ana", used()).unwrap_err().code, Code::WrongPhase);
    let grant = world.state.access.grants.get(id).unwrap();
    assert_eq!((grant.standing(world.now), grant.uses.len()), ("expired", 1));

    for (duration, reason) in [(0, "why"), (59, "why"), (24 * 3600 + 1, "why"), (600, " ")] {
        let id = GrantId::from_uuid(uuid_from(world.uuid()));
        let wrong = Privilege {
            duration: Millis::from_secs(duration),
            reason: reason.to_owned(),
            ..privilege.clone()
        };
        let refused = world.ask_as("ana", Command::RequestGrant { id, privilege: wrong }).unwrap_err();
        assert_eq!(refused.code, Code::InvalidGrant, "{duration} s, {reason:?}");
    }
}

/// A pipeline has no more than its token but for one run, for an hour at most, and by somebody else's word.
#[test]
fn the_run_of_a_pipeline_gets_privilege_by_the_word_of_somebody_who_is_not_behind_it() {
    let mut world = World::with_shop(serde_json::json!({}));
    let issue = Command::IssueToken {
        id: shipway_model::TokenId::from_uuid(uuid_from(900)),
        name: "ci".to_owned(),
        role: Role::Builder,
        secret_digest: shipway_model::Digest::of(b"ci"),
        expires: None,
        scope: Some(shipway_model::access::TokenScope::default()),
        account: None,
        groups: Default::default(),
        provider: false,
    };
    world.ask_as("root", issue).unwrap();
    let privilege = |run: &str, seconds| Privilege {
        role: Role::Operator,
        environments: [name("production")].into(),
        duration: Millis::from_secs(seconds),
        reason: "it ships the release".to_owned(),
        run: run.to_owned(),
    };
    let id = GrantId::from_uuid(uuid_from(world.uuid()));
    for wrong in [privilege("", 600), privilege("runs/4711", 3601)] {
        let refused = world.ask_as("ci", Command::RequestGrant { id, privilege: wrong }).unwrap_err();
        assert_eq!(refused.code, Code::InvalidGrant);
    }
    world.ask_as("ci", Command::RequestGrant { id, privilege: privilege("runs/4711", 600) }).unwrap();
    // Whoever issued the token answers for what it does.
    assert_eq!(world.ask_as("root", Command::ApproveGrant { id }).unwrap_err().code, Code::SelfApproval);
    world.ask_as("ben", Command::ApproveGrant { id }).unwrap();
    assert_eq!(world.state.access.grants_in_force("ci", world.now).count(), 1);
    world.pass(600);
    assert_eq!(world.state.access.grants_in_force("ci", world.now).count(), 0);
}

#[test]
fn hands_in_a_release_are_found_by_address_by_machine_and_by_the_rules_that_judge_it() {
    let mut world = World::with_shop(serde_json::json!({}));
    declare(&mut world, ANA).unwrap();
    let id = world.draft("1.0.0", &[("web", "1.0.0")]);
    let commit = Commit {
        id: "3fa2c41d00".to_owned(),
        author: "ANA@example.org".to_owned(),
        committer: "carl@example.org".to_owned(),
        co_authors: vec!["dora@elsewhere.org".to_owned()],
    };
    world.ask(Command::RecordCommits { id, commits: vec![commit.clone()] }).unwrap();
    world.ask(Command::SealRelease { id }).unwrap();
    let found = hands(&world.state, id, Some(&name("production")));
    let deeds_of = |who: &str, part: Part| -> Vec<&str> {
        let is_his = |it: &&shipway_engine::access::Hand| {
            it.who == Identity::Person(who.to_owned()) && it.part == part
        };
        found.iter().filter(is_his).map(|it| it.deed.as_str()).collect()
    };
    assert_eq!(deeds_of("ana", Part::Author), ["wrote commit 3fa2c41 of shop@1.0.0"]);
    assert_eq!(deeds_of("carl", Part::Author), ["committed 3fa2c41 of shop@1.0.0"]);
    assert_eq!(deeds_of("dora", Part::Author), ["co-wrote commit 3fa2c41 of shop@1.0.0"]);
    assert_eq!(deeds_of("ana", Part::Requester), ["put shop@1.0.0 together", "sealed shop@1.0.0"]);
    assert!(deeds_of("ana", Part::Editor).contains(&"changed Environment production, which judges it"));
    assert_eq!(deeds_of("ana", Part::Builder), ["registered the build of web 1.0.0"]);

    let late = world.ask(Command::RecordCommits { id, commits: Vec::new() }).unwrap_err();
    assert_eq!(late.code, Code::ReleaseSealed);
    let id = world.draft("2.0.0", &[("web", "1.0.0")]);
    for wrong in [
        Commit { id: "HEAD".to_owned(), ..commit.clone() },
        Commit { author: String::new(), ..commit.clone() },
        Commit { committer: "a\u{1b}[31m".to_owned(), ..commit },
    ] {
        let refused = world.ask(Command::RecordCommits { id, commits: vec![wrong] }).unwrap_err();
        assert_eq!(refused.code, Code::InvalidCommits);
    }
}
