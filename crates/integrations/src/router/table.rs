//! A route compiled for the hot path, and the choice of version and backend.
//!
//! # How a version is chosen
//!
//! Every request has a *bucket*, 0 to 9999: the one in its session cookie, else a random one. The pools of the
//! route lie one after the other on the line of buckets, in the order of the route and each as wide as its
//! weight: with `[stable 9500, canary 500]` the canary owns 9500 to 9999. The pool at the bucket serves.
//!
//! The last pool is therefore counted from the top. While it grows at the cost of those before it, its old
//! share lies inside its new share: a session that is in the canary stays there, and any session moves at most
//! once. The caller's part is to keep the order of the pools and to put the version that grows last.

use std::sync::Arc;
use std::time::Instant;

use http::HeaderValue;
use shipway_model::Version;
use shipway_model::routing::{Pool, Route};

use super::backend::BackendState;
use super::metrics::{Metrics, VersionMetrics};
use super::sticky;

pub(super) const BUCKETS: Bucket = 10_000;

/// A share of the traffic in basis points, as a point on the line: 0 to 9999.
pub(super) type Bucket = u16;

/// One route as the workers read it. Never changed: a new route is a new table.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) route: Arc<Route>,
    pub(super) pools: Vec<PoolTable>,
}

#[derive(Debug)]
pub(super) struct PoolTable {
    pub(super) version: Version,
    pub(super) version_header: HeaderValue,
    pub(super) backends: Vec<Arc<BackendState>>,
    pub(super) metrics: Arc<VersionMetrics>,
    weight: Bucket,
    /// The first bucket above the pool's share.
    end: Bucket,
}

/// A backend by its place in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) pool: usize,
    pub(super) backend: usize,
}

/// How a pool picks among its backends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Spread {
    /// The less busy of two drawn by this random number.
    LeastBusy(u64),
    /// The highest rank for the session's bucket.
    Session(Bucket),
}

impl Table {
    /// Backends that `before` held in the same version keep their state.
    pub(super) fn new(route: Arc<Route>, before: Option<&Table>, metrics: &Metrics) -> Self {
        let mut end = 0;
        let pools = route
            .pools
            .iter()
            .map(|pool| {
                end += pool.weight_bp.get();
                let metrics = metrics.version(&route.environment, &route.service, &pool.version);
                PoolTable {
                    version: pool.version.clone(),
                    version_header: HeaderValue::from_str(pool.version.as_str())
                        .expect("a version is plain ASCII"),
                    backends: backends(pool, before, &metrics),
                    metrics,
                    weight: pool.weight_bp.get(),
                    end,
                }
            })
            .collect();
        Self { route, pools }
    }

    /// The table of a service whose route was removed.
    pub(super) fn without_pools(&self) -> Self {
        let route = Route { pools: Vec::new(), ..Route::clone(&self.route) };
        Self { route: Arc::new(route), pools: Vec::new() }
    }

    /// The pool that owns the bucket, if any pool has backends.
    pub(super) fn pool_at(&self, bucket: Bucket) -> Option<usize> {
        self.pools.iter().position(|pool| bucket < pool.end && !pool.backends.is_empty())
    }

    /// The pool of the version asked for by name, whatever its weight, if it has backends.
    pub(super) fn pool_named(&self, version: &HeaderValue) -> Option<usize> {
        self.pools.iter().position(|pool| pool.version_header == *version && !pool.backends.is_empty())
    }

    /// A backend of the pool that is not among `tried`. Unhealthy ones are chosen only when no healthy one is
    /// left: a probe can be wrong, and refusing everybody is worse than trying.
    pub(super) fn choose(&self, pool: usize, spread: Spread, tried: &[Place], now: Instant) -> Option<Place> {
        let backends = &self.pools[pool].backends;
        if backends.len() == 1 {
            let place = Place { pool, backend: 0 };
            return (!tried.contains(&place)).then_some(place);
        }
        let open = |backend: &usize| !tried.contains(&Place { pool, backend: *backend });
        let healthy = |backend: &usize| open(backend) && backends[*backend].is_healthy(now);
        let all = 0..backends.len();
        let backend = spread
            .pick(backends, all.clone().filter(healthy))
            .or_else(|| spread.pick(backends, all.filter(open)))?;
        Some(Place { pool, backend })
    }

    /// A backend of any other version that receives traffic, for a request whose own version cannot be reached.
    pub(super) fn choose_elsewhere(&self, spread: Spread, tried: &[Place], now: Instant) -> Option<Place> {
        let weighted = |pool: &usize| self.pools[*pool].weight > 0;
        let mut places =
            (0..self.pools.len()).filter(weighted).filter_map(|pool| self.choose(pool, spread, tried, now));
        let first = places.next()?;
        if self.backend(first).is_healthy(now) {
            return Some(first);
        }
        Some(places.find(|place| self.backend(*place).is_healthy(now)).unwrap_or(first))
    }

    pub(super) fn backend(&self, place: Place) -> &Arc<BackendState> {
        &self.pools[place.pool].backends[place.backend]
    }

    pub(super) fn backends(&self) -> impl Iterator<Item = (&Version, &Arc<BackendState>)> {
        self.pools.iter().flat_map(|pool| pool.backends.iter().map(|backend| (&pool.version, backend)))
    }
}

impl Spread {
    fn pick(
        self,
        backends: &[Arc<BackendState>],
        open: impl Iterator<Item = usize> + Clone,
    ) -> Option<usize> {
        match self {
            Self::Session(bucket) => {
                let rank =
                    |state: &BackendState| sticky::rank(bucket, state.target.as_str(), state.address.port());
                open.max_by_key(|backend| rank(&backends[*backend]))
            }
            Self::LeastBusy(random) => {
                let count = open.clone().count() as u64;
                let draw = |random: u64| open.clone().nth((random % count.max(1)) as usize);
                let (one, other) = (draw(random >> 32)?, draw(random & 0xffff_ffff)?);
                let busier = backends[one].in_flight() > backends[other].in_flight();
                Some(if busier { other } else { one })
            }
        }
    }
}

fn backends(pool: &Pool, before: Option<&Table>, metrics: &VersionMetrics) -> Vec<Arc<BackendState>> {
    let held = before.and_then(|table| table.pools.iter().find(|held| held.version == pool.version));
    let state = |backend| {
        held.and_then(|held| held.backends.iter().find(|state| state.is(backend)).cloned())
            .unwrap_or_else(|| Arc::new(BackendState::new(backend, metrics.backend(&backend.target))))
    };
    pool.backends.iter().map(state).collect()
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use shipway_model::routing::Backend;
    use shipway_model::{BasisPoints, Millis};

    use super::*;

    fn pool(version: &str, weight_bp: u16, n_backends: u16) -> Pool {
        let backend = |n: u16| Backend {
            target: format!("{}-{n}", version.replace('.', "-").replace(|c: char| c.is_ascii_digit(), "v"))
                .parse()
                .unwrap(),
            address: SocketAddr::from(([127, 0, 0, 1], 1000 + n)),
        };
        Pool {
            version: version.parse().unwrap(),
            weight_bp: BasisPoints::new(weight_bp).unwrap(),
            backends: (0..n_backends).map(backend).collect(),
        }
    }

    fn table(pools: Vec<Pool>) -> Table {
        let route = Route {
            environment: "prod".parse().unwrap(),
            service: "web".parse().unwrap(),
            listen: SocketAddr::from(([127, 0, 0, 1], 80)),
            revision: 1,
            pools,
            sticky: None,
            health: None,
            drain: Millis::from_secs(1),
        };
        Table::new(Arc::new(route), None, &Metrics::new(1))
    }

    #[test]
    fn a_growing_last_pool_moves_each_bucket_at_most_once() {
        let tables = [0, 500, 2500, 5000, 10_000]
            .map(|canary| table(vec![pool("1.0.0", 10_000 - canary, 1), pool("2.0.0", canary, 1)]));
        for bucket in 0..BUCKETS {
            let places: Vec<_> = tables.iter().map(|table| table.pool_at(bucket).unwrap()).collect();
            assert!(places.is_sorted(), "bucket {bucket} went back and forth: {places:?}");
        }
        let share = |table: &Table| (0..BUCKETS).filter(|bucket| table.pool_at(*bucket) == Some(1)).count();
        assert_eq!(tables.each_ref().map(share), [0, 500, 2500, 5000, 10_000]);
    }

    #[test]
    fn unhealthy_backends_are_the_last_resort() {
        let table = table(vec![pool("1.0.0", 10_000, 3)]);
        let now = Instant::now();
        for random in 0..100_u64 {
            let spread = Spread::LeastBusy(random.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            table.pools[0].backends[0].connect_failed(now, true);
            let place = table.choose(0, spread, &[], now).unwrap();
            assert_ne!(place.backend, 0);
            let tried = [Place { pool: 0, backend: 1 }, Place { pool: 0, backend: 2 }];
            assert_eq!(table.choose(0, spread, &tried, now), Some(Place { pool: 0, backend: 0 }));
        }
    }

    #[test]
    fn the_less_busy_of_two_serves() {
        let table = table(vec![pool("1.0.0", 10_000, 2)]);
        table.pools[0].backends[0].enter();
        let both_drawn = Spread::LeastBusy(1 << 32);
        assert_eq!(table.choose(0, both_drawn, &[], Instant::now()).unwrap().backend, 1);
    }

    #[test]
    fn a_preview_receives_nothing_unless_asked_by_name() {
        let table = table(vec![pool("1.0.0", 10_000, 1), pool("2.0.0", 0, 1)]);
        assert!((0..BUCKETS).all(|bucket| table.pool_at(bucket) == Some(0)));
        assert_eq!(table.pool_named(&HeaderValue::from_static("2.0.0")), Some(1));
        let tried = [Place { pool: 0, backend: 0 }];
        assert_eq!(table.choose_elsewhere(Spread::Session(1), &tried, Instant::now()), None);
    }
}
