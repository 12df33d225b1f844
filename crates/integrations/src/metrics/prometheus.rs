//! Prometheus' HTTP API. Counters are fetched as raw samples, so that what happened in between is exact: no
//! extrapolation, and no increase lost in a reset.
//!
//! - A fallen counter began anew at zero.
//! - A series without a sample in the five minutes before the stretch begins with its first sample: what it had counted
//!   up to then may have been long ago.
//! - A sample belongs to the stretch in which it was scraped.

mod histogram;
pub(super) mod rules;
mod selector;
mod series;

use http::Method;
use shipway_model::analysis::Sample;
use shipway_model::resource::metric::{Endpoint, MetricKind, SeriesQuery};

use self::selector::Selector;
use self::series::Series;
use crate::asking::api::Api;
use crate::asking::{AskError, Question, TIMEOUT, whole, written};
use crate::outbound::Outbound;
use crate::spec::Spec;

pub(crate) const SPEC: Spec =
    Spec { kind: "prometheus", summary: "Counters and histograms of a Prometheus server, by its HTTP API." };

/// Before the stretch, for the sample that it begins with.
const LOOK_BACK_S: u64 = 300;
/// Series that one query may add up.
const SERIES_MAX: usize = 10_000;

pub(crate) async fn ask(
    outbound: &Outbound,
    source: &Endpoint,
    query: &SeriesQuery,
    question: &Question,
) -> Result<Option<Sample>, AskError> {
    let fetch = async |text: &Option<String>, is_histogram| match text {
        Some(text) => {
            let mut selector: Selector = text.parse().map_err(AskError::Invalid)?;
            selector.require(&query.version_label, question.version.as_str());
            if is_histogram {
                selector.allow_suffix("_bucket");
            }
            series(outbound, source, &selector.to_string(), question).await
        }
        None => Ok(Vec::new()),
    };
    if question.metric.kind == MetricKind::Latency {
        let series = fetch(&query.latency, true).await?;
        let in_ms = question.metric.unit.as_deref() == Some("ms");
        let latency = histogram::increase(&series, question, in_ms).map_err(AskError::Invalid)?;
        return Ok(latency.map(|it| Sample { latency: Some(it), ..Sample::default() }));
    }
    let sum = async |text: &Option<String>| -> Result<Option<f64>, AskError> {
        let series = fetch(text, false).await?;
        let grown = series.iter().filter_map(|it| it.increase(question));
        Ok(grown.fold(None, |sum: Option<f64>, it| Some(sum.unwrap_or(0.0) + it)))
    };
    let (n, x) = (sum(&query.n).await?, sum(&query.x).await?);
    let (total, sum_sq) = (sum(&query.sum).await?, sum(&query.sum_sq).await?);
    // Hits have no series before the first one; units do.
    let x = x.or(n.filter(|_| query.x.is_some()).map(|_| 0.0));
    if n.is_none() && x.is_none() {
        return Ok(None);
    }
    let (n, x) = (n.map(whole).transpose()?, x.map(whole).transpose()?);
    Ok(Some(Sample { n, x, sum: total, sum_sq, ..Sample::default() }))
}

/// The selector with the version in it; as it stands where it is none, which asking tells.
pub(crate) fn narrowed(text: &str, label: &str, version: &str) -> String {
    match text.parse::<Selector>() {
        Ok(mut selector) => {
            selector.require(label, version);
            selector.to_string()
        }
        Err(_) => text.to_owned(),
    }
}

async fn series(
    outbound: &Outbound,
    source: &Endpoint,
    selector: &str,
    question: &Question,
) -> Result<Vec<Series>, AskError> {
    let range_s = question.to.duration_since(question.from).as_secs().cast_unsigned() + 1 + LOOK_BACK_S;
    let encode = |text: &str| form_urlencoded(text);
    let form = format!(
        "query={}&time={}&timeout={}s",
        encode(&format!("{selector}[{range_s}s]")),
        encode(&written(question.to)),
        TIMEOUT.as_secs()
    );
    let body = api(outbound, source).ask(Method::POST, "/api/v1/query", Some(form)).await?;
    let series = series::read(&body).map_err(AskError::Invalid)?;
    if series.len() > SERIES_MAX {
        return Err(AskError::Invalid(format!("{} series fit {selector}", series.len())));
    }
    Ok(series)
}

fn api<'a>(outbound: &'a Outbound, source: &'a Endpoint) -> Api<'a> {
    Api { outbound, url: &source.url, token_variable: source.token_variable.as_deref() }
}

/// As browsers send forms; also safe within a URL.
pub(super) fn form_urlencoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte))
            }
            _ => encoded += &format!("%{byte:02X}"),
        }
    }
    encoded
}

#[cfg(test)]
pub(super) mod tests {
    pub(in crate::metrics) use super::series::tests::question;
}
