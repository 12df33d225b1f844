//! Journeys: what is carried from step to step, and how a failure is told.

use bytes::Bytes;
use http::{Request, header};
use serde_json::{Value, json};
use shipway_model::effect::Outcome;

use super::server::{Answer, Server, text};
use super::world::{Setting, World, any_port, failure, free_address, routed, stage, start_router, summary};

/// The setting of a pipeline that walks this journey at `server`.
fn journey(server: &Server, journey: Value) -> Setting {
    let mut setting = stage(json!({"journey": {"name": "buy"}}));
    setting.environment["router"] = json!({"admin": "http://127.0.0.1:1", "listen": {"web": server.address}});
    setting.resources.push(("Journey", "buy", journey));
    setting
}

async fn walk(server: &Server, spec: Value) -> (Outcome, String) {
    let world = World::start(journey(server, spec)).await;
    let id = world.ship("1.0.0").await;
    let outcome = world.outcome(id, "journey").await;
    (outcome, world.log(id, "journey"))
}

/// A shop: a session by cookie, carts by id, and a checkout that wants both.
fn shop(request: &Request<Bytes>) -> Option<Answer> {
    let session = request.headers().get(header::COOKIE).map(|it| it.to_str().unwrap());
    Some(match (request.method().as_str(), request.uri().path()) {
        ("GET", "/") => {
            let mut answer = text(200, "welcome");
            answer.headers_mut().insert(header::SET_COOKIE, "session=s1; Path=/; HttpOnly".parse().unwrap());
            answer
        }
        ("POST", "/carts") if session == Some("session=s1") => {
            let mut answer = text(201, r#"{"cart": {"id": "c 7", "size": 3}}"#);
            answer.headers_mut().insert("x-ticket", "t-9".parse().unwrap());
            answer
        }
        ("POST", "/carts/c%207/checkout") if request.headers()["x-ticket"] == "t-9" => {
            text(200, r#"{"paid": true, "total": 12.50}"#)
        }
        ("GET", "/held") => return None,
        _ => text(409, "no \u{1b}[31msession"),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn cookies_and_extracts_go_from_step_to_step() {
    let server = Server::start(shop).await;
    let steps = json!([
        {"name": "enter", "path": "/", "expect": {"bodyContains": "welcome"}},
        {"name": "fill", "method": "POST", "path": "/carts", "json": {"items": [1]}, "expect": {"status": 201},
         "extract": {"cart": {"json": "/cart/id"}, "size": {"json": "/cart/size"}, "ticket": {"header": "X-Ticket"}}},
        {"name": "pay", "method": "POST", "path": "/carts/${cart}/checkout", "headers": {"x-ticket": "${ticket}"},
         "json": {"size": "${size}", "note": "cart ${cart}"},
         "expect": {"json": {"/paid": true, "/total": 12.5}, "maxDuration": "10s"}},
    ]);
    let (outcome, log) = walk(&server, json!({"service": "web", "steps": steps})).await;
    assert!(summary(&outcome).starts_with("3 steps passed in "), "{outcome:?}");
    let asked = server.asked();
    assert_eq!(asked[2].headers()[header::CONTENT_TYPE], "application/json");
    assert_eq!(
        serde_json::from_slice::<Value>(asked[2].body()).unwrap(),
        json!({"size": 3, "note": "cart c 7"})
    );
    assert!(asked.iter().all(|it| !it.headers().contains_key("x-shipway-version")));
    let lines: Vec<_> = log.lines().map(|line| line.split(" after ").next().unwrap()).collect();
    assert_eq!(
        lines,
        ["enter: GET /: 200 OK", "fill: POST /carts: 201 Created", "pay: POST /carts/c 7/checkout: 200 OK"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_says_the_step_and_what_came() {
    let server = Server::start(shop).await;
    for (step, reason) in [
        (
            json!({"name": "fill", "method": "POST", "path": "/carts"}),
            "step `fill` of journey buy: expected status 200 to 299, and 409 came; the answer was 409 Conflict: no \\u{1b}[31msession",
        ),
        (
            json!({"name": "enter", "path": "/", "expect": {"bodyContains": "farewell", "json": {"/a": 1}}}),
            "step `enter` of journey buy: expected `farewell` in the body, and it is not there; expected JSON, and the body is none; the answer was 200 OK: welcome",
        ),
        (
            json!({"name": "enter", "path": "/", "extract": {"id": {"json": "/id"}, "at": {"header": "location"}}}),
            "step `enter` of journey buy: `at` cannot be extracted: there is no header `location` of plain text; `id` cannot be extracted: the body is not JSON; the answer was 200 OK: welcome",
        ),
    ] {
        let steps = json!([step, {"name": "never", "path": "/never"}]);
        let (outcome, log) = walk(&server, json!({"service": "web", "steps": steps})).await;
        assert_eq!(failure(&outcome), (reason, true));
        assert_eq!(log.lines().last(), Some(reason));
    }
    assert!(server.asked().iter().all(|it| it.uri().path() != "/never"), "a failed step is the last");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_journey_has_one_time() {
    let server = Server::start(shop).await;
    let steps = json!([{"name": "enter", "path": "/"}, {"name": "wait", "path": "/held"}]);
    let (outcome, log) = walk(&server, json!({"service": "web", "timeout": "200ms", "steps": steps})).await;
    let reason = "step `wait` of journey buy: the journey's time was up before the answer came";
    assert_eq!(failure(&outcome), (reason, true));
    assert!(log.starts_with("enter: GET /: 200 OK"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_walks_through_the_version_that_has_no_traffic_yet() {
    let (old, new) =
        (Server::start(|_| Some(text(200, "old"))).await, Server::start(|_| Some(text(200, "new"))).await);
    let router = start_router(any_port(), |_| {}).await;
    let listen = free_address().await;
    let mut setting = routed(router.admin_address(), listen, json!({"blueGreen": {"preview": "look"}}));
    let steps = json!([{"name": "look", "path": "/", "expect": {"bodyContains": "new"}}]);
    setting.resources.push(("Journey", "look", json!({"service": "web", "steps": steps})));
    setting.instances = [("1.0.0", old.address), ("1.1.0", new.address)].into();
    let world = World::start(setting).await;
    world.ship_well("1.0.0").await;
    let id = world.ship("1.1.0").await;
    summary(&world.outcome(id, "journey").await);
    let log = world.log(id, "journey");
    assert!(log.starts_with("look: GET /: 200 OK by 1.1.0 after"), "{log}");
    assert_eq!(new.asked()[0].headers()["x-shipway-version"], "1.1.0");
}
