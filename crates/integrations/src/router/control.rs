//! The control side: holds the routes, and brings listeners, tables and probes in line with them.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use arc_swap::ArcSwap;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use shipway_model::routing::Route;
use shipway_model::{Name, Version};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::backend::{BackendId, BackendState};
use super::listener::{self, Endpoint};
use super::metrics::Metrics;
use super::probe;
use super::problem::Problem;
use super::state_file::{self, Held, Removed};
use super::table::Table;
use super::validity;
use super::worker::{Order, WorkerHandle};

/// Services at once, removed ones included.
const SERVICES_MAX: usize = 4096;

/// A route and how its backends are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RouteStatus {
    pub route: Route,
    /// Those of the route, and those that left it and still have something open.
    pub backends: Vec<BackendStatus>,
}

/// How one backend is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackendStatus {
    pub version: Version,
    pub target: Name,
    pub address: SocketAddr,
    pub healthy: bool,
    /// Requests and upgraded connections that are open.
    pub in_flight: u64,
    /// It left the route and only finishes what it has.
    pub draining: bool,
}

pub(super) type ServiceKey = (Name, Name);

/// Holds all routes. Changes are made one at a time; requests never wait for them.
pub(super) struct Control {
    state_file: Option<PathBuf>,
    workers: Arc<[WorkerHandle]>,
    pub(super) metrics: Metrics,
    services: Mutex<BTreeMap<ServiceKey, Service>>,
    /// One sleeping task per backend that drains.
    drains: std::sync::Mutex<JoinSet<()>>,
    /// One accepting task per listener.
    accepting: TaskTracker,
}

enum Service {
    Routed(Routed),
    /// Only the fence is left.
    Removed {
        revision: u64,
    },
}

struct Routed {
    route: Arc<Route>,
    table: Arc<ArcSwap<Table>>,
    /// Dropping it closes the listener and lets its clients finish.
    listening: DropGuard,
    probes: JoinSet<()>,
    draining: Vec<(Version, Arc<BackendState>)>,
}

impl Control {
    pub(super) fn new(state_file: Option<PathBuf>, workers: Arc<[WorkerHandle]>) -> Self {
        let metrics = Metrics::new(workers.len());
        Self {
            state_file,
            workers,
            metrics,
            services: Mutex::default(),
            drains: std::sync::Mutex::default(),
            accepting: TaskTracker::new(),
        }
    }

    /// Takes up what was held before a restart.
    ///
    /// # Errors
    /// When the state cannot be read or a listener cannot be opened: serving some of the services would hide
    /// that the others are missing.
    pub(super) async fn restore(&self) -> io::Result<()> {
        let Some(path) = &self.state_file else { return Ok(()) };
        let held = state_file::load(path)?;
        let mut services = self.services.lock().await;
        for Removed { environment, service, revision } in held.removed {
            services.insert((environment, service), Service::Removed { revision });
        }
        for route in held.routes {
            let key = (route.environment.clone(), route.service.clone());
            let listen = route.listen;
            let listener = listener::bind(listen).map_err(|fault| {
                io::Error::new(fault.kind(), format!("cannot listen on {listen}: {fault}"))
            })?;
            let routed = self.open(Arc::new(route), listener);
            services.insert(key, Service::Routed(routed));
        }
        Ok(())
    }

    /// Replaces the route of its service. It is on disk and in force when this returns.
    pub(super) async fn put(&self, route: Route) -> Result<Arc<Route>, Problem> {
        let faults = validity::faults(&route);
        if !faults.is_empty() {
            return Err(refuse(StatusCode::UNPROCESSABLE_ENTITY, "invalid-route", faults.join("; ")));
        }
        let key = (route.environment.clone(), route.service.clone());
        let mut services = self.services.lock().await;
        let before = services.get(&key);
        if let Some(held) = check_fence(before, &route)? {
            return Ok(held);
        }
        if before.is_none() && services.len() >= SERVICES_MAX {
            let detail = format!("the router holds {SERVICES_MAX} services, which is its limit");
            return Err(refuse(StatusCode::INSUFFICIENT_STORAGE, "too-many-services", detail));
        }
        check_address(&services, &key, &route)?;
        let stays = matches!(before, Some(Service::Routed(held)) if held.route.listen == route.listen);
        let listener = if stays {
            None
        } else {
            Some(listener::bind(route.listen).map_err(|fault| {
                let detail = format!("cannot listen on {}: {fault}", route.listen);
                refuse(StatusCode::CONFLICT, "listen-unavailable", detail)
            })?)
        };
        let route = Arc::new(route);
        self.save(with_route(held(&services), &route)).await?;
        match services.get_mut(&key) {
            Some(Service::Routed(routed)) => self.change(routed, Arc::clone(&route), listener),
            _ => {
                let listener = listener.expect("a service without a route has no listener to keep");
                services.insert(key, Service::Routed(self.open(Arc::clone(&route), listener)));
            }
        }
        Ok(route)
    }

    /// Removes a route. Its clients finish what is in flight; its fence stays.
    pub(super) async fn remove(&self, key: ServiceKey, revision: u64) -> Result<(), Problem> {
        let mut services = self.services.lock().await;
        let held_revision = services.get(&key).map(Service::revision);
        if held_revision.is_some_and(|held| revision < held) {
            return Err(stale(revision, held_revision.unwrap_or_default()));
        }
        if held_revision.is_none() {
            return Ok(());
        }
        self.save(without_route(held(&services), &key, revision)).await?;
        if let Some(Service::Routed(mut routed)) = services.insert(key, Service::Removed { revision }) {
            let last = routed.table.load_full();
            routed.table.store(Arc::new(last.without_pools()));
            self.drain(&mut routed, &last);
        }
        Ok(())
    }

    pub(super) async fn statuses(&self) -> Vec<RouteStatus> {
        let services = self.services.lock().await;
        services.values().filter_map(Service::routed).map(Routed::status).collect()
    }

    pub(super) async fn status(&self, key: &ServiceKey) -> Option<RouteStatus> {
        let services = self.services.lock().await;
        services.get(key).and_then(Service::routed).map(Routed::status)
    }

    /// Stops listening and probing. The addresses are free again when this returns.
    pub(super) async fn close(&self) {
        self.services.lock().await.clear();
        self.accepting.close();
        self.accepting.wait().await;
    }

    fn open(&self, route: Arc<Route>, listener: tokio::net::TcpListener) -> Routed {
        let table = Table::new(Arc::clone(&route), None, &self.metrics);
        let probes = probes(&table);
        let table = Arc::new(ArcSwap::from_pointee(table));
        let listening = self.listen(listener, &table);
        Routed { route, table, listening, probes, draining: Vec::new() }
    }

    fn change(&self, routed: &mut Routed, route: Arc<Route>, listener: Option<tokio::net::TcpListener>) {
        let before = routed.table.load_full();
        let table = Arc::new(Table::new(Arc::clone(&route), Some(&before), &self.metrics));
        if route.health.is_none() {
            // Nobody probes any more who could bring a backend back.
            table.backends().for_each(|(_, backend)| backend.recovered());
        }
        routed.table.store(Arc::clone(&table));
        routed.route = route;
        if let Some(listener) = listener {
            routed.listening = self.listen(listener, &routed.table);
        }
        routed.probes = probes(&table);
        self.drain(routed, &before);
    }

    fn listen(&self, listener: tokio::net::TcpListener, table: &Arc<ArcSwap<Table>>) -> DropGuard {
        let closed = CancellationToken::new();
        let endpoint = Arc::new(Endpoint { table: Arc::clone(table), closed: closed.clone() });
        self.accepting.spawn(listener::accept(listener, endpoint, Arc::clone(&self.workers)));
        closed.drop_guard()
    }

    /// Lets the backends that are no longer in the table finish, for as long as the route before gave them.
    fn drain(&self, routed: &mut Routed, before: &Table) {
        let table = routed.table.load();
        let kept: HashSet<BackendId> = table.backends().map(|(_, backend)| backend.id).collect();
        routed.draining.retain(|(_, backend)| backend.in_flight() > 0);
        let mut drains = self.drains.lock().unwrap_or_else(PoisonError::into_inner);
        while drains.try_join_next().is_some() {}
        for (version, backend) in before.backends().filter(|(_, backend)| !kept.contains(&backend.id)) {
            backend.start_draining();
            self.tell_all(|| Order::CloseIdle(backend.id));
            routed.draining.push((version.clone(), Arc::clone(backend)));
            let (workers, id) = (Arc::clone(&self.workers), backend.id);
            let limit = before.route.drain.duration();
            drains.spawn(async move {
                tokio::time::sleep(limit).await;
                workers.iter().for_each(|worker| worker.order(Order::CloseAll(id)));
            });
        }
    }

    fn tell_all(&self, order: impl Fn() -> Order) {
        self.workers.iter().for_each(|worker| worker.order(order()));
    }

    async fn save(&self, held: Held) -> Result<(), Problem> {
        let Some(path) = self.state_file.clone() else { return Ok(()) };
        let saved = tokio::task::spawn_blocking(move || state_file::save(&path, &held)).await;
        saved.map_err(io::Error::other).flatten().map_err(|fault| {
            let detail = format!("the change was not made, because it cannot be stored: {fault}");
            refuse(StatusCode::INTERNAL_SERVER_ERROR, "not-stored", detail)
        })
    }
}

impl Service {
    fn revision(&self) -> u64 {
        match self {
            Self::Routed(routed) => routed.route.revision,
            Self::Removed { revision } => *revision,
        }
    }

    fn routed(&self) -> Option<&Routed> {
        match self {
            Self::Routed(routed) => Some(routed),
            Self::Removed { .. } => None,
        }
    }
}

impl Routed {
    fn status(&self) -> RouteStatus {
        let now = Instant::now();
        let table = self.table.load();
        let status = |(version, backend): (&Version, &Arc<BackendState>)| BackendStatus {
            version: version.clone(),
            target: backend.target.clone(),
            address: backend.address,
            healthy: backend.is_healthy(now),
            in_flight: backend.in_flight() as u64,
            draining: backend.is_draining(),
        };
        let left = self.draining.iter().filter(|(_, backend)| backend.in_flight() > 0);
        let left = left.map(|(version, backend)| (version, backend));
        RouteStatus {
            route: Route::clone(&self.route),
            backends: table.backends().chain(left).map(status).collect(),
        }
    }
}

/// The held route when nothing is to be done, nothing when the new one may replace it.
fn check_fence(before: Option<&Service>, route: &Route) -> Result<Option<Arc<Route>>, Problem> {
    match before {
        Some(Service::Routed(held)) if *held.route == *route => Ok(Some(Arc::clone(&held.route))),
        Some(Service::Routed(held)) if held.route.revision == route.revision => {
            let detail = format!("revision {} is held with other content", route.revision);
            Err(refuse(StatusCode::CONFLICT, "revision-reused", detail))
        }
        Some(Service::Routed(held)) if route.revision < held.route.revision => {
            Err(stale(route.revision, held.route.revision))
        }
        Some(Service::Removed { revision }) if route.revision <= *revision => {
            Err(stale(route.revision, *revision))
        }
        _ => Ok(None),
    }
}

fn check_address(
    services: &BTreeMap<ServiceKey, Service>,
    key: &ServiceKey,
    route: &Route,
) -> Result<(), Problem> {
    let takes = |other: &ServiceKey, held: &Routed| other != key && held.route.listen == route.listen;
    match services.iter().find(|(other, service)| service.routed().is_some_and(|held| takes(other, held))) {
        Some(((environment, service), _)) => {
            let detail = format!("{} is taken by service `{service}` in `{environment}`", route.listen);
            Err(refuse(StatusCode::CONFLICT, "listen-taken", detail))
        }
        None => Ok(()),
    }
}

fn probes(table: &Table) -> JoinSet<()> {
    let mut probes = JoinSet::new();
    if let Some(probe) = &table.route.health {
        for (_, backend) in table.backends() {
            probes.spawn(probe::watch(Arc::clone(backend), probe.clone()));
        }
    }
    probes
}

fn held(services: &BTreeMap<ServiceKey, Service>) -> Held {
    let mut held = Held::default();
    for ((environment, service), state) in services {
        match state {
            Service::Routed(routed) => held.routes.push(Route::clone(&routed.route)),
            Service::Removed { revision } => held.removed.push(Removed {
                environment: environment.clone(),
                service: service.clone(),
                revision: *revision,
            }),
        }
    }
    held
}

fn with_route(mut held: Held, route: &Route) -> Held {
    forget(&mut held, &route.environment, &route.service);
    held.routes.push(route.clone());
    held
}

fn without_route(mut held: Held, (environment, service): &ServiceKey, revision: u64) -> Held {
    forget(&mut held, environment, service);
    let (environment, service) = (environment.clone(), service.clone());
    held.removed.push(Removed { environment, service, revision });
    held
}

fn forget(held: &mut Held, environment: &Name, service: &Name) {
    held.routes.retain(|route| (&route.environment, &route.service) != (environment, service));
    held.removed.retain(|removed| (&removed.environment, &removed.service) != (environment, service));
}

fn stale(revision: u64, held: u64) -> Problem {
    let detail = format!("revision {revision} is behind revision {held}, which is held");
    refuse(StatusCode::CONFLICT, "stale-revision", detail)
}

fn refuse(status: StatusCode, code: &'static str, detail: String) -> Problem {
    Problem::new(status, code, detail)
}
