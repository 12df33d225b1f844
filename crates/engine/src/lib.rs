//! The core: every decision that Shipway takes, as plain functions over values.
//!
//! A [`Command`] goes through [`decide`], which answers with events or a [`Rejection`]; [`State::apply`] folds
//! events; [`advance`] says what follows from what happened and from the time; [`effects`] says what should be
//! under way in the world now. The queue of effects and everything people read can be rebuilt from the events.
//!
//! This crate does no I/O, reads no clock and draws no random number: `now` and new ids are handed in.
//!
//! Start at [`plan::make`] for how a release becomes steps, and at [`rollout`] for how the steps are walked.

pub mod access;
mod agent;
pub mod alert;
mod artifact;
pub mod board;
pub mod calendar;
pub mod catalogue;
pub mod change;
pub mod channel;
pub mod ci;
mod command;
pub mod custody;
mod decide;
pub mod delegation;
pub mod environment;
pub mod evidence;
pub mod gate;
pub mod itsm;
pub mod key;
pub mod known_error;
mod pause;
pub mod plan;
pub mod quarantine;
pub mod queue;
pub mod register;
mod rejection;
mod release;
pub mod review;
pub mod rollout;
pub mod runbook;
pub mod schedule;
pub mod scope;
pub mod source;
mod state;
pub mod stray;
pub mod train;
pub mod vulnerability;
pub mod waiver;

pub use access::{Access, Identity, Token};
pub use agent::{Agent, Agents};
pub use alert::Alerts;
pub use artifact::{Artifacts, Registered};
pub use calendar::Calendars;
pub use catalogue::Catalogue;
pub use change::{Case, Changes};
pub use channel::Channels;
pub use ci::CiReports;
pub use command::{Command, Context};
pub use custody::{Custody, Hold};
pub use decide::decide;
pub use delegation::{Delegation, Delegations};
pub use environment::{EnvironmentState, Environments};
pub use evidence::{Attached, Evidence};
pub use gate::{Decided, Decisions};
pub use itsm::Mirrors;
pub use key::{Key, Keys};
pub use pause::{Pause, Pauses};
pub use quarantine::{Isolation, Quarantines};
pub use rejection::{Code, Kind, Rejection};
pub use release::{Acceptance, Release, Releases};
pub use rollout::advance::{advance, wake_at};
pub use rollout::effects::effects;
pub use rollout::{Phase, Progress, Rollout, Rollouts, StepState, Summary};
pub use runbook::Runbooks;
pub use scope::Scopes;
pub use state::{State, live_rollouts};
pub use stray::Strays;
pub use train::Trains;
pub use vulnerability::{Carried, Vulnerabilities};
pub use waiver::{Grant, Waivers};
