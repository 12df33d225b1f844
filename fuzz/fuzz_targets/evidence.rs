//! Documents of every format: what must hold of their readers is said in the tests of `integrations`.

#![no_main]

#[path = "../../crates/integrations/tests/it/evidence/hostile.rs"]
mod hostile;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hostile::read(bytes));
