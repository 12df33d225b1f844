//! The track of a step that watches traffic: what its blocks came to. Its size does not grow with their number; the
//! blocks themselves are in the ledger.

use shipway_model::Millis;
use shipway_model::analysis::{Block, Point, Verdict};

/// Points that are kept for drawing. When there are more, every other one is let go, and from then on only every
/// second block of those before leaves one.
pub const POINTS_MAX: usize = 256;

#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    pub n_blocks: u64,
    /// End of the last block, in the time of the analysis.
    pub end: Millis,
    /// Requests that the new version answered.
    pub canary_requests: u64,
    /// The latest verdict.
    pub verdict: Option<Box<Verdict>>,
    /// At equal distances, the oldest first.
    pub points: Vec<Point>,
    /// Blocks from one point to the next.
    stride: u64,
}

impl Default for Track {
    fn default() -> Self {
        Self {
            n_blocks: 0,
            end: Millis::ZERO,
            canary_requests: 0,
            verdict: None,
            points: Vec::new(),
            stride: 1,
        }
    }
}

impl Track {
    pub(super) fn add(&mut self, block: &Block, verdict: &Verdict) {
        self.n_blocks += 1;
        self.end = block.start.saturating_add(block.length);
        self.canary_requests = self.canary_requests.saturating_add(block.canary.requests);
        self.verdict = Some(Box::new(verdict.clone()));
        if !self.n_blocks.is_multiple_of(self.stride) {
            return;
        }
        self.points.push(Point {
            at: self.end,
            decision: verdict.decision,
            evidence: verdict.evidence,
            metrics: verdict.metrics.clone(),
        });
        if self.points.len() > POINTS_MAX {
            self.stride *= 2;
            let (mut n_blocks, stride, kept_every) = (0, self.stride, self.stride / 2);
            self.points.retain(|_| {
                n_blocks += kept_every;
                n_blocks % stride == 0
            });
        }
    }

    /// Whether a block comes after those that were added.
    pub(super) fn is_followed_by(&self, block: &Block) -> bool {
        block.start >= self.end
    }
}

#[cfg(test)]
mod tests {
    use shipway_model::analysis::{Arm, Decision};

    use super::*;

    #[test]
    fn a_long_track_is_as_large_as_a_short_one_and_spans_all_of_it() {
        let mut track = Track::default();
        for start in 0..10_000 {
            let canary = Arm { requests: 2, ..Arm::default() };
            let block = Block { start: Millis(start), length: Millis(1), control: Arm::default(), canary };
            assert!(track.is_followed_by(&block));
            let verdict = Verdict {
                decision: Decision::Undecided,
                decided_at: block.start,
                canary_requests: 0,
                canary_errors: 0,
                metrics: Vec::new(),
                reasons: Vec::new(),
                evidence: None,
                sensitivity: None,
                findings: Vec::new(),
            };
            track.add(&block, &verdict);
            assert!(!track.is_followed_by(&block) && track.points.len() <= POINTS_MAX);
        }
        assert_eq!((track.n_blocks, track.end, track.canary_requests), (10_000, Millis(10_000), 20_000));
        let ends: Vec<u64> = track.points.iter().map(|it| it.at.0).collect();
        let apart = ends[1] - ends[0];
        assert!(ends.len() >= POINTS_MAX / 2 && ends.windows(2).all(|it| it[1] - it[0] == apart), "{ends:?}");
        assert!(ends[0] == apart && ends[ends.len() - 1] + apart > 10_000, "{ends:?}");
    }
}
