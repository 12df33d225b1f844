//! Shoppers: steady sessions that browse, fill a cart and check out, over real HTTP through the router.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};

/// Sessions at once; more would only queue up on this machine.
const SESSIONS_MAX: usize = 400;
/// A request that takes longer has failed for the shopper.
const TIMEOUT: Duration = Duration::from_secs(10);

pub(super) struct Shoppers {
    counts: Arc<Counts>,
    task: JoinHandle<()>,
    open: Arc<AtomicBool>,
    ended: Arc<AtomicBool>,
}

#[derive(Default)]
struct Counts {
    sessions: AtomicU64,
    requests: AtomicU64,
    failed: AtomicU64,
}

/// What the shoppers saw up to a moment.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    pub(super) sessions: u64,
    pub(super) requests: u64,
    /// Answers of 500 and above, and requests without an answer.
    pub(super) failed: u64,
}

impl Seen {
    pub(super) fn since(self, earlier: Self) -> Self {
        Self {
            sessions: self.sessions - earlier.sessions,
            requests: self.requests - earlier.requests,
            failed: self.failed - earlier.failed,
        }
    }
}

impl Shoppers {
    /// They wait at the door until [`Shoppers::open`].
    pub(super) fn new(shop: String, per_second: u32) -> Self {
        let counts = Arc::new(Counts::default());
        let (open, ended) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let task = tokio::spawn(arrive(shop, per_second.max(1), counts.clone(), open.clone(), ended.clone()));
        Self { counts, task, open, ended }
    }

    pub(super) fn open(&self) {
        self.open.store(true, Ordering::Relaxed);
    }

    pub(super) fn seen(&self) -> Seen {
        Seen {
            sessions: self.counts.sessions.load(Ordering::Relaxed),
            requests: self.counts.requests.load(Ordering::Relaxed),
            failed: self.counts.failed.load(Ordering::Relaxed),
        }
    }

    /// Lets those inside finish.
    pub(super) async fn stop(self) -> Seen {
        self.ended.store(true, Ordering::Relaxed);
        let _ = tokio::time::timeout(TIMEOUT, self.task).await;
        Seen {
            sessions: self.counts.sessions.load(Ordering::Relaxed),
            requests: self.counts.requests.load(Ordering::Relaxed),
            failed: self.counts.failed.load(Ordering::Relaxed),
        }
    }
}

async fn arrive(
    shop: String,
    per_second: u32,
    counts: Arc<Counts>,
    open: Arc<AtomicBool>,
    ended: Arc<AtomicBool>,
) {
    let Ok(client) = reqwest::Client::builder().timeout(TIMEOUT).no_proxy().build() else { return };
    let mut tick = tokio::time::interval(Duration::from_secs(1) / per_second);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let mut sessions = JoinSet::new();
    while !ended.load(Ordering::Relaxed) {
        tick.tick().await;
        while sessions.try_join_next().is_some() {}
        if open.load(Ordering::Relaxed) && sessions.len() < SESSIONS_MAX {
            sessions.spawn(shop_once(client.clone(), shop.clone(), counts.clone()));
        }
    }
    sessions.join_all().await;
}

/// One session: look around, put something into the cart, pay.
async fn shop_once(client: reqwest::Client, shop: String, counts: Arc<Counts>) {
    counts.sessions.fetch_add(1, Ordering::Relaxed);
    let mut cookies = Cookies::default();
    let cart = serde_json::json!({ "sku": "mug", "quantity": 1 });
    let steps = [("GET", "/", None), ("POST", "/cart", Some(&cart)), ("POST", "/checkout", None)];
    for (method, path, body) in steps {
        let url = format!("{shop}{path}");
        let mut request = if method == "GET" { client.get(url) } else { client.post(url) };
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.header("cookie", cookies.header()).send().await;
        counts.requests.fetch_add(1, Ordering::Relaxed);
        let answered = match answer {
            Ok(answer) => {
                cookies.take(&answer);
                let status = answer.status();
                answer.bytes().await.is_ok() && !status.is_server_error()
            }
            Err(_) => false,
        };
        if !answered {
            counts.failed.fetch_add(1, Ordering::Relaxed);
            return;
        }
    }
}

#[derive(Default)]
struct Cookies(std::collections::BTreeMap<String, String>);

impl Cookies {
    fn take(&mut self, answer: &reqwest::Response) {
        let set = answer.headers().get_all("set-cookie").iter().filter_map(|it| it.to_str().ok());
        let pairs = set.filter_map(|it| it.split(';').next()?.split_once('='));
        self.0.extend(pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())));
    }

    fn header(&self) -> String {
        let pairs: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }
}
