//! The whole way: decide, record, hash, sign, commit, publish, answer.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use shipway_engine::Command;
use shipway_runtime::{Runtime, Store, Submission};

use crate::EVENT_BYTES;
use crate::rate::{Rate, block_on, write};
use crate::world::config;

pub(crate) fn measure(store: Box<dyn Store>, n_writers: usize) -> Rate {
    let runtime = Runtime::open(store, config()).expect("opens");
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
