//! The judge as its callers see it.

mod canary;
mod decisions;
mod error_bounds;
mod invalid_blocks;
mod kayenta;
mod logs;
mod properties;
mod simulation;
mod traces;
mod traffic;
