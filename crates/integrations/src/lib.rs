//! What connects Shipway to the world around it. Start at the module whose work you look for.

mod asking;
mod background;
pub mod calendar_feeds;
pub mod contracts;
pub mod coverage_map;
pub mod documents;
pub mod drivers;
pub mod evidence;
pub mod history;
pub mod itsm;
pub mod knowledge;
pub mod metrics;
pub mod notify;
pub mod otlp;
mod outbound;
pub mod provenance;
pub mod router;
mod secret;
pub mod silencer;
mod spec;
pub mod traffic;
pub mod webhooks;
