//! Two schemas compared: what a client sends may only become wider, what it gets only narrower.

mod effective;

use std::collections::BTreeSet;

use serde_json::Value;

use super::document::Walk;
use crate::contracts::Severity;
use effective::Effective;

/// Deepest nesting of schemas that is looked into.
const DEPTH_MAX: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::contracts) enum Direction {
    Request,
    Response,
}

/// What of a request or response the schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::contracts) enum Part {
    Parameter,
    Body,
    Property,
}

/// A schema that is absent allows everything.
pub(in crate::contracts) fn compare<'a>(
    place: &str,
    direction: Direction,
    part: Part,
    old: Option<&'a Value>,
    new: Option<&'a Value>,
    walk: &mut Walk<'a, '_>,
) {
    let site = Site { place: place.to_owned(), path: String::new(), direction, part, depth: 0 };
    site.compare(old.unwrap_or(&Value::Null), new.unwrap_or(&Value::Null), walk);
}

/// Where in the interface the walk stands.
#[derive(Clone)]
struct Site {
    place: String,
    /// Of properties from the body inwards: `/items/price`.
    path: String,
    direction: Direction,
    part: Part,
    depth: usize,
}

impl Site {
    fn compare<'a>(&self, old: &'a Value, new: &'a Value, walk: &mut Walk<'a, '_>) {
        let (old, new) = (walk.old.resolve(old), walk.new.resolve(new));
        if self.depth > DEPTH_MAX {
            let message = format!("schemas nest deeper than {DEPTH_MAX}: this one was not compared");
            walk.changes.error("too-large-to-compare", &self.shown(), message);
            return;
        }
        if !walk.enter(old, new) {
            return;
        }
        let was = Effective::of(old, &walk.old);
        let is = Effective::of(new, &walk.new);
        self.types(&was, &is, walk);
        self.values(&was, &is, walk);
        self.bounds(&was, &is, walk);
        self.choices(&was, &is, walk);
        self.properties(&was, &is, walk);
        if let (Some(was), Some(is)) = (was.items, is.items) {
            self.within("items", Part::Property).compare(was, is, walk);
        }
        walk.leave();
    }

    fn within(&self, name: &str, part: Part) -> Self {
        Self { path: format!("{}/{name}", self.path), part, depth: self.depth + 1, ..self.clone() }
    }

    fn shown(&self) -> String {
        if self.path.is_empty() { self.place.clone() } else { format!("{} {}", self.place, self.path) }
    }

    /// `request-property-type-changed` and its like.
    fn rule(&self, what: &str) -> String {
        let direction = match self.direction {
            Direction::Request => "request",
            Direction::Response => "response",
        };
        let part = match self.part {
            Part::Parameter => "parameter",
            Part::Body => "body",
            Part::Property => "property",
        };
        format!("{direction}-{part}-{what}")
    }

    fn say(&self, severity: Severity, what: &str, message: String, walk: &mut Walk<'_, '_>) {
        walk.changes.add(severity, self.rule(what), &self.shown(), message);
    }

    /// An error in the direction that the change hurts, news in the other.
    fn hurts(&self, direction: Direction) -> Severity {
        if self.direction == direction { Severity::Error } else { Severity::Info }
    }

    fn types(&self, was: &Effective<'_>, is: &Effective<'_>, walk: &mut Walk<'_, '_>) {
        let shown = |it: &BTreeSet<&str>| match it.is_empty() {
            true => "anything".to_owned(),
            false => it.iter().copied().collect::<Vec<_>>().join(" or "),
        };
        if was.types != is.types {
            let message = format!("the type was {} and is {}", shown(&was.types), shown(&is.types));
            match (self.direction, covers(&is.types, &was.types), covers(&was.types, &is.types)) {
                (Direction::Request, true, _) => self.say(Severity::Info, "type-generalized", message, walk),
                (Direction::Response, _, true) => self.say(Severity::Info, "type-specialized", message, walk),
                _ => self.say(Severity::Error, "type-changed", message, walk),
            }
        }
        if was.format != is.format && was.types == is.types {
            let word = |it: Option<&str>| it.unwrap_or("none").to_owned();
            let message = format!("the format was {} and is {}", word(was.format), word(is.format));
            let severity = match (self.direction, was.format, is.format) {
                (Direction::Request, Some(_), None) | (Direction::Response, None, Some(_)) => Severity::Info,
                (_, None, Some(_)) | (_, Some(_), None) => Severity::Warning,
                _ => Severity::Error,
            };
            self.say(severity, "type-changed", message, walk);
        }
        match (was.nullable, is.nullable) {
            (true, false) => {
                let severity = self.hurts(Direction::Request);
                self.say(severity, "became-not-nullable", "it may not be null any more".to_owned(), walk);
            }
            (false, true) => {
                let severity = self.hurts(Direction::Response);
                self.say(severity, "became-nullable", "it may be null now".to_owned(), walk);
            }
            _ => {}
        }
    }

    fn values(&self, was: &Effective<'_>, is: &Effective<'_>, walk: &mut Walk<'_, '_>) {
        match (&was.values, &is.values) {
            (Some(before), Some(after)) => {
                for it in before.difference(after) {
                    let severity = self.hurts(Direction::Request);
                    self.say(severity, "enum-value-removed", format!("the value {it} is gone"), walk);
                }
                for it in after.difference(before) {
                    // A client that meets a value it does not know may or may not cope.
                    let severity = match self.direction {
                        Direction::Request => Severity::Info,
                        Direction::Response => Severity::Warning,
                    };
                    self.say(severity, "enum-value-added", format!("the value {it} is new"), walk);
                }
            }
            (None, Some(_)) => {
                let severity = self.hurts(Direction::Request);
                self.say(severity, "became-enum", "only certain values are left".to_owned(), walk);
            }
            (Some(_), None) => {
                let severity = self.hurts(Direction::Response);
                self.say(severity, "enum-unset", "any value is possible now".to_owned(), walk);
            }
            (None, None) => {}
        }
    }

    fn bounds(&self, was: &Effective<'_>, is: &Effective<'_>, walk: &mut Walk<'_, '_>) {
        for ((name, is_upper), (was, is)) in effective::BOUNDS.iter().zip(was.bounds.iter().zip(&is.bounds)) {
            let (what, narrower, message) = match (was, is) {
                (None, Some(is)) => (format!("{name}-set"), true, format!("{name} is {is} now")),
                (Some(was), None) => (format!("{name}-unset"), false, format!("{name} was {was}")),
                (Some(was), Some(is)) if was != is => {
                    let grew = is > was;
                    let what = format!("{name}-{}", if grew { "increased" } else { "decreased" });
                    (what, grew != *is_upper, format!("{name} was {was} and is {is}"))
                }
                _ => continue,
            };
            let direction = if narrower { Direction::Request } else { Direction::Response };
            self.say(self.hurts(direction), &what, message, walk);
        }
        match (was.pattern, is.pattern) {
            (None, Some(is)) => {
                let severity =
                    if self.direction == Direction::Request { Severity::Warning } else { Severity::Info };
                self.say(severity, "pattern-added", format!("it has to match `{is}` now"), walk);
            }
            (Some(was), None) => {
                let severity =
                    if self.direction == Direction::Request { Severity::Info } else { Severity::Warning };
                self.say(severity, "pattern-removed", format!("it need not match `{was}` any more"), walk);
            }
            (Some(was), Some(is)) if was != is => {
                let message = format!("the pattern was `{was}` and is `{is}`");
                self.say(Severity::Warning, "pattern-changed", message, walk);
            }
            _ => {}
        }
    }

    /// `oneOf` and `anyOf`: alternatives are told apart by what they refer to, else by what they say.
    fn choices(&self, was: &Effective<'_>, is: &Effective<'_>, walk: &mut Walk<'_, '_>) {
        for (word, before, after) in
            [("one-of", &was.one_of, &is.one_of), ("any-of", &was.any_of, &is.any_of)]
        {
            match (before, after) {
                (Some(before), Some(after)) => {
                    for it in before.difference(after) {
                        let severity = self.hurts(Direction::Request);
                        self.say(severity, &format!("{word}-removed"), format!("{it} is gone"), walk);
                    }
                    for it in after.difference(before) {
                        let severity = self.hurts(Direction::Response);
                        self.say(severity, &format!("{word}-added"), format!("{it} is new"), walk);
                    }
                }
                (None, Some(_)) => {
                    let severity = self.hurts(Direction::Request);
                    self.say(severity, &format!("{word}-set"), "only alternatives are left".to_owned(), walk);
                }
                (Some(_), None) => {
                    let severity = self.hurts(Direction::Response);
                    self.say(severity, &format!("{word}-unset"), "anything is possible now".to_owned(), walk);
                }
                (None, None) => {}
            }
        }
    }

    fn properties<'a>(&self, was: &Effective<'a>, is: &Effective<'a>, walk: &mut Walk<'a, '_>) {
        for (name, before) in &was.properties {
            let site = self.within(name, Part::Property);
            let was_required = was.required.contains(name);
            let Some(after) = is.properties.get(name) else {
                site.removed(was_required, walk);
                continue;
            };
            match (self.direction, was_required, is.required.contains(name)) {
                (Direction::Request, false, true) => {
                    site.say(Severity::Error, "became-required", "it has to be sent now".to_owned(), walk);
                }
                (Direction::Request, true, false) => {
                    site.say(
                        Severity::Info,
                        "became-optional",
                        "it need not be sent any more".to_owned(),
                        walk,
                    );
                }
                (Direction::Response, true, false) => {
                    site.say(Severity::Error, "became-optional", "it may be absent now".to_owned(), walk);
                }
                (Direction::Response, false, true) => {
                    site.say(Severity::Info, "became-required", "it is always there now".to_owned(), walk);
                }
                _ => {}
            }
            site.compare(before, after, walk);
        }
        for name in is.properties.keys().filter(|it| !was.properties.contains_key(*it)) {
            self.within(name, Part::Property).added(is.required.contains(name), walk);
        }
        if was.is_open && !is.is_open && self.direction == Direction::Request {
            let message = "properties that it does not name are refused now".to_owned();
            self.say(Severity::Warning, "additional-properties-forbidden", message, walk);
        }
    }

    fn removed(&self, was_required: bool, walk: &mut Walk<'_, '_>) {
        let (rule, severity) = match (self.direction, was_required) {
            (Direction::Request, _) => ("request-property-removed", Severity::Warning),
            (Direction::Response, true) => ("response-required-property-removed", Severity::Error),
            (Direction::Response, false) => ("response-optional-property-removed", Severity::Warning),
        };
        walk.changes.add(severity, rule, &self.shown(), "the property is gone");
    }

    fn added(&self, is_required: bool, walk: &mut Walk<'_, '_>) {
        let (rule, severity) = match (self.direction, is_required) {
            (Direction::Request, true) => ("new-required-request-property", Severity::Error),
            (Direction::Request, false) => ("new-optional-request-property", Severity::Info),
            (Direction::Response, true) => ("response-required-property-added", Severity::Info),
            (Direction::Response, false) => ("response-optional-property-added", Severity::Info),
        };
        walk.changes.add(severity, rule, &self.shown(), "the property is new");
    }
}

/// Whether the first allows every type of the second. No type at all is every type, and an integer is a number.
fn covers(wide: &BTreeSet<&str>, narrow: &BTreeSet<&str>) -> bool {
    let has = |it: &str| wide.contains(it) || (it == "integer" && wide.contains("number"));
    wide.is_empty() || (!narrow.is_empty() && narrow.iter().all(|it| has(it)))
}
