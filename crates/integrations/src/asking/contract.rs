//! What every source owes whoever asks: a number, nothing, or an error in time; never a zero that nobody has said.

mod data;

use std::net::SocketAddr;
use std::time::Instant;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// What is wrong with a server.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    Hangs,
    Endless,
    Refuses,
    Nonsense,
    BreaksOff,
    Redirects,
}

const FAULTS: [Fault; 6] =
    [Fault::Hangs, Fault::Endless, Fault::Refuses, Fault::Nonsense, Fault::BreaksOff, Fault::Redirects];

async fn serve(fault: Fault) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, fault));
        }
    });
    address
}

async fn answer(mut stream: TcpStream, fault: Fault) {
    let mut request = [0; 4096];
    let _ = stream.read(&mut request).await;
    let head = |status: &str, length: usize| {
        format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n")
    };
    match fault {
        Fault::Hangs => std::future::pending::<()>().await,
        Fault::Endless => {
            let _ = stream.write_all(head("200 OK", usize::MAX / 2).as_bytes()).await;
            while stream.write_all(&[b' '; 65_536]).await.is_ok() {}
        }
        Fault::Refuses => {
            let _ = stream.write_all((head("500 Internal Server Error", 4) + "oops").as_bytes()).await;
        }
        Fault::Nonsense => {
            let text = "[\u{1F980}";
            let _ = stream.write_all((head("200 OK", text.len()) + text).as_bytes()).await;
        }
        Fault::BreaksOff => {
            let _ = stream.write_all((head("200 OK", 100) + "{\"n\":").as_bytes()).await;
        }
        Fault::Redirects => {
            let text = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
            let _ = stream.write_all(text.as_bytes()).await;
        }
    }
}

fn question(source: Value, query: Value) -> Question {
    let metric = json!({"name": "conversion", "kind": "proportion", "from": query});
    let metric: Metric = serde_json::from_value(metric).unwrap();
    Question {
        source: serde_json::from_value(source).unwrap(),
        query: metric.from.clone().unwrap(),
        metric,
        environment: "prod".parse().unwrap(),
        service: "web".parse().unwrap(),
        version: "1.1.0".parse().unwrap(),
        from: "2026-03-14T09:00:00Z".parse().unwrap(),
        to: "2026-03-14T09:00:10Z".parse().unwrap(),
    }
}

/// One question for each kind of source that is a server.
fn of_servers(address: SocketAddr) -> Vec<Question> {
    let url = json!({ "url": format!("http://{address}") });
    vec![
        question(
            json!({ "prometheus": url }),
            json!({"prometheus": {"source": "shop", "n": "sessions_total", "x": "orders_total"}}),
        ),
        question(json!({ "http": url }), json!({"http": {"source": "shop", "path": "/n?v=${version}"}})),
    ]
}

async fn asked(question: Question) -> Result<Option<Sample>, AskError> {
    ask((&Outbound::new(), &Telemetry::default()), question).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_fails_is_an_error_in_time() {
    let mut asking = tokio::task::JoinSet::new();
    for fault in FAULTS {
        for question in of_servers(serve(fault).await) {
            asking.spawn(async move {
                let started = Instant::now();
                let word = question.source.word();
                let error = asked(question).await.expect_err(word);
                let is_expected = match fault {
                    Fault::Hangs => matches!(error, AskError::TimedOut | AskError::Call(_)),
                    Fault::Endless => {
                        matches!(error, AskError::TooLarge(_) | AskError::TimedOut | AskError::Call(_))
                    }
                    Fault::Refuses | Fault::Redirects => matches!(error, AskError::Status(_)),
                    Fault::Nonsense => matches!(error, AskError::Invalid(_)),
                    Fault::BreaksOff => matches!(error, AskError::Call(_)),
                };
                assert!(is_expected, "{word} {fault:?}: {error:?}");
                let sentence = error.to_string();
                assert!(sentence.len() < 1000 && !sentence.contains('\n'), "{sentence}");
                // A machine under load is slow, a question that is never given up takes for ever.
                assert!(started.elapsed() < TIMEOUT * 6, "{word} {fault:?}");
            });
        }
    }
    while let Some(ended) = asking.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test]
async fn what_is_not_there_is_an_error_or_nothing_and_never_zero() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.csv");
    let csv =
        |path: &std::path::Path| question(json!({"csv": {"path": path}}), json!({"csv": {"source": "shop"}}));
    assert!(matches!(asked(csv(&path)).await, Err(AskError::File(_))));
    std::fs::write(&path, "time,version,metric,n,x\n2026-03-14T09:00:05Z,1.0.0,conversion,10,1\n").unwrap();
    assert_eq!(asked(csv(&path)).await.unwrap(), None, "another version's");
    let late = "2026-03-14T09:00:10Z,1.1.0,conversion,10,1\n2026-03-14T08:59:59Z,1.1.0,conversion,10,1\n";
    std::fs::write(&path, format!("time,version,metric,n,x\n{late}")).unwrap();
    assert_eq!(asked(csv(&path)).await.unwrap(), None, "before and after the stretch");

    let sql = question(
        json!({"sql": {"dialect": "sqlite", "urlVariable": "SHIPWAY_TEST_NOT_SET"}}),
        json!({"sql": {"source": "shop", "query": "SELECT 1 AS n"}}),
    );
    assert!(matches!(asked(sql).await, Err(AskError::Variable(_))));

    let otlp = || {
        let instrument = |name: &str| json!({ "name": name });
        let query = json!({"source": "shop", "n": instrument("sessions"), "x": instrument("orders")});
        question(json!({"otlp": {}}), json!({ "otlp": query }))
    };
    assert_eq!(asked(otlp()).await.unwrap(), None, "nobody has pushed anything");
    // A source and a query of different kinds have nothing to say to each other.
    let mut mixed = otlp();
    mixed.source = csv(&path).source;
    assert!(matches!(asked(mixed).await, Err(AskError::Invalid(_))));
}
