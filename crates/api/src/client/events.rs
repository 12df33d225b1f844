//! Events as they happen: server-sent events (WHATWG HTML 9.2), read line by line.

use reqwest::Response;

use super::call::{send, unreachable};
use super::{Client, Error};
use crate::Operation;
use crate::payload::Events;
use crate::view::ledger::LedgerEvent;

/// The most bytes of one event, a plan of some thousand steps.
const EVENT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// An open stream of events. When it ends, follow again from [`EventStream::last_id`].
pub struct EventStream {
    response: Response,
    buffer: Vec<u8>,
    pending: StreamEvent,
    last_id: Option<u64>,
}

/// One event of a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamEvent {
    /// The ledger position.
    pub id: Option<u64>,
    /// What happened, for example `step.ended`.
    pub name: String,
    pub data: String,
}

impl Client {
    /// Follows a stream of events, after the one at the ledger position `last_id` when it is given.
    ///
    /// # Errors
    /// Those of the operation; later ones come out of the stream.
    pub async fn follow<O>(&self, path: O::Path, last_id: Option<u64>) -> Result<EventStream, Error>
    where
        O: Operation<Answer = Events, Query = ()>,
    {
        let mut request = self.request::<O>(&path, &()).header("accept", "text/event-stream");
        if let Some(id) = last_id {
            request = request.header("last-event-id", id);
        }
        let response = send(request).await?;
        Ok(EventStream { response, buffer: Vec::new(), pending: StreamEvent::default(), last_id })
    }
}

impl EventStream {
    /// The next event; nothing when the server has ended the stream.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when the line is dead, [`Error::Unreadable`] when what comes is no event.
    pub async fn next(&mut self) -> Result<Option<StreamEvent>, Error> {
        loop {
            if let Some(event) = self.take_event() {
                return Ok(Some(event));
            }
            if self.buffer.len() + self.pending.data.len() > EVENT_BYTES_MAX {
                return Err(self.unreadable(format!("an event of more than {EVENT_BYTES_MAX} bytes")));
            }
            match self.response.chunk().await.map_err(unreachable)? {
                Some(chunk) => self.buffer.extend_from_slice(&chunk),
                None => return Ok(None),
            }
        }
    }

    /// The next event of the ledger; other ones are left out.
    ///
    /// # Errors
    /// As [`EventStream::next`].
    pub async fn next_ledger_event(&mut self) -> Result<Option<LedgerEvent>, Error> {
        while let Some(event) = self.next().await? {
            if event.id.is_some() {
                let read = serde_json::from_str(&event.data);
                return read.map(Some).map_err(|error| self.unreadable(error.to_string()));
            }
        }
        Ok(None)
    }

    /// The ledger position of the last event that was read.
    pub fn last_id(&self) -> Option<u64> {
        self.last_id
    }

    fn unreadable(&self, reason: String) -> Error {
        Error::Unreadable {
            address: self.response.url().to_string(),
            status: self.response.status().as_u16(),
            reason,
        }
    }

    /// Takes whole lines from the buffer until one ends an event.
    fn take_event(&mut self) -> Option<StreamEvent> {
        let mut start = 0;
        let mut event = None;
        while event.is_none() {
            let Some(length) = self.buffer[start..].iter().position(|byte| *byte == b'\n') else { break };
            let line = String::from_utf8_lossy(&self.buffer[start..start + length]);
            start += length + 1;
            event = self.pending.take_line(line.trim_end_matches('\r'));
        }
        self.buffer.drain(..start);
        if let Some(event) = &event {
            self.last_id = event.id.or(self.last_id);
        }
        event
    }
}

impl StreamEvent {
    /// Adds one line; gives the event when the line is the empty one that ends it.
    fn take_line(&mut self, line: &str) -> Option<Self> {
        if line.is_empty() {
            let event = std::mem::take(self);
            return (!event.data.is_empty()).then_some(event);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => self.id = value.parse().ok(),
            "event" => self.name = value.to_owned(),
            "data" => {
                if !self.data.is_empty() {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            // Comments keep the line alive; other fields are for browsers.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_events_and_comments_do_not() {
        let mut pending = StreamEvent::default();
        let text = ": hello\n\nid: 7\nevent: step.ended\ndata: {\ndata: }\n\n";
        let events: Vec<_> = text.lines().filter_map(|line| pending.take_line(line)).collect();
        let expected = StreamEvent { id: Some(7), name: "step.ended".to_owned(), data: "{\n}".to_owned() };
        assert_eq!(events, [expected]);
    }
}
