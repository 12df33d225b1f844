//! Made-up traffic, and what judges make of it: how good a judge is, before it is trusted.
//!
//! Nothing here is random by itself: a [`Scenario`] and a seed give one [`Trial`], always the same. Start at
//! [`scenarios`] and [`Scenario::run`]; [`Report`] adds trials up.

mod random;
mod report;
mod scenario;
mod traffic;
mod trial;

pub use random::Random;
pub use report::{Interval, Report, wilson};
pub use scenario::{Regression, Scenario, Traffic, Weather, scenarios, watches};
pub use traffic::Generator;
pub use trial::{JudgeName, Outcome, Trial};
