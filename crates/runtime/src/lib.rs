//! The machinery around the core: one writer that turns commands into durable events, readers that see only what is
//! durable, and leases that hand effects to whoever performs them.
//!
//! The [`engine`](shipway_engine) decides; this crate gives it time, ids and a store, and keeps these promises:
//! nothing is acknowledged before it is durable; whatever fails, committed state and the store agree; an effect has
//! one holder at a time, and an old holder is fenced off by its generation. It knows no SQL, HTTP or policy: those
//! come in through ports ([`Store`], [`Clock`], [`Entropy`], [`driver::Driver`]).
//!
//! Start at [`Runtime`]; the deterministic heart is in `kernel.rs`, the thread around it in `writer.rs`, what every
//! store must pass in [`suite`].

mod as_of;
mod clock;
pub mod driver;
mod entropy;
pub mod erasure;
mod inbox;
mod kernel;
pub mod knowledge;
pub mod log_store;
pub mod memory;
mod open;
mod peers;
pub mod personal;
pub mod proof;
mod published;
mod replay;
mod runtime;
pub mod sharing;
pub mod sim;
pub mod store;
pub mod suite;
pub mod telemetry;
pub mod worker;
mod writer;

pub use as_of::{AsOfError, Past, StateRef};
pub use clock::{Clock, SystemClock};
pub use entropy::{Entropy, OsEntropy};
pub use kernel::{LEASE_TTL_MAX, LEASES_MAX};
pub use open::OpenError;
pub use proof::ProofError;
pub use published::Head;
pub use runtime::{
    Condition, Config, LeaseRequest, Leased, RECORDS_MAX, Receipt, Runtime, Submission, SubmitError,
};
pub use store::{Record, Store, StoreError, StoreReader};

pub use shipway_model::event::CONTROL_PLANE as ACTOR;
