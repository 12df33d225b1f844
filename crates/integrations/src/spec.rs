//! What every entry of a table says of itself.

/// One kind of driver, traffic router or metric source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    /// The name of its file, without `.rs`.
    pub kind: &'static str,
    /// A sentence: what it does.
    pub summary: &'static str,
}
