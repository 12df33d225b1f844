//! Two samples that are complete, compared once: what a gate, a log or a trace asks, where nobody keeps looking.
//!
//! A canary is looked at again and again and needs the e-processes of [`crate::canary`]; here a plain p-value is the right
//! answer. It is exact: given the margins of its 2×2 table, the number of hits follows Fisher's noncentral
//! hypergeometric distribution, given the sum of two counts, one of them is binomial, and intervals are those tests
//! inverted (Cornfield 1956; Clopper & Pearson 1934). Start at [`shares`], [`counts`] or [`samples`]; [`discoveries`]
//! answers for many comparisons at once.

mod discovery;
mod exact;
mod sample;
mod share;

pub use discovery::discoveries;
pub use sample::{Quantile, Samples, samples};
pub use share::{Comparison, Count, Share, counts, shares};
