//! Gates over facts, as people would meet them.

mod gates;
mod rego;
mod scene;
