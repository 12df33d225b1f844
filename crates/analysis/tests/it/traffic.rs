//! Made-up traffic: the same seed always gives the same requests.

use shipway_analysis::Judge;
use shipway_model::Millis;
use shipway_model::analysis::{Arm, Block, Decision, Histogram};

/// Upper bounds of the histogram buckets, in milliseconds.
const BOUNDS_MS: [f64; 6] = [10.0, 25.0, 50.0, 100.0, 250.0, 500.0];

/// Share of requests slower than each bound, for a service without a defect.
const SLOWER: [f64; 6] = [0.9, 0.5, 0.2, 0.08, 0.01, 0.002];

/// xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// From zero to less than one.
    fn share(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// How one arm behaves.
#[derive(Clone, Copy)]
pub(crate) struct Behaviour {
    pub(crate) requests: u64,
    /// Chance of failing.
    pub(crate) errors: f64,
    /// The odds of being slower than any bound, as a multiple of the usual ones.
    pub(crate) slowness_odds: f64,
}

impl Behaviour {
    fn arm(self, dice: &mut Dice) -> Arm {
        let mut arm = Arm {
            requests: self.requests,
            errors: 0,
            latency: Histogram { bounds_ms: BOUNDS_MS.to_vec(), counts: vec![0; BOUNDS_MS.len() + 1] },
        };
        for _ in 0..self.requests {
            arm.errors += u64::from(dice.share() < self.errors);
            let draw = dice.share();
            let bucket = SLOWER.iter().take_while(|&&share| draw < odds_times(share, self.slowness_odds));
            arm.latency.counts[bucket.count()] += 1;
        }
        arm
    }
}

/// The share whose odds are `odds_ratio` times those of `share`.
pub(crate) fn odds_times(share: f64, odds_ratio: f64) -> f64 {
    share * odds_ratio / (1.0 - share + share * odds_ratio)
}

/// Feeds ten-second blocks to `judge` until it answers `awaited`, at most `n_blocks`, and asks after each.
/// Returns how many blocks it took.
pub(crate) fn blocks_until(
    judge: &mut Judge,
    awaited: Decision,
    n_blocks: u64,
    dice: &mut Dice,
    mut behaviours: impl FnMut(u64) -> (Behaviour, Behaviour),
) -> Option<u64> {
    for block_idx in 0..n_blocks {
        let (control, canary) = behaviours(block_idx);
        judge.observe(&block(block_idx, control.arm(dice), canary.arm(dice))).expect("traffic is valid");
        if judge.verdict().decision == awaited {
            return Some(block_idx + 1);
        }
    }
    None
}

/// The block at this place, ten seconds long.
pub(crate) fn block(block_idx: u64, control: Arm, canary: Arm) -> Block {
    Block { start: Millis::from_secs(10 * block_idx), length: Millis::from_secs(10), control, canary }
}

/// An arm that reports no latency.
pub(crate) fn arm(requests: u64, errors: u64) -> Arm {
    Arm { requests, errors, latency: Histogram::default() }
}
