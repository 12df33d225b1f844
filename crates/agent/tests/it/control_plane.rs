//! A small control plane: the operations that agents call, over real HTTP, and whatever a test wants to go wrong.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::artifact::Artifact;
use crate::wait::until;

const LEASE: Duration = Duration::from_millis(600);
pub(crate) const TOKEN: &str = "a token";

#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) registrations: Vec<Value>,
    waiting: VecDeque<Value>,
    /// By key.
    live: BTreeMap<String, LiveLease>,
    /// Leases that are not renewed in time are handed out again, as the real one does.
    pub(crate) expiry: bool,
    /// Leases that are not renewed any more.
    pub(crate) taken_back: BTreeSet<String>,
    pub(crate) reports: Vec<Value>,
    pub(crate) changes: Vec<Value>,
    pub(crate) orders: Vec<Value>,
    /// As they were told last.
    pub(crate) strays: Vec<Value>,
    pub(crate) logs: BTreeMap<String, String>,
    /// OTLP export requests.
    pub(crate) pushed: Vec<Value>,
    /// So many pushes find nobody who could take them.
    pub(crate) pushes_lost: u32,
    blobs: BTreeMap<String, Vec<u8>>,
    /// So many fetches of blobs find nobody who could answer.
    pub(crate) fetches_lost: u32,
    /// So many answers to reports get lost after the reports were taken.
    pub(crate) answers_lost: u32,
}

struct LiveLease {
    lease: Value,
    renewed: Instant,
}

type Shared = Arc<Mutex<Memory>>;

pub(crate) struct ControlPlane {
    shared: Shared,
    pub(crate) address: SocketAddr,
    /// Nothing while nobody can reach it.
    runtime: Option<Runtime>,
}

impl ControlPlane {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let mut this = Self { shared: Shared::default(), address, runtime: None };
        this.listen(listener);
        this
    }

    /// Ends all connections and takes no new ones.
    pub(crate) fn cut_off(&mut self) {
        // Within its time, so that the port is free again.
        self.runtime.take().expect("reachable").shutdown_timeout(Duration::from_secs(10));
    }

    pub(crate) fn come_back(&mut self) {
        let address = self.address;
        self.listen(until("the port is free again", || TcpListener::bind(address).ok()));
    }

    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.shared.lock().expect("no test panics here")
    }

    pub(crate) fn keep(&self, artifact: &Artifact) {
        self.keep_as(artifact, artifact.bytes.clone());
    }

    pub(crate) fn keep_as(&self, artifact: &Artifact, bytes: Vec<u8>) {
        self.memory().blobs.insert(artifact.digest.to_string(), bytes);
    }

    /// Hands an effect out.
    pub(crate) fn lease(&self, effect: &Value, generation: u64) {
        self.memory().waiting.push_back(json!({
            "effect": effect, "generation": generation, "expiresIn": format!("{}ms", LEASE.as_millis()),
        }));
    }

    /// The outcome that was reported under this generation.
    #[track_caller]
    pub(crate) fn outcome(&self, effect: &Value, generation: u64) -> Value {
        until("the outcome is reported", || self.outcome_now(effect, generation))
    }

    pub(crate) fn outcome_now(&self, effect: &Value, generation: u64) -> Option<Value> {
        let memory = self.memory();
        let mut reports = memory.reports.iter();
        let report = reports.find(|it| it["key"] == effect["key"] && it["generation"] == generation);
        report.map(|it| it["outcome"].clone())
    }

    /// The outcome that was reported first, under any generation.
    #[track_caller]
    pub(crate) fn first_outcome(&self, effect: &Value) -> Value {
        until("the outcome is reported", || {
            let memory = self.memory();
            let report = memory.reports.iter().find(|it| it["key"] == effect["key"]);
            report.map(|it| it["outcome"].clone())
        })
    }

    #[track_caller]
    pub(crate) fn perform(&self, effect: &Value) -> Value {
        self.lease(effect, 1);
        self.outcome(effect, 1)
    }

    pub(crate) fn conditions(&self) -> Vec<String> {
        self.memory().changes.iter().map(|it| it["condition"].as_str().expect("a text").to_owned()).collect()
    }

    fn listen(&mut self, listener: TcpListener) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let routes = Router::new()
            .route("/api/v1/agents", post(register))
            .route("/api/v1/agents/{host}/leases", post(lease))
            .route("/api/v1/agents/{host}/reports", post(report))
            .route("/api/v1/agents/{host}/instances", post(tell))
            .route("/api/v1/agents/{host}/strays", post(strays))
            .route("/api/v1/agents/{host}/orders", get(orders))
            .route("/api/v1/agents/{host}/logs", post(log))
            .route("/api/v1/blobs/{digest}", get(blob))
            .route("/v1/logs", post(push))
            .layer(axum::middleware::from_fn(authorize))
            .with_state(self.shared.clone());
        runtime.spawn(async move {
            listener.set_nonblocking(true).expect("a socket");
            let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
            axum::serve(listener, routes).await.expect("serves");
        });
        self.runtime = Some(runtime);
    }
}

impl Memory {
    fn renew(&mut self, ask: &Value) -> Vec<Value> {
        let mut renewed = Vec::new();
        for it in ask["renew"].as_array().into_iter().flatten() {
            let key = it["key"].as_str().expect("a key");
            let live = self.live.get_mut(key).filter(|live| live.lease["generation"] == it["generation"]);
            if let Some(live) = live.filter(|_| !self.taken_back.contains(key)) {
                live.renewed = Instant::now();
                renewed.push(it["key"].clone());
            }
        }
        renewed
    }

    fn expire(&mut self) {
        let reported: BTreeSet<&str> = self.reports.iter().filter_map(|it| it["key"].as_str()).collect();
        self.live.retain(|key, _| !reported.contains(key.as_str()));
        for it in self.live.values_mut().filter(|it| self.expiry && it.renewed.elapsed() > LEASE) {
            let generation = it.lease["generation"].as_u64().expect("a number");
            (it.lease["generation"], it.renewed) = (json!(generation + 1), Instant::now());
            self.waiting.push_back(it.lease.clone());
        }
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn problem(status: StatusCode, code: &str) -> Response {
    let body = json!({ "type": format!("https://shipway.dev/problems/{code}"), "title": code,
        "status": status.as_u16(), "detail": code, "code": code });
    (status, [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response()
}

async fn strays(State(shared): State<Shared>, Json(report): Json<Value>) -> StatusCode {
    let strays = report["strays"].as_array().expect("a list").clone();
    shared.lock().expect("no test panics here").strays = strays;
    StatusCode::NO_CONTENT
}

async fn authorize(
    headers: HeaderMap,
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> Response {
    let given = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    if given == Some(&format!("Bearer {TOKEN}")) {
        next.run(request).await
    } else {
        problem(StatusCode::UNAUTHORIZED, "unauthorized")
    }
}

async fn register(State(it): State<Shared>, Json(body): Json<Value>) -> Json<Value> {
    let answer = json!({ "host": body["host"], "address": body["address"], "labels": body["labels"],
        "connection": "connected", "instances": [] });
    it.lock().expect("sound").registrations.push(body);
    Json(answer)
}

async fn lease(State(it): State<Shared>, Json(ask): Json<Value>) -> Json<Value> {
    let until = Instant::now() + Duration::from_millis(ask["waitMs"].as_u64().expect("a number"));
    loop {
        {
            let mut memory = it.lock().expect("sound");
            memory.renew(&ask);
            memory.expire();
            let max = ask["max"].as_u64().expect("a number") as usize;
            let count = memory.waiting.len().min(max);
            if count > 0 || Instant::now() >= until {
                let leases: Vec<Value> = memory.waiting.drain(..count).collect();
                for lease in &leases {
                    let key = lease["effect"]["key"].as_str().expect("a key").to_owned();
                    memory.live.insert(key, LiveLease { lease: lease.clone(), renewed: Instant::now() });
                }
                let renewed = memory.renew(&ask);
                return Json(json!({ "leases": leases, "renewed": renewed }));
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn report(State(it): State<Shared>, Json(body): Json<Value>) -> Response {
    let mut memory = it.lock().expect("sound");
    let reports = body["reports"].as_array().expect("a list").clone();
    let result = |report: &Value| {
        let repeated = memory.reports.contains(report);
        json!({ "key": report["key"], "status": if repeated { "repeated" } else { "accepted" } })
    };
    let results: Vec<Value> = reports.iter().map(result).collect();
    memory.reports.extend(reports);
    if memory.answers_lost > 0 {
        memory.answers_lost -= 1;
        return StatusCode::BAD_GATEWAY.into_response();
    }
    Json(json!({ "results": results })).into_response()
}

async fn tell(State(it): State<Shared>, Json(body): Json<Value>) -> StatusCode {
    it.lock().expect("sound").changes.extend(body["changes"].as_array().expect("a list").clone());
    StatusCode::NO_CONTENT
}

async fn orders(State(it): State<Shared>) -> Json<Value> {
    Json(json!({ "revision": 1, "instances": it.lock().expect("sound").orders }))
}

async fn log(State(it): State<Shared>, Json(piece): Json<Value>) -> Response {
    let mut memory = it.lock().expect("sound");
    let log = memory.logs.entry(piece["key"].as_str().expect("a key").to_owned()).or_default();
    let (text, offset) =
        (piece["text"].as_str().expect("a text"), piece["offset"].as_u64().expect("a number") as usize);
    if offset > log.len() {
        return problem(StatusCode::CONFLICT, "log-gap");
    }
    if let Some(new) = text.get(log.len() - offset..) {
        log.push_str(new);
    }
    Json(json!({ "offset": log.len() })).into_response()
}

async fn push(State(it): State<Shared>, Json(body): Json<Value>) -> Response {
    let mut memory = it.lock().expect("sound");
    if memory.pushes_lost > 0 {
        memory.pushes_lost -= 1;
        return problem(StatusCode::SERVICE_UNAVAILABLE, "unavailable");
    }
    memory.pushed.push(body);
    Json(json!({})).into_response()
}

async fn blob(State(it): State<Shared>, Path(digest): Path<String>) -> Response {
    let mut memory = it.lock().expect("sound");
    if memory.fetches_lost > 0 {
        memory.fetches_lost -= 1;
        return problem(StatusCode::SERVICE_UNAVAILABLE, "unavailable");
    }
    match memory.blobs.get(&digest) {
        Some(bytes) => bytes.clone().into_response(),
        None => problem(StatusCode::NOT_FOUND, "unknown-blob"),
    }
}
