//! The judge as its callers see it.

mod canary;
mod hostile;
mod kayenta;
mod logs;
mod simulation;
mod traces;
