//! Nobody answers

use std::net::TcpListener;

use crate::program::run;

#[test]
fn it_is_another_exit_code_than_a_refusal() {
    let folder = tempfile::tempdir().unwrap();
    // A port that was free a moment ago, and that nobody listens on.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = format!("http://127.0.0.1:{port}");
    let said = run(folder.path(), &["whoami", "--server", &server, "--token", "x"]);
    assert_eq!((said.code, said.out.as_str()), (3, ""));
    assert!(said.err.contains(&server) && said.err.contains("next: shipway config show"), "{}", said.err);
}

#[test]
fn without_a_token_nothing_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let said = run(folder.path(), &["whoami", "--server", "http://127.0.0.1:1"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("no access token"), "{}", said.err);
}
