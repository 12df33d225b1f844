//! Logs, signatures and traces: what must hold of their readers is said in the analysis' own tests.

#![no_main]

#[expect(dead_code, reason = "each target runs one of the checks")]
#[path = "../../crates/analysis/tests/it/hostile.rs"]
mod hostile;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hostile::records(bytes));
