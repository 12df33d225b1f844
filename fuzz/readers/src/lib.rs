//! The readers of documents out of `crates/integrations`, and nothing else of it: the whole crate takes minutes to build with
//! the counters that libFuzzer looks at. Under its name, so that what must hold is said once, in that crate's own tests.

#[path = "../../../crates/integrations/src/contracts.rs"]
pub mod contracts;
#[path = "../../../crates/integrations/src/evidence.rs"]
pub mod evidence;
#[path = "../../../crates/integrations/src/provenance.rs"]
pub mod provenance;
