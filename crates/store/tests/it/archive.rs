//! Old records leave the live store and everything reads as before, over SQLite and PostgreSQL.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use shipway_engine::Command;
use shipway_ledger::{Checkpoint, Policy};
use shipway_model::event::{Scope, Stream};
use shipway_runtime::suite::{ManualClock, World};
use shipway_runtime::{Head, Record, Runtime, Store, StoreError};
use shipway_store::archive::{
    Archived, ExtendError, Extended, Manifest, MoveError, PruneError, Retention, Shrink, Unsound, due,
    extend, move_out, prune, verify,
};
use shipway_store::copy::{Copy, Source};
use shipway_store::{Place, PostgresShrink, PostgresStore, SqliteShrink, SqliteStore};

use crate::cluster::Cluster;

const KEEP_ALL: Timestamp = Timestamp::MAX;

/// Where a ledger lives.
pub(crate) trait Home {
    fn open(&self) -> Box<dyn Store>;
    fn look(&self) -> Source;
    fn shrink(&self) -> Box<dyn Shrink>;
}

pub(crate) struct File<'a>(pub(crate) &'a Path);

impl Home for File<'_> {
    fn open(&self) -> Box<dyn Store> {
        Box::new(SqliteStore::open(self.0).expect("opens"))
    }

    fn look(&self) -> Source {
        let (loaded, reader) = SqliteStore::inspect(self.0).expect("is looked at");
        Source { loaded, reader }
    }

    fn shrink(&self) -> Box<dyn Shrink> {
        Box::new(SqliteShrink::open(self.0).expect("opens"))
    }
}

struct Schema(String);

impl Home for Schema {
    fn open(&self) -> Box<dyn Store> {
        Box::new(PostgresStore::open(&self.0).expect("opens"))
    }

    fn look(&self) -> Source {
        let (loaded, reader) = PostgresStore::inspect(&self.0).expect("is looked at");
        Source { loaded, reader }
    }

    fn shrink(&self) -> Box<dyn Shrink> {
        Box::new(PostgresShrink::open(&self.0).expect("opens"))
    }
}

/// A ledger of `n_events` events and a few more.
pub(crate) async fn grow(world: &World, n_events: usize) {
    let commands: Vec<_> = (0..n_events)
        .map(|nth| {
            let name = format!("scope-{}-{nth}", world.runtime.head().size).parse().expect("is a name");
            Command::PauseScope { scope: Scope::Environment(name), reason: "the till is counted".to_owned() }
        })
        .collect();
    // No more at once than the writer lets wait.
    for commands in commands.chunks(200) {
        let done = futures_util::future::join_all(commands.iter().map(|it| world.submit(it.clone())));
        done.await.into_iter().for_each(|it| drop(it.expect("is accepted")));
    }
}

fn signed(head: &Head, runtime: &Runtime) -> Checkpoint {
    Checkpoint::verify(&head.checkpoint, runtime.verifier_key()).expect("is signed")
}

pub(crate) fn archive(home: &dyn Home, place: &Place, runtime: &Runtime) -> Result<Extended, ExtendError> {
    let (source, head) = (home.look(), runtime.head());
    extend(place, &source, &head.checkpoint, &signed(&head, runtime), KEEP_ALL)
}

pub(crate) fn policy(runtime: &Runtime) -> Policy {
    Policy::of_logs(vec![runtime.verifier_key().clone()])
}

pub(crate) async fn all(runtime: &Runtime) -> Vec<Record> {
    let mut records = Vec::new();
    while (records.len() as u64) < runtime.head().size {
        records.extend(runtime.records(records.len() as u64, 1000).await.expect("reads"));
    }
    records
}

async fn old_records_move_and_nothing_becomes_unreadable(home: &dyn Home, folder: &Path) {
    let world = World::fresh(home.open());
    let release = world.declare().await;
    let rollout = world.start(release).await;
    world.perform_all().await;
    grow(&world, 700).await;
    let (runtime, place) = (&world.runtime, Place::make(&folder.join("archive").display().to_string()));
    let place = place.expect("is made");
    let (head, records) = (runtime.head(), all(runtime).await);
    let events = runtime.open_records(&records).await.expect("are events");

    let extended = archive(home, &place, runtime).expect("is archived");
    assert_eq!((extended.manifest.size, extended.added), (512, 512));
    let mut live = home.shrink();
    let moved =
        move_out(live.as_mut(), home.look().reader.as_ref(), &place, &extended.manifest).expect("moves");
    assert_eq!(moved.dropped, 512);
    let expected = Archived { size: 512, place: place.address().to_owned() };
    assert_eq!(live.archived(), Ok(Some(expected)));
    assert_eq!(live.first_kept(0, 1000), Ok(Some(512)));

    // Beside the control plane that had it open all the time.
    assert_eq!(all(runtime).await, records, "byte for byte");
    assert_eq!(
        runtime.open_records(&records).await.expect("are events"),
        events,
        "texts are kept in the live store"
    );
    let stream = runtime.stream(&Stream::Rollout(rollout), 0, 100).await.expect("reads");
    assert!(stream.len() > 3 && stream.iter().all(|it| *it == records[it.position as usize]));
    let at = events[100].at;
    assert_eq!(runtime.as_of(at).await.expect("is folded").at(), at);
    grow(&world, 300).await;

    // Again, and a start that folds from the archive.
    let extended = archive(home, &place, runtime).expect("is continued");
    assert_eq!(extended.added, extended.manifest.size - 512);
    assert_eq!(extended.manifest.tables.len(), 2);
    move_out(live.as_mut(), home.look().reader.as_ref(), &place, &extended.manifest).expect("moves");
    let again =
        move_out(live.as_mut(), home.look().reader.as_ref(), &place, &extended.manifest).expect("moves");
    assert_eq!(again.dropped, 0);
    drop(live);
    let (trusted, records) = (policy(runtime), all(runtime).await);
    let world = world.reopen(|| home.open()).await;
    assert_eq!(all(&world.runtime).await, records);
    assert_eq!(world.runtime.state().rollouts.summaries.len(), 1);
    let path = world.runtime.inclusion_proof(3, head.size).await.expect("is proved");
    shipway_ledger::verify_inclusion(records[3].leaf, 3, head.size, &path, head.root).expect("proves");
    let (manifest, vouched) = verify(&place, &trusted).expect("is sound");
    assert!(manifest.is_only_copy && vouched.checkpoint.size >= manifest.size);
    let retention = Retention { years: 0, holds: Vec::new() };
    assert!(matches!(due(&place, &retention, Timestamp::MAX), Err(PruneError::OnlyCopy)));

    // A copy of the store is whole.
    let copied = folder.join("copied.db");
    let source = home.look();
    let mut target = SqliteStore::open(&copied).expect("opens");
    Copy::begin(&source, &mut target).and_then(Copy::finish).expect("is copied");
    assert_eq!(target.reader().read(0, 5).expect("reads"), records[..5]);
    drop(target);
    world.runtime.shutdown().await;

    // Whatever is wrong with the archive is said, and never taken for the ledger.
    let changed = folder.join("archive/records/001.zst");
    let bytes = fs::read(&changed).expect("is there");
    fs::write(&changed, fs::read(folder.join("archive/records/000.zst")).expect("is there"))
        .expect("is written");
    let refused = home.look().reader.read(256, 1);
    assert!(matches!(&refused, Err(StoreError::Damaged(it)) if it.contains("not the one")), "{refused:?}");
    fs::write(&changed, &bytes[..20]).expect("is written");
    assert!(matches!(home.look().reader.read(300, 1), Err(StoreError::Damaged(_))));
    fs::rename(folder.join("archive"), folder.join("elsewhere")).expect("is moved");
    assert!(matches!(home.look().reader.read(300, 1), Err(StoreError::Unavailable(_))));
    fs::write(folder.join("elsewhere/records/001.zst"), bytes).expect("is written");

    // The archive may move: it is compared with the hashes before it is believed.
    let elsewhere = Place::open(&folder.join("elsewhere").display().to_string()).expect("is there");
    move_out(home.shrink().as_mut(), home.look().reader.as_ref(), &elsewhere, &manifest)
        .expect("is the same");
    assert_eq!(home.look().reader.read(300, 1).expect("reads"), records[300..301]);
    let world = World::open(home.open(), ManualClock::default()).expect("folds from there");
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_moves_old_records_to_an_archive() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("ledger.db");
    old_records_move_and_nothing_becomes_unreadable(&File(&path), folder.path()).await;
    // The copy has everything, the ledger itself what is not in the archive.
    let compacted = |path: &Path| {
        let mut shrink = SqliteShrink::open(path).expect("opens");
        assert!(shrink.is_alone());
        shrink.compact().expect("is compacted")
    };
    let (whole, shrunk) = (compacted(&folder.path().join("copied.db")), compacted(&path));
    assert!(shrunk < whole, "{shrunk} of {whole} bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_moves_old_records_to_an_archive() {
    let (cluster, folder) = (Cluster::start(), tempfile::tempdir().expect("a folder can be made"));
    let address = cluster.fresh();
    old_records_move_and_nothing_becomes_unreadable(&Schema(address.clone()), folder.path()).await;
    let schema = address.rsplit("%3D").next().expect("it names its schema");
    let needs = cluster.psql(&format!("SELECT max(needs) FROM {schema}.schema_versions"));
    assert_eq!(needs, "3", "replicas that do not know of archives are refused");
    let mut shrink = PostgresShrink::open(&address).expect("opens");
    let before = shrink.compact(shipway_store::Room::OfTheTable).expect("is vacuumed");
    let after = shrink.compact(shipway_store::Room::OfTheDisk).expect("is written anew");
    assert!(after < before, "{after} of {before} bytes");
}

/// A store that fails before its n-th change: there a kill would leave the same on the disk, because each change is one
/// transaction.
struct Dying {
    live: Box<dyn Shrink>,
    changes_left: usize,
}

impl Dying {
    fn live_on(&mut self) -> Result<(), StoreError> {
        match self.changes_left.checked_sub(1) {
            Some(left) => {
                self.changes_left = left;
                Ok(())
            }
            None => Err(StoreError::Unavailable("killed".to_owned())),
        }
    }
}

impl Shrink for Dying {
    fn archived(&mut self) -> Result<Option<Archived>, StoreError> {
        self.live.archived()
    }

    fn point_to(&mut self, archived: &Archived) -> Result<(), StoreError> {
        self.live_on()?;
        self.live.point_to(archived)
    }

    fn first_kept(&mut self, from: u64, to: u64) -> Result<Option<u64>, StoreError> {
        self.live.first_kept(from, to)
    }

    fn drop_bytes(&mut self, from: u64, to: u64) -> Result<(), StoreError> {
        self.live_on()?;
        self.live.drop_bytes(from, to)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_killed_while_archiving_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("ledger.db");
    let home = File(&path);
    let world = World::fresh(home.open());
    grow(&world, 5000).await;
    let (runtime, records) = (&world.runtime, all(&world.runtime).await);
    let address = folder.path().join("archive").display().to_string();
    let place = Place::make(&address).expect("is made");

    // Between any two files: what is there without a manifest counts for nothing and is written again.
    let extended = archive(&home, &place, runtime).expect("is archived");
    let manifest = extended.manifest;
    for lost in ["archive.json", "events", "records/003.zst", "tile/0/007"] {
        let lost = folder.path().join("archive").join(lost);
        let _ = fs::remove_dir_all(&lost).or_else(|_| fs::remove_file(&lost));
        let _ = fs::remove_file(folder.path().join("archive/archive.json"));
        assert!(matches!(verify(&place, &policy(runtime)), Err(Unsound::NoArchive { .. })));
        assert_eq!(archive(&home, &place, runtime).expect("is archived again").manifest.root, manifest.root);
        verify(&place, &policy(runtime)).expect("is sound");
    }

    // Between any two changes of the live store.
    for changes_left in 0..3 {
        let mut dying = Dying { live: home.shrink(), changes_left };
        let killed = move_out(&mut dying, home.look().reader.as_ref(), &place, &manifest);
        assert!(matches!(killed, Err(MoveError::Store(_))), "{changes_left}: {killed:?}");
        assert!(all(runtime).await == records, "after {changes_left} changes");
    }
    // An archive that has lost something takes nothing more out of the live store.
    let bundle = folder.path().join("archive/records/018.zst");
    let kept = fs::read(&bundle).expect("is there");
    fs::remove_file(&bundle).expect("is removed");
    let refused = move_out(home.shrink().as_mut(), home.look().reader.as_ref(), &place, &manifest);
    assert!(matches!(&refused, Err(MoveError::Unfaithful { what, .. }) if what == "missing"), "{refused:?}");
    assert!(all(runtime).await == records);
    fs::write(&bundle, kept).expect("is written");
    move_out(home.shrink().as_mut(), home.look().reader.as_ref(), &place, &manifest).expect("goes on");
    assert_eq!(home.shrink().first_kept(0, manifest.size), Ok(None));
    let world = world.reopen(|| home.open()).await;
    assert!(all(&world.runtime).await == records);
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_archive_of_another_history_is_neither_continued_nor_believed() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (one, other) = (folder.path().join("one.db"), folder.path().join("other.db"));
    let place = Place::make(&folder.path().join("archive").display().to_string()).expect("is made");
    let world = World::fresh(File(&one).open());
    grow(&world, 300).await;
    archive(&File(&one), &place, &world.runtime).expect("is archived");
    let trusted = policy(&world.runtime);

    let forged = World::fresh(File(&other).open());
    forged.submit(Command::ResumeScope { scope: Scope::Everything }).await.expect_err("nothing is paused");
    let release = forged.declare().await;
    forged.start(release).await;
    grow(&forged, 100).await;
    let shrunk = archive(&File(&other), &place, &forged.runtime);
    assert!(matches!(shrunk, Err(ExtendError::Shrunk { archived: 256, .. })), "{shrunk:?}");
    grow(&forged, 300).await;
    let fork = archive(&File(&other), &place, &forged.runtime);
    assert!(matches!(fork, Err(ExtendError::Fork { size: 256, .. })), "{fork:?}");

    // Every kind of change is found.
    verify(&place, &trusted).expect("is sound");
    let unknown = verify(&place, &Policy::default());
    assert!(matches!(unknown, Err(Unsound::Checkpoint(_))), "{unknown:?}");
    let table = Manifest::read(&place).expect("reads").expect("is there").tables[0].file.clone();
    for file in ["records/000.zst", "tile/0/000", "archive.json", &table] {
        let path = folder.path().join("archive").join(file);
        let bytes = fs::read(&path).expect("is there");
        for at in [bytes.len() / 3, bytes.len() / 2, bytes.len() - 3] {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            fs::write(&path, changed).expect("is written");
            let found = verify(&place, &trusted);
            assert!(found.is_err(), "{file} changed at {at}: {found:?}");
        }
        fs::remove_file(&path).expect("is removed");
        assert!(verify(&place, &trusted).is_err(), "{file} is missing");
        fs::write(&path, bytes).expect("is written");
    }
    verify(&place, &trusted).expect("is sound again");
    world.runtime.shutdown().await;
    forged.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_pruned_when_its_time_is_over_and_stays_verifiable() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("ledger.db");
    let home = File(&path);
    let place = Place::make(&folder.path().join("archive").display().to_string()).expect("is made");
    let world = World::fresh(home.open());
    grow(&world, 300).await;
    archive(&home, &place, &world.runtime).expect("is archived");
    let first = home.look().reader.read(255, 1).expect("reads").remove(0);
    world.clock.advance(std::time::Duration::from_secs(400 * 86400));
    grow(&world, 300).await;
    let manifest = archive(&home, &place, &world.runtime).expect("is continued").manifest;
    let oldest = manifest.tables[0].newest;
    let at = |days: i64| oldest + jiff::SignedDuration::from_hours(24 * days);

    let retention = |holds: &[&str]| Retention {
        years: 7,
        holds: holds.iter().map(|it| it.parse().expect("is a name")).collect(),
    };
    let held = due(&place, &retention(&["case-17"]), at(4000)).expect_err("is held");
    assert!(held.to_string().contains("`case-17` stands"), "{held}");
    let early = due(&place, &retention(&[]), at(7 * 365)).expect_err("is early");
    assert!(
        matches!(early, PruneError::TooEarly { years: 7, keep_until } if keep_until == retention(&[]).ends(oldest))
    );
    assert_eq!(Manifest::read(&place).expect("reads"), Some(manifest.clone()), "nothing has changed");

    // One table is past its time and the other is not.
    let past = || due(&place, &retention(&[]), at(7 * 366)).expect("something is due");
    let tables: Vec<_> = past().tables().cloned().collect();
    assert_eq!(tables, manifest.tables[..1]);
    let pruned = prune(&place, past()).expect("is pruned");
    assert_eq!((pruned.deleted, pruned.manifest.pruned), (256, 256));
    assert_eq!(past().tables().count(), 0, "nothing new");
    assert_eq!(prune(&place, past()).expect("is done").deleted, 0);
    assert_eq!(place.read("records/000.zst").expect("reads"), None);
    assert_eq!(place.read(&manifest.tables[0].file).expect("reads"), None);
    let (sound, _) = verify(&place, &policy(&world.runtime)).expect("what is left is sound");
    assert_eq!((sound.size, sound.pruned), (manifest.size, 256));
    let refused = move_out(home.shrink().as_mut(), home.look().reader.as_ref(), &place, &sound);
    assert!(matches!(refused, Err(MoveError::Pruned { pruned: 256, .. })), "{refused:?}");
    assert_eq!(home.look().reader.read(255, 1).expect("reads"), vec![first], "the ledger has lost nothing");
    world.runtime.shutdown().await;
}

/// Nothing else is needed to read from many threads at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_read_the_archive_at_once() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("ledger.db");
    let home = File(&path);
    let place = Place::make(&folder.path().join("archive").display().to_string()).expect("is made");
    let world = World::fresh(home.open());
    grow(&world, 600).await;
    let records = Arc::new(all(&world.runtime).await);
    let manifest = archive(&home, &place, &world.runtime).expect("is archived").manifest;
    move_out(home.shrink().as_mut(), home.look().reader.as_ref(), &place, &manifest).expect("moves");
    let reading = (0..8_u64).map(|nth| {
        let (runtime, records) = (world.runtime.clone(), records.clone());
        tokio::spawn(async move {
            for position in (nth..500).step_by(61) {
                let found = runtime.records(position, 3).await.expect("reads");
                assert_eq!(found, records[position as usize..position as usize + 3]);
            }
        })
    });
    for reading in reading.collect::<Vec<_>>() {
        reading.await.expect("reads");
    }
    world.runtime.shutdown().await;
}
