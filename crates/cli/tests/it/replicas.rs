//! Several control planes over one database, to whoever asks: any of them is as good as another.

use shipway_api::Client;
use shipway_api::operations::ledger::{FollowEvents, ShowLedgerHead};
use shipway_api::operations::token::{IssueToken, NewToken, WhoAmI};
use shipway_model::event::Role;
use shipway_runtime::suite::{UNKNOWN, append_unknown};
use shipway_store::PostgresStore;

use crate::cluster::Cluster;
use crate::site::Site;
use crate::site::service::Behaviour;

const STRATEGY: &str = "{rolling: {maxSurge: 1}}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_done_at_one_holds_at_once_at_the_other() {
    let mut site = Site::of_replicas(2, Cluster::start(), &[], STRATEGY).await;
    let urls = [site.fleet().url(0), site.fleet().url(1)];
    let admin = |idx: usize| Client::new(&urls[idx], site.token().to_owned()).expect("a valid address");
    for round in 0..10 {
        let (here, there) = (round % 2, (round + 1) % 2);
        let new =
            NewToken { name: format!("someone-{round}"), role: Role::Viewer, expires: None, scope: None };
        let issued = admin(here).call::<IssueToken>((), (), new).await.expect("is issued").value;
        let someone = Client::new(&urls[there], issued.secret).expect("a valid address");
        let who = someone.call::<WhoAmI>((), (), ()).await.expect("is known at once").value;
        assert_eq!(who.name, format!("someone-{round}"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_listens_at_one_hears_what_is_done_at_the_other() {
    let mut site = Site::of_replicas(2, Cluster::start(), &[], STRATEGY).await;
    let urls = [site.fleet().url(0), site.fleet().url(1)];
    let admin = |idx: usize| Client::new(&urls[idx], site.token().to_owned()).expect("a valid address");
    let size = admin(0).call::<ShowLedgerHead>((), (), ()).await.expect("an answer").value.size;
    let mut events = admin(0).follow::<FollowEvents>((), Some(size - 1)).await.expect("a stream");
    let new = NewToken { name: "someone".to_owned(), role: Role::Viewer, expires: None, scope: None };
    admin(1).call::<IssueToken>((), (), new).await.expect("is issued");
    let heard = events.next_ledger_event().await.expect("the stream goes on").expect("an event");
    assert_eq!((heard.position, heard.event["type"].as_str()), (size, Some("token.issued")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_that_signed_in_at_one_is_signed_in_at_the_other() {
    let mut site = Site::of_replicas(2, Cluster::start(), &[], STRATEGY).await;
    let urls = [site.fleet().url(0), site.fleet().url(1)];
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
    let browser = browser.expect("a client");
    let form = format!("token={}", site.token());
    let post = browser.post(format!("{}/sign-in", urls[0])).body(form);
    let post = post.header("content-type", "application/x-www-form-urlencoded");
    let signed_in = post.send().await.expect("an answer");
    assert_eq!(signed_in.status(), 303);
    let cookie = signed_in.headers()["set-cookie"].to_str().expect("text").to_owned();
    let cookie = cookie.split(';').next().expect("it has a value").to_owned();
    let page = |idx: usize, cookie: &str| browser.get(&urls[idx]).header("cookie", cookie.to_owned()).send();
    assert_eq!(page(1, &cookie).await.expect("an answer").status(), 200);
    assert_eq!(page(1, "shipway_page=nonsense").await.expect("an answer").status(), 401);
}

/// During an upgrade a newer replica may come to write what this one cannot read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_too_old_for_the_ledger_says_so_and_does_nothing_any_more() {
    let mut site = Site::of_replicas(1, Cluster::start(), &[], STRATEGY).await;
    let size = site.client().call::<ShowLedgerHead>((), (), ()).await.expect("an answer").value.size;
    let mut stream = site.client().follow::<FollowEvents>((), Some(size - 1)).await.expect("a stream");
    let key = std::fs::read_to_string(site.data().join("checkpoint.key")).expect("it is there");
    let address = site.fleet().cluster.address();
    let write = move || {
        let mut store = PostgresStore::open(&address).expect("it opens");
        append_unknown(&mut store, &key.trim().parse().expect("a key"))
    };
    let position = tokio::task::spawn_blocking(write).await.expect("it is written");

    // Whoever listens is sent away, to ask another one.
    while let Ok(Some(_)) = stream.next_ledger_event().await {}
    let told = format!("record {position} (`{UNKNOWN}`) cannot be read, and may be from a newer version");
    let ready = reqwest::get(format!("{}/readyz", site.url())).await.expect("an answer");
    assert_eq!(ready.status(), 503);
    let said = ready.text().await.expect("a text");
    assert!(said.contains(&told), "{said}");
    for asked in [&["get", "services"][..], &["pause", "--everything", "--reason", "a test"]] {
        let said = site.shipway(asked);
        assert_ne!(said.code, 0, "{asked:?}: {}", said.out);
        assert!(said.err.contains(&told) && said.err.contains("ask another control plane"), "{}", said.err);
    }
    let count = format!("SELECT count(*) FROM shipway.events WHERE position >= {position}");
    assert_eq!(site.fleet().cluster.psql(&count), "1", "it stands, and nothing came after it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_artifact_that_was_given_to_one_is_there_for_the_other() {
    let mut site = Site::of_replicas(2, Cluster::start(), &[], STRATEGY).await;
    let digest = site.release("1.0.0", Behaviour::GOOD).await;
    for idx in 0..2 {
        let url = format!("{}/api/v1/blobs/{digest}", site.fleet().url(idx));
        let got = reqwest::Client::new().get(url).bearer_auth(site.token()).send().await.expect("an answer");
        assert_eq!(got.status(), 200);
        let bytes = got.bytes().await.expect("its bytes");
        assert_eq!(shipway_model::Digest::of(&bytes), digest);
    }
}
