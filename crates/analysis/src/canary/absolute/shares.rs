//! Differences of shares.
//!
//! The odds ratio of a table given its margins says nothing about the difference of the shares, which depends on the
//! base rate. So this evidence does not condition on the margins. For an alternative (p₁, p₀), and (q₁, q₀) the point of
//! the line q₁ = q₀ + d that minimises a·KL(p₁‖q₁) + b·KL(p₀‖q₀), the likelihood ratio of a block of a canary and b
//! control units between the two is an e-variable against the half-plane beyond the line: the half-plane is convex, so at
//! the minimum the expectation of its logarithm's linear bound is at most zero for every point of it (Turner, Ly &
//! Grünwald, "Generic E-variables for exact sequential k-sample tests", 2024, theorem 1).

use crate::kernel::Table;

/// Shares closer to zero or one than this would make a single unit speak for ever.
const SHARE_MIN: f64 = 1e-7;

/// Halvings of the interval in which the projection is sought.
const HALVINGS: u32 = 40;

/// Logarithm of the likelihood ratio of a block between "canary's share is control's and `gap`" and the nearest point at
/// which it is control's and `bound`. `control` is control's share as it was before the block.
pub(super) fn log_ratio(table: &Table, control: f64, gap: f64, bound: f64) -> f64 {
    let (a, b) = (table.canary_total as f64, table.control_total as f64);
    let control = control.clamp(SHARE_MIN, 0.5);
    let canary = (control + gap).clamp(SHARE_MIN, 1.0 - SHARE_MIN);
    let null = project((a, canary), (b, control), bound);
    let log = |hits: u64, total: f64, p: f64, q: f64| {
        hits as f64 * (p / q).ln() + (total - hits as f64) * ((1.0 - p) / (1.0 - q)).ln()
    };
    log(table.canary_hits, a, canary, null + bound) + log(table.control_hits, b, control, null)
}

/// Control's share at the point of the line that is nearest to the alternative. Both divergences are convex, so the
/// derivative of their sum rises, and changes its sign between the two shares.
fn project((a, canary): (f64, f64), (b, control): (f64, f64), bound: f64) -> f64 {
    let inside = |it: f64| it.clamp(SHARE_MIN / 2.0, 1.0 - bound - SHARE_MIN / 2.0);
    let (mut low, mut high) = (inside(control.min(canary - bound)), inside(control.max(canary - bound)));
    for _ in 0..HALVINGS {
        let middle = (low + high) / 2.0;
        let of_canary = middle + bound;
        let slope = a * (of_canary - canary) / (of_canary * (1.0 - of_canary))
            + b * (middle - control) / (middle * (1.0 - middle));
        if slope > 0.0 { high = middle } else { low = middle }
    }
    (low + high) / 2.0
}
