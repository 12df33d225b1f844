//! What services print and write into files, on its way to the control plane, which compares versions by it.
//!
//! Lines are read out of the files to which services write anyway, so a service never waits for whoever reads, and a control
//! plane that is away costs nothing but lines: what waits is what lies in the files, what is more than a stated part of it
//! is passed over, and how much that was is told with the next lines. Nothing is sent that was written before the service
//! was started, or before this agent came back to it. The values of secrets are masked as in commands' output.
//!
//! It is sent as OTLP, as any collector would.

mod batch;
mod stream;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use shipway_model::plan::Instance;
use tokio::time::sleep;
use tracing::{info, warn};

use self::batch::{Batch, Piece};
use self::stream::{Stream, Writer};
use crate::backoff::Backoff;
use crate::host::Host;
use crate::rotation::Logs;
use crate::supervise::Unit;
use crate::telemetry::{self, Attribute};

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Of one call, over all instances; each has its part.
const BATCH_BYTES_MAX: usize = 512 << 10;
/// However many instances there are, one gets on with so much.
const PIECE_BYTES_MIN: usize = 4 << 10;
const PIECE_BYTES_MAX: usize = 64 << 10;
/// A control plane that does not want telemetry is not asked again before this.
const REFUSAL_PAUSE: Duration = Duration::from_secs(10 * 60);

/// The instances whose output is read.
#[derive(Default)]
pub(crate) struct Outflow(Mutex<BTreeMap<Instance, Followed>>);

struct Followed {
    /// What its lines say of where they come from.
    resource: Vec<Attribute>,
    /// Every value that it was ever started with, since lines of an earlier run may still be read.
    secrets: BTreeSet<String>,
    streams: Vec<Stream>,
    /// It writes no more: what is left is sent, and then it is forgotten.
    is_over: bool,
}

impl Outflow {
    /// Reads what the instance writes from now on. To be called before each start, with what it is started with.
    pub(crate) fn follow(&self, unit: &Unit, logs: &Logs, secrets: &[String]) {
        let declared = &unit.contract.logs;
        if !declared.send {
            return;
        }
        let mut all = self.all();
        let followed = all.entry(unit.instance.clone()).or_insert_with(|| {
            let mut resource = telemetry::of_instance(&unit.instance);
            resource.extend(unit.rollout.map(telemetry::of_rollout));
            let printed = [(Writer::Stdout, logs.stdout.clone()), (Writer::Stderr, logs.stderr.clone())];
            let files = declared.files.iter().map(|it| (Writer::File(it.clone()), unit.folder.join(it)));
            let streams = printed.into_iter().chain(files).map(|(writer, path)| Stream::at_end(writer, path));
            Followed { resource, secrets: BTreeSet::new(), streams: streams.collect(), is_over: false }
        });
        followed.is_over = false;
        let n_known = followed.secrets.len();
        followed.secrets.extend(secrets.iter().cloned());
        if followed.secrets.len() > n_known {
            let values: Vec<&str> = followed.secrets.iter().map(String::as_str).collect();
            followed.streams.iter_mut().for_each(|it| it.mask(&values));
        }
    }

    /// The instance has ended for good.
    pub(crate) fn close(&self, instance: &Instance) {
        if let Some(it) = self.all().get_mut(instance) {
            it.is_over = true;
        }
    }

    /// What has come since the last time, as much as goes into one call; whether there may be more at once.
    fn gather(&self) -> (Batch, bool) {
        let mut all = self.all();
        let n_streams: usize = all.values().map(|it| it.streams.len()).sum();
        let room = (BATCH_BYTES_MAX / n_streams.max(1)).clamp(PIECE_BYTES_MIN, PIECE_BYTES_MAX);
        let (mut batch, mut is_full) = (Batch::default(), false);
        all.retain(|instance, followed| {
            // With very many instances the first ones go first, and the others with the next call.
            if batch.size_bytes() >= BATCH_BYTES_MAX {
                is_full = true;
                return true;
            }
            let (mut has_more, mut n_dropped) = (false, 0);
            let mut pieces = Vec::new();
            for stream in &mut followed.streams {
                let read = stream.read(room, followed.is_over);
                has_more |= read.has_more;
                n_dropped += read.dropped_bytes;
                pieces.push(Piece { writer: stream.writer().clone(), lines: read.lines });
            }
            if n_dropped > 0 {
                warn!(%instance, "{n_dropped} bytes of its output came too fast and are not sent");
            }
            batch.add(&followed.resource, pieces, n_dropped);
            is_full |= has_more;
            !followed.is_over || has_more
        });
        (batch, is_full)
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<Instance, Followed>> {
        self.0.lock().expect("nobody panics while holding the outflow")
    }
}

/// Sends what instances write, for ever. While a call fails nothing more is read: it stays in the files.
pub(crate) async fn serve(host: &Host) -> Infallible {
    let mut backoff = Backoff::of_calls(host.name.as_str());
    loop {
        let (batch, is_full) = host.outflow.gather();
        if !batch.is_empty() {
            let request = batch.into_request();
            loop {
                match host.link.push_logs(request.clone()).await {
                    Ok(()) => {
                        backoff.reset();
                        break;
                    }
                    Err(fault) if fault.is_refusal() || fault.is_unauthorized() => {
                        info!("the output of services is not wanted: {fault}");
                        sleep(REFUSAL_PAUSE).await;
                        break;
                    }
                    Err(_) => sleep(backoff.next()).await,
                }
            }
        }
        if !is_full {
            sleep(LOOK_EVERY).await;
        }
    }
}
