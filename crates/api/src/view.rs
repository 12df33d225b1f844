//! What is answered, where the type of the model itself does not say enough.

pub mod access;
pub mod account;
pub mod agent;
pub mod alert;
pub mod analysis;
pub mod artifact;
pub mod backtest;
pub mod change;
pub mod contract;
pub mod decision;
pub mod environment;
pub mod evidence;
pub mod exception;
pub mod gate;
pub mod ledger;
pub mod pause;
pub mod release;
pub mod resource;
pub mod rollout;
pub mod schedule;
pub mod step;
pub mod test;
pub mod token;
pub mod traffic;
pub mod waiver;

pub use agent::AgentView;
pub use environment::{EnvironmentView, QueueView};
pub use release::ReleaseView;
pub use rollout::{Phase, RolloutSummary, RolloutView};
pub use step::{StepState, StepView};
