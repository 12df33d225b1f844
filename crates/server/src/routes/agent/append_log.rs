//! Keeping what an effect printed.

use shipway_api::operations::agent::{AppendStepLog, LOG_TEXT_BYTES_MAX, LogLength};
use shipway_api::{Code, Problem};

use crate::incoming::{Incoming, Outcome};
use crate::problem;

pub(super) async fn handle(it: Incoming<AppendStepLog>) -> Outcome<AppendStepLog> {
    let (key, host) = (it.body.key, &it.path.host);
    match super::is_for(&it.app.runtime.state(), &key, host) {
        Some(true) => {}
        Some(false) => {
            return Err(Problem::new(Code::Forbidden, format!("{key} is not for host {host}")).into());
        }
        None => return Err(Problem::new(Code::UnknownStep, format!("there is no effect {key}")).into()),
    }
    if it.body.text.len() > LOG_TEXT_BYTES_MAX {
        let detail = format!("a piece of {} bytes is larger than {LOG_TEXT_BYTES_MAX}", it.body.text.len());
        return Err(Problem::new(Code::TooLarge, detail).into());
    }
    let (logs, piece) = (it.app.logs.clone(), it.body);
    let append = tokio::task::spawn_blocking(move || logs.append(&key, piece.offset, piece.text.as_bytes()));
    let offset = append.await.map_err(|error| problem::internal(&error))??;
    Ok(LogLength { offset })
}
