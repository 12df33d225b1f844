//! Every thing that happens, in one line each, and the digest over all of them.

use std::fmt;

use shipway_model::Digest;
use shipway_model::event::Event;

/// Lines kept for the story of a breach.
const TAIL_MAX: usize = 40;

pub(super) struct Trace<'a> {
    show: &'a mut dyn FnMut(&str),
    pub(super) now_ms: u64,
    digest: Digest,
    tail: std::collections::VecDeque<String>,
}

impl<'a> Trace<'a> {
    pub(super) fn new(show: &'a mut dyn FnMut(&str)) -> Self {
        Self { show, now_ms: 0, digest: Digest::of(b""), tail: Default::default() }
    }

    pub(super) fn line(&mut self, text: fmt::Arguments<'_>) {
        let (seconds, millis) = (self.now_ms / 1000, self.now_ms % 1000);
        let line =
            format!("{:02}:{:02}:{:02}.{millis:03} {text}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        self.digest = Digest::of(&[self.digest.as_bytes(), line.as_bytes()].concat());
        (self.show)(&line);
        if self.tail.len() == TAIL_MAX {
            self.tail.pop_front();
        }
        self.tail.push_back(line);
    }

    /// An event of the ledger, as canonical as it stands there.
    pub(super) fn event(&mut self, event: &Event) {
        let text = serde_json::to_string(&event.body).unwrap_or_default();
        let shown: String = text.chars().take(240).collect();
        self.line(format_args!(
            "  ledger: {} by {} {shown}",
            Digest::of(text.as_bytes()).short(),
            event.actor
        ));
    }

    pub(super) const fn digest(&self) -> Digest {
        self.digest
    }

    pub(super) fn tail(&self) -> impl Iterator<Item = &str> {
        self.tail.iter().map(String::as_str)
    }
}
