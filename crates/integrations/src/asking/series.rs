//! What a source is asked, written for people who look on: a selector, a query, a path. Nothing of it is a secret.

use shipway_model::resource::metric::{Instrument, Metric, Query};

use crate::metrics::prometheus::narrowed;
use crate::metrics::router::{BUCKETS, ERRORS};
use crate::otlp::Speaker;

/// How the numbers of a metric are asked for, of one version. One that declares no source is the router's.
pub(crate) fn query_of(name: &str, metric: Option<&Metric>, speaker: &Speaker) -> String {
    let Speaker { environment, service, version } = speaker;
    match metric.and_then(|it| it.from.as_ref()) {
        None => {
            let series = if name == "latency" { BUCKETS } else { ERRORS };
            format!("{series}{{environment=\"{environment}\",service=\"{service}\",version=\"{version}\"}}")
        }
        Some(Query::Prometheus(it)) => {
            let parts = [("n", &it.n), ("x", &it.x), ("sum", &it.sum), ("latency", &it.latency)];
            let narrowed = |text: &str| narrowed(text, &it.version_label, version.as_str());
            joined(parts.into_iter().filter_map(|(part, text)| Some((part, narrowed(text.as_deref()?)))))
        }
        Some(Query::Http(it)) => it.path.replace("${version}", version.as_str()),
        Some(Query::Sql(it)) => format!("{} [:version = {version}]", it.query),
        Some(Query::Csv(_)) => format!("metric = {name}, version = {version}"),
        Some(Query::Otlp(it)) => {
            let parts = [("n", &it.n), ("x", &it.x), ("sum", &it.sum), ("latency", &it.latency)];
            let of = format!("service.name=\"{service}\", service.version=\"{version}\"");
            let written = |it: &Instrument| {
                let also = it.attributes.iter().map(|(key, value)| format!(", {key}=\"{value}\""));
                format!("{}{{{of}{}}}", it.name, also.collect::<String>())
            };
            joined(parts.into_iter().filter_map(|(part, it)| Some((part, written(it.as_ref()?)))))
        }
    }
}

fn joined<'a>(parts: impl Iterator<Item = (&'a str, String)>) -> String {
    parts.map(|(part, text)| format!("{part}: {text}")).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check(from: Value, expect: &str) {
        let speaker = Speaker {
            environment: "prod".parse().unwrap(),
            service: "web".parse().unwrap(),
            version: "1.1.0".parse().unwrap(),
        };
        let metric = json!({"name": "conversion", "kind": "proportion", "from": from});
        let metric: Metric = serde_json::from_value(metric).unwrap();
        assert_eq!(query_of("conversion", Some(&metric), &speaker), expect);
    }

    #[test]
    fn every_source_is_told_as_it_is_asked() {
        check(
            json!({"prometheus": {"source": "p", "n": "a", "x": "a{code=\"500\"}"}}),
            "n: {__name__=\"a\",version=\"1.1.0\"}; x: {__name__=\"a\",code=\"500\",version=\"1.1.0\"}",
        );
        check(json!({"http": {"source": "h", "path": "/n?v=${version}"}}), "/n?v=1.1.0");
        check(json!({"sql": {"source": "s", "query": "SELECT 1"}}), "SELECT 1 [:version = 1.1.0]");
        check(json!({"csv": {"source": "c"}}), "metric = conversion, version = 1.1.0");
        check(
            json!({"otlp": {"source": "o", "n": {"name": "orders", "where": {"paid": "*"}}}}),
            "n: orders{service.name=\"web\", service.version=\"1.1.0\", paid=\"*\"}",
        );
    }
}
