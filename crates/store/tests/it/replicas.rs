//! Several runtimes on one database, as replicas of the control plane are.

use std::sync::Arc;
use std::time::Duration;

use shipway_engine::Command;
use shipway_model::effect::Performer;
use shipway_model::event::Scope;
use shipway_runtime::sharing::News;
use shipway_runtime::store::{AppendError, Batch, Store};
use shipway_runtime::suite::{ManualClock, World};
use shipway_runtime::{LeaseRequest, SubmitError};
use shipway_store::PostgresStore;

use crate::cluster::Cluster;

/// Each opened while the others run.
fn replicas<const N: usize>(cluster: &Cluster) -> [Arc<World>; N] {
    let address = cluster.fresh();
    let clock = ManualClock::default();
    std::array::from_fn(|_| {
        let store = PostgresStore::open(&address).expect("opens");
        Arc::new(World::open(Box::new(store), clock.clone()).expect("opens"))
    })
}

fn pause(scope: &str) -> Command {
    let scope = Scope::Environment(scope.parse().expect("is a name"));
    Command::PauseScope { scope, reason: "a test".to_owned() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_that_contend_are_all_served_in_one_order() {
    let cluster = Cluster::start();
    let replicas: [_; 3] = replicas(&cluster);
    // Several at each, so that something waits at a replica whenever it has written.
    let writers = (0..12).map(|writer| {
        let world = replicas[writer % 3].clone();
        tokio::spawn(async move {
            for number in 0..20 {
                let scope = format!("w-{writer}-{number}");
                assert!(!world.submit(pause(&scope)).await.expect("is accepted").repeated);
                assert!(world.submit(pause("same")).await.is_ok());
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("a writer writes");
    }
    for world in &replicas {
        world.runtime.catch_up().await.expect("catches up");
        assert_eq!(world.runtime.head().size, 242);
        assert_eq!(world.runtime.state().pauses.iter().count(), 241);
        assert_eq!(world.runtime.head(), replicas[0].runtime.head());
    }
}

#[test]
fn a_batch_is_taken_only_on_the_end_on_which_it_was_decided() {
    let cluster = Cluster::start();
    let address = cluster.fresh();
    let [mut one, mut other] = std::array::from_fn(|_| PostgresStore::open(&address).expect("opens"));
    let batch = |revision, base: &[u8], frontier: &[u8]| {
        let (base, frontier) = (base.to_vec(), frontier.to_vec());
        Batch { revision, base, frontier, ..Batch::default() }
    };
    one.append(&batch(0, b"", b"a")).expect("is written");
    for stale in [batch(0, b"", b"b"), batch(1, b"b", b"c"), batch(2, b"a", b"c")] {
        assert_eq!(other.append(&stale), Err(AppendError::Stale), "{stale:?}");
    }
    let head = other.sharing().expect("it is shared").lock().expect("is given");
    assert_eq!((head.revision, head.frontier.as_slice()), (1, b"a".as_slice()));
    // It comes while the other has the lock, and after what the other writes.
    let late = std::thread::spawn(move || one.append(&batch(1, b"a", b"late")));
    other.append(&batch(1, b"a", b"b")).expect("is written");
    assert_eq!(late.join().expect("does not panic"), Err(AppendError::Stale));
    assert_eq!(other.load().expect("loads").head.frontier, b"b");
}

/// Neither looks before it decides, and what is refused on what is old is not refused yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_asked_knows_what_another_has_just_acknowledged() {
    let cluster = Cluster::start();
    let replicas: [_; 2] = replicas(&cluster);
    for number in 0..20 {
        let scope = format!("number-{number}");
        let resume = Command::ResumeScope { scope: Scope::Environment(scope.parse().expect("is a name")) };
        let (one, other) = (&replicas[number % 2], &replicas[(number + 1) % 2]);
        assert!(!one.submit(pause(&scope)).await.expect("is accepted").repeated);
        assert!(other.submit(pause(&scope)).await.expect("is no error").repeated);
        assert!(!other.submit(resume.clone()).await.expect("is accepted").repeated);
        assert!(one.submit(resume).await.is_err(), "it is not paused any more");
    }
    assert_eq!(replicas[0].runtime.head().size, 41);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_acknowledged_any_other_shows() {
    let cluster = Cluster::start();
    let [one, two] = replicas(&cluster);
    for number in 0..100 {
        let (writer, reader) = if number % 2 == 0 { (&one, &two) } else { (&two, &one) };
        writer.submit(pause(&format!("number-{number}"))).await.expect("is accepted");
        reader.runtime.catch_up().await.expect("catches up");
        assert_eq!(reader.runtime.state().pauses.iter().count(), number + 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_at_one_hears_what_another_appends() {
    let cluster = Cluster::start();
    let [one, two] = replicas(&cluster);
    let release = one.declare().await;
    let request = LeaseRequest {
        max: 1,
        wait: Duration::from_secs(60),
        ttl: Duration::from_secs(60),
        ..Default::default()
    };
    let mut sizes = two.runtime.subscribe();
    let waiting = tokio::spawn({
        let runtime = two.runtime.clone();
        async move { runtime.lease(Performer::Agent("host-a".parse().expect("is a name")), request).await }
    });
    one.start(release).await;
    let leased = waiting.await.expect("does not panic").expect("is given");
    assert_eq!(leased.leases.len(), 1);
    let size = one.runtime.head().size;
    sizes.wait_for(|it| *it >= size).await.expect("it is told");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_are_told_of_what_others_append_and_not_of_their_own() {
    let cluster = Cluster::start();
    let address = cluster.fresh();
    let [mut own, mut other] = std::array::from_fn(|_| PostgresStore::open(&address).expect("opens"));
    let [mut heard_by_own, mut heard_by_other] = [&mut own, &mut other].map(|store| {
        let (told, heard) = tokio::sync::mpsc::unbounded_channel();
        let tell = move |news| match news {
            News::Moved => told.send(()).expect("somebody listens"),
            News::Expired(_) => {}
        };
        store.sharing().expect("it is shared").watch(Arc::new(tell));
        heard
    });
    for heard in [&mut heard_by_own, &mut heard_by_other] {
        heard.recv().await.expect("it may have missed something before it listened");
    }
    for revision in 0..5 {
        own.append(&Batch { revision, ..Batch::default() }).expect("is written");
        heard_by_other.recv().await.expect("it is told of what another appends");
    }
    assert!(heard_by_own.try_recv().is_err(), "it is told of its own appends");
    other.append(&Batch { revision: 5, ..Batch::default() }).expect("is written");
    heard_by_own.recv().await.expect("it is told of what another appends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_effect_has_one_holder_whichever_replica_is_asked() {
    let cluster = Cluster::start();
    let replicas: [_; 3] = replicas(&cluster);
    let release = replicas[0].declare().await;
    replicas[0].start(release).await;
    let (a, b, c) = tokio::join!(
        replicas[0].lease("host-a", Vec::new()),
        replicas[1].lease("host-a", Vec::new()),
        replicas[2].lease("host-a", Vec::new()),
    );
    let leases: Vec<_> = [a, b, c].into_iter().flat_map(|it| it.leases).collect();
    assert_eq!(leases.len(), 1);

    // Whoever has it may report it to any of them, once.
    let (key, generation) = (leases[0].effect.key, leases[0].generation);
    let outcome = |host: &str| {
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], 8080));
        let _ = host;
        let result = shipway_model::effect::Success::Placed { address };
        shipway_model::effect::Outcome::Succeeded { result }
    };
    let late = replicas[1].report(key, generation + 1, outcome("b")).await;
    assert_eq!(late.expect_err("is not held so"), SubmitError::Fenced { current: Some(generation) });
    assert!(!replicas[1].report(key, generation, outcome("b")).await.expect("is held").repeated);
    assert!(replicas[2].report(key, generation, outcome("c")).await.expect("is no error").repeated);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_ends_wakes_whoever_waits_at_another() {
    let cluster = Cluster::start();
    let [one, two] = replicas(&cluster);
    let release = one.declare().await;
    one.start(release).await;
    let request = |ttl_ms| LeaseRequest {
        max: 1,
        wait: Duration::from_secs(60),
        ttl: Duration::from_millis(ttl_ms),
        ..Default::default()
    };
    let performer = || Performer::Agent("host-a".parse().expect("is a name"));
    let first = one.runtime.lease(performer(), request(300)).await.expect("is given").leases.remove(0);
    let again = two.runtime.lease(performer(), request(60_000)).await.expect("is given").leases.remove(0);
    assert_eq!((&again.effect, again.generation), (&first.effect, first.generation + 1));
}
