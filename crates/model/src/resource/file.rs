//! Reading the files that users write: YAML text in, resources out, or all faults of all files at once.
//!
//! Text becomes a tree with places ([`tree`]), the tree is fitted to the kind's shape ([`fit`]), and what fits is
//! parsed into the kind's struct and checked for sense ([`meaning`]). The shapes are compiled from the published
//! JSON Schema ([`schema()`]), so what is accepted and what is published cannot drift apart.
//!
//! Only what one document says is judged here. Whether the names it refers to exist is for the whole catalogue.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Key, Kind, Resource};

mod fault;
mod fit;
mod locate;
mod meaning;
mod nearest;
mod placeholder;
mod schema;
mod shape;
mod snippet;
mod tree;

pub use fault::Fault;
pub use locate::{Pointer, locate};
pub use schema::schema;

use fault::Faults;
use fit::Path;
use shape::Shape;
use tree::Node;

/// Longest file, in bytes.
pub const FILE_BYTES_MAX: usize = 1024 * 1024;

/// One file as it was found.
#[derive(Debug, Clone, Copy)]
pub struct SourceFile<'a> {
    /// For messages only; nothing is opened.
    pub path: &'a str,
    pub text: &'a str,
}

/// A resource and where it was declared.
#[derive(Debug, Clone, PartialEq)]
pub struct Located {
    pub resource: Resource,
    pub path: String,
    /// Where its document begins, from 1.
    pub line: usize,
}

/// Reads every document of every file. Empty documents are skipped.
///
/// # Errors
/// All faults in the order of files and lines, at most [`fault::FAULTS_MAX`] and one that counts the rest.
pub fn read(files: &[SourceFile<'_>]) -> Result<Vec<Located>, Vec<Fault>> {
    let mut faults = Faults::default();
    let mut found: Vec<Located> = Vec::new();
    let mut declared: BTreeMap<Key, usize> = BTreeMap::new();
    for file in files {
        let mut faults = faults.of(*file);
        for document in tree::documents(file.text, &mut faults) {
            let Some(resource) = read_document(&document, &mut faults) else { continue };
            let line = snippet::position(file.text, document.place.start).0;
            match declared.get(&resource.key()).map(|&idx| &found[idx]) {
                Some(first) => {
                    let (place, message) = twice(&document, &resource.key(), first);
                    faults.add(place, message, Some("keep one of them, or give one another name".to_owned()));
                }
                None => {
                    declared.insert(resource.key(), found.len());
                    found.push(Located { resource, path: file.path.to_owned(), line });
                }
            }
        }
    }
    match faults.into_list() {
        none if none.is_empty() => Ok(found),
        all => Err(all),
    }
}

fn read_document(document: &Node, faults: &mut fault::FileFaults<'_, '_>) -> Option<Resource> {
    let shape = match declared_kind(document) {
        Declared::Kind(kind) => Shape::of_kind(kind),
        Declared::Unknown => Shape::of_no_kind(),
    };
    let value = fit::fit(document, shape, Path::root(), document.opening(), faults)?;
    let resource = match serde_json::from_value::<Resource>(value) {
        Ok(resource) => resource,
        // A rule that the shape does not carry; the type's own words are the best there are.
        Err(error) => {
            faults.add(document.opening(), error.to_string(), None);
            return None;
        }
    };
    meaning::check(&resource, document, faults).then_some(resource)
}

enum Declared {
    Kind(Kind),
    Unknown,
}

/// The kind before anything else is known to be right.
fn declared_kind(document: &Node) -> Declared {
    let written = document.entry("kind").and_then(|it| it.value.text());
    match Kind::ALL.into_iter().find(|it| Some(it.as_str()) == written) {
        Some(kind) => Declared::Kind(kind),
        None => Declared::Unknown,
    }
}

fn twice(document: &Node, key: &Key, first: &Located) -> (tree::Place, String) {
    let place = document
        .entry("metadata")
        .and_then(|it| it.value.entry("name"))
        .map_or(document.opening(), |it| it.value.place);
    (place, format!("{key} is declared twice: it stands at {}:{} already", first.path, first.line))
}

/// A value's JSON type is what a shape made of it, never what YAML guessed.
type Fitted = Option<Value>;
