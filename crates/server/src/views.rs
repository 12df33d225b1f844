//! What is answered, built from the committed state. Only what the API's types need; nothing is decided here.

pub(crate) mod agent;
pub(crate) mod analysis;
pub(crate) mod board;
pub(crate) mod change;
pub(crate) mod environment;
pub(crate) mod instance;
pub(crate) mod inventory;
pub(crate) mod ledger;
pub(crate) mod page;
pub(crate) mod release;
pub(crate) mod resource;
pub(crate) mod rollout;
pub(crate) mod runbook;
pub(crate) mod scope;
pub(crate) mod step;
