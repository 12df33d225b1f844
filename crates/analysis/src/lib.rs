//! Statistics of a canary: blocks of observations in, a verdict with its reasons out.
//!
//! This is the *simple rule*: one canary against one control over the same stretches of time, on failed requests
//! and on latency. What it promises, however often it is asked:
//!
//! - A canary that is not worse than the margins is called [`Harmful`] with a probability of at most `alpha`.
//! - A canary whose odds of failing are `harm_odds` times the control's, or whose odds of exceeding one of the
//!   quantile thresholds of latency are, is called [`Healthy`] with a probability of at most `beta`.
//! - Silence is never health: without requests on both sides the answer is [`NoVerdict`].
//!
//! Both hold at any stopping time because the evidence is an *e-process* (Ramdas et al., "Game-theoretic
//! statistics and safe anytime-valid inference", 2023; Ville's inequality): under the null hypothesis its expectation
//! is at most one at every moment, so the chance that it ever reaches 1/α is at most α. Each block contributes the
//! exact likelihood ratio of its 2×2 table given the table's margins (after Turner, Ly & Grünwald, "Generic
//! E-variables for exact sequential k-sample tests", 2024), and so an incident, a drift or a change of weights that
//! both arms share says nothing against the canary.
//!
//! It assumes that requests are independent given their arm and block, and that traffic weights do not react to
//! outcomes inside a block.
//!
//! What it does not do: several controls or metrics of the business, instances that differ from one another, a warm-up
//! period with a milder margin, traffic of different kinds in the two arms, metrics without a denominator, watching
//! after the rollout. With no failure on either side it never promotes early, because odds cannot be compared; the
//! rollout's own bake time decides then.
//!
//! It never reads a clock, draws a random number or does I/O. Start at [`judge`].
//!
//! [`Harmful`]: shipway_model::analysis::Decision::Harmful
//! [`Healthy`]: shipway_model::analysis::Decision::Healthy
//! [`NoVerdict`]: shipway_model::analysis::Decision::NoVerdict

mod block;
pub mod canary;
pub mod compare;
mod evidence;
mod grid;
mod judge;
pub mod kayenta;
mod kernel;
mod latency;
pub mod logs;
mod metric;
pub mod power;
mod reasons;
mod rule;
pub mod simulation;
pub mod threshold;
pub mod traces;

pub use block::InvalidBlock;
pub use judge::{Judge, judge};
pub use rule::Rule;
