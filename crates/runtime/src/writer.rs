//! The writer: one thread that owns the kernel, takes what is queued as one batch, and answers when it is durable.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::oneshot;

use crate::clock::Clock;
use crate::kernel::{Kernel, Reply, Request};
use crate::runtime::SubmitError;

/// Requests that may wait. At some thousand a second this is a second's worth; more would only wait in vain.
pub(crate) const WAITING_MAX: usize = 4096;
/// Requests in one durable batch. Above this, a batch only makes its first request wait longer.
const BATCH_MAX: usize = 256;
/// The clock is looked at this often while something is due later, in case it is set forward.
const WAKE_CHECK_MAX: Duration = Duration::from_secs(1);
/// After the store refused a batch, nothing is tried on the writer's own account for this long.
const REFUSED_PAUSE: Duration = Duration::from_millis(250);

pub(crate) enum Message {
    Ask(Request, oneshot::Sender<Reply>),
    /// Answers what was asked before this, then ends.
    Stop,
}

/// Starts the thread. It ends with [`Message::Stop`], or when all senders are gone.
pub(crate) fn start(kernel: Kernel, clock: Arc<dyn Clock>) -> (SyncSender<Message>, JoinHandle<()>) {
    let (sender, receiver) = sync_channel(WAITING_MAX);
    let writer = Writer { kernel, clock, receiver, refused_at: None };
    let thread = thread::Builder::new().name("shipway-writer".to_owned()).spawn(move || writer.run());
    (sender, thread.expect("the operating system gives the process one more thread"))
}

struct Writer {
    kernel: Kernel,
    clock: Arc<dyn Clock>,
    receiver: Receiver<Message>,
    refused_at: Option<Instant>,
}

impl Writer {
    fn run(mut self) {
        let (mut requests, mut replies) = (Vec::with_capacity(BATCH_MAX), Vec::with_capacity(BATCH_MAX));
        let mut goes_on = true;
        while goes_on {
            goes_on = self.collect(&mut requests, &mut replies);
            if goes_on || !requests.is_empty() {
                self.process(&requests, replies.drain(..));
            }
            requests.clear();
        }
    }

    /// Waits for a request or until something is due, then takes what else is there. False at the end.
    fn collect(&self, requests: &mut Vec<Request>, replies: &mut Vec<oneshot::Sender<Reply>>) -> bool {
        let mut next = match self.wait() {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return false,
        };
        while let Some(message) = next.take() {
            let Message::Ask(request, reply) = message else { return false };
            requests.push(request);
            replies.push(reply);
            if requests.len() < BATCH_MAX {
                next = self.receiver.try_recv().ok();
            }
        }
        true
    }

    fn wait(&self) -> Result<Message, RecvTimeoutError> {
        let Some(at) = self.kernel.wake_at() else {
            return self.receiver.recv().map_err(|_| RecvTimeoutError::Disconnected);
        };
        let due_in = until(at, self.clock.now()).min(WAKE_CHECK_MAX);
        let refused_for =
            self.refused_at.map_or(Duration::ZERO, |it| REFUSED_PAUSE.saturating_sub(it.elapsed()));
        self.receiver.recv_timeout(due_in.max(refused_for))
    }

    fn process(&mut self, requests: &[Request], replies: impl Iterator<Item = oneshot::Sender<Reply>>) {
        match self.kernel.process(requests, self.clock.now()) {
            Ok(answers) => {
                self.refused_at = None;
                // Whoever has stopped waiting does not hear the answer; what was decided stands.
                replies.zip(answers).for_each(|(reply, answer)| drop(reply.send(answer)));
            }
            Err(reason) => {
                tracing::error!(reason, requests = requests.len(), "a batch was not written");
                self.refused_at = Some(Instant::now());
                let unavailable = || SubmitError::Unavailable(reason.clone());
                for (request, reply) in requests.iter().zip(replies) {
                    let answer = match request {
                        Request::Submit(_) => Reply::Submit(Err(unavailable())),
                        Request::Lease(_) => Reply::Lease(Err(unavailable())),
                    };
                    drop(reply.send(answer));
                }
            }
        }
    }
}

/// Rounded up to the ledger's millisecond, so that what is due is due on waking.
fn until(at: Timestamp, now: Timestamp) -> Duration {
    let left = Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO);
    if left.is_zero() { left } else { left + Duration::from_millis(1) }
}
