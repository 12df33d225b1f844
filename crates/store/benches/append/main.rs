//! How fast events become durable: the disk alone, SQLite alone, and the whole way from `Runtime::submit`; and how
//! fast a ledger is opened again. `cargo bench -p shipway-store --bench append`
//!
//! Rounds of the measurements to be compared follow one another, so that a busy machine slows all alike; the table
//! shows medians. Everything is written below the target folder, to the disk that the workspace is on.

mod bare;
mod disk;
mod opening;
mod rate;
mod whole;

use self::rate::{Rate, median};

/// Of the events in the measurements that are compared.
const EVENT_BYTES: usize = 294;
/// Events per commit at most, everywhere.
const BATCH_MAX: usize = 256;
const ROUNDS: usize = 5;
const WRITERS: [usize; 3] = [1, 16, 64];

fn main() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder can be made");
    let folder = folder.path();

    println!("disk: {EVENT_BYTES} bytes appended to a file, then fdatasync");
    println!("  one at a time        {:>9.0} /s", disk::appends_per_second(folder, 1));
    println!("  {BATCH_MAX} at a time       {:>9.0} /s", disk::appends_per_second(folder, BATCH_MAX));

    println!("durable events, median of {ROUNDS} rounds (SQLite, WAL, synchronous=FULL, one writer thread)");
    println!("  writers   bare /s   p99 ms   whole /s   p99 ms   whole ÷ bare");
    for n_writers in WRITERS {
        let rounds =
            (0..ROUNDS).map(|_| (bare::measure(folder, n_writers), whole::measure(folder, n_writers)));
        let (bare, whole): (Vec<_>, Vec<_>) = rounds.unzip();
        let ratio = median(bare.iter().zip(&whole).map(|(bare, whole)| whole.per_second / bare.per_second));
        let per_second = |rates: &[Rate]| median(rates.iter().map(|it| it.per_second));
        let p99_ms = |rates: &[Rate]| median(rates.iter().map(|it| it.p99_ms));
        println!(
            "  {n_writers:>7} {:>9.0} {:>8.2} {:>10.0} {:>8.2} {ratio:>14.2}",
            per_second(&bare),
            p99_ms(&bare),
            per_second(&whole),
            p99_ms(&whole),
        );
    }

    opening::measure(folder);
}
