//! Lines to PostgreSQL that break in the middle of an append, and replicas that keep the lock and say nothing.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use shipway_model::Digest;
use shipway_runtime::store::{AppendError, Batch, Record, Store};
use shipway_store::PostgresStore;

use crate::cluster::Cluster;

/// Of every record here.
const STREAM: &str = "pauses";
/// What becomes of the next line that carries a batch.
const NOTHING: u8 = 0;
/// It breaks before the database hears of it.
const BREAKS_BEFORE: u8 = 1;
/// It breaks after that, before the answer comes back.
const BREAKS_AFTER: u8 = 2;
/// It breaks, and the database hears of it when the test says so.
const ARRIVES_LATE: u8 = 3;
const ARRIVE: u8 = 4;
const ARRIVED: u8 = 5;

/// A line that can be set to break once, at a batch, which is written and committed by one statement.
struct Line {
    address: SocketAddr,
    breaks: Arc<AtomicU8>,
}

impl Line {
    fn lay(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let breaks = Arc::new(AtomicU8::new(NOTHING));
        let shared = breaks.clone();
        // It ends with the process, as the connections do when their ends close.
        thread::spawn(move || {
            for here in listener.incoming().map_while(Result::ok) {
                let (socket, breaks) = (socket.clone(), shared.clone());
                thread::spawn(move || carry(&here, &socket, &breaks));
            }
        });
        Self { address, breaks }
    }
}

fn carry(here: &TcpStream, socket: &PathBuf, breaks: &AtomicU8) {
    let Ok(there) = UnixStream::connect(socket) else { return };
    let (is_mute, was_answered) = (AtomicBool::new(false), AtomicBool::new(false));
    let wait_for = |it: &AtomicBool| {
        while !it.load(Ordering::SeqCst) {
            thread::yield_now();
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            pass(here, &there, |piece| {
                let is_batch = piece.windows(STREAM.len()).any(|it| it == STREAM.as_bytes());
                let how = if is_batch { breaks.swap(NOTHING, Ordering::SeqCst) } else { NOTHING };
                if matches!(how, BREAKS_AFTER | ARRIVES_LATE) {
                    is_mute.store(true, Ordering::SeqCst);
                    if how == ARRIVES_LATE {
                        let _ = here.shutdown(Shutdown::Both);
                        while breaks.load(Ordering::SeqCst) != ARRIVE {
                            thread::yield_now();
                        }
                    }
                    let _ = (&there).write_all(piece);
                    wait_for(&was_answered);
                    if how == ARRIVES_LATE {
                        breaks.store(ARRIVED, Ordering::SeqCst);
                    }
                }
                how == NOTHING
            });
            let _ = there.shutdown(Shutdown::Both);
        });
        pass(&there, here, |_| !is_mute.load(Ordering::SeqCst));
        was_answered.store(true, Ordering::SeqCst);
        let _ = here.shutdown(Shutdown::Both);
    });
}

/// Until `goes_on` says no, or an end closes.
fn pass(mut from: impl Read, mut to: impl Write, goes_on: impl Fn(&[u8]) -> bool) {
    let mut piece = [0; 64 * 1024];
    while let Ok(n) = from.read(&mut piece)
        && n > 0
        && goes_on(&piece[..n])
        && to.write_all(&piece[..n]).is_ok()
    {}
}

fn batch(revision: u64) -> Batch {
    let text = format!("record {revision}");
    let record =
        Record { position: revision, bytes: text.as_bytes().into(), leaf: Digest::of(text.as_bytes()) };
    let base = revision.checked_sub(1).map(|it| format!("record {it}").into_bytes()).unwrap_or_default();
    let records = vec![(STREAM.to_owned(), record)];
    Batch { revision, base, records, size: revision + 1, frontier: text.into_bytes(), ..Batch::default() }
}

fn over(line: &Line, cluster: &Cluster) -> PostgresStore {
    let address = cluster.fresh();
    let (_, schema) = address.split_once('?').expect("it names its schema");
    PostgresStore::open(&format!("postgres://shipway@{}/postgres?{schema}", line.address)).expect("opens")
}

#[test]
fn a_commit_whose_answer_is_lost_is_found_to_be_written() {
    let cluster = Cluster::start();
    let line = Line::lay(cluster.folder.path().join(".s.PGSQL.5432"));
    let mut store = over(&line, &cluster);
    store.append(&batch(0)).expect("is taken");
    line.breaks.store(BREAKS_AFTER, Ordering::SeqCst);
    store.append(&batch(1)).expect("was written, and that is found out");
    assert_eq!(line.breaks.load(Ordering::SeqCst), NOTHING, "the line broke");
    assert_eq!(store.load().expect("loads").head.size, 2);
    store.append(&batch(2)).expect("goes on");
}

#[test]
fn a_commit_that_never_arrived_is_found_not_to_be_written() {
    let cluster = Cluster::start();
    let line = Line::lay(cluster.folder.path().join(".s.PGSQL.5432"));
    let mut store = over(&line, &cluster);
    store.append(&batch(0)).expect("is taken");
    line.breaks.store(BREAKS_BEFORE, Ordering::SeqCst);
    let lost = store.append(&batch(1));
    assert!(matches!(lost, Err(AppendError::Unavailable(_))), "{lost:?}");
    assert_eq!(line.breaks.load(Ordering::SeqCst), NOTHING, "the line broke");
    assert_eq!(store.load().expect("loads").head.size, 1);
    let again = after_a_loss(&mut store);
    store.append(&again).expect("goes on");
}

#[test]
fn a_batch_that_arrives_when_it_was_given_up_is_refused() {
    let cluster = Cluster::start();
    let line = Line::lay(cluster.folder.path().join(".s.PGSQL.5432"));
    let mut store = over(&line, &cluster);
    store.append(&batch(0)).expect("is taken");
    line.breaks.store(ARRIVES_LATE, Ordering::SeqCst);
    let lost = store.append(&batch(1));
    assert!(matches!(lost, Err(AppendError::Unavailable(_))), "{lost:?}");
    line.breaks.store(ARRIVE, Ordering::SeqCst);
    while line.breaks.load(Ordering::SeqCst) != ARRIVED {
        thread::yield_now();
    }
    line.breaks.store(NOTHING, Ordering::SeqCst);
    assert_eq!(store.load().expect("loads").head.size, 1);
    assert_eq!(store.reader().read(0, 10).expect("reads").len(), 1);
    let again = after_a_loss(&mut store);
    store.append(&again).expect("goes on");
}

/// The second record again, on the revision that stands.
fn after_a_loss(store: &mut PostgresStore) -> Batch {
    Batch { revision: store.load().expect("loads").head.revision, ..batch(1) }
}

#[test]
fn whoever_keeps_the_lock_and_says_nothing_loses_it() {
    let cluster = Cluster::start();
    let address = cluster.fresh();
    let open = || PostgresStore::open(&address).expect("opens");
    let (mut silent, mut other) = (open(), open());
    let head = silent.sharing().expect("is shared").lock().expect("is given");
    // As long as it takes the database to see that nothing comes.
    other.append(&batch(0)).expect("is the other's turn");
    let late = silent.append(&batch(head.revision));
    assert!(late.is_err(), "{late:?}");
    assert_eq!(other.load().expect("loads").head.size, 1);
    // It comes again with what it knows, and is told that this is old.
    let again = silent.append(&batch(head.revision));
    assert_eq!(again, Err(AppendError::Stale));
}

#[test]
fn what_was_decided_under_a_lock_is_not_written_without_it() {
    let cluster = Cluster::start();
    let mut store = PostgresStore::open(&cluster.fresh()).expect("opens");
    store.append(&batch(0)).expect("is taken");
    store.sharing().expect("is shared").lock().expect("is given");
    cluster
        .psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'");
    // Whether the store has heard of it by now or hears of it by this: nothing of the batch is left.
    let refused = store.append(&batch(1));
    assert!(matches!(refused, Err(AppendError::Stale | AppendError::Unavailable(_))), "{refused:?}");
    assert_eq!(store.load().expect("loads").head.size, 1);
    assert_eq!(store.reader().read(0, 10).expect("reads").len(), 1);
    store.append(&batch(1)).expect("goes on");
}

/// Nothing of it is worked on between two calls, and yet it is ended for both sides.
#[test]
fn a_line_that_ended_while_it_rested_is_made_again_and_one_that_is_given_up_frees_the_lock() {
    let cluster = Cluster::start();
    let address = cluster.fresh();
    let [mut store, mut other] = std::array::from_fn(|_| PostgresStore::open(&address).expect("opens"));
    store.append(&batch(0)).expect("is taken");
    cluster.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'shipway'");
    let ended =
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'shipway' AND query LIKE '%moved%'";
    while cluster.psql(ended) != "0" {}
    store.append(&batch(1)).expect("is taken, although its line had ended");

    let sharing = store.sharing().expect("is shared");
    sharing.lock().expect("is given");
    let key = "rol_00000000000000000000000000000001/1/do/1".parse();
    cluster.psql("ALTER TABLE site_0.effects RENAME TO elsewhere");
    assert!(sharing.hold(&[key.expect("is a key")]).is_err(), "the table is not there");
    let begun = Instant::now();
    other.append(&batch(2)).expect("nobody has the lock");
    assert!(begun.elapsed() < Duration::from_secs(4), "it waited until the database ended the session");
}
