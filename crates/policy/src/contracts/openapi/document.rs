//! A document whose references are followed, and a walk over two of them.

use serde_json::Value;

use crate::contracts::Changes;

/// Longest chain of references that is followed.
const REFERENCES_MAX: usize = 32;
/// Most schemas that one comparison looks at. A document of ten references per level reaches any number otherwise.
const VISITS_MAX: u32 = 200_000;

#[derive(Clone, Copy)]
pub(in crate::contracts) struct Document<'a> {
    pub(in crate::contracts) root: &'a Value,
}

impl<'a> Document<'a> {
    pub(in crate::contracts) fn new(root: &'a Value) -> Self {
        Self { root }
    }

    /// What a `$ref` within the document leads to, or the value itself. One that leads out of the document, nowhere or in
    /// a circle stays as it is.
    pub(in crate::contracts) fn resolve(&self, value: &'a Value) -> &'a Value {
        let mut here = value;
        for _ in 0..REFERENCES_MAX {
            let Some(pointer) = here.get("$ref").and_then(Value::as_str).and_then(|it| it.strip_prefix('#'))
            else {
                return here;
            };
            match self.root.pointer(pointer) {
                Some(next) => here = next,
                None => return here,
            }
        }
        value
    }
}

/// The two documents side by side, what is being looked at, and what was found.
pub(in crate::contracts) struct Walk<'a, 'c> {
    pub(in crate::contracts) old: Document<'a>,
    pub(in crate::contracts) new: Document<'a>,
    pub(in crate::contracts) changes: &'c mut Changes,
    /// Schemas that are being compared now: met again within themselves, they have nothing new to say.
    open: Vec<(*const Value, *const Value)>,
    n_visits: u32,
}

impl<'a, 'c> Walk<'a, 'c> {
    pub(in crate::contracts) fn new(old: Document<'a>, new: Document<'a>, changes: &'c mut Changes) -> Self {
        Self { old, new, changes, open: Vec::new(), n_visits: 0 }
    }

    /// Whether two schemas are to be looked at; whoever got true says [`Walk::leave`] in the end.
    pub(in crate::contracts) fn enter(&mut self, old: &'a Value, new: &'a Value) -> bool {
        let pair = (std::ptr::from_ref(old), std::ptr::from_ref(new));
        self.n_visits = self.n_visits.saturating_add(1);
        if self.n_visits > VISITS_MAX || self.open.contains(&pair) {
            return false;
        }
        self.open.push(pair);
        true
    }

    pub(in crate::contracts) fn leave(&mut self) {
        self.open.pop();
    }

    pub(in crate::contracts) fn finish(self) {
        if self.n_visits > VISITS_MAX {
            // What was not looked at may break: it may not pass for harmless.
            let message = format!("more than {VISITS_MAX} schemas: it was not compared to its end");
            self.changes.error("too-large-to-compare", "", message);
        }
    }
}
