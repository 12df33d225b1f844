//! Gates over facts, as people would meet them.

mod contracts;
mod deploy;
mod gates;
mod provenance;
mod quality;
mod rego;
mod scene;
