//! The model as other crates meet it.

mod events;
mod file;
mod texts;
