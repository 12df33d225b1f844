//! The control plane, as the agent sees it.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use serde_json::Value;
use shipway_api::Client;
use shipway_api::client::Error;
use shipway_api::operations::agent::{
    AgentPath, AgentRegistration, AppendStepLog, EffectReport, InstanceReport, InstanceReports, LeaseAsk,
    LeaseEffects, Leases, LogPiece, RegisterAgent, Renewal, ReportEffects, ReportInstances, ReportResult,
    ReportStrays, Reports, ShowOrders, StrayReport,
};
use shipway_api::operations::telemetry::PushLogs;
use shipway_api::view::agent::Orders;
use shipway_model::effect::EffectKey;
use shipway_model::stray::Stray;
use shipway_model::{Digest, Name};

/// How much longer than it was asked to wait an answer may take.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(10);

#[derive(Debug, thiserror::Error)]
#[error("{}", with_sources(.0))]
pub struct LinkError(#[from] Error);

impl LinkError {
    /// Whether the control plane said no for good: the same call will not succeed later.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(&self.0, Error::Refused(_)) && !self.0.is_transient() && !self.is_unauthorized()
    }

    /// Whether the token does not allow the call.
    pub(crate) fn is_unauthorized(&self) -> bool {
        self.0.problem().is_some_and(|it| matches!(it.status, 401 | 403))
    }
}

/// Speaks for one host. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Link {
    client: Client,
    host: Name,
}

impl Link {
    pub(crate) fn new(server: &str, token: &str, host: Name) -> Result<Self, LinkError> {
        Ok(Self { client: Client::new(server, token)?, host })
    }

    pub(crate) async fn register(
        &self,
        address: IpAddr,
        labels: BTreeMap<String, String>,
    ) -> Result<(), LinkError> {
        let registration = AgentRegistration { host: self.host.clone(), address, labels };
        self.client.call::<RegisterAgent>((), (), registration).timeout(ANSWER_WAIT_MAX).await?;
        Ok(())
    }

    /// Waits up to `wait` for something to do.
    pub(crate) async fn lease(
        &self,
        max: u32,
        wait: Duration,
        holder: &str,
        renew: Vec<Renewal>,
    ) -> Result<Leases, LinkError> {
        let wait_ms = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX);
        let ask = LeaseAsk { max, wait_ms, holder: Some(holder.to_owned()), renew };
        let call = self.client.call::<LeaseEffects>(self.path(), (), ask);
        Ok(call.timeout(wait + ANSWER_WAIT_MAX).await?.value)
    }

    pub(crate) async fn report(&self, reports: Vec<EffectReport>) -> Result<Vec<ReportResult>, LinkError> {
        let call = self.client.call::<ReportEffects>(self.path(), (), Reports { reports });
        Ok(call.timeout(ANSWER_WAIT_MAX).await?.value.results)
    }

    pub(crate) async fn tell(&self, changes: Vec<InstanceReport>) -> Result<(), LinkError> {
        let call = self.client.call::<ReportInstances>(self.path(), (), InstanceReports { changes });
        call.timeout(ANSWER_WAIT_MAX).await?;
        Ok(())
    }

    pub(crate) async fn tell_strays(&self, strays: Vec<Stray>) -> Result<(), LinkError> {
        let call = self.client.call::<ReportStrays>(self.path(), (), StrayReport { strays });
        call.timeout(ANSWER_WAIT_MAX).await?;
        Ok(())
    }

    pub(crate) async fn orders(&self) -> Result<Orders, LinkError> {
        Ok(self.client.call::<ShowOrders>(self.path(), (), ()).timeout(ANSWER_WAIT_MAX).await?.value)
    }

    /// Appends `text` at `offset`, both in bytes, and returns how much the control plane has now.
    pub(crate) async fn append_log(
        &self,
        key: EffectKey,
        offset: u64,
        text: String,
    ) -> Result<u64, LinkError> {
        let call = self.client.call::<AppendStepLog>(self.path(), (), LogPiece { key, offset, text });
        Ok(call.timeout(ANSWER_WAIT_MAX).await?.value.offset)
    }

    /// Pushes log records: an OTLP export request in JSON.
    pub(crate) async fn push_logs(&self, request: Value) -> Result<(), LinkError> {
        self.client.call::<PushLogs>((), (), request).timeout(ANSWER_WAIT_MAX).await?;
        Ok(())
    }

    /// Fetches the bytes with this digest; whether they have it is for the caller to check.
    pub(crate) async fn blob(
        &self,
        digest: Digest,
    ) -> Result<impl Stream<Item = Result<Bytes, LinkError>> + Send + Unpin + use<>, LinkError> {
        let body = self.client.get_blob(digest).await?;
        Ok(body.map(|piece| piece.map_err(LinkError)))
    }

    fn path(&self) -> AgentPath {
        AgentPath { host: self.host.clone() }
    }
}

fn with_sources(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(it) = source {
        text += &format!(": {it}");
        source = it.source();
    }
    text
}
