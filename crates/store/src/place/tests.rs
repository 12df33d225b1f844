use std::time::Duration;

use object_store::memory::InMemory;

use super::*;

/// Whose lock is renewed so seldom, or so often, that no test has to wait for it.
const DAY: Duration = Duration::from_secs(86_400);
const MOMENT: Duration = Duration::from_millis(5);

fn patient() -> Pace {
    Pace { renew: DAY, sure: DAY, stale: DAY, look: MOMENT }
}

fn bucket_of(store: &Arc<InMemory>, pace: Pace) -> Place {
    Place::of("s3://bucket/ledger".to_owned(), store.clone(), Path::from("ledger"), Kind::Bucket(pace))
        .unwrap()
}

#[test]
fn files_are_written_read_replaced_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let address = folder.path().join("new/archive").display().to_string();
    assert!(matches!(Place::open(&address), Err(PlaceError::Unusable { .. })));
    let place = Place::make(&address).unwrap();
    assert_eq!(place.read("tile/0/000").unwrap(), None);
    place.write("tile/0/000", b"one".to_vec()).unwrap();
    place.write("tile/0/000", b"two".to_vec()).unwrap();
    let again = Place::open(place.address()).unwrap();
    assert_eq!(again.read("tile/0/000").unwrap().as_deref(), Some(b"two".as_slice()));
    let held = place.lock().unwrap();
    assert!(matches!(again.lock(), Err(PlaceError::Locked { .. })));
    drop(held);
    drop(again.lock().unwrap());
    place.remove("tile/0/000").unwrap();
    place.remove("tile/0/000").unwrap();
    assert_eq!(again.read("tile/0/000").unwrap(), None);
}

#[test]
fn many_files_are_written_at_once_and_long_ones_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::open(&folder.path().display().to_string()).unwrap();
    let files = (0..50).map(|it| (format!("tile/{it}"), vec![b'x'; it])).collect();
    place.write_all(files).unwrap();
    for it in [0, 49] {
        let found = place.read_at_most(&format!("tile/{it}"), 48);
        match it {
            0 => assert_eq!(found.unwrap().as_deref(), Some(b"".as_slice())),
            _ => assert!(matches!(found, Err(PlaceError::TooLong { bytes_max: 48, .. }))),
        }
    }
    assert_eq!(place.read_at_most("tile/50", 48).unwrap(), None);
}

#[test]
fn in_object_storage_a_file_that_changed_meanwhile_is_not_replaced() {
    let store = Arc::new(InMemory::new());
    let (one, other) = (bucket_of(&store, patient()), bucket_of(&store, patient()));
    for place in [&one, &other] {
        assert_eq!(place.read_to_replace("checkpoint", 100).unwrap(), None);
    }
    one.replace("checkpoint", b"1".to_vec()).unwrap();
    assert!(matches!(other.replace("checkpoint", b"2".to_vec()), Err(PlaceError::Replaced { .. })));
    other.read_to_replace("checkpoint", 100).unwrap();
    one.replace("checkpoint", b"3".to_vec()).unwrap();
    assert!(matches!(other.replace("checkpoint", b"4".to_vec()), Err(PlaceError::Replaced { .. })));
    assert_eq!(other.read("checkpoint").unwrap().as_deref(), Some(b"3".as_slice()));
}

#[test]
fn in_object_storage_one_writes_at_a_time() {
    let store = Arc::new(InMemory::new());
    let busy = bucket_of(&store, Pace { renew: MOMENT, ..patient() });
    let held = busy.lock().unwrap();
    assert!(matches!(bucket_of(&store, patient()).lock(), Err(PlaceError::Locked { .. })), "it is renewed");
    busy.write("tile/0/000", Vec::new()).unwrap();
    drop(held);
    drop(bucket_of(&store, patient()).lock().unwrap());
    drop(busy.lock().unwrap());
}

#[test]
fn the_lock_of_a_writer_that_died_is_taken_over_and_it_cannot_replace_anything() {
    let store = Arc::new(InMemory::new());
    let dead = bucket_of(&store, patient());
    let held = dead.lock().unwrap();
    dead.read_to_replace("checkpoint", 100).unwrap();
    let next = bucket_of(&store, Pace { stale: MOMENT, ..patient() });
    let taken = next.lock().unwrap();
    next.read_to_replace("checkpoint", 100).unwrap();
    next.replace("checkpoint", b"next".to_vec()).unwrap();
    assert!(matches!(dead.replace("checkpoint", b"dead".to_vec()), Err(PlaceError::Replaced { .. })));
    // Its end does not let go of what is another's by now.
    let before = next.read(LOCK).unwrap();
    drop(held);
    assert_eq!(next.read(LOCK).unwrap(), before);
    drop(taken);
    assert_ne!(next.read(LOCK).unwrap(), before);
}

#[test]
fn whoever_could_not_renew_its_lock_in_time_writes_nothing_more() {
    let store = Arc::new(InMemory::new());
    let place = bucket_of(&store, Pace { sure: Duration::ZERO, ..patient() });
    let held = place.lock().unwrap();
    assert!(matches!(place.write("tile/0/000", Vec::new()), Err(PlaceError::Lost { .. })));
    assert!(matches!(place.write_all(vec![("a".to_owned(), Vec::new())]), Err(PlaceError::Lost { .. })));
    assert!(matches!(place.remove("tile/0/000"), Err(PlaceError::Lost { .. })));
    drop(held);
    place.write("tile/0/000", Vec::new()).unwrap();
}

#[cfg(not(feature = "s3"))]
#[test]
fn object_storage_is_refused_by_a_build_that_does_not_speak_to_it() {
    let refused = Place::make("s3://bucket/ledger").err().unwrap();
    assert!(refused.to_string().contains("--features s3"), "{refused}");
}
