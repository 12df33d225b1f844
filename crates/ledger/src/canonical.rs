//! Canonical JSON (RFC 8785, "JCS"): one value, one sequence of bytes.
//!
//! The ledger hashes bytes, so two programs that agree on a value must agree on its bytes. Beyond the RFC this
//! module holds itself to values that every JSON reader understands alike: what [`to_canonical`] writes,
//! [`parse_strict`] reads back, and what either refuses could have been misread by somebody.

mod parse;
mod scan;
mod write;

pub use parse::{check_canonical, is_canonical, parse_canonical, parse_strict};
pub use write::to_canonical;

/// The largest integer that IEEE 754 doubles, and so all JSON readers, keep exactly: 2^53 − 1.
pub const INTEGER_MAX: u64 = (1 << 53) - 1;

/// Objects and arrays nest at most this deep; readers recurse, and their stacks are finite.
pub const DEPTH_MAX: usize = 64;

/// The longest text read or written, in bytes.
pub const SIZE_BYTES_MAX: usize = 1 << 20;

/// Why a value cannot be written, or a text cannot be read, without the risk of a misreading.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the integer {0} is beyond ±(2^53 − 1), where JSON readers lose digits: write it as a string")]
    IntegerTooLarge(String),
    #[error("{0} is not a number that JSON can express")]
    NotFinite(String),
    #[error("the key `{0}` occurs twice in one object")]
    DuplicateKey(String),
    #[error("an object key must be a string, an integer, a boolean or a unit variant")]
    KeyNotText,
    #[error("objects and arrays nest more than {DEPTH_MAX} deep")]
    TooDeep,
    #[error("the text has {size_bytes} bytes; at most {SIZE_BYTES_MAX} are allowed")]
    TooLong { size_bytes: usize },
    #[error("`{0}` is a private form of serde_json and has no canonical form")]
    PrivateForm(&'static str),
    #[error("not JSON: {0}")]
    NotJson(String),
    #[error("not canonical JSON: byte {offset} differs from the canonical form")]
    NotCanonical { offset: usize },
    /// The value's own `Serialize` refused.
    #[error("{0}")]
    Value(String),
}

impl serde::ser::Error for Error {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self::Value(message.to_string())
    }
}

/// Whether `number` is a whole number that canonical JSON would print as digits alone, too many of them.
///
/// Below 10^21 ECMAScript prints whole numbers without an exponent, so 2^53 ≤ |n| < 10^21 would read as an
/// integer that other readers round. From 10^21 on there is an exponent and nobody takes it for an integer.
fn prints_as_large_integer(number: f64) -> bool {
    number.abs() > INTEGER_MAX as f64 && number.abs() < 1e21
}

#[cfg(test)]
mod tests;
