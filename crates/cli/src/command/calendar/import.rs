//! `shipway calendar import`

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use shipway_engine::calendar::ics;
use shipway_model::resource::calendar::RuleKind;
use shipway_model::resource::{ApiVersion, Metadata, Resource, Spec};
use shipway_model::{Millis, Name};

use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output::{Paint, note, plain, print, yaml};

/// How long a feed may take to come.
const PATIENCE: Duration = Duration::from_secs(30);
/// One byte more than the reader takes.
const BYTES_MAX: usize = 4 * 1024 * 1024 + 1;
/// Fresher than this asks too much of whoever serves the feed.
const EVERY_MIN: Duration = Duration::from_secs(60);

/// Turn somebody else's calendar (iCalendar) into a Calendar file
///
/// Events that cannot be rules are named on standard error and left out. With --every, the feed is fetched again and
/// again; while that fails, the last file stands, and each failure is told.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway calendar import holidays.ics --name holidays > holidays.yaml
  shipway calendar import vendor.ics --name vendor --kind deny --time-zone America/New_York --out vendor.yaml
  shipway calendar import http://127.0.0.1:8080/vendor.ics --name vendor --out vendor.yaml --every 1h")]
pub(crate) struct Import {
    /// A file, `-` for standard input, or the address of a feed
    #[arg(value_name = "FILE|URL")]
    source: String,
    /// The Calendar's name
    #[arg(long)]
    name: Name,
    /// Whether its events let releases through or keep them out
    #[arg(long, value_enum, default_value = "deny")]
    kind: KindArg,
    /// The zone of times that say none
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    time_zone: String,
    /// Where to write it; standard output when left out
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Fetch it again and again, this long apart
    #[arg(long, value_name = "DURATION", requires = "out")]
    every: Option<Millis>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KindArg {
    Allow,
    Deny,
}

impl Import {
    pub(crate) async fn run(self) -> Outcome {
        let Some(every) = self.every else { return self.once().await.map(|()| Exit::Ok) };
        let every = every.duration().max(EVERY_MIN);
        loop {
            if let Err(failure) = self.once().await {
                note(&failure.render(Paint::of_stderr()));
            }
            tokio::time::sleep(every).await;
        }
    }

    async fn once(&self) -> Result<(), Failure> {
        let text = self.fetch().await?;
        let kind = match self.kind {
            KindArg::Allow => RuleKind::Allow,
            KindArg::Deny => RuleKind::Deny,
        };
        let again = "shipway help calendar import";
        let imported =
            ics::import(&text, kind, &self.time_zone).map_err(|fault| Failure::because(&fault, again))?;
        for reason in &imported.left_out {
            note(&format!("left out: {}\n", plain(reason)));
        }
        if imported.calendar.rules.is_empty() {
            return Err(Failure::new("the feed has no event that can be a rule", again));
        }
        let description = format!("Imported from {}.", self.source.chars().take(200).collect::<String>());
        let metadata = Metadata { name: self.name.clone(), description, labels: BTreeMap::new() };
        let spec = Spec::Calendar(imported.calendar);
        let text = yaml(&Resource { api_version: ApiVersion::V1, metadata, spec })?;
        match &self.out {
            None => print(&text),
            Some(path) => {
                // Whole or not at all: who reads it meanwhile sees one of the two.
                let draft = path.with_extension("yaml.new");
                let written = std::fs::write(&draft, text).and_then(|()| std::fs::rename(&draft, path));
                written.map_err(|error| {
                    Failure::new(format!("{} cannot be written: {error}", path.display()), again)
                })?;
            }
        }
        Ok(())
    }

    async fn fetch(&self) -> Result<String, Failure> {
        let again = format!("shipway calendar import {} --name {}", self.source, self.name);
        let failed =
            |error: String| Failure::new(format!("{} cannot be read: {error}", self.source), again.clone());
        let mut bytes = Vec::new();
        if self.source.starts_with("http://") || self.source.starts_with("https://") {
            let client = reqwest::Client::builder().timeout(PATIENCE).build();
            let client = client.map_err(|error| failed(error.to_string()))?;
            let answer = client.get(&self.source).send().await.and_then(reqwest::Response::error_for_status);
            let mut answer = answer.map_err(|error| failed(error.to_string()))?;
            while let Some(piece) = answer.chunk().await.map_err(|error| failed(error.to_string()))? {
                bytes.extend_from_slice(&piece);
                if bytes.len() >= BYTES_MAX {
                    break;
                }
            }
        } else if self.source == "-" {
            let read = std::io::stdin().lock().take(BYTES_MAX as u64).read_to_end(&mut bytes);
            read.map_err(|error| failed(error.to_string()))?;
        } else {
            let file = std::fs::File::open(&self.source);
            let read = file.and_then(|it| it.take(BYTES_MAX as u64).read_to_end(&mut bytes));
            read.map_err(|error| failed(error.to_string()))?;
        }
        String::from_utf8(bytes).map_err(|_| failed("it is not UTF-8".to_owned()))
    }
}
