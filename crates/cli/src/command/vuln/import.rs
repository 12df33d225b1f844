//! `shipway vuln import`

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use shipway_api::Client;
use shipway_api::operations::vulnerability::{
    CompareVulnerabilities, Head, Heads, ImportVulnerabilities, NewKnowledge, TraceVulnerabilities,
};
use shipway_api::view::vulnerability::Imported;
use shipway_model::Digest;
use shipway_model::event::KnowledgeSource;
use tokio_util::io::ReaderStream;

use super::export::{self, Entry};
use crate::archive;
use crate::connection::connect;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, Paint, plain};
use crate::settings::ConnectionArgs;

/// Entries of one batch.
const ENTRIES_MAX: usize = 2_000;
/// Bytes of one batch, beyond which it is sent.
const BATCH_BYTES: usize = 8 << 20;
/// How often tracing may bring nothing forward before it is left to the next import.
const STILL_MAX: u32 = 5;

/// Import what is known about vulnerabilities, and trace it to what carries it
///
/// Files are exports of an OSV database: the archive as it is published, single entries, folders of them, or one entry a
/// line. Only what is new, or was modified since, is sent. Then every bill of materials about a package of which something
/// changed is compared again; what follows is attached as evidence, and gates are asked again. Entries that cannot be
/// understood are named, change nothing, and make the exit code 1.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway vuln import all.zip
  shipway vuln import npm.zip GHSA-29mw-wpgm-hmr9.json
  shipway vuln import --epss epss_scores-current.csv --kev known_exploited_vulnerabilities.json")]
pub(crate) struct Import {
    #[arg(value_name = "FILE", required_unless_present_any = ["epss", "kev"])]
    files: Vec<PathBuf>,
    /// Exploit predictions as FIRST publishes them, unpacked
    #[arg(long, value_name = "FILE")]
    epss: Option<PathBuf>,
    /// What is known to be exploited, as CISA publishes it in JSON
    #[arg(long, value_name = "FILE")]
    kev: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

/// What became of everything.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    /// Entries that were read and understood.
    read: u64,
    changed: u64,
    unchanged: u64,
    broken: Vec<String>,
    /// Artifacts about which something else is known now.
    artifacts: Vec<Digest>,
    /// Bills of materials that are still to be compared.
    pending: u64,
}

impl Import {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let mut report = Report::default();
        for path in &self.files {
            import_export(&client, path, &mut report).await?;
        }
        for (source, file) in [(KnowledgeSource::Epss, &self.epss), (KnowledgeSource::Kev, &self.kev)] {
            if let Some(file) = file {
                let imported = import_file(&client, source, file).await?;
                report.read += imported.changed + imported.unchanged;
                report.add(imported);
            }
        }
        trace(&client, &mut report).await?;
        self.output.show(&report, |paint| render(&report, paint))?;
        Ok(if report.broken.is_empty() { Exit::Ok } else { Exit::Failed })
    }
}

impl Report {
    fn add(&mut self, imported: Imported) {
        self.changed += imported.changed;
        self.unchanged += imported.unchanged;
        self.broken.extend(imported.broken);
    }
}

async fn import_export(client: &Client, path: &Path, report: &mut Report) -> Result<(), Failure> {
    let mut batch = Vec::new();
    let mut n_bytes = 0;
    for entry in export::entries(path)? {
        match entry? {
            Ok(entry) => {
                report.read += 1;
                n_bytes += entry.line.len();
                batch.push(entry);
            }
            Err(why) => report.broken.push(why),
        }
        if batch.len() >= ENTRIES_MAX || n_bytes >= BATCH_BYTES {
            send(client, std::mem::take(&mut batch), report).await?;
            n_bytes = 0;
        }
    }
    send(client, batch, report).await
}

/// Sends what the control plane does not know yet.
async fn send(client: &Client, batch: Vec<Entry>, report: &mut Report) -> Result<(), Failure> {
    if batch.is_empty() {
        return Ok(());
    }
    let heads = batch.iter().map(|it| Head { id: it.id.clone(), modified: it.modified }).collect();
    let missing = client.call::<CompareVulnerabilities>((), (), Heads { heads }).await?.value;
    let missing: std::collections::BTreeSet<String> = missing.into_iter().collect();
    let n_entries = batch.len();
    let wanted: Vec<Entry> = batch.into_iter().filter(|it| missing.contains(&it.id)).collect();
    report.unchanged += (n_entries - wanted.len()) as u64;
    if wanted.is_empty() {
        return Ok(());
    }
    let bytes: Vec<u8> = wanted.into_iter().flat_map(|it| it.line).collect();
    let digest = Digest::of(&bytes);
    let size_bytes = bytes.len() as u64;
    let stream = futures_util::stream::iter([Ok::<_, std::io::Error>(bytes)]);
    client.put_blob(digest, size_bytes, stream).await?;
    let new = NewKnowledge { source: KnowledgeSource::Osv, batch: digest };
    report.add(client.call::<ImportVulnerabilities>((), (), new).await?.value);
    Ok(())
}

async fn import_file(client: &Client, source: KnowledgeSource, path: &Path) -> Result<Imported, Failure> {
    let unreadable = |error: std::io::Error| {
        let shown = path.display();
        Failure::new(format!("{shown} cannot be read: {error}"), format!("ls -l {shown}"))
    };
    let (batch, size_bytes) = archive::measure(path).map_err(unreadable)?;
    let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
    client.put_blob(batch, size_bytes, ReaderStream::new(file)).await?;
    Ok(client.call::<ImportVulnerabilities>((), (), NewKnowledge { source, batch }).await?.value)
}

/// Until every bill of materials has been compared.
async fn trace(client: &Client, report: &mut Report) -> Result<(), Failure> {
    let mut n_still = 0;
    let mut before = u64::MAX;
    loop {
        let traced = client.call::<TraceVulnerabilities>((), (), ()).await?.value;
        report.artifacts.extend(traced.changed);
        report.pending = traced.pending;
        n_still = if traced.pending < before { 0 } else { n_still + 1 };
        before = traced.pending;
        if traced.pending == 0 || n_still == STILL_MAX {
            break;
        }
    }
    report.artifacts.sort();
    report.artifacts.dedup();
    Ok(())
}

fn render(report: &Report, paint: Paint) -> String {
    let mut text = format!(
        "{} entries read: {} new or newer, {} known already\n",
        report.read, report.changed, report.unchanged
    );
    for why in &report.broken {
        text += &format!("{} {}\n", paint.bad("broken:"), plain(why));
    }
    let next = paint.dim("next: shipway vuln affected");
    match report.artifacts.len() {
        0 => text += "No artifact carries anything else than before.\n",
        1 => text += &format!("Something else is known of 1 artifact now.\n{next}\n"),
        n => text += &format!("Something else is known of {n} artifacts now.\n{next}\n"),
    }
    if report.pending > 0 {
        text += &format!(
            "{} {} bills of materials are still to be compared\n",
            paint.warn("waiting:"),
            report.pending
        );
    }
    text
}
