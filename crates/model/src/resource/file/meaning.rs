//! What a document says, checked against itself: a parsed resource can still make no sense.
//!
//! One file per kind that has such rules. What concerns other documents is the catalogue's business.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fault::FileFaults;
use super::placeholder::{Malformed, placeholders};
use super::snippet::excerpt;
use super::tree::{Node, Place};
use crate::Name;
use crate::resource::service::SecretRef;
use crate::resource::{Resource, Spec};

mod access;
mod board;
mod calendar;
mod change_policy;
mod environment;
mod hours;
mod journey;
mod mirror;
mod organisation;
mod policy;
mod repository;
mod runbook;
mod service;
mod stages;
mod strategy;
mod train;
mod trust;

/// Whether the resource makes sense; if not, its faults were added.
pub(super) fn check(resource: &Resource, document: &Node, faults: &mut FileFaults<'_, '_>) -> bool {
    let before = faults.count();
    let name = &resource.metadata.name;
    let mut site = Site { document, faults };
    match &resource.spec {
        Spec::Team(it) => hours::check(&it.hours, &mut site),
        Spec::Service(it) => service::check(name, it, &mut site),
        Spec::Vendor(it) => organisation::check_vendor(name, it, &mut site),
        Spec::Library(it) => organisation::check_library(name, it, &mut site),
        Spec::Regulation(_) | Spec::Budget(_) => {}
        Spec::Environment(it) => environment::check(name, it, &mut site),
        Spec::Pipeline(it) => stages::check(&it.stages, &[], &mut site),
        Spec::Template(it) => {
            stages::check(&it.stages, &[], &mut site);
            stages::check_parameters(it, &mut site);
        }
        Spec::Policy(it) => policy::check(it, &mut site),
        Spec::Strategy(it) => strategy::check(it, &mut site),
        Spec::Journey(it) => journey::check(it, &mut site),
        Spec::Calendar(it) => calendar::check(it, &mut site),
        Spec::Person(it) => {
            access::check_person(it, &mut site);
            hours::check(&it.hours, &mut site);
        }
        Spec::AccessPolicy(it) => access::check_policy(it, &mut site),
        Spec::ChangePolicy(it) => change_policy::check(it, &mut site),
        Spec::TrustRoot(it) => trust::check(it, &mut site),
        Spec::Board(it) => board::check(name, it, &mut site),
        Spec::Repository(it) => repository::check(it, &mut site),
        Spec::Booking(it) => train::check_booking(it, &mut site),
        Spec::Train(it) => train::check_train(it, &mut site),
        Spec::CalendarFeed(it) => train::check_feed(it, &mut site),
        Spec::Mirror(it) => mirror::check(it, &mut site),
        Spec::LogSignatures(it) => strategy::check_signatures(&[], &it.signatures, &mut site),
        Spec::Runbook(it) => runbook::check(it, &mut site),
        // Whether the secret can be read shows where the control plane runs.
        Spec::Webhook(_) => {}
        Spec::Channel(it) => site.check_url(way!["url"], &it.url, &["https://", "http://"]),
    }
    site.faults.count() == before
}

/// One step from a node to a node in it.
#[derive(Debug, Clone, Copy)]
enum Segment<'p> {
    Key(&'p str),
    Index(usize),
}

impl<'p> From<&'p str> for Segment<'p> {
    fn from(key: &'p str) -> Self {
        Self::Key(key)
    }
}

impl<'p> From<&'p Name> for Segment<'p> {
    fn from(name: &'p Name) -> Self {
        Self::Key(name.as_str())
    }
}

impl<'p> From<&'p String> for Segment<'p> {
    fn from(key: &'p String) -> Self {
        Self::Key(key)
    }
}

impl From<usize> for Segment<'_> {
    fn from(idx: usize) -> Self {
        Self::Index(idx)
    }
}

/// `way!["stages", 2, "after"]`: the way from a document's `spec`, or from where another path ends.
macro_rules! way {
    ($base:expr; $($segment:expr),+ $(,)?) => {
        &[$base, &[$(crate::resource::file::meaning::Segment::from($segment)),+]].concat()[..]
    };
    [$($segment:expr),+ $(,)?] => {
        &[$(crate::resource::file::meaning::Segment::from($segment)),+][..]
    };
}
use way;

/// A document under check, and where its faults go.
struct Site<'d, 'c, 'f, 's> {
    document: &'d Node,
    faults: &'c mut FileFaults<'f, 's>,
}

impl Site<'_, '_, '_, '_> {
    /// A fault in the value at the end of the path, or in the deepest part of the path that was written.
    fn fault(&mut self, path: &[Segment<'_>], message: impl Into<String>, help: impl Into<String>) {
        let (key, node) = self.find(path);
        let place = if node.text().is_some() { node.place } else { key };
        self.faults.add(place, message, Some(help.into()));
    }

    /// A fault in the key at the end of the path.
    fn fault_in_key(&mut self, path: &[Segment<'_>], message: impl Into<String>, help: impl Into<String>) {
        let (key, _) = self.find(path);
        self.faults.add(key, message, Some(help.into()));
    }

    fn find(&self, path: &[Segment<'_>]) -> (Place, &Node) {
        let mut here = match self.document.entry("spec") {
            Some(spec) => (spec.key_place, &spec.value),
            None => (self.document.opening(), self.document),
        };
        for segment in path {
            let next = match *segment {
                Segment::Key(key) => here.1.entry(key).map(|it| (it.key_place, &it.value)),
                Segment::Index(idx) => here.1.item(idx).map(|it| (it.opening(), it)),
            };
            match next {
                Some(next) => here = next,
                None => break,
            }
        }
        here
    }

    /// Every placeholder must be one that `known` accepts.
    fn check_placeholders(
        &mut self,
        path: &[Segment<'_>],
        text: &str,
        known: impl Fn(&str) -> Result<(), String>,
    ) {
        for found in placeholders(text) {
            let name = match found {
                Ok(name) => name,
                Err(malformed) => {
                    let message = match malformed {
                        Malformed::Open => "a placeholder is not closed",
                        Malformed::Characters => "a placeholder is malformed",
                    };
                    self.fault(
                        path,
                        message,
                        "write `${name}`; a `$` of the shell's stands without braces, as `$HOME`",
                    );
                    continue;
                }
            };
            if let Err(help) = known(name) {
                self.fault(
                    path,
                    format!("the placeholder `${{{}}}` is not known here", excerpt(name, 60)),
                    help,
                );
            }
        }
    }

    /// A program to run must be there, and its variables must be ones.
    fn check_command(&mut self, path: &[Segment<'_>], command: &[String]) {
        if command.first().is_some_and(|it| it.trim().is_empty()) {
            self.fault(
                way!(path; 0),
                "the program's name is empty",
                "write for example `command: [bin/server, --verbose]`",
            );
        }
    }

    /// Variables and secrets become one set of environment variables.
    fn check_variables(
        &mut self,
        variables: (&[Segment<'_>], &BTreeMap<String, String>),
        secrets: (&[Segment<'_>], &BTreeMap<String, SecretRef>),
    ) {
        for (path, name) in
            variables.1.keys().map(|it| (variables.0, it)).chain(secrets.1.keys().map(|it| (secrets.0, it)))
        {
            if !is_variable(name) {
                let message = format!("`{}` is not a name of an environment variable", excerpt(name, 60));
                self.fault_in_key(
                    way!(path; name),
                    message,
                    "use letters, digits and `_`, not starting with a digit",
                );
            }
        }
        for name in secrets.1.keys().filter(|it| variables.1.contains_key(*it)) {
            let message = format!("`{name}` is both a variable and a secret");
            self.fault_in_key(way!(secrets.0; name), message, "keep it in one of the two");
        }
    }

    fn check_url(&mut self, path: &[Segment<'_>], url: &str, schemes: &[&str]) {
        let host = schemes.iter().find_map(|it| url.strip_prefix(it));
        if host.is_none_or(|it| it.is_empty() || it.starts_with('/')) || url.contains(char::is_whitespace) {
            let message = format!("`{}` is not an address to call", excerpt(url, 80));
            self.fault(path, message, format!("write for example `{}127.0.0.1:7200`", schemes[0]));
        }
    }

    fn check_status(&mut self, path: &[Segment<'_>], status: Option<u16>) {
        if let Some(status) = status.filter(|it| !(100..=599).contains(it)) {
            self.fault(path, format!("{status} is not an HTTP status"), "use 100 to 599, for example 200");
        }
    }
}

/// Every text in a JSON value, and the way to it.
fn texts<'v>(value: &'v Value, way: &[Segment<'v>]) -> Vec<(Vec<Segment<'v>>, &'v str)> {
    match value {
        Value::String(text) => vec![(way.to_vec(), text)],
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(idx, it)| texts(it, way!(way; idx))).collect()
        }
        Value::Object(fields) => fields.iter().flat_map(|(key, it)| texts(it, way!(way; key))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

fn is_variable(name: &str) -> bool {
    name.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_')
        && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_')
}
