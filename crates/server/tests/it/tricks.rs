//! Ways around the door: other spellings of a path, and headers that claim to be somebody.

use shipway_api::{Endpoint, operations};
use shipway_model::event::Role;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::access::path_of;
use crate::bed::Bed;

/// What a viewer's token must not open.
fn closed() -> impl Iterator<Item = Endpoint> {
    operations::all().filter(|it| !it.permission.allows(Role::Viewer))
}

/// The status of the answer to exactly these bytes: no client that tidies paths up stands between.
async fn status(bed: &Bed, method: &str, path: &str, headers: &str) -> u16 {
    let mut stream = TcpStream::connect(bed.server.address()).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: shipway\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: 2\r\n{headers}\r\n{{}}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A server that has answered may close before all was read.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    let word = answer.split(' ').nth(1).unwrap_or_else(|| panic!("no answer to {method} {path:?}: {answer}"));
    word.parse().unwrap()
}

fn spellings(path: &str) -> Vec<String> {
    let encoded = path.replacen("/v1/", "/v1%2f", 1);
    vec![
        format!("{path}/"),
        format!("/{path}"),
        path.replacen("/api/", "/api/./", 1),
        path.replacen("/api/", "/api/x/../", 1),
        path.replacen("/api/", "/assets/../api/", 1),
        path.replacen("/api/", "/%61pi/", 1),
        path.replacen("/api/", "/API/", 1),
        format!("{path};role=admin"),
        format!("{path}%00"),
        format!("{path}%2e%2e%2fwhoami"),
        format!("{path}?asOf=2020-01-01T00:00:00Z"),
        format!("http://shipway{path}"),
        encoded,
    ]
}

#[tokio::test]
async fn no_spelling_of_a_path_opens_what_a_role_does_not() {
    let bed = Bed::start().await;
    let token = format!("Authorization: Bearer {}\r\n", bed.token("eve", Role::Viewer).await);
    let size = bed.size();
    let mut n_asked = 0;
    for endpoint in closed() {
        for path in spellings(&path_of(&endpoint)) {
            for headers in [&token, ""] {
                let status = status(&bed, endpoint.method.as_str(), &path, headers).await;
                assert!((400..500).contains(&status), "{} {path}: {status}", endpoint.id);
                n_asked += 1;
            }
        }
    }
    assert!(n_asked > 500, "{n_asked}");
    assert_eq!(bed.size(), size);
}

#[tokio::test]
async fn no_header_makes_somebody_of_a_caller() {
    let bed = Bed::start().await;
    let token = format!("Authorization: Bearer {}\r\n", bed.token("eve", Role::Viewer).await);
    let size = bed.size();
    let claims = [
        "X-Remote-User: admin\r\nX-Forwarded-User: admin\r\nX-User: admin\r\nRemote-User: admin\r\n",
        "X-Forwarded-For: 127.0.0.1\r\nForwarded: for=127.0.0.1;by=shipway\r\nX-Real-IP: 127.0.0.1\r\n",
        "X-HTTP-Method-Override: GET\r\nX-Original-Method: GET\r\nX-Method-Override: GET\r\n",
        "X-Original-URL: /api/v1/whoami\r\nX-Rewrite-URL: /api/v1/whoami\r\n",
        "Cookie: shipway_page=admin; role=admin\r\nX-Shipway-Role: admin\r\nRole: admin\r\n",
        "Authorization: Basic YWRtaW46YWRtaW4=\r\n",
    ];
    for endpoint in closed() {
        for claim in claims {
            for headers in [format!("{token}{claim}"), format!("{claim}{token}"), claim.to_owned()] {
                let status = status(&bed, endpoint.method.as_str(), &path_of(&endpoint), &headers).await;
                assert!(matches!(status, 401 | 403), "{} {claim:?}: {status}", endpoint.id);
            }
        }
    }
    // Nor does a header turn a read into something else.
    let tricked =
        status(&bed, "GET", "/api/v1/tokens", &format!("{token}X-HTTP-Method-Override: POST\r\n")).await;
    assert_eq!(tricked, 403);
    assert_eq!(bed.size(), size);
}
