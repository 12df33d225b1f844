//! Exports, archives and prunes in object storage, as users call them

use crate::bucket::Bucket;
use crate::live::Live;
use crate::program::{Said, said};
use crate::prune::old_ledger;

const KEY: &str = "data/checkpoint.pub";

fn run(live: &Live<'_>, bucket: &Bucket, args: &[&str]) -> Said {
    let mut command = live.command();
    bucket.name_to(&mut command);
    said(&command.args(args).output().unwrap())
}

#[test]
fn a_ledger_is_published_archived_and_pruned_in_object_storage() {
    let folder = tempfile::tempdir().unwrap();
    old_ledger(folder.path());
    let (live, bucket) = (Live::start(folder.path()), Bucket::start());
    let ok = |args: &[&str]| {
        let said = run(&live, &bucket, args);
        assert_eq!(said.code, 0, "{args:?}: {}{}", said.out, said.err);
        said.out
    };
    let export = ["ledger", "export", "--tiles", "s3://bucket/published", "--key", KEY];
    let first = ok(&export);
    assert!(first.contains("next: shipway verify s3://bucket/published"), "{first}");
    ok(&["ledger", "hold", "place", "case-17", "--reason", "something new"]);
    ok(&["ledger", "hold", "release", "case-17"]);
    assert!(ok(&export).contains("exported: 2 new events"), "it is continued");
    let verified = ok(&["verify", "s3://bucket/published", "--key", KEY]);
    assert!(verified.contains("all records hash to"), "{verified}");

    // What is changed there is found, and nothing is written on top of it.
    let tile = "/bucket/published/tile/0/000".to_owned();
    let change = || bucket.objects.lock().unwrap().get_mut(&tile).expect("it is there")[0] ^= 1;
    change();
    assert_eq!(run(&live, &bucket, &["verify", "s3://bucket/published", "--key", KEY]).code, 1);
    change();
    assert_eq!(run(&live, &bucket, &["verify", "s3://bucket/nothing", "--key", KEY]).code, 1);

    let copy = [
        "ledger",
        "archive",
        "--data",
        "data",
        "--before",
        "2020-01-01",
        "--to",
        "s3://bucket/copy",
        "--copy",
    ];
    ok(&copy);
    assert!(ok(&["ledger", "prune", "s3://bucket/copy"]).contains("pruned: 256 events"));
    assert!(ok(&["verify", "s3://bucket/copy", "--key", KEY]).contains("of the first 256 the hashes alone"));
    let objects = bucket.objects.lock().unwrap();
    assert!(
        !objects.contains_key("/bucket/copy/records/000.zst")
            && objects.contains_key("/bucket/copy/tile/0/000")
    );
}
