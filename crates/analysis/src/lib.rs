//! Statistics of a canary: blocks of observations in, a verdict with its reasons out.
//!
//! [`canary`] is the judge of running rollouts and of files alike: several metrics and instances, sequential evidence
//! that stays valid however often it is looked at. Beside it stand the classical judges, [`kayenta`] and [`threshold`],
//! so that teams can move and compare; [`simulation`], [`power`] and [`backtest`] say how good the judge is. Two complete
//! samples are the matter of [`compare`], on which [`logs`] and [`traces`] rest; [`burn`] is a rule over error budgets, and
//! [`baseline`] turns the past into a control. [`correlation`] asks
//! whether incidents have to do with deployments. [`logistic`] fits chances to outcomes, by which a score of risk is
//! calibrated.
//!
//! What it promises and by which method is in `docs/analysis.md`. It never reads a clock, draws a random number that no
//! seed gives, or does I/O. Start at [`canary::Analysis`].

pub mod backtest;
pub mod baseline;
pub mod burn;
pub mod canary;
pub mod compare;
pub mod correlation;
mod evidence;
mod grid;
pub mod kayenta;
mod kernel;
pub mod logistic;
pub mod logs;
pub mod power;
pub mod refit;
pub mod simulation;
pub mod threshold;
pub mod traces;
