//! Reports: outcomes and condition changes, from the journal to the control plane until it has them.

use std::convert::Infallible;
use std::sync::Arc;

use shipway_api::operations::agent::{EffectReport, InstanceReport, ReportStatus};
use tokio::time::sleep;
use tracing::{error, info, warn};

use crate::backoff::Backoff;
use crate::host::Host;
use crate::journal::{Change, Entry};
use crate::link::LinkError;

/// In one call.
const REPORTS_MAX: usize = 100;
const DETAIL_CHARS_MAX: usize = 2000;

/// Reports whatever comes to wait.
pub(crate) async fn serve(host: &Arc<Host>) -> Infallible {
    let mut backoff = Backoff::of_calls(host.name.as_str());
    loop {
        host.to_report.notified().await;
        while let Err(fault) = send_waiting(host).await {
            let delay = backoff.next();
            warn!("reports wait: {fault}; trying again after {delay:?}");
            sleep(delay).await;
        }
        backoff.reset();
    }
}

/// Sends all that waits, outcomes first.
pub(crate) async fn send_waiting(host: &Host) -> Result<(), LinkError> {
    // One at a time: what is on its way is not sent by another as well.
    let _sending = host.sending.lock().await;
    while send_outcomes(host).await? {}
    while send_changes(host).await? {}
    Ok(())
}

/// False when none waited.
async fn send_outcomes(host: &Host) -> Result<bool, LinkError> {
    let reports: Vec<EffectReport> = host.journal.read(|it| {
        let report = |(key, generation, outcome): (_, _, &_)| EffectReport {
            key,
            generation,
            outcome: Clone::clone(outcome),
        };
        it.unreported().take(REPORTS_MAX).map(report).collect()
    });
    if reports.is_empty() {
        return Ok(false);
    }
    match host.link.report(reports.clone()).await {
        Ok(results) => {
            for result in results {
                match result.status {
                    ReportStatus::Accepted | ReportStatus::Repeated => info!(key = %result.key, "reported"),
                    ReportStatus::Fenced => {
                        warn!(key = %result.key, "reported too late: the lease had passed on")
                    }
                    ReportStatus::Refused => {
                        let reason = result.reason.unwrap_or_default();
                        error!(key = %result.key, "the report was refused: {reason}");
                    }
                    ReportStatus::Unknown => warn!(key = %result.key, "reported, but not wanted any more"),
                }
            }
        }
        // It will hand the effects out again if it still wants them, and get the same outcomes.
        Err(fault) if fault.is_refusal() => error!("reports were refused: {fault}"),
        Err(fault) => return Err(fault),
    }
    for EffectReport { key, generation, .. } in reports {
        host.journal.note_past(Entry::Reported { key, generation }).await;
    }
    Ok(true)
}

/// False when none waited.
async fn send_changes(host: &Host) -> Result<bool, LinkError> {
    let waiting: Vec<Change> = host.journal.read(|it| it.changes.iter().take(REPORTS_MAX).cloned().collect());
    let Some(through) = waiting.last().map(|it| it.sequence) else { return Ok(false) };
    let changes = waiting.into_iter().map(|it| InstanceReport {
        instance: it.instance,
        condition: it.condition,
        detail: it.detail.chars().take(DETAIL_CHARS_MAX).collect(),
    });
    match host.link.tell(changes.collect()).await {
        Ok(()) => {}
        Err(fault) if fault.is_refusal() => error!("condition changes were refused: {fault}"),
        Err(fault) => return Err(fault),
    }
    host.journal.note_past(Entry::Told { through }).await;
    Ok(true)
}
