//! One backend as the data plane sees it: its address, its load and its health.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use shipway_model::Name;
use shipway_model::routing::Backend;

use super::metrics::BackendMetrics;

/// The first back-off after a failed connect when no probe watches the backend; it doubles up to the last.
const BACKOFF_FIRST_MS: u64 = 250;
const BACKOFF_LAST_MS: u64 = 5_000;

const UP: u64 = 0;
const DOWN_UNTIL_PROBED: u64 = u64::MAX;

/// Process-wide zero of the clock in which `down_until_ms` counts.
static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Identity of one backend within one pool for as long as it stays there. A backend that leaves and comes
/// back, or whose address moves to another version, is a new one with empty pools and clean health.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct BackendId(u64);

/// Shared by all workers and by the control side; it outlives route changes that keep the backend.
#[derive(Debug)]
pub(super) struct BackendState {
    pub(super) id: BackendId,
    pub(super) target: Name,
    pub(super) address: SocketAddr,
    pub(super) metrics: Arc<BackendMetrics>,
    in_flight: AtomicUsize,
    draining: AtomicBool,
    failures: AtomicU32,
    /// Milliseconds since [`EPOCH`], or [`UP`], or [`DOWN_UNTIL_PROBED`].
    down_until_ms: AtomicU64,
}

impl BackendState {
    pub(super) fn new(backend: &Backend, metrics: Arc<BackendMetrics>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        LazyLock::force(&EPOCH);
        Self {
            id: BackendId(NEXT.fetch_add(1, Relaxed)),
            target: backend.target.clone(),
            address: backend.address,
            metrics,
            in_flight: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            failures: AtomicU32::new(0),
            down_until_ms: AtomicU64::new(UP),
        }
    }

    pub(super) fn is(&self, backend: &Backend) -> bool {
        self.target == backend.target && self.address == backend.address
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Relaxed)
    }

    pub(super) fn enter(&self) {
        self.in_flight.fetch_add(1, Relaxed);
    }

    pub(super) fn leave(&self) {
        self.in_flight.fetch_sub(1, Relaxed);
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Relaxed)
    }

    pub(super) fn start_draining(&self) {
        self.draining.store(true, Relaxed);
    }

    pub(super) fn is_healthy(&self, now: Instant) -> bool {
        match self.down_until_ms.load(Relaxed) {
            UP => true,
            DOWN_UNTIL_PROBED => false,
            until => millis(now) >= until,
        }
    }

    /// A connect failed. With a probe the backend stays down until the probe passes, otherwise for a back-off.
    pub(super) fn connect_failed(&self, now: Instant, probed: bool) {
        let failures = self.failures.fetch_add(1, Relaxed);
        let until = if probed {
            DOWN_UNTIL_PROBED
        } else {
            millis(now) + (BACKOFF_FIRST_MS << failures.min(8)).min(BACKOFF_LAST_MS)
        };
        self.down_until_ms.store(until, Relaxed);
    }

    /// The probe failed; down once `limit` failures came in a row.
    pub(super) fn probe_failed(&self, limit: u32) {
        if self.failures.fetch_add(1, Relaxed).saturating_add(1) >= limit {
            self.down_until_ms.store(DOWN_UNTIL_PROBED, Relaxed);
        }
    }

    /// A connect or a probe succeeded, or nobody probes any more. Cheap when the backend is up already.
    pub(super) fn recovered(&self) {
        if self.failures.load(Relaxed) != 0 {
            self.failures.store(0, Relaxed);
        }
        if self.down_until_ms.load(Relaxed) != UP {
            self.down_until_ms.store(UP, Relaxed);
        }
    }
}

fn millis(now: Instant) -> u64 {
    let elapsed: Duration = now.saturating_duration_since(*EPOCH);
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> BackendState {
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        BackendState::new(&Backend { target: "a".parse().unwrap(), address }, BackendMetrics::alone())
    }

    #[test]
    fn without_a_probe_a_failed_connect_backs_off_and_the_backoff_grows() {
        let backend = state();
        let now = Instant::now();
        backend.connect_failed(now, false);
        assert!(!backend.is_healthy(now + Duration::from_millis(200)));
        assert!(backend.is_healthy(now + Duration::from_millis(260)));
        backend.connect_failed(now, false);
        assert!(!backend.is_healthy(now + Duration::from_millis(260)));
        for _ in 0..40 {
            backend.connect_failed(now, false);
        }
        assert!(backend.is_healthy(now + Duration::from_millis(BACKOFF_LAST_MS + 10)));
    }

    #[test]
    fn with_a_probe_only_the_probe_brings_it_back() {
        let backend = state();
        let now = Instant::now();
        backend.connect_failed(now, true);
        assert!(!backend.is_healthy(now + Duration::from_secs(3600)));
        backend.recovered();
        assert!(backend.is_healthy(now));
        backend.probe_failed(2);
        assert!(backend.is_healthy(now), "one failure is below the limit");
        backend.probe_failed(2);
        assert!(!backend.is_healthy(now));
    }
}
