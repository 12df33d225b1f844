//! One running process of the shop: what it holds, and which phase of its life it is in.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde_json::json;

use crate::artifact::Artifact;
use crate::neighbours::Neighbours;
use crate::reply::{Reply, error, json};
use crate::settings::Settings;
use crate::{catalogue, checkout, web};

/// Which of the three services a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    Web,
    Catalogue,
    Checkout,
}

impl Service {
    pub fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Catalogue => "catalogue",
            Self::Checkout => "checkout",
        }
    }
}

/// A process of one service in one version.
#[derive(Debug)]
pub struct Instance {
    pub service: Service,
    pub artifact: Artifact,
    pub neighbours: Neighbours,
    pub orders: Orders,
    started: Instant,
    draining: AtomicBool,
}

/// Numbers the orders of one process.
#[derive(Debug)]
pub struct Orders {
    /// Tells this process's orders from those of others; drawn anew at each start.
    process: u32,
    last: AtomicU64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Starting,
    Serving,
    Draining,
}

impl Instance {
    pub fn new(service: Service, artifact: Artifact, settings: &Settings) -> Self {
        Self {
            service,
            artifact,
            neighbours: Neighbours::new(settings),
            orders: Orders { process: RandomState::new().hash_one(()) as u32, last: AtomicU64::new(0) },
            started: Instant::now(),
            draining: AtomicBool::new(false),
        }
    }

    /// From now on `/healthz` answers 503; everything else goes on until the connections are closed.
    pub fn start_draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Answers a request whose body has been read.
    pub async fn answer(&self, request: Request<Bytes>) -> Reply {
        let phase = self.phase();
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/healthz") => self.health(phase),
            (&Method::GET, "/version") => json(
                StatusCode::OK,
                &json!({ "service": self.service.name(), "version": self.artifact.version }),
            ),
            _ if phase == Phase::Starting => {
                error(StatusCode::SERVICE_UNAVAILABLE, "the service is still starting")
            }
            _ => match self.service {
                Service::Web => web::answer(self, request).await,
                Service::Catalogue => catalogue::answer(&request),
                Service::Checkout => checkout::answer(self, request).await,
            },
        }
    }

    fn phase(&self) -> Phase {
        if self.draining.load(Ordering::Relaxed) {
            Phase::Draining
        } else if self.started.elapsed() < self.artifact.defects.startup() {
            Phase::Starting
        } else {
            Phase::Serving
        }
    }

    fn health(&self, phase: Phase) -> Reply {
        let (status, word) = match phase {
            Phase::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting"),
            Phase::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
            Phase::Serving if self.artifact.defects.never_healthy => {
                (StatusCode::SERVICE_UNAVAILABLE, "unhealthy")
            }
            Phase::Serving => (StatusCode::OK, "serving"),
        };
        let body =
            json!({ "status": word, "service": self.service.name(), "version": self.artifact.version });
        json(status, &body)
    }
}

impl Orders {
    /// The next number, counted from one.
    pub fn next(&self) -> u64 {
        self.last.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub fn id(&self, number: u64) -> String {
        format!("order-{:08x}-{number}", self.process)
    }
}
