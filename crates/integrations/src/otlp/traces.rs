//! Spans by their trace, and which versions took part in it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use opentelemetry_proto::tonic::trace::v1::Span as Pushed;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use shipway_analysis::traces::Span;

use super::{Origin, Speaker, hex};

/// Traces; the oldest go first.
const TRACES_MAX: usize = 10_000;
/// Spans of one trace; of a longer one the rest is not kept.
const SPANS_MAX: usize = 200;
const NAME_BYTES_MAX: usize = 200;

#[derive(Debug, Default)]
pub(super) struct Traces {
    by_id: BTreeMap<Vec<u8>, Trace>,
    order: VecDeque<Vec<u8>>,
}

#[derive(Debug, Default)]
struct Trace {
    spans: Vec<Span>,
    origins: BTreeSet<Origin>,
}

impl Traces {
    /// Whether it was kept.
    pub(super) fn take(&mut self, origin: Option<&Origin>, span: Pushed) -> bool {
        let Some(origin) = origin else { return false };
        let is_possible = span.trace_id.len() == 16
            && span.span_id.len() == 8
            && span.end_time_unix_nano >= span.start_time_unix_nano;
        if !is_possible {
            return false;
        }
        if !self.by_id.contains_key(&span.trace_id) {
            if self.order.len() >= TRACES_MAX
                && let Some(oldest) = self.order.pop_front()
            {
                self.by_id.remove(&oldest);
            }
            self.order.push_back(span.trace_id.clone());
        }
        let trace = self.by_id.entry(span.trace_id.clone()).or_default();
        if trace.spans.len() >= SPANS_MAX {
            return false;
        }
        trace.spans.push(read(origin, &span));
        trace.origins.insert(origin.clone());
        true
    }

    pub(super) fn spans(&self, speaker: &Speaker) -> Vec<Span> {
        let of_speaker = |it: &&Trace| it.origins.iter().any(|it| speaker.is(it));
        // One in which both versions took part, by a retry, says nothing of either.
        let is_of_one = |it: &&Trace| {
            let of_service = it.origins.iter().filter(|it| it.service == speaker.service.as_str());
            of_service.map(|it| &it.version).collect::<BTreeSet<_>>().len() == 1
        };
        let found = self.by_id.values().filter(of_speaker).filter(is_of_one);
        found.flat_map(|it| it.spans.iter().cloned()).collect()
    }
}

fn read(origin: &Origin, span: &Pushed) -> Span {
    let mut name = span.name.clone();
    if name.len() > NAME_BYTES_MAX {
        name.truncate(name.floor_char_boundary(NAME_BYTES_MAX));
    }
    Span {
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: (!span.parent_span_id.is_empty()).then(|| hex(&span.parent_span_id)),
        service: origin.service.clone(),
        name,
        start_ns: span.start_time_unix_nano,
        end_ns: span.end_time_unix_nano,
        is_failed: span.status.as_ref().is_some_and(|it| it.code == StatusCode::Error as i32),
    }
}
