//! Lists leave out what their reader could not read entry by entry, over HTTP and on pages.

use std::collections::BTreeSet;

use reqwest::header::SET_COOKIE;
use shipway_api::operations::alert::ListAlerts;
use shipway_api::operations::artifact::{ArtifactQuery, ListArtifacts, RegisterArtifact};
use shipway_api::operations::environment::ListEnvironments;
use shipway_api::operations::release::{CreateRelease, ListReleases, ReleasePath, SealRelease, ShowRelease};
use shipway_api::operations::resource::{
    ListResources, ResourcePath, ResourceQuery, ShowGraph, ShowResource,
};
use shipway_api::operations::rollout::{ListRollouts, RolloutPath, ShowRollout, StartRollout};
use shipway_api::operations::token::{IssueToken, NewToken};
use shipway_api::{Client, ReleaseSelector};
use shipway_model::access::TokenScope;
use shipway_model::event::Role;
use shipway_model::release::{Artifact, Bundle, Class, Part};
use shipway_model::resource::{Key, Kind};

use crate::bed::{Bed, FILES};
use crate::pages::{page, sign_in};
use crate::rollouts::new;

/// Beside what everybody reads: a service and an environment that not everybody does.
const MORE: &str = "
apiVersion: shipway.dev/v1
kind: Team
metadata: { name: payments }
spec: {}
---
apiVersion: shipway.dev/v1
kind: Service
metadata: { name: vault-pay }
spec:
  owner: payments
  deployment:
    command: [./pay]
    health: { checks: [{ name: up, probe: { tcp: {} } }] }
---
apiVersion: shipway.dev/v1
kind: Environment
metadata: { name: vault-room }
spec:
  targets: { stage: staging }
---
apiVersion: shipway.dev/v1
kind: Calendar
metadata: { name: cellar }
spec:
  scope: { environments: [vault-room] }
  rules: [{ name: cellar-work, kind: deny, dtstart: 2020-01-01, duration: 1d, rrule: FREQ=DAILY }]
";

const POLICY: &str = "
apiVersion: shipway.dev/v1
kind: AccessPolicy
metadata: { name: quiet }
spec:
  cedar: |
    // What is behind the \"door is not for eve.
    @id(\"team\")
    forbid (principal == Person::\"eve\", action in Action::\"reads\", resource in Team::\"payments\");
    @id(\"room\")
    forbid (principal == Person::\"eve\", action, resource in Environment::\"vault-room\");
";

/// What nobody may find where eve looks.
const HIDDEN: [&str; 4] = ["vault-pay", "vault-room", "vault-till", "cellar-work"];

struct Scene {
    bed: Bed,
    _agent: Client,
}

impl Scene {
    /// Each service shipped once, and both asked for in the environment that is not for everybody.
    async fn start() -> Self {
        let bed = Bed::start().await;
        bed.apply(FILES).await;
        bed.apply(MORE).await;
        let agent = bed.agent("host-a").await;
        let shop = bed.release("1.0.0").await;
        let till = release_of(&bed, "vault-pay", "vault-till").await;
        for release in [&shop, &till] {
            bed.admin.call::<StartRollout>((), (), new(release)).await.unwrap();
        }
        let mut elsewhere = new(&shop);
        elsewhere.environment = "vault-room".parse().unwrap();
        bed.admin.call::<StartRollout>((), (), elsewhere).await.unwrap();
        bed.apply(POLICY).await;
        Self { bed, _agent: agent }
    }

    async fn cookie(&self, name: &str) -> String {
        let answer = sign_in(&self.bed, &self.bed.token(name, Role::Viewer).await).await;
        answer.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned()
    }
}

async fn release_of(bed: &Bed, service: &str, release: &str) -> ReleaseSelector {
    let artifact = bed.store(service.as_bytes()).await;
    let artifact = Artifact { service: service.parse().unwrap(), ..artifact };
    let part = Part {
        version: artifact.version.clone(),
        artifact: artifact.digest,
        variants: Default::default(),
        configuration: None,
    };
    bed.admin.call::<RegisterArtifact>((), (), artifact).await.unwrap();
    let bundle = Bundle {
        name: release.parse().unwrap(),
        version: "1.0.0".parse().unwrap(),
        parts: [(service.parse().unwrap(), part)].into(),
        documents: Default::default(),
        runbooks: Default::default(),
        class: Class::Normal,
        touches: None,
        known_errors: Default::default(),
        mended_errors: Default::default(),
    };
    bed.admin.call::<CreateRelease>((), (), bundle).await.unwrap();
    let release: ReleaseSelector = format!("{release}@1.0.0").parse().unwrap();
    bed.admin.call::<SealRelease>(ReleasePath { release: release.clone() }, (), ()).await.unwrap();
    release
}

#[tokio::test]
async fn a_list_holds_exactly_what_its_reader_could_read_one_by_one() {
    let scene = Scene::start().await;
    let (admin, eve) = (&scene.bed.admin, scene.bed.client("eve", Role::Viewer).await);

    let listed = async |client: &Client| {
        let page = client.call::<ListResources>((), ResourceQuery::default(), ()).await.unwrap().value;
        page.items.iter().map(|it| it.resource.key()).collect::<Vec<Key>>()
    };
    let (all, seen) = (listed(admin).await, listed(&eve).await);
    for key in &all {
        let path = ResourcePath { kind: key.kind, name: key.name.clone() };
        let may = eve.call::<ShowResource>(path, (), ()).await.is_ok();
        assert_eq!(seen.contains(key), may, "{key}");
    }
    let hidden: Vec<String> = all.iter().filter(|it| !seen.contains(it)).map(ToString::to_string).collect();
    assert_eq!(hidden, ["Service vault-pay", "Environment vault-room"]);

    let releases = async |client: &Client| {
        let page = client.call::<ListReleases>((), Default::default(), ()).await.unwrap().value;
        page.items.iter().map(|it| it.bundle.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(
        (releases(admin).await, releases(&eve).await),
        (vec!["vault-till".into(), "shop".into()], vec!["shop".into()])
    );
    let till = ReleasePath { release: "vault-till@1.0.0".parse().unwrap() };
    assert!(eve.call::<ShowRelease>(till, (), ()).await.is_err());

    let rollouts = async |client: &Client| {
        let page = client.call::<ListRollouts>((), Default::default(), ()).await.unwrap().value;
        page.items.iter().map(|it| it.id).collect::<Vec<_>>()
    };
    let seen = rollouts(&eve).await;
    assert_eq!((rollouts(admin).await.len(), seen.len()), (3, 1));
    for rollout in rollouts(admin).await {
        let may = eve.call::<ShowRollout>(RolloutPath { rollout }, (), ()).await.is_ok();
        assert_eq!(seen.contains(&rollout), may, "{rollout}");
    }

    let places = eve.call::<ListEnvironments>((), Default::default(), ()).await.unwrap().value;
    assert_eq!(places.items.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["staging"]);
    let builds = eve.call::<ListArtifacts>((), ArtifactQuery::default(), ()).await.unwrap().value;
    assert_eq!(builds.items.iter().map(|it| it.artifact.service.as_str()).collect::<Vec<_>>(), ["web"]);
    let graph = eve.call::<ShowGraph>((), (), ()).await.unwrap().value;
    assert!(!graph.nodes.iter().any(|it| HIDDEN.contains(&it.key.name.as_str())));
    assert!(
        !graph.edges.iter().any(|it| it.from.kind == Kind::Service && it.from.name.as_str() == "vault-pay")
    );
    eve.call::<ListAlerts>((), Default::default(), ()).await.unwrap();
}

#[tokio::test]
async fn pages_leave_out_the_same_and_are_not_shared_with_those_who_see_more() {
    let scene = Scene::start().await;
    let (eve, ada) = (scene.cookie("eve").await, scene.cookie("ada").await);
    let paths = [
        ("/services", "vault-pay"),
        ("/releases", "vault-till"),
        ("/rollouts", "vault-till"),
        ("/environments", "vault-room"),
        ("/", "vault-till"),
        ("/search?q=vau", "vault-pay"),
        ("/calendar?view=week", "cellar-work"),
    ];
    for (path, named) in paths {
        // Whoever sees more has just looked.
        for _ in 0..2 {
            let (status, text) = page(&scene.bed, path, &ada).await;
            assert!(status == 200 && text.contains(named), "{path} shows ada no {named}");
            let (status, text) = page(&scene.bed, path, &eve).await;
            assert_eq!(status, 200, "{path}");
            for hidden in HIDDEN {
                assert!(!text.contains(hidden), "{path} tells eve of {hidden}");
            }
        }
    }
}

#[tokio::test]
async fn a_token_that_is_limited_to_a_service_lists_what_is_its() {
    let scene = Scene::start().await;
    let scope = TokenScope { services: BTreeSet::from(["web".parse().unwrap()]), ..TokenScope::default() };
    let new = NewToken { name: "ci".to_owned(), role: Role::Builder, expires: None, scope: Some(scope) };
    let secret = scene.bed.admin.call::<IssueToken>((), (), new).await.unwrap().value.secret;
    let ci = Client::new(&scene.bed.url(""), secret).unwrap();
    let page = ci.call::<ListReleases>((), Default::default(), ()).await.unwrap().value;
    assert_eq!(page.items.iter().map(|it| it.bundle.name.as_str()).collect::<Vec<_>>(), ["shop"]);
    let services = ResourceQuery { kind: Some(Kind::Service), ..ResourceQuery::default() };
    let page = ci.call::<ListResources>((), services, ()).await.unwrap().value;
    assert_eq!(page.items.iter().map(|it| it.resource.metadata.name.as_str()).collect::<Vec<_>>(), ["web"]);
}
