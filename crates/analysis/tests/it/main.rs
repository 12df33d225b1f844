//! The judge as its callers see it.

mod canary;
mod correlation;
mod hostile;
mod kayenta;
mod logs;
mod simulation;
mod traces;
