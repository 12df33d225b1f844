//! What makes bare events a chain: each is kept with a hash over itself and the one before it.

use shipway_model::Digest;

pub(crate) struct Chain {
    last: Digest,
    text: Vec<u8>,
}

impl Chain {
    pub(crate) fn new() -> Self {
        Self { last: Digest::of(&[]), text: Vec::new() }
    }

    /// The hash that is kept with the next event.
    pub(crate) fn link(&mut self, event: &[u8]) -> Vec<u8> {
        self.text.clear();
        self.text.extend_from_slice(self.last.as_bytes());
        self.text.extend_from_slice(event);
        self.last = Digest::of(&self.text);
        self.last.as_bytes().to_vec()
    }
}
