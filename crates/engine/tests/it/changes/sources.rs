//! From where releases come: candidates, mergers, merge-backs; and who is told of them.

use serde_json::{Value, json};
use shipway_engine::{Code, Command, Rejection, source};
use shipway_model::ReleaseId;
use shipway_model::event::Body;
use shipway_model::release::{Bundle, Class};
use shipway_model::source::{Merge, MergeBack, Ref, Source};

use super::{declare, protected};
use crate::world::{World, name, service, uuid_from, version};

const COMMIT: &str = "3fa2c41d00";

/// The shop whose `web` is built from a repository with these rules.
fn scene(repository: Value) -> World {
    let mut world = protected(json!({}));
    declare(&mut world, "root", "Repository", "shop", repository);
    let mut spec = service("web", &["checkout", "catalogue"])["spec"].clone();
    spec["repository"] = json!("shop");
    declare(&mut world, "root", "Service", "web", spec);
    world
}

fn branch(name: &str) -> Ref {
    Ref::Branch(name.to_owned())
}

fn draft(world: &mut World, number: &str, class: Class) -> ReleaseId {
    let first = world.draft(&format!("{number}-draft"), &[("web", number)]);
    let bundle = world.state.releases.get(first).unwrap().bundle.clone();
    let bundle = Bundle { version: version(number), class, ..bundle };
    let id = ReleaseId::from_uuid(uuid_from(world.uuid()));
    world.ask(Command::CreateRelease { id, bundle }).unwrap();
    id
}

fn come_from(
    world: &mut World,
    id: ReleaseId,
    reference: Ref,
    merges: Vec<Merge>,
) -> Result<Vec<Body>, Rejection> {
    let source = Source { repository: name("shop"), reference, commit: COMMIT.to_owned(), merges };
    world.ask(Command::RecordSources { id, sources: vec![source] })?;
    world.ask(Command::SealRelease { id })
}

#[test]
fn only_what_the_branching_yields_is_sealed() {
    for (model, reference, class, may) in [
        ("trunk", branch("main"), Class::Normal, true),
        ("trunk", Ref::Tag("v1.0.0".to_owned()), Class::Normal, true),
        ("trunk", branch("feature/cards"), Class::Normal, false),
        // A tag is no branch of the same name.
        ("trunk", Ref::Tag("main".to_owned()), Class::Normal, false),
        ("gitflow", branch("develop"), Class::Normal, false),
        ("gitflow", branch("release/1.0"), Class::Normal, true),
        ("gitflow", branch("hotfix/till"), Class::Normal, false),
        ("gitflow", branch("hotfix/till"), Class::Emergency, true),
        ("gitflow", branch("feature/till"), Class::Emergency, false),
        ("release-branches", branch("main"), Class::Normal, false),
        ("release-branches", branch("release/1.0"), Class::Normal, true),
    ] {
        let mut world = scene(json!({ "model": model }));
        let id = draft(&mut world, "1.0.0", class);
        let sealed = come_from(&mut world, id, reference.clone(), Vec::new());
        match (may, sealed) {
            (true, Ok(_)) => {}
            (false, Err(refused)) => {
                assert_eq!(refused.code, Code::NotACandidate);
                assert!(refused.faults[0].contains("yields no releases"), "{:?}", refused.faults);
            }
            (_, sealed) => panic!("{model} {reference:?} {class:?}: {sealed:?}"),
        }
    }
}

#[test]
fn nobody_having_said_where_it_comes_from_is_refused() {
    let mut world = scene(json!({ "model": "trunk" }));
    let id = draft(&mut world, "1.0.0", Class::Normal);
    let refused = world.ask(Command::SealRelease { id }).unwrap_err();
    assert_eq!(refused.faults, ["web is built from shop, and nobody said from which branch or tag"]);
}

#[test]
fn only_those_who_may_have_merged() {
    let mut world = scene(json!({ "model": "trunk", "mergers": { "teams": ["shop"] } }));
    declare(&mut world, "root", "Person", "ben", json!({ "emails": ["ben@example.org"] }));
    let merge = |by: &str| Merge { commit: COMMIT.to_owned(), by: by.to_owned() };
    let id = draft(&mut world, "1.0.0", Class::Normal);
    let refused = come_from(
        &mut world,
        id,
        branch("main"),
        vec![merge("ben@example.org"), merge("mallory@example.org")],
    );
    let faults = refused.unwrap_err().faults;
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with("mallory@example.org merged 3fa2c41d00 into main"), "{faults:?}");
    let id = draft(&mut world, "1.0.1", Class::Normal);
    come_from(&mut world, id, branch("main"), vec![merge("Ben@example.org")]).unwrap();
}

#[test]
fn a_hotfix_owes_its_merge_back_and_holds_the_next_release_once_it_is_overdue() {
    let mut world = scene(json!({ "model": "gitflow", "mergeBackWithin": "1d" }));
    let hotfix = draft(&mut world, "1.0.1", Class::Emergency);
    come_from(&mut world, hotfix, branch("hotfix/till"), Vec::new()).unwrap();
    let owed = source::owed(&world.state);
    assert_eq!(owed.len(), 1);
    assert_eq!(owed[0].missing, ["develop".to_owned(), "main".to_owned()].into());

    let id = draft(&mut world, "1.1.0", Class::Normal);
    come_from(&mut world, id, branch("release/1.1"), Vec::new()).unwrap();
    world.pass(24 * 3600 + 1);
    let id = draft(&mut world, "1.2.0", Class::Normal);
    let refused = come_from(&mut world, id, branch("release/1.2"), Vec::new()).unwrap_err();
    assert!(refused.faults[0].starts_with("the hotfix shop@1.0.1 was to be merged back"), "{refused}");
    let found = |branches: &[&str], commit: &str| Command::RecordMergeBack {
        id: hotfix,
        merge_back: MergeBack {
            repository: name("shop"),
            commit: commit.to_owned(),
            found_in: branches.iter().map(|it| (*it).to_owned()).collect(),
        },
    };
    assert_eq!(world.ask(found(&["main", "develop"], "deadbeef00")).unwrap_err().code, Code::InvalidSource);
    world.ask(found(&["main"], COMMIT)).unwrap();
    assert_eq!(source::owed(&world.state)[0].missing, ["develop".to_owned()].into());
    world.ask(found(&["main", "develop"], COMMIT)).unwrap();
    assert_eq!(source::owed(&world.state), []);
    world.ask(Command::SealRelease { id }).unwrap();
}

#[test]
fn those_who_depend_on_what_others_ship_are_told() {
    let mut world = protected(json!({}));
    declare(&mut world, "root", "Team", "payments", json!({ "members": ["pia"] }));
    let mut spec = service("refunds", &["web"])["spec"].clone();
    spec["owner"] = json!("payments");
    declare(&mut world, "root", "Service", "refunds", spec);
    let id = draft(&mut world, "1.0.0", Class::Normal);
    let events = world.ask(Command::SealRelease { id }).unwrap();
    let told = events.iter().find_map(|it| match it {
        Body::ConsumersNotified { consumers, .. } => Some(consumers.clone()),
        _ => None,
    });
    assert_eq!(told, Some([(name("payments"), [name("refunds")].into())].into()));
    assert_eq!(world.state.releases.get(id).unwrap().consumers.len(), 1);
}

#[test]
fn a_build_of_a_branch_that_yields_no_releases_is_not_registered() {
    let mut world = scene(json!({ "model": "gitflow" }));
    let mut artifact = {
        world.draft("0.1.0", &[("web", "0.1.0")]);
        world.state.artifacts.get(&name("web"), &version("0.1.0")).unwrap().artifact.clone()
    };
    let mut register = |number: &str, source: Ref| {
        artifact.version = version(number);
        artifact.source = Some(source);
        world.ask(Command::RegisterArtifact { artifact: artifact.clone() })
    };
    let refused = register("0.2.0", branch("feature/cards")).unwrap_err();
    assert_eq!(refused.code, Code::NotACandidate);
    assert!(refused.faults[0].contains("the branch feature/cards of shop yields no releases"), "{refused:?}");
    register("0.3.0", branch("release/1.0")).unwrap();
    register("0.4.0", branch("hotfix/till")).unwrap();
    assert_eq!(register("0.5.0", Ref::Tag("main".to_owned())).unwrap_err().code, Code::NotACandidate);
}

#[test]
fn who_uses_it_through_a_library_is_told_and_who_uses_it_through_a_service_is_not() {
    let mut world = protected(json!({}));
    declare(&mut world, "root", "Team", "platform", json!({ "members": ["pia"] }));
    declare(&mut world, "root", "Team", "apps", json!({ "members": ["al"] }));
    let mut catalogue = service("catalogue", &[])["spec"].clone();
    catalogue["owner"] = json!("platform");
    declare(&mut world, "root", "Service", "catalogue", catalogue);
    declare(
        &mut world,
        "root",
        "Library",
        "client",
        json!({ "owner": "platform", "dependsOn": [{ "service": "catalogue" }] }),
    );
    declare(
        &mut world,
        "root",
        "Library",
        "toolkit",
        json!({ "owner": "apps", "dependsOn": [{ "library": "client" }] }),
    );
    let mut app = service("app", &[])["spec"].clone();
    app["owner"] = json!("apps");
    app["dependsOn"] = json!([{ "library": "toolkit" }]);
    declare(&mut world, "root", "Service", "app", app);
    let id = world.seal("1.0.0", &[("catalogue", "1.0.0")]);
    let told = &world.state.releases.get(id).unwrap().consumers;
    assert_eq!(told[&name("apps")], [name("app")].into());
    // web and checkout of the shop need it directly.
    assert_eq!(told[&name("shop")], [name("checkout"), name("web")].into());
    let id = world.seal("2.0.0", &[("checkout", "2.0.0")]);
    assert!(world.state.releases.get(id).unwrap().consumers.is_empty(), "its consumers are its owner's own");
}

#[test]
fn who_uses_it_by_the_bill_of_materials_is_told_too() {
    let mut world = protected(json!({}));
    for team in ["platform", "apps"] {
        declare(&mut world, "root", "Team", team, json!({ "members": [format!("{team}-lead")] }));
    }
    for (service_name, owner) in [("catalogue", "platform"), ("app", "apps"), ("other", "apps")] {
        let mut spec = service(service_name, &[])["spec"].clone();
        spec["owner"] = json!(owner);
        declare(&mut world, "root", "Service", service_name, spec);
    }
    let library = json!({
        "owner": "platform", "dependsOn": [{ "service": "catalogue" }], "packages": ["pkg:npm/%40shop/client"],
    });
    declare(&mut world, "root", "Library", "client", library);
    let id = world.draft("1.0.0", &[("catalogue", "1.0.0")]);
    // The bill of `other` names the library; that of the provider itself is no consumer's.
    let uses = |services: &[&str]| Command::NoteLibraryUses {
        id,
        uses: [(name("client"), services.iter().map(|it| name(it)).collect())].into(),
    };
    assert_eq!(world.ask_as("shipway", uses(&["other", "catalogue"])).unwrap().len(), 1);
    assert_eq!(world.ask_as("shipway", uses(&["other", "catalogue"])).unwrap(), [], "nothing new");
    world.ask(Command::SealRelease { id }).unwrap();
    let told = &world.state.releases.get(id).unwrap().consumers;
    assert_eq!(told[&name("apps")], [name("other")].into(), "`app` says nowhere that it uses it");
    assert_eq!(world.ask_as("shipway", uses(&["app"])).unwrap(), [], "what is sealed has told its consumers");
}
