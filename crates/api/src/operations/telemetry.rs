//! OTLP over HTTP, as every OpenTelemetry SDK and collector pushes it. Paths, bodies and answers are OpenTelemetry's.

use super::operations;
use crate::payload::Otlp;

operations! {
    /// Push metrics over OTLP: counters and histograms of a version are kept for as long as analyses look back.
    PushMetrics "pushMetrics": Post "/v1/metrics", BuilderOrAgent {
        body: Otlp,
        answer: Otlp,
    }

    /// Push logs over OTLP: the latest lines of a version are kept for comparison.
    PushLogs "pushLogs": Post "/v1/logs", BuilderOrAgent {
        body: Otlp,
        answer: Otlp,
    }

    /// Push traces over OTLP: the latest are kept for comparison.
    PushTraces "pushTraces": Post "/v1/traces", BuilderOrAgent {
        body: Otlp,
        answer: Otlp,
    }
}
