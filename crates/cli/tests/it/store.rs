//! Moving, backing up and restoring what a control plane keeps.

use std::fs;
use std::path::Path;

use crate::cluster::Cluster;
use crate::program::{Said, run, said, shipway};
use crate::site::Site;
use crate::site::service::Behaviour;

const STRATEGY: &str = "{rolling: {maxSurge: 1}}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_moves_to_postgres_and_back_and_goes_on() {
    let cluster = Cluster::start();
    let mut site = Site::without_hosts(STRATEGY).await;
    site.release("1.0.0", Behaviour::GOOD).await;
    site.look().await;
    site.kill_control_plane();
    let (data, database) = (site.data().display().to_string(), cluster.fresh());
    let copied = ok(run(site.path(), &["store", "copy", &data, &database]));
    let verified = ok(run(site.path(), &["ledger", "verify", "--store", &database, "--key", &key(&data)]));
    assert!(verified.contains(&format!("sound: {} events", site.witness.size())), "{verified}");
    let root = copied.split_once("root ").expect("it names the root").1.trim().to_owned();
    assert!(verified.contains(&root), "{verified} lacks {root}");
    let occupied = run(site.path(), &["store", "copy", &data, &database]);
    assert!(occupied.code != 0 && occupied.err.contains("into an empty store only"), "{}", occupied.err);

    let back = site.path().join("back");
    fs::create_dir(&back).expect("a folder can be made");
    ok(run(site.path(), &["store", "copy", &database, &back.display().to_string()]));
    for file in ["checkpoint.key", "checkpoint.pub"] {
        fs::copy(site.data().join(file), back.join(file)).expect("is copied");
    }
    fs::rename(site.data(), site.path().join("before")).expect("is moved away");
    fs::rename(&back, site.data()).expect("takes its place");
    fs::rename(site.path().join("before/blobs"), site.data().join("blobs")).expect("goes along");
    site.start_control_plane().await;
    site.release("1.1.0", Behaviour::GOOD).await;
    site.assert_nothing_lost().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_running_control_plane_is_restored_and_goes_on_under_its_key() {
    let cluster = Cluster::start();
    let mut site = Site::without_hosts(STRATEGY).await;
    let digest = site.release("1.0.0", Behaviour::GOOD).await;
    let (data, backup) =
        (site.data().display().to_string(), site.path().join("backup").display().to_string());
    let backed_up = ok(run(site.path(), &["store", "backup", "--data", &data, &backup]));
    assert!(backed_up.contains("and 1 blobs"), "{backed_up}");
    ok(run(site.path(), &["ledger", "verify", "--data", &backup]));

    // A checkpoint that is kept elsewhere knows of more than the backup.
    site.release("1.1.0", Behaviour::GOOD).await;
    let kept = site.path().join("kept.json");
    fs::write(&kept, ok(site.shipway(&["ledger", "head", "-o", "json"]))).expect("is written");
    site.kill_control_plane();

    let (restored, database) = (site.path().join("restored"), cluster.fresh());
    let place = restored.display().to_string();
    let restore = ["store", "restore", &backup, "--data", &place, "--store", &database];
    ok(run(site.path(), &restore));
    assert!(run(site.path(), &restore).err.contains("is there already"));
    let shelf = restored.join("blobs/sha256").join(&digest.hex()[..2]).join(digest.hex());
    assert!(shelf.is_file(), "the blob came along");
    let (public, kept) = (key(&place), kept.display().to_string());
    let verify = ["ledger", "verify", "--store", &database, "--key", &public, "--checkpoint", &kept];
    let behind = run(site.path(), &verify);
    assert_eq!(behind.code, 1, "{}", behind.out);
    assert!(behind.err.contains("ends too early") && behind.err.contains("it agrees with"), "{}", behind.err);

    // Into a folder as well, where it goes on.
    fs::rename(site.data(), site.path().join("before")).expect("is moved away");
    ok(run(site.path(), &["store", "restore", &backup, "--data", &data]));
    site.start_control_plane().await;
    site.release("1.2.0", Behaviour::GOOD).await;
    ok(site.shipway(&["ledger", "verify", "--key", &key(&data)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_half_restored_is_refused_by_whoever_would_use_it() {
    let site = Site::without_hosts(STRATEGY).await;
    let (data, backup) =
        (site.data().display().to_string(), site.path().join("backup").display().to_string());
    ok(run(site.path(), &["store", "backup", "--data", &data, &backup]));
    // The restore breaks off: a blob is not what its name says.
    let shelf = site.path().join("backup/blobs/sha256/00");
    fs::create_dir_all(&shelf).expect("a folder can be made");
    fs::write(shelf.join("00".repeat(32)), "something else").expect("is written");
    let half = site.path().join("half").display().to_string();
    let broken = run(site.path(), &["store", "restore", &backup, "--data", &half]);
    assert!(broken.code != 0 && broken.err.contains("has been changed"), "{}", broken.err);

    let verified = run(site.path(), &["ledger", "verify", "--data", &half]);
    assert!(verified.code != 0 && verified.err.contains("not whole"), "{}", verified.err);
    // Even with the key in its place.
    fs::copy(site.data().join("checkpoint.key"), Path::new(&half).join("checkpoint.key")).expect("is copied");
    let served = run(site.path(), &["serve", "--data", &half, "--listen", "127.0.0.1:0"]);
    assert!(served.code != 0 && served.err.contains("was not finished"), "{}", served.err);
    let again = run(site.path(), &["store", "backup", "--data", &half, &format!("{half}-2")]);
    assert!(again.code != 0 && again.err.contains("not finished"), "{}", again.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verifying_where_a_ledger_is_kept_only_reads_and_sees_what_is_derived() {
    let mut site = Site::without_hosts(STRATEGY).await;
    site.release("1.0.0", Behaviour::GOOD).await;
    let data = site.data().display().to_string();
    // While the control plane runs.
    ok(run(site.path(), &["ledger", "verify", "--data", &data]));
    site.kill_control_plane();
    let ledger = rusqlite::Connection::open(site.data().join("ledger.sqlite")).expect("opens");
    ledger.execute("UPDATE events SET stream = 'pauses' WHERE position = 3", []).expect("is changed");
    drop(ledger);
    let moved = run(site.path(), &["ledger", "verify", "--data", &data]);
    assert!(moved.code != 0 && moved.err.contains("event 3: it belongs to the stream"), "{}", moved.err);
}

#[test]
fn a_database_that_is_not_there_is_told_without_its_password() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut serve = shipway(folder.path());
    serve.args(["serve", "--data", "data"]);
    serve.env("SHIPWAY_STORE", "postgres://someone:swordfish@127.0.0.1:1/shipway");
    let said = said(&serve.output().expect("the binary runs"));
    assert_ne!(said.code, 0);
    assert!(said.err.contains("PostgreSQL"), "{}", said.err);
    assert!(!said.err.contains("swordfish"), "{}", said.err);
}

fn ok(said: Said) -> String {
    assert_eq!(said.code, 0, "{}", said.err);
    said.out
}

fn key(data: &str) -> String {
    format!("{data}/checkpoint.pub")
}
