//! What an analysis compares, and where the numbers come from: sources by environment, queries by metric.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Millis, Name};

/// One thing that an analysis compares.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metric {
    /// `errors` and `latency` are the router's own, unless `from` says otherwise.
    pub name: Name,
    pub kind: MetricKind,
    /// Which change is bad; a decrease for `mean`, an increase for all other kinds when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// Must be reported for there to be a verdict, and weighs twice as much.
    #[serde(default)]
    pub critical: bool,
    /// Ratio up to which the new version is no worse; the analysis' own when absent, for `mean` 1.05.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1.0, max = 100.0))]
    pub margin: Option<f64>,
    /// Ratio that health has to rule out; 2 when absent, for `mean` 1.25.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1.01, max = 1000.0))]
    pub harm: Option<f64>,
    /// Of a proportion: a difference of shares up to which the new version is no worse, whatever the ratio is. Of a
    /// latency in milliseconds, of a mean in its own unit, of a count in events per request or, if its exposure is time, per
    /// second, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.000001, max = 1000000.0))]
    pub margin_absolute: Option<f64>,
    /// Of a proportion a difference of shares, of a count one of rates, that is small enough to be healthy, whatever the
    /// ratio is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.000001, max = 1000000.0))]
    pub harm_absolute: Option<f64>,
    /// Part of the evidence, relative to those of the others; 2 if critical, else 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.000001, max = 1000000.0))]
    pub weight: Option<f64>,
    /// Below so many units of the new version the metric says nothing; 50 when absent, for `count` 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_samples: Option<u64>,
    /// What a `count` is relative to.
    #[serde(default)]
    pub exposure: Exposure,
    /// In which it is counted, for people: `EUR`, `orders`. Of a latency: `s` (when absent) or `ms`, as its source has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Least and greatest value for `judge: threshold`: of a share, a rate per second, a mean, or a p99 in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Threshold>,
    /// Beyond these values the new version fails, for `judge: threshold`; what is within them and beyond `threshold` is
    /// inconclusive. When absent, everything beyond `threshold` fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Threshold>,
    /// Who has the numbers; the router when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Query>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MetricKind {
    /// Units that were hit among all, such as failed requests or sessions that bought something.
    Proportion,
    /// Durations.
    Latency,
    /// Events without a denominator.
    Count,
    /// A quantity per unit, such as revenue per session.
    Mean,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    Increase,
    Decrease,
}

/// What the number of events is proportional to while nothing is wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Exposure {
    #[default]
    Requests,
    /// Seconds of the version as a whole, however many instances it has: for versions of one size, such as a canary and its
    /// fresh control.
    Time,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Threshold {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

/// A place that has numbers, as an environment declares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// Its HTTP API.
    Prometheus(Endpoint),
    /// A server that answers with JSON.
    Http(Endpoint),
    /// A database that is only read.
    Sql(Database),
    /// A file on the control plane's machine that grows at its end.
    Csv(CsvFile),
    /// What is pushed to the control plane as OTLP metrics.
    Otlp(Pushed),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Endpoint {
    /// For example `http://127.0.0.1:9090`.
    pub url: String,
    /// The control plane's environment variable that holds a bearer token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_variable: Option<String>,
    /// Numbers younger than this are not asked for, because they may still be on their way; 15 s when absent.
    #[serde(default = "lag_default")]
    pub lag: Millis,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Database {
    pub dialect: Dialect,
    /// The control plane's environment variable that holds where it is: for PostgreSQL a connection string, for SQLite
    /// the path of a file.
    pub url_variable: String,
    #[serde(default = "lag_default")]
    pub lag: Millis,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Dialect {
    Postgresql,
    Sqlite,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CsvFile {
    /// Absolute.
    pub path: String,
    #[serde(default = "lag_default")]
    pub lag: Millis,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pushed {
    /// Exporters push every minute by default; 75 s when absent.
    #[serde(default = "pushed_lag_default")]
    pub lag: Millis,
}

fn pushed_lag_default() -> Millis {
    Millis::from_secs(75)
}

fn lag_default() -> Millis {
    Millis::from_secs(15)
}

/// What to ask a source for. The version is always Shipway's to fill in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Query {
    Prometheus(SeriesQuery),
    Http(HttpQuery),
    Sql(SqlQuery),
    Csv(CsvQuery),
    Otlp(InstrumentQuery),
}

/// Counters by the part of the metric that they count. Each is a series selector without functions, for example
/// `http_requests_total{code=~"5.."}`; all series of a version are added up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeriesQuery {
    /// Under `metrics` of the environment.
    pub source: Name,
    /// Units: of a proportion or a mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    /// Hits among the units, or events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// Sum over the units, of a mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum: Option<String>,
    /// Sum of the squares, of a mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum_sq: Option<String>,
    /// A histogram, classic (its name without `_bucket`) or native.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<String>,
    /// The label that tells versions apart.
    #[serde(default = "version_label_default")]
    pub version_label: String,
}

fn version_label_default() -> String {
    "version".to_owned()
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HttpQuery {
    pub source: Name,
    /// Behind the source's URL. `${version}`, `${from}` and `${to}` (RFC 3339) are filled in, encoded for a URL. The answer
    /// is an object with `n`, `x`, `sum`, `sumSq` and `values`, as far as the kind needs them.
    pub path: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SqlQuery {
    pub source: Name,
    /// One SELECT with the parameters `:version`, `:from` and `:to` (RFC 3339 texts), whose one row has columns `n`, `x`,
    /// `sum`, `sum_sq`, or whose rows have one column `value`.
    pub query: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CsvQuery {
    /// Its columns are `time` (RFC 3339), `version`, `metric`, and `n`, `x`, `sum`, `sum_sq` or `value`.
    pub source: Name,
}

/// Instruments by the part of the metric that they count; the points of a version are added up over all attributes that
/// `where` admits. Of a histogram, `n` and `x` are its counts, and `sum` its sum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InstrumentQuery {
    pub source: Name,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<Instrument>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<Instrument>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum: Option<Instrument>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum_sq: Option<Instrument>,
    /// A histogram, with explicit bounds or exponential ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Instrument>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Instrument {
    /// For example `http.server.request.duration`.
    pub name: String,
    /// Attributes that a point must have; `*` stands for anything, as in `5*`.
    #[serde(default, rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
}

impl Query {
    /// The source's name.
    pub const fn source(&self) -> &Name {
        match self {
            Self::Prometheus(it) => &it.source,
            Self::Http(it) => &it.source,
            Self::Sql(it) => &it.source,
            Self::Csv(it) => &it.source,
            Self::Otlp(it) => &it.source,
        }
    }

    /// One word, as in files.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Prometheus(_) => "prometheus",
            Self::Http(_) => "http",
            Self::Sql(_) => "sql",
            Self::Csv(_) => "csv",
            Self::Otlp(_) => "otlp",
        }
    }
}

impl Source {
    /// One word, as in files.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Prometheus(_) => "prometheus",
            Self::Http(_) => "http",
            Self::Sql(_) => "sql",
            Self::Csv(_) => "csv",
            Self::Otlp(_) => "otlp",
        }
    }

    pub const fn lag(&self) -> Millis {
        match self {
            Self::Prometheus(it) | Self::Http(it) => it.lag,
            Self::Sql(it) => it.lag,
            Self::Csv(it) => it.lag,
            Self::Otlp(it) => it.lag,
        }
    }
}
