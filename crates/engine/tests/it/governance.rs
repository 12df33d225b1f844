//! Declarations, artifacts, releases and access: what is accepted once, and what is refused.

use std::collections::BTreeSet;

use shipway_engine::{Code, Command};
use shipway_model::event::Role;
use shipway_model::release::{Artifact, Bundle};
use shipway_model::{Digest, ReleaseId, TokenId};

use crate::world::{World, name, resource, resources, service, uuid_from, version};

#[test]
fn a_cycle_is_refused_with_its_path_and_nothing_of_the_files_is_taken() {
    let mut world = World::new();
    let team = resource("Team", "shop", serde_json::json!({}));
    let files = resources(&[
        team,
        service("web", &["checkout"]),
        service("checkout", &["stock"]),
        service("stock", &["checkout"]),
    ]);
    let rejection = world.ask(Command::ApplyResources { resources: files }).unwrap_err();
    assert_eq!(rejection.code, Code::InvalidDeclarations);
    assert_eq!(rejection.faults, ["dependsOn has a cycle: checkout → stock → checkout"]);
    assert!(world.events.is_empty());
}

#[test]
fn every_reference_that_leads_nowhere_is_named_at_once() {
    let mut world = World::new();
    let files = resources(&[service("web", &["ghost"])]);
    let rejection = world.ask(Command::ApplyResources { resources: files }).unwrap_err();
    assert_eq!(rejection.faults.len(), 2, "{rejection}");
}

#[test]
fn a_release_model_that_the_regulation_of_the_data_forbids_is_refused() {
    let mut world = World::new();
    let mut pays = service("pay", &[]);
    pays["spec"]["dataClasses"] = serde_json::json!(["card-data"]);
    let regulation = resource(
        "Regulation",
        "pci-dss",
        serde_json::json!({ "dataClasses": ["card-data"], "forbidsReleaseModels": ["continuous"], "reason": "PCI DSS 6.5.1" }),
    );
    let team = resource("Team", "shop", serde_json::json!({}));
    let all = |pays: &serde_json::Value| resources(&[team.clone(), regulation.clone(), pays.clone()]);
    let rejection = world.ask(Command::ApplyResources { resources: all(&pays) }).unwrap_err();
    assert!(
        rejection.to_string().contains("forbidden for card-data by pci-dss: PCI DSS 6.5.1"),
        "{rejection}"
    );
    pays["spec"]["releaseModel"] = serde_json::json!("staged");
    world.ask(Command::ApplyResources { resources: all(&pays) }).unwrap();
}

/// A later version may check more strictly than the one that took it.
#[test]
fn what_stands_and_does_not_fit_any_more_keeps_nothing_else_from_being_declared() {
    let mut world = World::with_shop(serde_json::json!({}));
    let meets = serde_json::json!({ "rule": "FREQ=SOMETIMES", "timeZone": "Europe/Zurich" });
    let board =
        resource("Board", "cab", serde_json::json!({ "members": ["eva"], "sees": [{}], "meets": meets }));
    let bad = std::sync::Arc::new(resources(std::slice::from_ref(&board)).remove(0));
    let digest = bad.digest();
    world.append("root", vec![shipway_model::event::Body::ResourceApplied { resource: bad, digest }]);
    let team = resource("Team", "payments", serde_json::json!({ "members": ["pia"] }));
    world.ask(Command::ApplyResources { resources: resources(&[team]) }).unwrap();
    // Whoever declares it again mends it, and what is new and wrong is refused as ever.
    let mut again = board;
    again["metadata"]["description"] = serde_json::json!("of the releases");
    let refused = world.ask(Command::ApplyResources { resources: resources(&[again]) }).unwrap_err();
    assert_eq!(refused.faults.len(), 1, "{refused}");
    let ghost = resources(&[service("web", &["ghost"])]);
    assert_eq!(world.ask(Command::ApplyResources { resources: ghost }).unwrap_err().faults.len(), 1);
}

#[test]
fn applying_the_same_files_again_changes_nothing() {
    let mut world = World::with_shop(serde_json::json!({}));
    let again = crate::world::shop(serde_json::json!({}));
    assert_eq!(world.ask(Command::ApplyResources { resources: again }).unwrap(), []);
}

#[test]
fn environments_inherit() {
    let mut world = World::with_shop(serde_json::json!({ "stepTimeout": "5m" }));
    let child =
        resource("Environment", "canada", serde_json::json!({ "extends": "production", "zones": ["x"] }));
    world.ask(Command::ApplyResources { resources: resources(&[child]) }).unwrap();
    let whole = world.state.catalogue.environment(&name("canada")).unwrap();
    assert_eq!(whole.zones, ["x"]);
    assert_eq!(whole.step_timeout, Some("5m".parse().unwrap()));
    assert_eq!(whole.targets["env"], "production");
}

#[test]
fn a_second_artifact_under_the_same_name_is_refused() {
    let mut world = World::with_shop(serde_json::json!({}));
    world.seal("1.0.0", &[("web", "1.0.0")]);
    let mut other = world.state.artifacts.get(&name("web"), &version("1.0.0")).unwrap().artifact.clone();
    assert_eq!(world.ask(Command::RegisterArtifact { artifact: other.clone() }).unwrap(), []);
    other.digest = Digest::of(b"another build");
    let rejection = world.ask(Command::RegisterArtifact { artifact: other }).unwrap_err();
    assert_eq!(rejection.code, Code::ArtifactDiffers);
}

/// One program may be several services, and a build may come out the same twice.
#[test]
fn the_same_bytes_may_be_builds_of_several_services_and_versions() {
    let mut world = World::with_shop(serde_json::json!({}));
    let first = world.seal("1.0.0", &[("web", "1.0.0")]);
    let bundle = world.state.releases.get(first).unwrap().bundle.clone();
    let web = world.state.artifacts.get(&name("web"), &version("1.0.0")).unwrap().artifact.clone();
    let checkout = Artifact { service: name("checkout"), ..web.clone() };
    world.ask(Command::RegisterArtifact { artifact: checkout }).unwrap();
    world.ask(Command::RegisterArtifact { artifact: Artifact { version: version("1.0.1"), ..web } }).unwrap();
    let mut both = Bundle { version: version("2.0.0"), ..bundle };
    both.parts.insert(name("checkout"), both.parts[&name("web")].clone());
    let id = ReleaseId::from_uuid(uuid_from(9));
    world.ask(Command::CreateRelease { id, bundle: both.clone() }).unwrap();

    both.parts.get_mut(&name("checkout")).unwrap().version = version("1.0.1");
    let of_web_alone = Bundle { version: version("3.0.0"), ..both };
    let refused = world.ask(Command::CreateRelease { id, bundle: of_web_alone }).unwrap_err();
    assert_eq!(refused.code, Code::UnknownArtifact);
}

#[test]
fn a_sealed_release_never_changes() {
    let mut world = World::with_shop(serde_json::json!({}));
    let id = world.seal("1.0.0", &[("web", "1.0.0")]);
    let sealed = world.state.releases.get(id).unwrap().clone();
    assert_eq!(sealed.sealed.as_ref().unwrap().digest, sealed.bundle.digest());
    assert_eq!(world.ask(Command::SealRelease { id }).unwrap(), []);
    let mut bundle = sealed.bundle.clone();
    bundle.parts.clear();
    bundle.parts.insert(name("checkout"), sealed.bundle.parts[&name("web")].clone());
    let again = Command::CreateRelease { id, bundle: sealed.bundle.clone() };
    assert_eq!(world.ask(again).unwrap_err().code, Code::ReleaseSealed);
    assert_eq!(world.ask(Command::CreateRelease { id, bundle }).unwrap_err().code, Code::UnknownArtifact);
    assert_eq!(world.state.releases.get(id), Some(&sealed));
}

#[test]
fn a_revoked_token_is_no_longer_valid() {
    let mut world = World::new();
    let id = TokenId::from_uuid(uuid_from(7));
    let issue = Command::IssueToken {
        id,
        name: "ci".to_owned(),
        role: Role::Builder,
        secret_digest: Digest::of(b"secret"),
        expires: None,
        scope: None,
        account: None,
        groups: BTreeSet::new(),
        provider: false,
    };
    world.ask(issue).unwrap();
    assert!(world.state.access.get(id).unwrap().is_valid(world.now));
    world.ask(Command::RevokeToken { id }).unwrap();
    assert!(!world.state.access.get(id).unwrap().is_valid(world.now));
    assert_eq!(
        world.ask(Command::RevokeToken { id: TokenId::from_uuid(uuid_from(8)) }).unwrap_err().code,
        Code::UnknownToken
    );
}
