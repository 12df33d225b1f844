//! Spans put together to trees, and what each hop did by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::otlp::Span;

/// A caller and what it calls; a root has no caller.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hop {
    pub caller: Option<String>,
    pub callee: String,
}

/// All that one hop did.
#[derive(Debug, Clone, Default)]
pub(super) struct Calls {
    /// Milliseconds that were its own.
    pub(super) own_ms: Vec<f64>,
    /// Milliseconds from its start to its end.
    pub(super) total_ms: Vec<f64>,
    /// Failures that no child had passed up.
    pub(super) n_own_failures: u64,
    /// The trace of the slowest call by own time, and one with an own failure.
    pub(super) slowest: Option<(f64, String)>,
    pub(super) failed: Option<String>,
}

/// The traces of one version.
#[derive(Debug, Clone, Default)]
pub struct Forest {
    pub(super) hops: BTreeMap<Hop, Calls>,
    pub(super) n_traces: u64,
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match &self.caller {
            Some(caller) => write!(f, "{caller} → {}", self.callee),
            None => f.write_str(&self.callee),
        }
    }
}

impl Forest {
    /// Spans in any order; a span that comes twice counts once. One whose parent is not among them counts as a root.
    pub fn grow(spans: Vec<Span>) -> Self {
        let mut traces: BTreeMap<String, Vec<Span>> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for span in spans {
            if seen.insert((span.trace.clone(), span.id.clone())) {
                traces.entry(span.trace.clone()).or_default().push(span);
            }
        }
        let mut forest = Self { n_traces: traces.len() as u64, ..Self::default() };
        for spans in traces.values() {
            forest.add(spans);
        }
        forest
    }

    fn add(&mut self, spans: &[Span]) {
        let by_id: BTreeMap<&str, &Span> = spans.iter().map(|it| (it.id.as_str(), it)).collect();
        let mut children: BTreeMap<&str, Vec<&Span>> = BTreeMap::new();
        for span in spans {
            if let Some(parent) = &span.parent {
                children.entry(parent).or_default().push(span);
            }
        }
        for span in spans {
            let parent = span.parent.as_deref().and_then(|it| by_id.get(it));
            let hop = Hop { caller: parent.map(|it| operation(it)), callee: operation(span) };
            let below = children.get(span.id.as_str()).map_or(&[][..], Vec::as_slice);
            self.hops.entry(hop).or_default().add(span, below);
        }
    }
}

fn operation(span: &Span) -> String {
    format!("{}: {}", span.service, span.name)
}

impl Calls {
    fn add(&mut self, span: &Span, children: &[&Span]) {
        let own_ms = milliseconds(own_ns(span, children));
        self.own_ms.push(own_ms);
        self.total_ms.push(milliseconds(span.end_ns - span.start_ns));
        if self.slowest.as_ref().is_none_or(|(slowest, _)| own_ms > *slowest) {
            self.slowest = Some((own_ms, span.trace.clone()));
        }
        if span.is_failed && !children.iter().any(|it| it.is_failed) {
            self.n_own_failures += 1;
            self.failed.get_or_insert_with(|| span.trace.clone());
        }
    }
}

/// The part of a span in which none of its children was running. Children may overlap, and outlive it.
fn own_ns(span: &Span, children: &[&Span]) -> u64 {
    let mut intervals: Vec<(u64, u64)> = children
        .iter()
        .map(|it| (it.start_ns.max(span.start_ns), it.end_ns.min(span.end_ns)))
        .filter(|(start, end)| start < end)
        .collect();
    intervals.sort_unstable();
    let (mut own, mut covered_to) = (0, span.start_ns);
    for (start, end) in intervals {
        own += start.saturating_sub(covered_to);
        covered_to = covered_to.max(end);
    }
    own + (span.end_ns - covered_to)
}

fn milliseconds(ns: u64) -> f64 {
    ns as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(id: &str, parent: &str, (start_ns, end_ns): (u64, u64), is_failed: bool) -> Span {
        Span {
            trace: "t".to_owned(),
            id: id.to_owned(),
            parent: Some(parent.to_owned()).filter(|it| !it.is_empty()),
            service: "shop".to_owned(),
            name: id.to_owned(),
            start_ns,
            end_ns,
            is_failed,
        }
    }

    #[test]
    fn own_time_is_what_no_child_covers() {
        let parent = span("a", "", (0, 100), false);
        let children = [
            span("b", "a", (10, 30), false),
            span("c", "a", (20, 40), false),
            span("d", "a", (90, 150), false),
        ];
        assert_eq!(own_ns(&parent, &children.iter().collect::<Vec<_>>()), 60);
    }

    #[test]
    fn a_failure_belongs_to_whoever_has_it_first() {
        let spans = vec![
            span("a", "", (0, 9), true),
            span("b", "a", (1, 8), true),
            span("b", "a", (1, 8), true),
            span("lost", "nobody", (2, 3), false),
        ];
        let forest = Forest::grow(spans);
        let failures: Vec<(String, u64)> =
            forest.hops.iter().map(|(hop, it)| (hop.to_string(), it.n_own_failures)).collect();
        let expect = [("shop: a", 0), ("shop: lost", 0), ("shop: a → shop: b", 1)];
        assert_eq!(failures, expect.map(|(hop, n)| (hop.to_owned(), n)));
        assert_eq!(forest.n_traces, 1);
    }
}
