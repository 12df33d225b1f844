//! Notes, cosignatures, policies and keys: what must hold of their readers is said in the ledger's own tests.

#![no_main]

#[expect(dead_code, reason = "each target runs one of the checks")]
#[path = "../../crates/ledger/tests/it/hostile.rs"]
mod hostile;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hostile::note(bytes));
