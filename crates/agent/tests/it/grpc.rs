//! Health that is asked for by gRPC, of a real gRPC server.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tonic::transport::server::{Server, TcpIncoming};
use tonic_health::ServingStatus;
use tonic_health::server::{HealthReporter, health_reporter};

use crate::agent::{Host, contract, place};
use crate::artifact::{Artifact, service};
use crate::control_plane::ControlPlane;

/// A server that serves as a whole, with `shop.v1.Orders` as it is told.
struct Orders {
    address: SocketAddr,
    health: HealthReporter,
    runtime: Runtime,
}

impl Orders {
    fn start() -> Self {
        let runtime = Runtime::new().expect("threads");
        let (health, service) = health_reporter();
        let address = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("an address");
            let served = Server::builder().add_service(service);
            tokio::spawn(served.serve_with_incoming(TcpIncoming::from(listener)));
            address
        });
        Self { address, health, runtime }
    }

    fn say(&self, status: ServingStatus) {
        self.runtime.block_on(self.health.set_service_status("shop.v1.Orders", status));
    }
}

#[test]
fn a_grpc_server_says_itself_whether_it_serves() {
    let control_plane = ControlPlane::start();
    let _host = Host::start(&control_plane);
    let artifact = service(&[]);
    control_plane.keep(&artifact);
    let orders = Orders::start();
    let address = orders.address.to_string();
    let whole = json!({ "grpc": { "address": address } });
    let of = |service: &str| json!({ "grpc": { "address": address, "service": service } });

    healthy(&control_plane, &artifact, 1, &whole);
    unhealthy(&control_plane, &artifact, 2, &of("shop.v1.Orders"), "gRPC status 5");
    orders.say(ServingStatus::NotServing);
    unhealthy(
        &control_plane,
        &artifact,
        3,
        &of("shop.v1.Orders"),
        "is not serving when asked about shop.v1.Orders",
    );
    orders.say(ServingStatus::Serving);
    healthy(&control_plane, &artifact, 4, &of("shop.v1.Orders"));
}

#[test]
fn what_is_no_grpc_server_is_not_healthy() {
    let control_plane = ControlPlane::start();
    let _host = Host::start(&control_plane);
    let artifact = service(&[]);
    control_plane.keep(&artifact);
    let listener = || TcpListener::bind("127.0.0.1:0").expect("a port");
    let probe = |of: &TcpListener| json!({ "grpc": { "address": of.local_addr().expect("an address") } });

    let old = listener();
    let of_old = probe(&old);
    thread::spawn(move || {
        for mut asked in old.incoming().map_while(Result::ok) {
            let _read = asked.read(&mut [0; 64]);
            let _written = asked.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    unhealthy(&control_plane, &artifact, 1, &of_old, "does not talk HTTP/2");
    let silent = listener();
    unhealthy(&control_plane, &artifact, 2, &probe(&silent), "no answer within 500ms");
    unhealthy(&control_plane, &artifact, 3, &json!({ "grpc": { "address": "127.0.0.1:1" } }), "refused");
}

fn healthy(control_plane: &ControlPlane, artifact: &Artifact, step: u32, probe: &Value) {
    let placed = asked(control_plane, artifact, step, probe);
    assert_eq!(placed["outcome"], "succeeded", "{probe}: {placed}");
}

fn unhealthy(control_plane: &ControlPlane, artifact: &Artifact, step: u32, probe: &Value, reason: &str) {
    let failed = asked(control_plane, artifact, step, probe);
    assert!(failed["reason"].as_str().is_some_and(|it| it.contains(reason)), "{reason}: {failed}");
}

fn asked(control_plane: &ControlPlane, artifact: &Artifact, step: u32, probe: &Value) -> Value {
    let mut contract = contract();
    contract["health"]["startPeriod"] = json!("2s");
    contract["health"]["timeout"] = json!("500ms");
    contract["health"]["checks"] = json!([{ "name": "it", "probe": probe }]);
    control_plane.perform(&place(step, &format!("1.{step}.0"), artifact, contract))
}
