//! The one binary `shipway`.
fn main() {}
