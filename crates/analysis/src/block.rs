//! What a block must be before it counts.

use shipway_model::Millis;
use shipway_model::analysis::{Arm, Block, Histogram};

/// Bounds the work that one block can ask for; ten million requests a second in blocks of ten seconds.
pub(crate) const REQUESTS_PER_BLOCK_MAX: u64 = 100_000_000;

/// Bounds the buckets of a histogram.
pub(crate) const BOUNDS_MAX: usize = 1000;

/// Why a block cannot be judged. `arm` is `canary` or `control`.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InvalidBlock {
    #[error("the block starts at {start}, before the one ahead of it ended at {previous_end}")]
    OutOfOrder { start: Millis, previous_end: Millis },
    #[error("the {arm} has {requests} requests in one block; at most {REQUESTS_PER_BLOCK_MAX} are counted")]
    TooManyRequests { arm: &'static str, requests: u64 },
    #[error("the {arm} has {errors} errors among {requests} requests")]
    MoreErrorsThanRequests { arm: &'static str, errors: u64, requests: u64 },
    #[error(
        "the {arm}'s histogram has {counts} counts for {bounds} bounds; it takes one more count than bounds"
    )]
    CountsDoNotFitBounds { arm: &'static str, counts: usize, bounds: usize },
    #[error("the {arm}'s histogram has {bounds} bounds; at most {BOUNDS_MAX} are read")]
    TooManyBounds { arm: &'static str, bounds: usize },
    #[error("the {arm}'s histogram bounds are not increasing numbers: {bound} follows {previous}")]
    BoundsNotIncreasing { arm: &'static str, previous: f64, bound: f64 },
    #[error("the {arm}'s histogram bounds differ from those that came before")]
    BoundsChanged { arm: &'static str },
    #[error("the {arm}'s histogram counts {counted} durations for {requests} requests")]
    CountsDoNotSumToRequests { arm: &'static str, counted: u128, requests: u64 },
}

/// Checks `block` against itself, against the end of the block before it and against the histogram bounds that the
/// analysis has used so far, if any.
pub(crate) fn check(
    block: &Block,
    previous_end: Millis,
    bounds_ms: Option<&[f64]>,
) -> Result<(), InvalidBlock> {
    if block.start < previous_end {
        return Err(InvalidBlock::OutOfOrder { start: block.start, previous_end });
    }
    check_arm("control", &block.control, bounds_ms)?;
    check_arm("canary", &block.canary, bounds_ms)?;
    let (control, canary) = (&block.control.latency, &block.canary.latency);
    if !control.is_empty() && !canary.is_empty() && control.bounds_ms != canary.bounds_ms {
        return Err(InvalidBlock::BoundsChanged { arm: "canary" });
    }
    Ok(())
}

fn check_arm(name: &'static str, arm: &Arm, bounds_ms: Option<&[f64]>) -> Result<(), InvalidBlock> {
    let &Arm { requests, errors, ref latency } = arm;
    if requests > REQUESTS_PER_BLOCK_MAX {
        return Err(InvalidBlock::TooManyRequests { arm: name, requests });
    }
    if errors > requests {
        return Err(InvalidBlock::MoreErrorsThanRequests { arm: name, errors, requests });
    }
    if latency.counts.is_empty() && latency.bounds_ms.is_empty() {
        return Ok(());
    }
    check_histogram(name, latency)?;
    if bounds_ms.is_some_and(|known| known != latency.bounds_ms) {
        return Err(InvalidBlock::BoundsChanged { arm: name });
    }
    let counted = latency.counts.iter().map(|&count| u128::from(count)).sum();
    if counted != u128::from(requests) {
        return Err(InvalidBlock::CountsDoNotSumToRequests { arm: name, counted, requests });
    }
    Ok(())
}

fn check_histogram(arm: &'static str, histogram: &Histogram) -> Result<(), InvalidBlock> {
    let (counts, bounds) = (histogram.counts.len(), histogram.bounds_ms.len());
    if bounds > BOUNDS_MAX {
        return Err(InvalidBlock::TooManyBounds { arm, bounds });
    }
    if counts != bounds + 1 {
        return Err(InvalidBlock::CountsDoNotFitBounds { arm, counts, bounds });
    }
    let mut previous = f64::NEG_INFINITY;
    for &bound in &histogram.bounds_ms {
        if !bound.is_finite() || bound <= previous {
            return Err(InvalidBlock::BoundsNotIncreasing { arm, previous, bound });
        }
        previous = bound;
    }
    Ok(())
}
