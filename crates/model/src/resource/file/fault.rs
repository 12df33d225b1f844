//! What is wrong with a file, where, and what to write instead.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SourceFile;
use super::snippet::{self, escaped};
use super::tree::Place;

/// Faults shown at once; nobody reads more, and a hostile file must not make us write more.
pub(super) const FAULTS_MAX: usize = 100;

/// One fault of one file. `Display` is the whole message for a terminal, without colour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    pub path: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// The line with a caret below the offending part. Control characters are escaped.
    pub snippet: String,
    pub message: String,
    /// What to write instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let margin = " ".repeat(self.line.to_string().len());
        write!(f, "{}\n{margin}--> {}:{}:{}", self.message, escaped(&self.path), self.line, self.column)?;
        if !self.snippet.is_empty() {
            write!(f, "\n{}", self.snippet)?;
        }
        match &self.help {
            Some(help) => write!(f, "\n{margin} = help: {help}"),
            None => Ok(()),
        }
    }
}

/// Collects up to [`FAULTS_MAX`] and counts the rest.
#[derive(Default)]
pub(super) struct Faults {
    list: Vec<Fault>,
    dropped: usize,
}

/// The faults of one file; they are put in the order of its lines when it is done.
pub(super) struct FileFaults<'f, 's> {
    all: &'f mut Faults,
    file: SourceFile<'s>,
    /// Where this file's faults begin.
    first: usize,
}

impl Drop for FileFaults<'_, '_> {
    fn drop(&mut self) {
        self.all.list[self.first..].sort_by_key(|it| (it.line, it.column));
    }
}

impl Faults {
    pub(super) fn of<'s>(&mut self, file: SourceFile<'s>) -> FileFaults<'_, 's> {
        let first = self.list.len();
        FileFaults { all: self, file, first }
    }

    pub(super) fn into_list(self) -> Vec<Fault> {
        let mut list = self.list;
        if let (Some(last), true) = (list.last(), self.dropped > 0) {
            let rest = Fault {
                snippet: String::new(),
                message: format!("{} more faults follow", self.dropped),
                help: Some("mend these first, then look again".to_owned()),
                ..last.clone()
            };
            list.push(rest);
        }
        list
    }
}

impl FileFaults<'_, '_> {
    pub(super) fn add(&mut self, place: Place, message: impl Into<String>, help: Option<String>) {
        if self.is_full() {
            self.all.dropped += 1;
            return;
        }
        let (line, column) = snippet::position(self.file.text, place.start);
        self.all.list.push(Fault {
            path: self.file.path.to_owned(),
            line,
            column,
            snippet: snippet::render(self.file.text, place),
            message: message.into(),
            help,
        });
    }

    /// For telling whether a part added any.
    pub(super) fn count(&self) -> usize {
        self.all.list.len() + self.all.dropped
    }

    /// Nothing more will be shown, so nothing dear should be worked out for it.
    pub(super) fn is_full(&self) -> bool {
        self.all.list.len() >= FAULTS_MAX
    }

    /// The line of a place, from 1, for a message that will be shown.
    pub(super) fn line(&self, place: Place) -> usize {
        if self.is_full() { 0 } else { snippet::position(self.file.text, place.start).0 }
    }
}
