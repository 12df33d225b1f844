//! SQLite by itself: one thread that commits what is queued as one transaction of chained events and answers.

use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::chain::Chain;
use crate::rate::{Rate, block_on, write};
use crate::{BATCH_MAX, EVENT_BYTES};

type Append = (Vec<u8>, oneshot::Sender<()>);

pub(crate) fn measure(folder: &Path, n_writers: usize) -> Rate {
    let path = tempfile::Builder::new().prefix("bare").tempdir_in(folder).expect("a folder can be made");
    let connection = Connection::open(path.path().join("bare.db")).expect("opens");
    connection.pragma_update(None, "journal_mode", "WAL").expect("is set");
    connection.pragma_update(None, "synchronous", "FULL").expect("is set");
    connection
        .execute_batch("CREATE TABLE events (position INTEGER PRIMARY KEY, bytes BLOB NOT NULL, hash BLOB NOT NULL) STRICT")
        .expect("is made");

    let (sender, receiver) = sync_channel::<Append>(4096);
    let writer = thread::spawn(move || commit_groups(connection, &receiver));
    let rate = block_on(write(n_writers, move |_, _| {
        let sender = sender.clone();
        async move {
            let (reply, durable) = oneshot::channel();
            sender.try_send((vec![b'x'; EVENT_BYTES], reply)).expect("there is room");
            durable.await.expect("is durable");
        }
    }));
    writer.join().expect("ends with its writers");
    rate
}

fn commit_groups(mut connection: Connection, receiver: &Receiver<Append>) {
    let (mut position, mut chain) = (0_i64, Chain::new());
    while let Ok(first) = receiver.recv() {
        let mut group = vec![first];
        group.extend(receiver.try_iter().take(BATCH_MAX - 1));
        let transaction = connection.transaction().expect("begins");
        {
            let mut insert =
                transaction.prepare_cached("INSERT INTO events VALUES (?1, ?2, ?3)").expect("is SQL");
            for (bytes, _) in &group {
                insert.execute((position, bytes, chain.link(bytes))).expect("is inserted");
                position += 1;
            }
        }
        transaction.commit().expect("is durable");
        for (_, reply) in group {
            reply.send(()).expect("the writer waits");
        }
    }
}
