//! Growing delays between attempts.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// Doubles from the first delay to the longest.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    first: Duration,
    max: Duration,
    attempts: u32,
    /// Spreads those who fail together; none means exact delays.
    spread: Option<String>,
}

impl Backoff {
    /// Between runs of a process that ends by itself: 200 ms to 30 s.
    pub(crate) fn of_crashes() -> Self {
        Self { first: Duration::from_millis(200), max: Duration::from_secs(30), attempts: 0, spread: None }
    }

    /// Between calls to a control plane that does not answer: 100 ms to 5 s, each between half and the whole of it,
    /// so that `host` does not come back in the same moment as all others.
    pub(crate) fn of_calls(host: &str) -> Self {
        let spread = Some(host.to_owned());
        Self { first: Duration::from_millis(100), max: Duration::from_secs(5), attempts: 0, spread }
    }

    pub(crate) fn next(&mut self) -> Duration {
        let whole = self.first.saturating_mul(1 << self.attempts.min(16)).min(self.max);
        self.attempts = self.attempts.saturating_add(1);
        let Some(host) = &self.spread else { return whole };
        let mut hasher = DefaultHasher::new();
        (host, self.attempts).hash(&mut hasher);
        whole / 2 + (whole / 2).mul_f64((hasher.finish() % 1000) as f64 / 1000.0)
    }

    pub(crate) fn reset(&mut self) {
        self.attempts = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_to_their_bound_and_start_again() {
        let mut backoff = Backoff::of_crashes();
        let delays: Vec<u128> = (0..10).map(|_| backoff.next().as_millis()).collect();
        assert_eq!(delays, [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
        backoff.reset();
        assert_eq!(backoff.next().as_millis(), 200);
    }

    #[test]
    fn hosts_do_not_call_again_in_step() {
        let delays = |host| {
            let mut backoff = Backoff::of_calls(host);
            (0..8).map(|_| backoff.next()).collect::<Vec<_>>()
        };
        assert_ne!(delays("host-a"), delays("host-b"));
        let longest = delays("host-a").pop().expect("eight delays");
        assert!(longest >= Duration::from_millis(2500) && longest <= Duration::from_secs(5), "{longest:?}");
    }
}
