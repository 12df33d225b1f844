//! An archive in object storage, over the stand-in.

use std::process::Command;

use shipway_store::archive::{Manifest, Retention, Unsound, due, move_out, prune, verify};
use shipway_store::{Place, PlaceError};

use crate::archive::{File, Home, all, archive, grow, policy};
use crate::bucket::Bucket;
use shipway_runtime::suite::World;

/// Tells the test binary that its environment names the stand-in.
const INNER: &str = "SHIPWAY_TEST_OBJECT_STORAGE";
const ADDRESS: &str = "s3://bucket/ledgers/default";

#[test]
fn an_archive_lies_in_object_storage_as_in_a_folder() {
    if std::env::var_os(INNER).is_some() {
        return keep_an_archive();
    }
    let bucket = Bucket::start();
    // Credentials come from the environment, and this process has one environment for all tests.
    let mut inner = Command::new(std::env::current_exe().expect("a test knows its own binary"));
    inner.args(["--exact", "object_storage::an_archive_lies_in_object_storage_as_in_a_folder"]);
    inner.env(INNER, "1");
    bucket.name_to(&mut inner);
    let ended = inner.output().expect("the child starts");
    assert!(ended.status.success(), "{}{}", text(&ended.stdout), text(&ended.stderr));
    let objects = bucket.objects.lock().expect("nobody panicked");
    assert!(objects.contains_key("/bucket/ledgers/default/archive.json"), "{:?}", objects.keys());
    assert!(!objects.contains_key("/bucket/ledgers/default/records/000.zst"), "it was pruned");
}

fn keep_an_archive() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a tokio runtime starts").block_on(async {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("ledger.db");
        let home = File(&path);
        let place = Place::make(ADDRESS).expect("is named");
        let world = World::fresh(home.open());
        grow(&world, 300).await;
        let trusted = policy(&world.runtime);
        let lock = place.lock().expect("nobody writes there");
        let meanwhile = Place::make(ADDRESS).expect("is named");
        assert!(matches!(meanwhile.lock(), Err(PlaceError::Locked { .. })), "its holder renews it");
        assert!(matches!(verify(&place, &trusted), Err(Unsound::NoArchive { .. })));
        let manifest = archive(&home, &place, &world.runtime).expect("is archived").manifest;
        verify(&place, &trusted).expect("is sound");
        let due = due(&place, &Retention { years: 0, holds: Vec::new() }, jiff::Timestamp::MAX);
        assert_eq!(prune(&place, due.expect("nothing asks for it")).expect("is pruned").deleted, 256);
        assert_eq!(verify(&place, &trusted).expect("is sound").0.pruned, 256);
        drop(lock);
        drop(meanwhile.lock().expect("it was let go"));

        // Another one, from which the ledger is read.
        let place = Place::make("s3://bucket/live").expect("is named");
        archive(&home, &place, &world.runtime).expect("is archived");
        let records = all(&world.runtime).await;
        let live = Manifest::read(&place).expect("reads").expect("is there");
        assert_eq!((live.size, live.root), (manifest.size, manifest.root));
        move_out(home.shrink().as_mut(), home.look().reader.as_ref(), &place, &live).expect("moves");
        assert_eq!(all(&world.runtime).await, records);
        let world = world.reopen(|| home.open()).await;
        assert_eq!(all(&world.runtime).await, records);
        world.runtime.shutdown().await;
    });
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
