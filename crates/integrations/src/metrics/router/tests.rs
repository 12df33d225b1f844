use super::*;

const LABELS: &str = r#"environment="prod",service="web",version="2.0.0""#;

fn read(text: &str) -> Result<Reading, InvalidMetrics> {
    parse(text, &"prod".parse().unwrap(), &"web".parse().unwrap())
}

/// A version's series, each line of which `change` may replace.
fn text(change: impl Fn(&str) -> Option<String>) -> String {
    let lines = [
        format!(r#"{REQUESTS}{{{LABELS},code="2xx"}} 7"#),
        format!(r#"{REQUESTS}{{{LABELS},code="5xx"}} 2"#),
        format!(r#"{REQUESTS}{{{LABELS},code="none"}} 1"#),
        format!(r#"{REQUESTS}{{{LABELS},code="abandoned"}} 40"#),
        format!("{ERRORS}{{{LABELS}}} 3"),
        format!(r#"{BUCKETS}{{{LABELS},le="0.001"}} 4"#),
        format!(r#"{BUCKETS}{{{LABELS},le="0.11"}} 4"#),
        format!(r#"{BUCKETS}{{{LABELS},le="+Inf"}} 10"#),
    ];
    lines.iter().map(|line| change(line).unwrap_or_else(|| line.clone()) + "\n").collect()
}

#[test]
fn reads_what_the_version_did() {
    let others = r#"
# HELP something else
go_goroutines 12
shipway_router_requests_total{environment="prod",service="other",version="2.0.0",code="2xx"} NaN
shipway_router_requests_total{environment="a\"b\\c\nd",service="web",version="2.0.0",code="2xx"} 1
shipway_router_requests_total{environment="prod",service="web",version="../etc",code="2xx"} 1
shipway_router_requests_total_created{environment="prod",service="web",version="2.0.0"} 1e99
"#;
    let reading = read(&(others.to_owned() + &text(|_| None))).unwrap();
    let version: Version = "2.0.0".parse().unwrap();
    assert_eq!(reading.keys().collect::<Vec<_>>(), [&version]);
    let latency = Histogram { bounds_ms: vec![1.0, 110.0], counts: vec![4, 0, 6] };
    let instances = BTreeMap::new();
    assert_eq!(reading[&version], Counters { answered: 9, errors: 3, latency, instances });
    assert_eq!(read("").unwrap(), Reading::new());
}

#[test]
fn reads_what_each_backend_did() {
    let of = |target: &str, errors: u64, counts: [u64; 2]| {
        let labels = format!("{LABELS},target=\"{target}\"");
        let buckets = [("0.001", counts[0]), ("+Inf", counts[1])]
            .map(|(bound, count)| format!("{BACKEND_BUCKETS}{{{labels},le=\"{bound}\"}} {count}\n"));
        format!("{BACKEND_ERRORS}{{{labels}}} {errors}\n{}", buckets.concat())
    };
    let whole = text(|_| None) + &of("host-a", 3, [1, 6]) + &of("host-b", 0, [2, 3]);
    let reading = read(&whole).unwrap();
    let counters = &reading[&"2.0.0".parse::<Version>().unwrap()];
    let found: Vec<_> = counters
        .instances
        .iter()
        .map(|(name, it)| (name.as_str(), it.errors, it.latency.counts.clone()))
        .collect();
    assert_eq!(found, [("host-a", 3, vec![1, 5]), ("host-b", 0, vec![2, 1])]);
    let without_errors = whole.replace(&format!("{BACKEND_ERRORS}{{{LABELS},target=\"host-b\"}} 0\n"), "");
    assert!(matches!(read(&without_errors), Err(InvalidMetrics::Missing { series: BACKEND_ERRORS, .. })));
}

#[test]
fn numbers_that_count_nothing_are_refused() {
    for value in ["NaN", "+Inf", "-1", "1.5", "9007199254740994", "1e300"] {
        for series in [REQUESTS, ERRORS, BUCKETS] {
            let odd = text(|line| {
                let (labels, _) = line.strip_prefix(series)?.rsplit_once(' ')?;
                Some(format!("{series}{labels} {value}"))
            });
            assert!(matches!(read(&odd), Err(InvalidMetrics::NotACount { .. })), "{series} {value}");
        }
    }
    let most =
        text(|line| line.strip_prefix(ERRORS).map(|_| format!("{ERRORS}{{{LABELS}}} 9007199254740992")));
    assert_eq!(read(&most).unwrap().values().next().unwrap().errors, 1 << 53);
}

#[test]
fn what_is_missing_is_said() {
    for series in [REQUESTS, ERRORS] {
        let partial = text(|line| line.starts_with(series).then(String::new));
        let fault = read(&partial).unwrap_err();
        assert_eq!(fault, InvalidMetrics::Missing { version: "2.0.0".parse().unwrap(), series });
    }
    let unbounded = text(|line| line.contains("+Inf").then(String::new));
    assert!(matches!(read(&unbounded), Err(InvalidMetrics::Missing { series: BUCKETS, .. })));
}

#[test]
fn contradictions_and_broken_lines_are_refused() {
    let twice = text(|_| None) + &text(|_| None);
    assert!(matches!(read(&twice), Err(InvalidMetrics::Repeated { line: 9, .. })));
    let falling = text(|line| line.contains("+Inf").then(|| line.replace("} 10", "} 3")));
    assert!(matches!(read(&falling), Err(InvalidMetrics::Buckets { .. })));
    for le in ["NaN", "-1", "x", "1e99"] {
        let odd = text(|line| Some(line.replace("0.11", le)));
        assert!(matches!(read(&odd), Err(InvalidMetrics::Line { line: 7, .. })), "{le}");
    }
    let many: String =
        (0..=BUCKETS_MAX).map(|n| format!("{BUCKETS}{{{LABELS},le=\"{}\"}} 0\n", n + 1)).collect();
    assert!(matches!(read(&(many + &text(|_| None))), Err(InvalidMetrics::Buckets { .. })));
}

#[test]
fn no_text_makes_it_panic() {
    let whole = text(|_| None);
    for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        let _ = read(&whole[..end]);
        let _ = read(&whole[end..]);
        let _ = read(&(whole[..end].to_owned() + "\u{0}é\"\\{}" + &whole[end..]));
    }
}
