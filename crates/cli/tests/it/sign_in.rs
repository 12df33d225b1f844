//! Signing in from the command line through an identity provider of our own.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use reqwest::Url;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use serde_json::{Value, json};
use shipway_runtime::Clock as _;

use crate::live::Live;
use crate::program::shipway;

const KEY: [u8; 32] = [7; 32];

/// A provider that knows ana, and answers with the nonce that it is told.
struct Idp {
    issuer: String,
    nonce: Arc<Mutex<String>>,
}

impl Idp {
    /// It ends with the process.
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let nonce = Arc::new(Mutex::new(String::new()));
        let idp = Self { issuer: issuer.clone(), nonce: nonce.clone() };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), &issuer, &nonce.lock().unwrap().clone());
            }
        });
        idp
    }
}

fn answer(mut stream: TcpStream, issuer: &str, nonce: &str) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header).unwrap() <= 2 {
            break;
        }
        if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    reader.read_exact(&mut vec![0; length]).unwrap();
    let body = match path.as_str() {
        "/.well-known/openid-configuration" => json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA"],
        }),
        "/keys" => {
            let x = BASE64_URL_SAFE_NO_PAD.encode(SigningKey::from_bytes(&KEY).verifying_key().as_bytes());
            json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "k", "x": x }] })
        }
        _ => json!({ "access_token": "a", "token_type": "Bearer", "id_token": token(issuer, nonce) }),
    };
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
}

fn token(issuer: &str, nonce: &str) -> String {
    let now = shipway_runtime::SystemClock.now().as_second();
    let part = |it: &Value| BASE64_URL_SAFE_NO_PAD.encode(it.to_string());
    let claims = json!({
        "iss": issuer, "aud": "shipway", "sub": "sub-of-ana", "nonce": nonce, "iat": now, "exp": now + 300,
        "groups": ["releasers"],
    });
    let signed = format!("{}.{}", part(&json!({ "alg": "EdDSA", "kid": "k", "typ": "JWT" })), part(&claims));
    let signature = SigningKey::from_bytes(&KEY).sign(signed.as_bytes());
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_signs_in_by_the_browser_of_its_machine() {
    let idp = Idp::start();
    let folder = tempfile::tempdir().unwrap();
    let provider =
        ["--oidc-issuer", &*idp.issuer, "--oidc-client", "shipway", "--oidc-role", "releasers=operator"];
    let live = Live::start_with(folder.path(), &provider);
    let person = format!(
        "{{apiVersion: shipway.dev/v1, kind: Person, metadata: {{name: ana}}, spec: {{subjects: ['{}#sub-of-ana']}}}}",
        idp.issuer
    );
    fs::write(folder.path().join("ana.yaml"), person).unwrap();
    live.ok(&["apply", "ana.yaml"]);
    live.ok(&["user", "add", "ana", "--role", "viewer"]);

    let mut login = shipway(folder.path())
        .args(["login", "--oidc", "--no-browser", "--server", &live.address])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(login.stderr.take().unwrap()).lines();
    let mut printed = lines.map(|it| it.unwrap().trim().to_owned());
    let address = printed.find(|it| it.starts_with("http://")).expect("it prints the address");

    // The browser: to the control plane, to the provider, back, and to the port of this machine.
    let browser =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
    let begun = browser.get(&address).send().await.unwrap();
    assert_eq!(begun.status(), 303);
    let cookie = begun.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let asked = Url::parse(begun.headers()[LOCATION].to_str().unwrap()).unwrap();
    let words: BTreeMap<String, String> = asked.query_pairs().into_owned().collect();
    words["nonce"].clone_into(&mut idp.nonce.lock().unwrap());
    let back = format!("{}?code=c&state={}", words["redirect_uri"], words["state"]);
    let done = browser.get(back).header(COOKIE, cookie).send().await.unwrap();
    assert_eq!(done.status(), 303);
    let loopback = done.headers()[LOCATION].to_str().unwrap().to_owned();
    assert!(loopback.starts_with("http://127.0.0.1:"), "{loopback}");
    let port = Url::parse(&loopback).unwrap().port().unwrap();
    let guess = browser.get(format!("http://127.0.0.1:{port}/?code=guess&state=guess")).send().await.unwrap();
    assert_eq!(guess.status(), 404, "somebody else's answer is none");
    assert_eq!(browser.get(&loopback).send().await.unwrap().status(), 200);

    let said = crate::program::said(&login.wait_with_output().unwrap());
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(said.out.starts_with("signed in as ana at "), "{}", said.out);
    // Without a token of its own, every verb goes by the sign-in, with the role that the provider's group gives.
    let who = shipway(folder.path()).args(["whoami", "--server", &live.address]).output().unwrap();
    assert!(String::from_utf8_lossy(&who.stdout).starts_with("ana (operator"), "{who:?}");
}

#[test]
fn an_address_that_leads_elsewhere_is_refused_and_somebody_has_to_sign_in() {
    let idp = Idp::start();
    let folder = tempfile::tempdir().unwrap();
    let live = Live::start_with(folder.path(), &["--oidc-issuer", &idp.issuer, "--oidc-client", "shipway"]);
    let mut stream = TcpStream::connect(live.address.trim_start_matches("http://")).unwrap();
    let digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    let path = format!("/sign-in/oidc?port=22&challenge={digest}&state=x");
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())
        .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 400"), "{text}");
    assert_eq!(live.run(&["login"]).code, 2, "somebody, or --oidc");
}
