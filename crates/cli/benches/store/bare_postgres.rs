//! PostgreSQL by itself: one session that locks the head row once per group, inserts what is queued as one statement of
//! chained events, commits and answers.

use tokio::sync::{mpsc, oneshot};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls};

use crate::chain::Chain;
use crate::rate::{Rate, block_on, write};
use crate::{BATCH_MAX, EVENT_BYTES};

type Append = (Vec<u8>, oneshot::Sender<()>);

pub(crate) fn measure(address: &str, n_writers: usize) -> Rate {
    let address = address.to_owned();
    block_on(async move {
        let (client, connection) = tokio_postgres::connect(&address, NoTls).await.expect("connects");
        tokio::spawn(connection);
        let tables = "CREATE TABLE head (size bigint NOT NULL); INSERT INTO head VALUES (0);
            CREATE TABLE events (position bigint PRIMARY KEY, bytes bytea NOT NULL, hash bytea NOT NULL)";
        client.batch_execute(tables).await.expect("is made");
        let (sender, receiver) = mpsc::channel::<Append>(4096);
        let writer = tokio::spawn(commit_groups(client, receiver));
        let rate = write(n_writers, move |_, _| {
            let sender = sender.clone();
            async move {
                let (reply, durable) = oneshot::channel();
                sender.send((vec![b'x'; EVENT_BYTES], reply)).await.expect("there is room");
                durable.await.expect("is durable");
            }
        });
        let rate = rate.await;
        writer.await.expect("ends with its writers");
        rate
    })
}

async fn commit_groups(client: Client, mut receiver: mpsc::Receiver<Append>) {
    let lock = client.prepare("SELECT size FROM head FOR UPDATE").await.expect("is SQL");
    let insert = "INSERT INTO events SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[])";
    let insert = client.prepare(insert).await.expect("is SQL");
    let grow = client.prepare("UPDATE head SET size = $1").await.expect("is SQL");
    let (mut group, mut chain) = (Vec::new(), Chain::new());
    while let Some(first) = receiver.recv().await {
        let (begun, locked) = tokio::join!(client.batch_execute("BEGIN"), client.query_one(&lock, &[]));
        begun.expect("begins");
        let size: i64 = locked.expect("is locked").get(0);
        group.push(first);
        while group.len() < BATCH_MAX
            && let Ok(next) = receiver.try_recv()
        {
            group.push(next);
        }
        let (bytes, replies): (Vec<_>, Vec<_>) = group.drain(..).unzip();
        let end = size + bytes.len() as i64;
        let positions: Vec<_> = (size..end).collect();
        let hashes: Vec<_> = bytes.iter().map(|it| chain.link(it)).collect();
        let rows: [&(dyn ToSql + Sync); 3] = [&positions, &bytes, &hashes];
        let size: [&(dyn ToSql + Sync); 1] = [&end];
        let (inserted, grown, committed) = tokio::join!(
            client.execute(&insert, &rows),
            client.execute(&grow, &size),
            client.batch_execute("COMMIT"),
        );
        inserted.expect("is inserted");
        grown.expect("grows");
        committed.expect("is durable");
        for reply in replies {
            reply.send(()).expect("the writer waits");
        }
    }
}
