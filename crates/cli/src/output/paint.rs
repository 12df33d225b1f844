//! Colour, where it is wanted.

use std::io::{self, IsTerminal};

use owo_colors::OwoColorize;

/// Colours texts, or leaves them as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    Plain,
    Colour,
}

impl Paint {
    /// For texts that are kept.
    pub(crate) const PLAIN: Self = Self::Plain;

    pub(crate) fn of_stdout() -> Self {
        Self::of(io::stdout().is_terminal())
    }

    pub(crate) fn of_stderr() -> Self {
        Self::of(io::stderr().is_terminal())
    }

    /// <https://no-color.org>: any value but an empty one means no colour.
    fn of(terminal: bool) -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|it| !it.is_empty())
            || std::env::var_os("TERM").is_some_and(|it| it == "dumb");
        if terminal && !unwanted { Self::Colour } else { Self::Plain }
    }

    pub(crate) fn good(self, text: &str) -> String {
        self.apply(text, |it| it.green().to_string())
    }

    pub(crate) fn bad(self, text: &str) -> String {
        self.apply(text, |it| it.red().bold().to_string())
    }

    pub(crate) fn warn(self, text: &str) -> String {
        self.apply(text, |it| it.yellow().to_string())
    }

    pub(crate) fn strong(self, text: &str) -> String {
        self.apply(text, |it| it.bold().to_string())
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.apply(text, |it| it.dimmed().to_string())
    }

    fn apply(self, text: &str, colour: impl FnOnce(&str) -> String) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Colour => colour(text),
        }
    }
}
