//! Traces of two versions, compared per operation and hop: which one slowed, failed, or is called more often.
//!
//! A hop is a pair of caller and callee, each a service and the name of a span. What counts is what a hop does itself:
//! its own time (without the time in which a child was running) and its own failures (without those that a child passed
//! up), so that the cause is named and not everything above it. The tests are those of [`crate::compare`], with the false
//! discovery rate controlled over all hops.
//!
//! Spans are read from OTLP in JSON. The tests take the spans of a hop for independent; those of one trace are not quite.
//!
//! Start at [`read`] and [`compare`].

mod comparison;
mod forest;
mod otlp;

pub use comparison::{Change, Finding, Report, Rule, compare};
pub use forest::{Forest, Hop};
pub use otlp::{InvalidTraces, Span, read};
