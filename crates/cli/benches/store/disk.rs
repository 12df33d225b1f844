//! The disk by itself.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use crate::EVENT_BYTES;
use crate::rate::RUN;

/// Appends groups of events to a file, each group durable before the next.
pub(crate) fn appends_per_second(folder: &Path, group: usize) -> f64 {
    let mut file = File::create(folder.join("bare-file")).expect("a file can be made");
    let events = vec![b'x'; EVENT_BYTES * group];
    let (start, mut n_events) = (Instant::now(), 0);
    while start.elapsed() < RUN {
        file.write_all(&events).expect("is written");
        file.sync_data().expect("is durable");
        n_events += group;
    }
    n_events as f64 / start.elapsed().as_secs_f64()
}
