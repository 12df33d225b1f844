//! Logs of steps.

use bytes::Bytes;

use super::call::{send, unreachable};
use super::{ANSWER_TIMEOUT, Client, Error};
use crate::operations::rollout::{LogQuery, ReadStepLog, StepPath};

impl Client {
    /// What a step printed, from `query.offset` on; at most what one answer holds. Empty at the end.
    ///
    /// # Errors
    /// `unknown-rollout` and `unknown-step` among others.
    pub async fn read_step_log(&self, path: StepPath, query: LogQuery) -> Result<Bytes, Error> {
        let response = send(self.request::<ReadStepLog>(&path, &query).timeout(ANSWER_TIMEOUT)).await?;
        response.bytes().await.map_err(unreachable)
    }
}
