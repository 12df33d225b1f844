//! Streams what a command prints, from its file to the control plane.

use std::convert::Infallible;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::Duration;

use shipway_model::effect::EffectKey;
use tokio::time::sleep;
use tracing::{error, warn};

use crate::backoff::Backoff;
use crate::link::Link;
use crate::mask::Masker;

/// What is kept of a command's output.
const OUTPUT_BYTES_MAX: usize = 16 << 20;
/// In one call; the control plane takes up to 256 KiB.
const PIECE_BYTES_MAX: usize = 64 << 10;
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// After this many failed calls in a row, an ended command's output is given up for its outcome to be reported.
const FAILED_CALLS_MAX: u32 = 5;
/// Of the last line, in reasons.
const LAST_LINE_CHARS_MAX: usize = 200;
const CUT: &str = "\n[more than 16 MiB of output: the rest is not kept]\n";

pub(super) struct Output {
    link: Link,
    key: EffectKey,
    path: PathBuf,
    masker: Masker,
    /// Bytes of the file that were read.
    read_bytes: u64,
    /// Masked bytes that do not make up a whole character yet.
    torn: Vec<u8>,
    /// Masked text that the control plane does not have yet, and where it begins.
    text: String,
    offset: u64,
    /// Of masked text so far.
    masked_bytes: usize,
    /// There was more than is kept.
    full: bool,
    last_line: String,
    given_up: bool,
}

impl Output {
    pub(super) fn new(link: Link, key: EffectKey, path: PathBuf, masker: Masker) -> Self {
        Self {
            link,
            key,
            path,
            masker,
            read_bytes: 0,
            torn: Vec::new(),
            text: String::new(),
            offset: 0,
            masked_bytes: 0,
            full: false,
            last_line: String::new(),
            given_up: false,
        }
    }

    /// Streams what is printed, for ever. May be dropped at any time and gone on with.
    pub(super) async fn follow(&mut self) -> Infallible {
        let mut backoff = Backoff::of_calls(&self.key.to_string());
        loop {
            let more = self.read_piece();
            match self.send_piece().await {
                Ok(()) => backoff.reset(),
                Err(()) => sleep(backoff.next()).await,
            }
            if !more && self.text.is_empty() {
                sleep(LOOK_EVERY).await;
            }
        }
    }

    /// Streams what is left after the end, and returns the last line.
    pub(super) async fn finish(mut self) -> String {
        let mut backoff = Backoff::of_calls(&self.key.to_string());
        let mut failed_calls = 0;
        loop {
            let more = self.read_piece();
            if !more {
                let rest = self.masker.finish();
                self.take(&rest, true);
            }
            if !more && self.text.is_empty() {
                return self.last_line();
            }
            match self.send_piece().await {
                Ok(()) => failed_calls = 0,
                Err(()) if failed_calls + 1 == FAILED_CALLS_MAX => {
                    error!(key = %self.key, "the end of the output could not be sent");
                    return self.last_line();
                }
                Err(()) => {
                    failed_calls += 1;
                    sleep(backoff.next()).await;
                }
            }
        }
    }

    /// Reads on in the file. False at its end, and when there is still text to be sent.
    fn read_piece(&mut self) -> bool {
        if self.text.len() >= PIECE_BYTES_MAX {
            return true;
        }
        match self.read() {
            Ok(bytes) if bytes.is_empty() => false,
            Ok(bytes) => {
                let masked = self.masker.feed(&bytes);
                self.take(&masked, false);
                true
            }
            Err(fault) => {
                error!(key = %self.key, path = %self.path.display(), "{fault}");
                false
            }
        }
    }

    fn read(&mut self) -> io::Result<Vec<u8>> {
        if self.full {
            // Nobody will read on, and the file must not fill the disk.
            OpenOptions::new().write(true).open(&self.path)?.set_len(0)?;
            return Ok(Vec::new());
        }
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.read_bytes))?;
        let mut bytes = Vec::new();
        file.take(PIECE_BYTES_MAX as u64).read_to_end(&mut bytes)?;
        self.read_bytes += bytes.len() as u64;
        Ok(bytes)
    }

    /// Takes masked bytes as text: what is not UTF-8 is replaced, a torn character waits for its rest.
    fn take(&mut self, masked: &[u8], ended: bool) {
        self.torn.extend_from_slice(masked);
        let whole = match std::str::from_utf8(&self.torn) {
            Err(fault) if fault.error_len().is_none() && !ended => fault.valid_up_to(),
            Ok(_) | Err(_) => self.torn.len(),
        };
        let bytes: Vec<u8> = self.torn.drain(..whole).collect();
        let mut text = String::from_utf8_lossy(&bytes).into_owned();
        self.note_last_line(&text);
        if self.full {
            return;
        }
        let left = OUTPUT_BYTES_MAX - self.masked_bytes;
        if text.len() > left {
            text.truncate(text.floor_char_boundary(left));
            text.push_str(CUT);
            self.full = true;
        }
        self.masked_bytes += text.len();
        self.text.push_str(&text);
    }

    /// Sends the next piece, if there is one.
    async fn send_piece(&mut self) -> Result<(), ()> {
        if self.text.is_empty() || self.given_up {
            self.text.clear();
            return Ok(());
        }
        let end = self.text.floor_char_boundary(PIECE_BYTES_MAX);
        match self.link.append_log(self.key, self.offset, self.text[..end].to_owned()).await {
            Ok(known) => {
                // More may be known already: an earlier agent sent it.
                let have = usize::try_from(known.saturating_sub(self.offset)).unwrap_or(usize::MAX);
                let have = self.text.ceil_char_boundary(have.min(self.text.len()));
                self.text.drain(..have);
                self.offset += have as u64;
                Ok(())
            }
            Err(fault) if fault.is_refusal() => {
                warn!(key = %self.key, "the control plane does not want the output: {fault}");
                self.given_up = true;
                Ok(())
            }
            Err(_) => Err(()),
        }
    }

    fn note_last_line(&mut self, text: &str) {
        // A line may come in pieces.
        self.last_line.push_str(text);
        let trimmed = self.last_line.trim_end_matches(['\n', '\r']);
        if let Some(at) = trimmed.rfind('\n') {
            self.last_line.drain(..=at);
        }
        let surplus = self.last_line.len().saturating_sub(LAST_LINE_CHARS_MAX * 4);
        let surplus = self.last_line.ceil_char_boundary(surplus);
        self.last_line.drain(..surplus);
    }

    fn last_line(&self) -> String {
        let line = self.last_line.trim();
        line.chars().take(LAST_LINE_CHARS_MAX).flat_map(char::escape_debug).collect()
    }
}
