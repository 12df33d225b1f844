//! One and the same story, told to every source as it keeps numbers: 40 sessions and 4 orders of a version in a stretch of
//! ten seconds, with what came before and after, what came twice, and a counter that began anew. Each has to answer with 40
//! and 4, and to know nothing of a version of which nobody has told.

use std::sync::Arc;

use shipway_runtime::telemetry::{Encoding, Receive as _, Signal};
use tempfile::TempDir;

use super::*;
use crate::metrics::sql;

#[path = "../../../../store/tests/it/cluster.rs"]
#[expect(dead_code, reason = "the tests of the stores use all of it")]
mod cluster;

/// With every character that a version may have, so that it has to be bound, quoted or encoded to be found.
const OURS: &str = "1.1.0-rc.1+b_1";
/// What is left when it is not.
const OTHER: &str = "1.1.0-rc.1";
const NOBODY: &str = "9.9.9";

const SCHEMA: &str = "CREATE TABLE sessions (id TEXT, version TEXT, ended TEXT, paid INT)";
/// Rows that come twice have one id; which of them count is the query's to say.
const QUERY: &str = "SELECT count(DISTINCT id) AS n, count(DISTINCT CASE WHEN paid = 1 THEN id END) AS x FROM sessions \
                     WHERE version = :version AND ended >= :from AND ended < :to HAVING count(*) > 0";

/// Of each session its id, version, instant and whether it bought something.
fn sessions() -> Vec<(String, &'static str, String, bool)> {
    let of = |prefix: &str, version, second: i32, n: u32, n_paid: u32| {
        let at = format!(
            "2026-03-14T{}",
            if second < 0 { "08:59:59.500Z".into() } else { format!("09:00:{second:02}.500Z") }
        );
        let prefix = prefix.to_owned();
        (0..n)
            .map(move |idx| (format!("{prefix}{idx}"), version, at.clone(), idx < n_paid))
            .collect::<Vec<_>>()
    };
    [
        of("before", OURS, -1, 7, 7),
        of("first", OURS, 2, 25, 3),
        of("second", OURS, 9, 15, 1),
        // Told again.
        of("first", OURS, 2, 25, 3),
        of("after", OURS, 10, 9, 9),
        of("other", OTHER, 5, 50, 50),
    ]
    .concat()
}

fn statements() -> String {
    let insert = |(id, version, ended, paid): &(String, &str, String, bool)| {
        format!("INSERT INTO sessions VALUES ('{id}', '{version}', '{ended}', {});", u8::from(*paid))
    };
    format!("{SCHEMA};{}", sessions().iter().map(insert).collect::<String>())
}

fn of_version(mut question: Question, version: &str) -> Question {
    question.version = version.parse().unwrap();
    question
}

/// Asks for the numbers of ours and of nobody.
async fn check(what: &str, ask: impl AsyncFn(&str) -> Result<Option<Sample>, AskError>) {
    let expect = Sample { n: Some(40), x: Some(4), ..Sample::default() };
    assert_eq!(ask(OURS).await.unwrap_or_else(|it| panic!("{what}: {it}")), Some(expect), "{what}");
    assert_eq!(ask(NOBODY).await.unwrap_or_else(|it| panic!("{what}: {it}")), None, "{what}");
}

#[tokio::test]
async fn rows_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.csv");
    let row = |(id, version, at, paid): &(String, &str, String, bool)| {
        format!("{id},{at},{version},conversion,1,{}\n", u8::from(*paid))
    };
    let rows: String = sessions().iter().map(row).collect();
    std::fs::write(&path, format!("id,time,version,metric,n,x\n{rows}")).unwrap();
    let question = question(json!({"csv": {"path": path}}), json!({"csv": {"source": "shop"}}));
    check("csv", async |version| asked(of_version(question.clone(), version)).await).await;
}

fn of_database(dialect: &str) -> (Question, shipway_model::resource::metric::SqlQuery) {
    let source = json!({"sql": {"dialect": dialect, "urlVariable": "SHIPWAY_TEST_NOT_SET"}});
    let question = question(source, json!({"sql": {"source": "shop", "query": QUERY}}));
    let Query::Sql(query) = question.query.clone() else { panic!("{:?}", question.query) };
    (question, query)
}

#[tokio::test]
async fn rows_of_sqlite() {
    let folder: TempDir = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.sqlite").display().to_string();
    rusqlite::Connection::open(&path).unwrap().execute_batch(&statements()).unwrap();
    let (question, query) = of_database("sqlite");
    let dialect = shipway_model::resource::metric::Dialect::Sqlite;
    check("sqlite", async |version| {
        sql::read(dialect, path.clone(), &query, &of_version(question.clone(), version)).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_postgresql() {
    let cluster = cluster::Cluster::start();
    cluster.psql(&statements());
    let (question, query) = of_database("postgresql");
    let dialect = shipway_model::resource::metric::Dialect::Postgresql;
    let asked = async |text: &str, version: &str| {
        let query = shipway_model::resource::metric::SqlQuery { query: text.to_owned(), ..query.clone() };
        sql::read(dialect, cluster.address(), &query, &of_version(question.clone(), version)).await
    };
    check("postgresql", async |version| asked(QUERY, version).await).await;

    // It only reads, for five seconds and 100,000 rows at the most, and one statement.
    for (text, expect) in [
        ("DELETE FROM sessions RETURNING 1 AS n", "syntax error"),
        ("WITH gone AS (DELETE FROM sessions RETURNING 1) SELECT count(*) AS n FROM gone", "top level"),
        ("SELECT 1 AS n) AS it; DROP TABLE sessions; SELECT (1", "multiple commands"),
        ("SELECT nextval('nothing') AS n", "does not exist"),
        ("SELECT 'a' AS n", "cast it to double precision"),
        ("SELECT 1 AS orders", "it has a column `orders`"),
        ("SELECT generate_series(1, 1000000)::bigint AS value", "more than 100000 rows"),
    ] {
        let error = asked(text, OURS).await.expect_err(text).to_string();
        assert!(error.contains(expect), "{text}: {error}");
    }
    let started = Instant::now();
    let hanging = Question { source: question.source.clone(), ..question.clone() };
    let slow = shipway_model::resource::metric::SqlQuery {
        query: "SELECT 1 AS n FROM pg_sleep(600)".to_owned(),
        ..query.clone()
    };
    let asked_for_long = sql::read(dialect, cluster.address(), &slow, &hanging);
    let error = asked_for_long.await.expect_err("it does not sleep to its end").to_string();
    assert!(error.contains("statement timeout"), "{error}");
    // A machine under load is slow, a statement that is never given up takes ten minutes.
    assert!(started.elapsed() < TIMEOUT * 12, "{:?}", started.elapsed());
    assert_eq!(cluster.psql("SELECT count(*) FROM sessions"), sessions().len().to_string());
}

/// Answers requests by their text.
async fn serve_by(answer: fn(&str) -> String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = Vec::new();
                let mut piece = [0; 4096];
                while let Ok(n) = stream.read(&mut piece).await {
                    request.extend_from_slice(&piece[..n]);
                    let text = String::from_utf8_lossy(&request);
                    // What follows the head is as long as it says; ours are short and come at once.
                    if n == 0
                        || text.contains("\r\n\r\n") && (!text.starts_with("POST") || text.contains("query="))
                    {
                        break;
                    }
                }
                let body = answer(&String::from_utf8_lossy(&request));
                let head =
                    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                let _ = stream.write_all((head + &body).as_bytes()).await;
            });
        }
    });
    address
}

/// The version as forms and URLs have it.
const ENCODED: &str = "1.1.0-rc.1%2Bb_1";

#[tokio::test(flavor = "multi_thread")]
async fn numbers_of_a_server() {
    let address = serve_by(|request| {
        let is_whole = request.contains("from=2026-03-14T09%3A00%3A00.000Z&to=2026-03-14T09%3A00%3A10.000Z");
        match request.contains(&format!("v={ENCODED}&")) && is_whole {
            true => r#"{"n":40,"x":4}"#.to_owned(),
            false => "{}".to_owned(),
        }
    })
    .await;
    let path = "/n?v=${version}&from=${from}&to=${to}";
    let source = json!({"http": {"url": format!("http://{address}")}});
    let question = question(source, json!({"http": {"source": "shop", "path": path}}));
    let known = asked(of_version(question.clone(), OURS)).await.unwrap();
    assert_eq!(known.map(|it| (it.n, it.x)), Some((Some(40), Some(4))));
    // A server that says nothing of a version has said nothing, which is no zero.
    let unknown = asked(of_version(question, NOBODY)).await.unwrap();
    assert_eq!(unknown.map(|it| (it.n, it.x)), Some((None, None)));
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_of_prometheus() {
    let address = serve_by(|request| {
        // 1773478800 is the beginning of the stretch. The counter begins anew in the middle; one sample comes twice, one is
        // late, one lies behind the end.
        let series = |values: &str| format!(r#"{{"metric":{{}},"values":[{values}]}}"#);
        let samples = match (request.contains(&format!("%22{ENCODED}%22")), request.contains("orders_total")) {
            (false, _) => String::new(),
            (true, false) => series(
                r#"[1773478798,"100"],[1773478802,"120"],[1773478804,"5"],[1773478804,"500"],[1773478803,"7"],[1773478808,"20"],[1773478812,"99"]"#,
            ),
            (true, true) => series(
                r#"[1773478798,"10"],[1773478802,"12"],[1773478804,"1"],[1773478808,"2"],[1773478812,"99"]"#,
            ),
        };
        format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{samples}]}}}}"#)
    })
    .await;
    let source = json!({"prometheus": {"url": format!("http://{address}")}});
    let query = json!({"prometheus": {"source": "shop", "n": "sessions_total", "x": "orders_total"}});
    let question = question(source, query);
    check("prometheus", async |version| asked(of_version(question.clone(), version)).await).await;
}

#[tokio::test]
async fn counters_that_are_pushed() {
    let telemetry = Arc::new(Telemetry::default());
    let second = |at: i64| ((1_773_478_800 + at) * 1_000_000_000).to_string();
    let attribute = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let push = |version: &str, name: &str, points: &[(i64, i64, u64)]| {
        let point = |(start, at, value): &(i64, i64, u64)| json!({"startTimeUnixNano": second(*start), "timeUnixNano": second(*at), "asInt": value.to_string()});
        let points: Vec<Value> = points.iter().map(point).collect();
        let sum = json!({"dataPoints": points, "aggregationTemporality": 2, "isMonotonic": true});
        let resource =
            json!({"attributes": [attribute("service.name", "web"), attribute("service.version", version)]});
        let scope = json!({"metrics": [{"name": name, "sum": sum}]});
        let body = json!({"resourceMetrics": [{"resource": resource, "scopeMetrics": [scope]}]}).to_string();
        let read = Arc::clone(&telemetry).read(Signal::Metrics, Encoding::Json, false, body.as_bytes());
        read.unwrap().keep().unwrap();
    };
    // The process was started anew after the second point, the third comes twice, and the one after it is late.
    push(
        OURS,
        "sessions",
        &[(-60, -2, 100), (-60, 2, 120), (3, 4, 5), (3, 4, 5), (3, 3, 4), (3, 8, 20), (3, 12, 99)],
    );
    push(OURS, "orders", &[(-60, -2, 10), (-60, 2, 12), (3, 4, 1), (3, 8, 2), (3, 12, 99)]);
    push(OTHER, "sessions", &[(-60, -2, 0), (-60, 8, 1000)]);
    let instrument = |name: &str| json!({ "name": name });
    let query = json!({"otlp": {"source": "shop", "n": instrument("sessions"), "x": instrument("orders")}});
    let question = question(json!({"otlp": {}}), query);
    check("otlp", async |version| {
        ask((&Outbound::new(), &telemetry), of_version(question.clone(), version)).await
    })
    .await;
}
