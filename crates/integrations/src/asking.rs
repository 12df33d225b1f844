//! Asking a source what one version came to during a stretch of time.

pub(crate) mod api;
pub(crate) mod series;

use std::time::Duration;

use jiff::Timestamp;
use shipway_model::analysis::Sample;
use shipway_model::resource::metric::{Metric, Query, Source};
use shipway_model::{Name, Version};

use crate::metrics::{csv, http, otlp, prometheus, sql};
use crate::otlp::Telemetry;
use crate::outbound::{CallError, Outbound};

/// For everything that one question takes.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) source: Source,
    pub(crate) query: Query,
    pub(crate) metric: Metric,
    pub(crate) environment: Name,
    pub(crate) service: Name,
    pub(crate) version: Version,
    /// Inclusive.
    pub(crate) from: Timestamp,
    /// Exclusive.
    pub(crate) to: Timestamp,
}

/// Why there are no numbers. Each is a sentence's end, after the metric's name.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("the source did not answer within {TIMEOUT:?}")]
    TimedOut,
    #[error("the source answered {0}")]
    Status(String),
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
    #[error("the answer makes no sense: {0}")]
    Invalid(String),
    #[error("the environment variable {0} is not set for the control plane")]
    Variable(String),
    #[error("the file cannot be read: {0}")]
    File(#[from] std::io::Error),
    #[error("the database says: {0}")]
    Database(String),
}

/// What the version came to; nothing when the source has no number of it, which is not the same as zero.
pub(crate) async fn ask(
    (outbound, telemetry): (&Outbound, &Telemetry),
    question: Question,
) -> Result<Option<Sample>, AskError> {
    let asked = async {
        match (&question.source, &question.query) {
            (Source::Prometheus(source), Query::Prometheus(query)) => {
                prometheus::ask(outbound, source, query, &question).await
            }
            (Source::Http(source), Query::Http(query)) => http::ask(outbound, source, query, &question).await,
            (Source::Sql(source), Query::Sql(query)) => sql::ask(source, query, &question).await,
            (Source::Csv(source), Query::Csv(_)) => csv::ask(source, &question).await,
            (Source::Otlp(_), Query::Otlp(query)) => otlp::ask(telemetry, query, &question),
            (source, query) => {
                let (asked, is) = (query.word(), source.word());
                Err(AskError::Invalid(format!("the source is of kind {is}, and the query of kind {asked}")))
            }
        }
    };
    tokio::time::timeout(TIMEOUT, asked).await.unwrap_or(Err(AskError::TimedOut))
}

/// The time of day, which is what sources tell their numbers by: theirs is no time of the ledger's.
#[expect(clippy::disallowed_methods, reason = "sources live in the time of the world outside")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// RFC 3339 with milliseconds, so that texts sort as times do.
pub(crate) fn written(time: Timestamp) -> String {
    format!("{time:.3}")
}

/// A secret of the control plane's own environment.
pub(crate) fn variable(name: &str) -> Result<String, AskError> {
    std::env::var(name).map_err(|_| AskError::Variable(name.to_owned()))
}

/// A whole number out of sums of floating-point counters.
pub(crate) fn whole(value: f64) -> Result<u64, AskError> {
    /// Up to here a floating-point number counts exactly.
    const MAX: f64 = (1_u64 << 53) as f64;
    if (0.0..=MAX).contains(&value) {
        return Ok(value.round() as u64);
    }
    Err(AskError::Invalid(format!("{value} counts nothing")))
}

#[cfg(test)]
mod contract;
