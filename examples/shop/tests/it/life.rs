//! Start, health, and the ways to end.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Instant;

use serde_json::json;

use crate::process::{Answer, PATIENCE, Process};

const CATALOGUE: &str = env!("CARGO_BIN_EXE_shop-catalogue");

fn catalogue(defects: &str) -> Process {
    Process::start(CATALOGUE, &format!(r#"{{"version":"1.2.0","defects":{defects}}}"#), &[])
}

#[test]
fn a_healthy_service_tells_its_name_and_version() {
    let service = catalogue("{}");
    let health = service.get("/healthz");
    let expected = json!({ "status": "serving", "service": "catalogue", "version": "1.2.0" });
    assert_eq!((health.status, health.json()), (200, expected));
    assert_eq!(service.get("/version").json(), json!({ "service": "catalogue", "version": "1.2.0" }));
    assert_eq!(service.get("/products/mug").json()["priceCents"], 900);
    assert_eq!((service.get("/products/yacht").status, service.get("/nowhere").status), (404, 404));
}

#[test]
fn a_starting_service_serves_nothing() {
    let service = catalogue(r#"{"startupMs":3600000}"#);
    let health = service.get("/healthz");
    assert_eq!((health.status, &health.json()["status"]), (503, &json!("starting")));
    assert_eq!(service.get("/products").status, 503);
}

#[test]
fn a_start_comes_to_its_end() {
    let service = catalogue(r#"{"startupMs":150}"#);
    let started = Instant::now();
    while service.get("/healthz").status != 200 {
        assert!(started.elapsed() < PATIENCE, "the service never became healthy");
    }
    assert_eq!(service.get("/products").status, 200);
}

#[test]
fn a_service_may_never_become_healthy() {
    let service = catalogue(r#"{"neverHealthy":true}"#);
    assert_eq!((service.get("/healthz").status, service.get("/products").status), (503, 200));
}

#[test]
fn a_service_may_crash() {
    let dir = tempfile::tempdir().unwrap();
    let shop_json = r#"{"version":"1.2.0","defects":{"crashAfterMs":1}}"#;
    std::fs::write(dir.path().join("shop.json"), shop_json).unwrap();
    let output = Command::new(CATALOGUE).current_dir(dir.path()).env("PORT", "0").output().unwrap();
    assert_eq!(output.status.code(), Some(70));
}

#[test]
fn a_body_over_the_limit_is_refused() {
    let service = Process::start(env!("CARGO_BIN_EXE_shop-checkout"), r#"{"version":"1.0.0"}"#, &[]);
    let answer = service.send("POST", "/orders", "", &"x".repeat(64 * 1024 + 1));
    assert_eq!(answer.status, 413);
}

#[test]
fn sigterm_ends_idle_connections_and_exits_with_zero() {
    let mut service = catalogue("{}");
    let _idle = service.connect();
    service.terminate();
    assert_eq!(service.wait().code(), Some(0));
}

#[test]
fn sigterm_lets_a_request_under_way_finish_and_takes_no_new_one() {
    let mut service = catalogue("{}");
    let mut stream = service.connect();
    // Asking for `100 Continue` shows when the service has the request in hand.
    stream
        .write_all(
            b"GET /products/mug HTTP/1.1\r\nHost: shop\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n",
        )
        .unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert_eq!(line, "HTTP/1.1 100 Continue\r\n");
    reader.read_line(&mut line).unwrap();

    service.terminate();
    service.wait_for_line(|line| line["event"] == "draining");
    assert!(TcpStream::connect(&service.address).is_err(), "a draining service takes no connection");
    stream.write_all(b"x").unwrap();
    let answer = Answer::read(reader);
    assert_eq!((answer.status, &answer.json()["sku"]), (200, &json!("mug")));
    assert_eq!(service.wait().code(), Some(0));
}

#[test]
fn a_service_without_its_files_or_port_says_what_is_missing() {
    let check = |environment: &[(&str, &str)], shop_json: Option<&str>, expect: &str| {
        let dir = tempfile::tempdir().unwrap();
        if let Some(text) = shop_json {
            std::fs::write(dir.path().join("shop.json"), text).unwrap();
        }
        let mut command = Command::new(CATALOGUE);
        command.current_dir(dir.path()).env_remove("PORT").envs(environment.iter().copied());
        let output = command.output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.starts_with(&format!("shop-catalogue: {expect}")), "{message}");
    };
    check(&[], None, "set PORT to the port to listen on");
    check(&[("PORT", "0")], None, "cannot read shop.json");
    check(&[("PORT", "0")], Some("{}"), "shop.json is not a shop.json");
    let share = r#"{"version":"1","defects":{"errorShare":4}}"#;
    check(&[("PORT", "0")], Some(share), "errorShare 4 is no share");
}
