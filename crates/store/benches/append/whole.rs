//! The whole way: decide, record, hash, sign, commit, publish, answer.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use shipway_engine::Command;
use shipway_ledger::SigningKey;
use shipway_runtime::{Config, OsEntropy, Runtime, Submission, SystemClock};
use shipway_store::SqliteStore;

use crate::EVENT_BYTES;
use crate::rate::{Rate, block_on, write};

pub(crate) fn measure(folder: &Path, n_writers: usize) -> Rate {
    let folder = tempfile::Builder::new().prefix("whole").tempdir_in(folder).expect("a folder can be made");
    let store = SqliteStore::open(&folder.path().join("ledger.db")).expect("opens");
    let runtime = Runtime::open(Box::new(store), config()).expect("opens");
    block_on(async {
        let submitting = runtime.clone();
        let rate = write(n_writers, move |writer, number| {
            let runtime = submitting.clone();
            async move { drop(runtime.submit(submission(writer, number)).await.expect("is accepted")) }
        });
        let rate = rate.await;
        let newest = runtime.records(runtime.head().size - 1, 1).await.expect("reads").remove(0);
        assert!(newest.bytes.len().abs_diff(EVENT_BYTES) <= 16, "events have {} bytes", newest.bytes.len());
        runtime.shutdown().await;
        rate
    })
}

pub(crate) fn config() -> Config {
    let origin = "shipway.test/bench".parse().expect("is an origin");
    Config {
        tenant: "bench".parse().expect("is a name"),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        signer: SigningKey::from_seed(origin, &[7; 32]),
    }
}

/// A host of its own per writer, with labels that change each time.
fn submission(writer: usize, number: u64) -> Submission {
    let labels =
        BTreeMap::from([("number".to_owned(), number.to_string()), ("padding".to_owned(), "x".repeat(72))]);
    let command = Command::RegisterAgent {
        host: format!("host-{writer}").parse().expect("is a name"),
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        labels,
    };
    Submission { actor: "agent:host".to_owned(), key: None, command, generation: None }
}
