//! The judge as its callers see it.

mod canary;
mod kayenta;
mod logs;
mod simulation;
mod traces;
