//! Writes a table of made-up events, for other people's readers to read: `table FILE`.

use std::error::Error;

use shipway_model::Digest;
use shipway_store::archive::{Row, TableWriter};

/// More than one group, so that readers have to put them together.
const N_ROWS: u64 = 70_000;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("name the file to write")?;
    let mut writer = TableWriter::new()?;
    for position in 0..N_ROWS {
        let kind = if position % 7 == 0 { "rollout.started" } else { "step.started" };
        let second = position % 60;
        let record = format!(
            r#"{{"actor":"shipway","at":"2026-03-14T09:26:{second:02}Z","data":{{"nth":{position}}},"type":"{kind}"}}"#
        );
        let leaf = Digest::of(record.as_bytes());
        writer.push(Row { position, leaf, record: record.into_bytes().into() })?;
    }
    let (bytes, _) = writer.finish()?;
    Ok(std::fs::write(path, bytes)?)
}
