//! What the agents noted themselves, before and after they did it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// The journals of several hosts.
#[derive(Debug, Default)]
pub(crate) struct Journals {
    /// How often each effect was begun, by its key.
    pub(crate) begun: BTreeMap<String, u32>,
    /// Instances that were to run from then on, and process starts.
    pub(crate) desired: u32,
    pub(crate) started: u32,
}

impl Journals {
    pub(crate) fn read<'a>(folder: &Path, hosts: impl Iterator<Item = &'a str>) -> Self {
        let mut journals = Self::default();
        for host in hosts {
            let path = folder.join(host).join("journal.jsonl");
            let text =
                fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            // A line that is still being written is no entry yet.
            let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
            whole.lines().for_each(|line| journals.take(&serde_json::from_str(line).expect("JSON")));
        }
        journals
    }

    fn take(&mut self, entry: &Value) {
        match entry["entry"].as_str().expect("entries have a name") {
            "begun" => {
                let key = entry["effect"]["key"].as_str().expect("effects have keys");
                *self.begun.entry(key.to_owned()).or_default() += 1;
            }
            "desired" => self.desired += 1,
            "started" => self.started += 1,
            _ => {}
        }
    }

    pub(crate) fn begun_twice(&self) -> Vec<&str> {
        self.begun.iter().filter(|(_, times)| **times > 1).map(|(key, _)| key.as_str()).collect()
    }
}
