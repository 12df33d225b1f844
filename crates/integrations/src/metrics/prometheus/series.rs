//! The series of an answer, and how much a counter grew.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use crate::asking::Question;

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Series {
    #[serde(rename = "metric")]
    pub(super) labels: BTreeMap<String, String>,
    /// Seconds and numbers as texts, in the order of time.
    #[serde(default)]
    values: Vec<(f64, String)>,
    /// Of native histograms.
    #[serde(default)]
    pub(super) histograms: Vec<(f64, Native)>,
}

/// A native histogram at one moment. The count and the buckets are numbers as texts.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Native {
    pub(super) count: String,
    /// Which of its ends a bucket includes, its ends, and its count.
    #[serde(default)]
    pub(super) buckets: Vec<(i64, String, String, String)>,
}

#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    result_type: String,
    result: Vec<Series>,
}

/// The body of a query with a range selector.
pub(super) fn read(body: &[u8]) -> Result<Vec<Series>, String> {
    let answer: Answer = serde_json::from_slice(body).map_err(|it| it.to_string())?;
    match answer.data.result_type.as_str() {
        "matrix" => Ok(answer.data.result),
        other => Err(format!("it is a {other} where a matrix was asked for")),
    }
}

impl Series {
    /// How much the counter grew during the stretch; nothing if it has no two samples to tell by.
    pub(super) fn increase(&self, question: &Question) -> Option<f64> {
        let values = self.values.iter().filter_map(|(at, value)| Some((*at, value.parse().ok()?)));
        let fell = |before: &f64, now: &f64| now < before;
        let pairs = within(values.filter(|(_, value): &(f64, f64)| value.is_finite()), question);
        let mut grown = None;
        for (before, now) in pairs {
            let step = if fell(&before, &now) { now } else { now - before };
            grown = Some(grown.unwrap_or(0.0) + step);
        }
        grown
    }
}

/// Neighbouring samples of which the later one lies in the stretch. Times that come twice count once.
pub(super) fn within<T: Clone>(samples: impl Iterator<Item = (f64, T)>, question: &Question) -> Vec<(T, T)> {
    let (from, to) = (seconds(question.from), seconds(question.to));
    let mut pairs = Vec::new();
    let mut last: Option<(f64, T)> = None;
    for (at, value) in samples {
        if at >= to || last.as_ref().is_some_and(|(before, _)| at <= *before) {
            continue;
        }
        if let Some((_, before)) = last.replace((at, value.clone()))
            && at >= from
        {
            pairs.push((before, value));
        }
    }
    pairs
}

fn seconds(time: Timestamp) -> f64 {
    time.as_millisecond() as f64 / 1000.0
}

#[cfg(test)]
pub(in crate::metrics) mod tests {
    use shipway_model::resource::metric::{Endpoint, Query, SeriesQuery, Source};

    use super::*;

    /// From second 100 to 110.
    pub(in crate::metrics) fn question() -> Question {
        let name = |text: &str| text.parse().unwrap();
        let query = SeriesQuery {
            source: name("main"),
            n: None,
            x: None,
            sum: None,
            sum_sq: None,
            latency: None,
            version_label: "version".to_owned(),
        };
        let metric = serde_json::json!({"name": "errors", "kind": "proportion"});
        Question {
            environment: "prod".parse().unwrap(),
            service: "web".parse().unwrap(),
            source: Source::Prometheus(Endpoint {
                url: String::new(),
                token_variable: None,
                lag: shipway_model::Millis::ZERO,
            }),
            query: Query::Prometheus(query),
            metric: serde_json::from_value(metric).unwrap(),
            version: "1.0.0".parse().unwrap(),
            from: Timestamp::from_second(100).unwrap(),
            to: Timestamp::from_second(110).unwrap(),
        }
    }

    fn check(values: &[(f64, f64)], expect: Option<f64>) {
        let values = values.iter().map(|(at, value)| (*at, value.to_string())).collect();
        let series = Series { labels: BTreeMap::new(), values, histograms: Vec::new() };
        assert_eq!(series.increase(&question()), expect, "{series:?}");
    }

    #[test]
    fn growth_is_counted_where_it_was_scraped() {
        check(&[(95.0, 10.0), (100.0, 13.0), (105.0, 14.0), (110.0, 99.0)], Some(4.0));
        check(&[(40.0, 10.0), (99.9, 13.0), (109.9, 14.0)], Some(1.0));
    }

    #[test]
    fn resets_lose_nothing_that_was_scraped() {
        check(&[(95.0, 10.0), (101.0, 12.0), (103.0, 3.0), (105.0, 4.0)], Some(6.0));
        check(&[(95.0, 10.0), (101.0, 0.0)], Some(0.0));
    }

    #[test]
    fn late_missing_and_repeated_samples() {
        check(&[], None);
        check(&[(95.0, 10.0)], None);
        check(&[(103.0, 10.0)], None);
        check(&[(103.0, 10.0), (105.0, 11.0)], Some(1.0));
        check(&[(95.0, 10.0), (103.0, 11.0), (103.0, 50.0), (102.0, 9.0), (104.0, 12.0)], Some(2.0));
        check(&[(95.0, 10.0), (103.0, f64::NAN), (104.0, 12.0)], Some(2.0));
    }

    #[test]
    fn answers_are_matrices() {
        let matrix = br#"{"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{"__name__":"a"},"values":[[1.5,"2"],[3,"NaN"]]}]}}"#;
        assert_eq!(read(matrix).unwrap()[0].values, [(1.5, "2".to_owned()), (3.0, "NaN".to_owned())]);
        for text in [
            "",
            "{}",
            r#"{"data":{"resultType":"vector","result":[]}}"#,
            r#"{"data":{"resultType":"matrix","result":[{}]}}"#,
        ] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
