//! Taking reports of how effects ended.

use futures_util::future::try_join_all;
use shipway_api::operations::agent::{
    EffectReport, ReportEffects, ReportResult, ReportResults, ReportStatus,
};
use shipway_engine::Command;
use shipway_runtime::{Submission, SubmitError};

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ReportEffects>) -> Outcome<ReportEffects> {
    // Together, so that they share one durable write.
    let results = try_join_all(it.body.reports.iter().map(|report| take(&it, report))).await?;
    Ok(ReportResults { results })
}

async fn take(it: &Incoming<ReportEffects>, report: &EffectReport) -> Result<ReportResult, SubmitError> {
    let result = |status, reason| ReportResult { key: report.key, status, reason };
    match super::is_for(&it.app.runtime.state(), &report.key, &it.path.host) {
        Some(true) => {}
        Some(false) => {
            let reason = format!("{} is not for host {}", report.key, it.path.host);
            return Ok(result(ReportStatus::Refused, Some(reason)));
        }
        None => return Ok(result(ReportStatus::Unknown, None)),
    }
    // No idempotency key is needed: the same outcome reported twice is the same.
    let submission = Submission {
        actor: it.caller.actor(),
        key: None,
        command: Command::Report { key: report.key, outcome: report.outcome.clone() },
        generation: Some((report.key, report.generation)),
    };
    match it.app.runtime.submit(submission).await {
        Ok(receipt) if receipt.repeated => Ok(result(ReportStatus::Repeated, None)),
        Ok(_) => Ok(result(ReportStatus::Accepted, None)),
        Err(SubmitError::Fenced { current: Some(_) }) => Ok(result(ReportStatus::Fenced, None)),
        Err(SubmitError::Fenced { current: None }) => Ok(result(ReportStatus::Unknown, None)),
        Err(SubmitError::Rejected(rejection)) => {
            Ok(result(ReportStatus::Refused, Some(rejection.to_string())))
        }
        Err(error) => Err(error),
    }
}
