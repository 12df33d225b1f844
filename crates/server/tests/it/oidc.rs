//! Signing in through a provider of our own, honest and not.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use serde_json::{Value, json};
use shipway_api::operations::account::{AddAccount, DisableAccount};
use shipway_model::access::Account;
use shipway_model::event::{Body, Role};
use shipway_runtime::Clock as _;
use shipway_server::Provider;
use tokio::net::TcpListener;

use crate::bed::Bed;

const CLIENT: &str = "shipway";
const PERSON: &str = "
apiVersion: shipway.dev/v1
kind: Person
metadata: { name: ana }
spec: { emails: [ana@example.org], subjects: [\"ISSUER#sub-of-ana\"] }
";

/// What the provider puts into its next token, and how it signs it.
#[derive(Clone)]
struct Word {
    claims: Value,
    algorithm: &'static str,
    key: [u8; 32],
}

#[derive(Clone)]
struct Idp {
    issuer: String,
    word: Arc<Mutex<Option<Word>>>,
}

impl Idp {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let idp = Self { issuer: format!("http://{}", listener.local_addr().unwrap()), word: Arc::default() };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(idp.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        idp
    }

    fn says(&self, word: Word) {
        *self.word.lock().unwrap() = Some(word);
    }

    /// An honest word about the owner of `subject`.
    fn honest(&self, subject: &str, nonce: &str) -> Word {
        let now = shipway_runtime::SystemClock.now().as_second();
        let claims = json!({
            "iss": self.issuer, "aud": CLIENT, "sub": subject, "nonce": nonce,
            "iat": now, "exp": now + 300, "email": "ana@example.org", "email_verified": true,
        });
        Word { claims, algorithm: "EdDSA", key: [7; 32] }
    }
}

async fn metadata(State(idp): State<Idp>) -> Json<Value> {
    let issuer = &idp.issuer;
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA", "HS256", "none"],
    }))
}

async fn keys() -> Json<Value> {
    let public = SigningKey::from_bytes(&[7; 32]).verifying_key();
    let x = BASE64_URL_SAFE_NO_PAD.encode(public.as_bytes());
    Json(
        json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "k", "x": x }] }),
    )
}

async fn token(State(idp): State<Idp>) -> Json<Value> {
    let Word { claims, algorithm, key } = idp.word.lock().unwrap().clone().expect("a word is prepared");
    let part = |it: &Value| BASE64_URL_SAFE_NO_PAD.encode(it.to_string());
    let signed =
        format!("{}.{}", part(&json!({ "alg": algorithm, "kid": "k", "typ": "JWT" })), part(&claims));
    let signature = match algorithm {
        "none" => String::new(),
        _ => BASE64_URL_SAFE_NO_PAD.encode(SigningKey::from_bytes(&key).sign(signed.as_bytes()).to_bytes()),
    };
    Json(json!({ "access_token": "a", "token_type": "Bearer", "id_token": format!("{signed}.{signature}") }))
}

struct Scene {
    bed: Bed,
    idp: Idp,
}

/// A sign-in that a browser has begun: its cookie, and what it was sent to the provider with.
struct Begun {
    cookie: String,
    state: String,
    nonce: String,
}

impl Scene {
    async fn start() -> Self {
        let idp = Idp::start().await;
        let provider = Provider {
            issuer: idp.issuer.clone(),
            client_id: CLIENT.to_owned(),
            client_secret: Some("secret".to_owned()),
            public: Some("http://shipway.test".to_owned()),
            scopes: vec!["groups".to_owned()],
            groups_claim: "groups".to_owned(),
            roles: vec![("releasers".to_owned(), Role::Operator), ("readers".to_owned(), Role::Viewer)],
        };
        let bed = Bed::start_with(Some(provider)).await;
        bed.apply(&PERSON.replace("ISSUER", &idp.issuer)).await;
        Self { bed, idp }
    }

    async fn begin(&self) -> Begun {
        let answer = self.bed.http.get(self.bed.url("/sign-in/oidc")).send().await.unwrap();
        assert_eq!(answer.status(), 303);
        let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        let url = reqwest::Url::parse(answer.headers()[LOCATION].to_str().unwrap()).unwrap();
        let value = |name: &str| {
            url.query_pairs().find(|it| it.0 == name).unwrap_or_else(|| panic!("{url}")).1.into_owned()
        };
        assert_eq!(value("code_challenge_method"), "S256");
        assert_eq!(value("redirect_uri"), "http://shipway.test/sign-in/oidc/callback");
        Begun { cookie, state: value("state"), nonce: value("nonce") }
    }

    async fn finish(&self, cookie: &str, state: &str) -> reqwest::Response {
        let url = self.bed.url(&format!("/sign-in/oidc/callback?code=c&state={state}"));
        self.bed.http.get(url).header(COOKIE, cookie).send().await.unwrap()
    }

    async fn account(&self) -> shipway_model::AccountId {
        let account = Account { name: "ana".to_owned(), role: Role::Viewer, person: None };
        self.bed.admin.call::<AddAccount>((), (), account).await.unwrap().value.account.id
    }

    async fn refusals(&self) -> Vec<String> {
        let records = self.bed.runtime.records(0, 1000).await.unwrap();
        let events = self.bed.runtime.open_records(&records).await.unwrap();
        let reasons = events.into_iter().filter_map(|it| match it.body {
            Body::AccessRefused { reason, .. } => Some(reason),
            _ => None,
        });
        reasons.collect()
    }
}

#[tokio::test]
async fn whom_the_provider_means_is_signed_in_to_their_account_once() {
    let scene = Scene::start().await;
    let account = scene.account().await;
    let begun = scene.begin().await;
    scene.idp.says(scene.idp.honest("sub-of-ana", &begun.nonce));
    let answer = scene.finish(&begun.cookie, &begun.state).await;
    assert_eq!(answer.status(), 200);
    let session = answer.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    // The account's one-time password was not used: nobody else could have signed in like this.
    let home = scene.bed.http.get(scene.bed.url("/")).header(COOKIE, &session).send().await.unwrap();
    let status = home.status();
    assert_eq!(status, 200, "{}", home.text().await.unwrap());

    let replayed = scene.finish(&begun.cookie, &begun.state).await;
    assert_eq!(replayed.status(), 401);
    assert!(replayed.headers().get(SET_COOKIE).is_none());
    let path = shipway_api::operations::account::AccountPath { account };
    scene.bed.admin.call::<DisableAccount>(path, (), ()).await.unwrap();
    let home = scene.bed.http.get(scene.bed.url("/")).header(COOKIE, &session).send().await.unwrap();
    assert_eq!(home.status(), 401, "a closed account's session is over");
}

#[tokio::test]
async fn groups_of_the_provider_give_role_and_teams_until_the_next_sign_in() {
    let scene = Scene::start().await;
    scene.account().await;
    scene.bed.apply("{ apiVersion: shipway.dev/v1, kind: Team, metadata: { name: shop }, spec: { groups: [shop-people] } }").await;
    let shop = "shop".parse().unwrap();
    for (groups, role, is_member) in [
        (json!(["shop-people", "releasers", "readers"]), Role::Operator, true),
        (json!(["others"]), Role::Viewer, false),
    ] {
        let begun = scene.begin().await;
        let mut word = scene.idp.honest("sub-of-ana", &begun.nonce);
        word.claims["groups"] = groups;
        scene.idp.says(word);
        assert_eq!(scene.finish(&begun.cookie, &begun.state).await.status(), 200);
        let state = scene.bed.runtime.state();
        let newest =
            state.access.tokens().filter(|it| it.account.is_some()).max_by_key(|it| (it.issued, it.id));
        assert_eq!(newest.unwrap().role, role);
        assert_eq!(state.is_member(&shop, "ana"), is_member);
    }
}

#[tokio::test]
async fn a_word_that_does_not_hold_is_refused_and_recorded() {
    let scene = Scene::start().await;
    scene.account().await;
    let now = shipway_runtime::SystemClock.now().as_second();
    type Change = Box<dyn Fn(&mut Word)>;
    let claim =
        |name: &'static str, value: Value| -> Change { Box::new(move |it| it.claims[name] = value.clone()) };
    let cases: Vec<(&str, Change)> = vec![
        ("audience", claim("aud", json!("another-client"))),
        ("xpired", claim("exp", json!(now - 3600))),
        ("nonce", claim("nonce", json!("of another sign-in"))),
        ("issuer", claim("iss", json!("http://evil.example"))),
        ("", Box::new(|it| it.algorithm = "none")),
        ("", Box::new(|it| it.algorithm = "HS256")),
        ("", Box::new(|it| it.key = [8; 32])),
    ];
    let n_cases = cases.len();
    for (why, change) in cases {
        let begun = scene.begin().await;
        let mut word = scene.idp.honest("sub-of-ana", &begun.nonce);
        change(&mut word);
        scene.idp.says(word);
        // After five in a row there are waits: their end is waited for by the server's own word.
        let answer = loop {
            let answer = scene.finish(&begun.cookie, &begun.state).await;
            if answer.status() != 429 {
                break answer;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        };
        assert_eq!(answer.status(), 401, "{why}");
        assert!(answer.headers().get(SET_COOKIE).is_none(), "{why}");
        let told = scene.refusals().await;
        assert!(told.last().is_some_and(|it| it.contains(why)), "{why}: {told:?}");
    }
    assert_eq!(scene.refusals().await.len(), n_cases);
}

#[tokio::test]
async fn an_answer_for_another_browser_or_for_nobody_known_is_refused() {
    let scene = Scene::start().await;
    let (mine, theirs) = (scene.begin().await, scene.begin().await);
    scene.idp.says(scene.idp.honest("sub-of-ana", &theirs.nonce));
    for (cookie, state) in [("", &*theirs.state), (&*mine.cookie, &*theirs.state), ("shipway_oidc=", "")] {
        assert_eq!(scene.finish(cookie, state).await.status(), 401);
    }
    // Nobody declared, and somebody declared without an account.
    let begun = scene.begin().await;
    let mut word = scene.idp.honest("sub-of-eve", &begun.nonce);
    word.claims["email_verified"] = json!(false);
    scene.idp.says(word);
    assert_eq!(scene.finish(&begun.cookie, &begun.state).await.status(), 401);
    let begun = scene.begin().await;
    scene.idp.says(scene.idp.honest("sub-of-ana", &begun.nonce));
    assert_eq!(scene.finish(&begun.cookie, &begun.state).await.status(), 401);
    let told = scene.refusals().await;
    assert!(told.iter().any(|it| it.contains("no Person is declared")), "{told:?}");
    assert!(told.iter().any(|it| it.contains("ana has no open account")), "{told:?}");
}
