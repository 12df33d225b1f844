//! The store in memory keeps the promises of every store.

use shipway_runtime::Store;
use shipway_runtime::memory::MemoryDisk;
use shipway_runtime::suite::{CHECKS, Site, run};

struct Memory(MemoryDisk);

impl Site for Memory {
    fn open(&self) -> Box<dyn Store> {
        Box::new(self.0.open())
    }
}

#[test]
fn keeps_every_promise() {
    for check in CHECKS {
        run(check, &Memory(MemoryDisk::default()));
    }
}
