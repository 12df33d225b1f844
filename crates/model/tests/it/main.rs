//! The model as other crates meet it.

mod file;
