//! Keeping what an effect printed.

use shipway_api::Code;
use shipway_api::operations::agent::{AppendStepLog, LOG_TEXT_BYTES_MAX, LogLength};

use crate::incoming::{Incoming, Outcome};
use crate::problem;
use crate::problem::Failure;

pub(super) async fn handle(it: Incoming<AppendStepLog>) -> Outcome<AppendStepLog> {
    let (key, host) = (it.body.key, &it.path.host);
    match super::is_for(&it.app.runtime.state(), &key, host) {
        Some(true) => {}
        Some(false) => {
            return Err(Failure::new(Code::Forbidden, format!("{key} is not for host {host}")));
        }
        None => return Err(Failure::new(Code::UnknownStep, format!("there is no effect {key}"))),
    }
    if it.body.text.len() > LOG_TEXT_BYTES_MAX {
        let detail = format!("a piece of {} bytes is larger than {LOG_TEXT_BYTES_MAX}", it.body.text.len());
        return Err(Failure::new(Code::TooLarge, detail));
    }
    let (logs, piece) = (it.app.logs.clone(), it.body);
    let append = tokio::task::spawn_blocking(move || logs.append(&key, piece.offset, piece.text.as_bytes()));
    let offset = append.await.map_err(|error| problem::internal(&error))??;
    Ok(LogLength { offset })
}
