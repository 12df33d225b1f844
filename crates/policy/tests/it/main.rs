//! Gates over facts, as people would meet them.

mod contracts;
mod gates;
mod provenance;
mod rego;
mod scene;
