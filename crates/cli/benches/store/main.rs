//! What the stores carry: durable appends per second and their p99 on SQLite and on PostgreSQL, beside the disk alone and
//! each database alone with group commit; and effects leased, performed and reported per second by 1, 2 and 4 replicas.
//! `cargo bench -p shipway-cli --bench store`; `SHIPWAY_BENCH_WRITERS=64` measures that many writers alone.
//!
//! Rounds of what is compared follow one another, so that a busy machine slows all alike; the tables show medians.

use std::path::Path;

use rate::{Rate, median};

mod bare;
mod bare_postgres;
mod chain;
#[path = "../../../store/tests/it/cluster.rs"]
#[expect(dead_code, reason = "the tests start it in other ways too")]
mod cluster;
mod disk;
mod effects;
mod rate;
mod whole;
#[path = "../rollouts/world.rs"]
mod world;

/// Of the events in the measurements that are compared.
const EVENT_BYTES: usize = 294;
/// Events per commit at most, everywhere.
const BATCH_MAX: usize = 256;
const ROUNDS: usize = 3;
const WRITERS: [usize; 4] = [1, 16, 64, 256];
const REPLICAS: [usize; 3] = [1, 2, 4];

fn main() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder can be made");
    let folder = folder.path();
    // As a database is run: what it acknowledges is on the disk.
    let cluster = cluster::Cluster::start_with(&["max_wal_size=4GB", "shared_buffers=256MB"]);
    println!("{}", cluster.psql("SHOW server_version"));

    println!("disk: {EVENT_BYTES} bytes appended to a file, then fdatasync");
    println!("  one at a time        {:>9.0} /s", disk::appends_per_second(folder, 1));
    println!("  {BATCH_MAX} at a time       {:>9.0} /s", disk::appends_per_second(folder, BATCH_MAX));

    println!("durable events, median of {ROUNDS} rounds");
    println!("  store       writers    bare /s   p99 ms   whole /s   p99 ms   whole / bare");
    let chosen = std::env::var("SHIPWAY_BENCH_WRITERS").ok();
    let chosen: Option<usize> = chosen.map(|it| it.parse().expect("it is a number"));
    for n_writers in chosen.map_or_else(|| WRITERS.to_vec(), |it| vec![it]) {
        compare("SQLite", n_writers, || bare::measure(folder, n_writers), || sqlite(folder, n_writers));
        let bare = || bare_postgres::measure(&cluster.fresh(), n_writers);
        compare("PostgreSQL", n_writers, bare, || postgres(&cluster.fresh(), n_writers));
    }

    if chosen.is_some() {
        return;
    }
    println!(
        "effects leased, performed by a driver that does nothing, and reported, on PostgreSQL; median of {ROUNDS}"
    );
    for n_replicas in REPLICAS {
        let rates = (0..ROUNDS).map(|_| effects::per_second(&cluster.fresh(), folder, n_replicas));
        println!("  {n_replicas} replicas {:>9.0} /s", median(rates));
    }
}

fn compare(store: &str, n_writers: usize, bare: impl Fn() -> Rate, whole: impl Fn() -> Rate) {
    let (bare, whole): (Vec<_>, Vec<_>) = (0..ROUNDS).map(|_| (bare(), whole())).unzip();
    let ratio = median(bare.iter().zip(&whole).map(|(bare, whole)| whole.per_second / bare.per_second));
    let per_second = |rates: &[Rate]| median(rates.iter().map(|it| it.per_second));
    let p99_ms = |rates: &[Rate]| median(rates.iter().map(|it| it.p99_ms));
    println!(
        "  {store:<10} {n_writers:>8} {:>10.0} {:>8.2} {:>10.0} {:>8.2} {ratio:>14.2}",
        per_second(&bare),
        p99_ms(&bare),
        per_second(&whole),
        p99_ms(&whole),
    );
}

fn sqlite(folder: &Path, n_writers: usize) -> Rate {
    let folder = tempfile::tempdir_in(folder).expect("a folder can be made");
    let store = shipway_store::SqliteStore::open(&folder.path().join("ledger.sqlite")).expect("opens");
    whole::measure(Box::new(store), n_writers)
}

fn postgres(address: &str, n_writers: usize) -> Rate {
    whole::measure(Box::new(shipway_store::PostgresStore::open(address).expect("opens")), n_writers)
}
