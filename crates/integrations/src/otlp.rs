//! OTLP that is pushed to the control plane: metrics, logs and traces, kept in memory for as long as analyses look back.
//!
//! What is pushed belongs to a version of a service by its resource attributes `service.name` and `service.version`, and to
//! an environment by `deployment.environment.name`, where it says so; agents give all of them to what they start. What
//! names no service or no version is not kept. Every store is bounded; what does not fit is refused and counted in the
//! answer, as OTLP wants it.

mod logs;
mod metrics;
mod traces;

use std::io::Read as _;
use std::sync::{Arc, Mutex, PoisonError};

use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shipway_model::effect::MetricsSource;
use shipway_model::{Name, Version};
use shipway_runtime::telemetry::{About, Encoding, Pushed, Receive, Signal};

pub(crate) use self::logs::Line;
pub(crate) use self::metrics::{Amount, Wanted};
use crate::asking::now;

/// A packed body is not unpacked beyond this.
const UNPACKED_BYTES_MAX: u64 = 64 << 20;

/// All that was pushed lately.
#[derive(Debug, Default)]
pub struct Telemetry {
    metrics: Mutex<metrics::Metrics>,
    logs: Mutex<logs::Logs>,
    traces: Mutex<traces::Traces>,
}

/// Who says something: a version of a service, in an environment if it says so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Origin {
    service: String,
    version: String,
    environment: Option<String>,
}

/// Whose sayings are asked for.
#[derive(Debug, Clone)]
pub(crate) struct Speaker {
    pub(crate) environment: Name,
    pub(crate) service: Name,
    pub(crate) version: Version,
}

impl Speaker {
    pub(crate) fn of(metrics: &MetricsSource, version: &Version) -> Self {
        let MetricsSource { environment, service, .. } = metrics.clone();
        Self { environment, service, version: version.clone() }
    }

    fn is(&self, origin: &Origin) -> bool {
        origin.service == self.service.as_str()
            && origin.version == self.version.as_str()
            && origin.environment.as_ref().is_none_or(|it| it == self.environment.as_str())
    }
}

impl Telemetry {
    /// How much the instruments of a version grew between two instants, in nanoseconds since 1970; nothing when it has
    /// none of them.
    ///
    /// # Errors
    /// A sentence: what cannot be added up.
    pub(crate) fn growth(
        &self,
        speaker: &Speaker,
        wanted: &Wanted<'_>,
        from_ns: u64,
        to_ns: u64,
    ) -> Result<Option<Amount>, String> {
        locked(&self.metrics).growth(speaker, wanted, from_ns, to_ns)
    }

    /// The lines of a version from this one on, and the number of the next.
    pub(crate) fn lines(&self, speaker: &Speaker, from: u64) -> (Vec<Arc<Line>>, u64) {
        locked(&self.logs).lines(speaker, from)
    }

    /// How many bytes of what a version wrote its agents have passed over.
    pub(crate) fn dropped_bytes(&self, speaker: &Speaker) -> u64 {
        locked(&self.logs).dropped_bytes(speaker)
    }

    /// The spans of all traces in which a version of the service took part.
    pub(crate) fn spans(&self, speaker: &Speaker) -> Vec<shipway_analysis::traces::Span> {
        locked(&self.traces).spans(speaker)
    }

    fn keep(&self, export: Export, encoding: Encoding) -> Result<Vec<u8>, String> {
        match export {
            Export::Metrics(request) => written(&self.take_metrics(request), encoding),
            Export::Logs(request) => written(&self.take_logs(request), encoding),
            Export::Traces(request) => written(&self.take_traces(request), encoding),
        }
    }

    fn take_metrics(&self, request: ExportMetricsServiceRequest) -> ExportMetricsServiceResponse {
        let mut metrics = locked(&self.metrics);
        let mut rejected = 0;
        for it in request.resource_metrics {
            let origin = origin(it.resource.as_ref());
            for metric in it.scope_metrics.into_iter().flat_map(|it| it.metrics) {
                rejected += metrics.take(origin.as_ref(), metric);
            }
        }
        let partial = (rejected > 0).then(|| ExportMetricsPartialSuccess {
            rejected_data_points: rejected,
            error_message: NOT_KEPT.to_owned(),
        });
        ExportMetricsServiceResponse { partial_success: partial }
    }

    fn take_logs(&self, request: ExportLogsServiceRequest) -> ExportLogsServiceResponse {
        let now_ns = u64::try_from(now().as_nanosecond()).unwrap_or_default();
        let mut logs = locked(&self.logs);
        let mut rejected = 0;
        for it in request.resource_logs {
            let origin = origin(it.resource.as_ref());
            let instance =
                it.resource.as_ref().and_then(|it| text_of(it, "service.instance.id")).map(Arc::from);
            for record in it.scope_logs.into_iter().flat_map(|it| it.log_records) {
                rejected += i64::from(!logs.take(origin.as_ref(), instance.as_ref(), &record, now_ns));
            }
        }
        let partial = (rejected > 0).then(|| ExportLogsPartialSuccess {
            rejected_log_records: rejected,
            error_message: NOT_KEPT.to_owned(),
        });
        ExportLogsServiceResponse { partial_success: partial }
    }

    fn take_traces(&self, request: ExportTraceServiceRequest) -> ExportTraceServiceResponse {
        let mut traces = locked(&self.traces);
        let mut rejected = 0;
        for it in request.resource_spans {
            let origin = origin(it.resource.as_ref());
            for span in it.scope_spans.into_iter().flat_map(|it| it.spans) {
                rejected += i64::from(!traces.take(origin.as_ref(), span));
            }
        }
        let partial = (rejected > 0).then(|| ExportTracePartialSuccess {
            rejected_spans: rejected,
            error_message: NOT_KEPT.to_owned(),
        });
        ExportTraceServiceResponse { partial_success: partial }
    }
}

const NOT_KEPT: &str = "only counters, histograms, log records and spans of resources with service.name and service.version \
                        are kept, and of those no more than fits";

impl Receive for Telemetry {
    fn read(
        self: Arc<Self>,
        signal: Signal,
        encoding: Encoding,
        is_gzip: bool,
        body: &[u8],
    ) -> Result<Box<dyn Pushed>, String> {
        let export = Export::read(signal, encoding, is_gzip, body)?;
        Ok(Box::new(Waiting { telemetry: self, export, encoding }))
    }
}

/// A request that was read, and is not kept yet.
#[derive(Debug)]
enum Export {
    Metrics(ExportMetricsServiceRequest),
    Logs(ExportLogsServiceRequest),
    Traces(ExportTraceServiceRequest),
}

struct Waiting {
    telemetry: Arc<Telemetry>,
    export: Export,
    encoding: Encoding,
}

impl Pushed for Waiting {
    fn about(&self) -> About {
        let resources: Vec<Option<&Resource>> = match &self.export {
            Export::Metrics(it) => it.resource_metrics.iter().map(|it| it.resource.as_ref()).collect(),
            Export::Logs(it) => it.resource_logs.iter().map(|it| it.resource.as_ref()).collect(),
            Export::Traces(it) => it.resource_spans.iter().map(|it| it.resource.as_ref()).collect(),
        };
        // What names no service or no version is not kept, so it tells of nobody.
        let origins: Vec<Origin> = resources.into_iter().filter_map(origin).collect();
        About {
            services: origins.iter().map(|it| it.service.clone()).collect(),
            environments: origins.into_iter().filter_map(|it| it.environment).collect(),
        }
    }

    fn keep(self: Box<Self>) -> Result<Vec<u8>, String> {
        self.telemetry.keep(self.export, self.encoding)
    }
}

impl Export {
    fn read(signal: Signal, encoding: Encoding, is_gzip: bool, body: &[u8]) -> Result<Self, String> {
        let mut unpacked = Vec::new();
        let body = match is_gzip {
            false => body,
            true => {
                let mut reader = GzDecoder::new(body).take(UNPACKED_BYTES_MAX + 1);
                reader.read_to_end(&mut unpacked).map_err(|it| format!("the body is no gzip: {it}"))?;
                if unpacked.len() as u64 > UNPACKED_BYTES_MAX {
                    return Err(format!("the body has more than {UNPACKED_BYTES_MAX} bytes unpacked"));
                }
                &unpacked
            }
        };
        Ok(match signal {
            Signal::Metrics => Self::Metrics(read(encoding, body)?),
            Signal::Logs => Self::Logs(read(encoding, body)?),
            Signal::Traces => Self::Traces(read(encoding, body)?),
        })
    }
}

fn read<T: prost::Message + Default + DeserializeOwned>(
    encoding: Encoding,
    body: &[u8],
) -> Result<T, String> {
    match encoding {
        Encoding::Protobuf => T::decode(body).map_err(|it| format!("the body is no such message: {it}")),
        Encoding::Json => {
            serde_json::from_slice(body).map_err(|it| format!("the body is no such message: {it}"))
        }
    }
}

fn written<T: prost::Message + Serialize>(message: &T, encoding: Encoding) -> Result<Vec<u8>, String> {
    match encoding {
        Encoding::Protobuf => Ok(message.encode_to_vec()),
        Encoding::Json => serde_json::to_vec(message).map_err(|it| it.to_string()),
    }
}

fn origin(resource: Option<&Resource>) -> Option<Origin> {
    let resource = resource?;
    let text = |key: &str| text_of(resource, key);
    let environment = text("deployment.environment.name").or_else(|| text("deployment.environment"));
    Some(Origin { service: text("service.name")?, version: text("service.version")?, environment })
}

fn text_of(resource: &Resource, key: &str) -> Option<String> {
    let found = resource.attributes.iter().find(|it| it.key == key)?.value.as_ref()?;
    plain(found).filter(|it| !it.is_empty())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|it| format!("{it:02x}")).collect()
}

/// A value as text; nothing of lists and bytes.
fn plain(value: &AnyValue) -> Option<String> {
    match value.value.as_ref()? {
        Value::StringValue(it) => Some(it.clone()),
        Value::BoolValue(it) => Some(it.to_string()),
        Value::IntValue(it) => Some(it.to_string()),
        Value::DoubleValue(it) => Some(it.to_string()),
        _ => None,
    }
}

/// Pairs of keys and values, sorted.
fn attributes(of: &[KeyValue]) -> Vec<(String, String)> {
    let pair = |it: &KeyValue| Some((it.key.clone(), plain(it.value.as_ref()?)?));
    let mut pairs: Vec<_> = of.iter().filter_map(pair).collect();
    pairs.sort_unstable();
    pairs
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
