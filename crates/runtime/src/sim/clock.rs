//! Clocks of the simulated machines: virtual time, and each machine's error.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;

/// When every simulation begins: some day in 2026.
pub(super) const START_SECOND: i64 = 1_790_000_000;

/// Virtual time plus an error. Clones of `now_ms` are one clock.
#[derive(Debug, Clone, Default)]
pub(super) struct SkewedClock {
    pub(super) now_ms: Arc<AtomicI64>,
    pub(super) skew_ms: Arc<AtomicI64>,
}

impl SkewedClock {
    /// The virtual millisecond at which this clock will show `at`.
    pub(super) fn virtual_ms(&self, at: Timestamp) -> u64 {
        let shown = at.as_millisecond() - START_SECOND * 1000;
        // Rounded up as the writer does, so that what is due is due on waking.
        u64::try_from(shown - self.skew_ms.load(Ordering::Relaxed) + 1).unwrap_or(0)
    }
}

impl Clock for SkewedClock {
    fn now(&self) -> Timestamp {
        let shown = self.now_ms.load(Ordering::Relaxed) + self.skew_ms.load(Ordering::Relaxed);
        let start = Timestamp::from_second(START_SECOND).expect("a second in 2026");
        start.saturating_add(SignedDuration::from_millis(shown)).expect("a duration can be added")
    }
}
