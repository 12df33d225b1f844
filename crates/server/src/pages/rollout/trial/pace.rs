//! When an analysis can decide, as far as its pace so far tells: what is missing, drawn on in a straight line.

use shipway_model::Millis;

/// How far it is, and what has to be there before a version can be called healthy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) elapsed: Millis,
    pub(super) bake: Millis,
    pub(super) requests: u64,
    pub(super) requests_needed: u64,
    /// Evidence of health, as a share of what decides.
    pub(super) health: f64,
}

/// What can be said about the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ahead {
    /// Healthy at the earliest so long from now, if it goes on so.
    In(Millis),
    /// No request has reached the new version.
    NoRequests,
    /// What there is does not speak for health yet.
    NoEvidence,
}

impl Pace {
    pub(super) fn ahead(&self) -> Ahead {
        if self.requests == 0 && self.requests_needed > 0 {
            return Ahead::NoRequests;
        }
        // Evidence so small says nothing about its pace.
        if self.health < 0.01 {
            return Ahead::NoEvidence;
        }
        let elapsed = self.elapsed.0 as f64;
        let missing = self.requests_needed.saturating_sub(self.requests) as f64;
        let waits = [
            self.bake.0.saturating_sub(self.elapsed.0) as f64,
            elapsed * missing / self.requests.max(1) as f64,
            elapsed * (1.0 - self.health).max(0.0) / self.health,
        ];
        Ahead::In(Millis(waits.into_iter().fold(0.0, f64::max) as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pace: (u64, u64, u64, u64, f64), ahead: Ahead) {
        let (elapsed, bake, requests, requests_needed, health) = pace;
        let pace = Pace {
            elapsed: Millis::from_secs(elapsed),
            bake: Millis::from_secs(bake),
            requests,
            requests_needed,
            health,
        };
        assert_eq!(pace.ahead(), ahead, "{pace:?}");
    }

    #[test]
    fn whatever_takes_longest_decides() {
        // The bake, the requests, the evidence.
        check((10, 60, 100, 50, 0.9), Ahead::In(Millis::from_secs(50)));
        check((10, 5, 10, 50, 0.9), Ahead::In(Millis::from_secs(40)));
        check((10, 5, 100, 50, 0.25), Ahead::In(Millis::from_secs(30)));
        check((10, 5, 100, 50, 1.2), Ahead::In(Millis(0)));
    }

    #[test]
    fn nothing_is_foretold_of_nothing() {
        check((10, 5, 0, 50, 0.5), Ahead::NoRequests);
        check((10, 5, 9, 50, 0.0), Ahead::NoEvidence);
    }
}
