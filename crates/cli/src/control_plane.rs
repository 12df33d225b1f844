//! The control plane put together: the only place where store, runtime, drivers, judge and server meet.
//!
//! Its folder holds everything that it must not lose: `ledger.sqlite`, `blobs/`, `logs/`, `history/` and `checkpoint.key`, with
//! which the ledger's checkpoints are signed; and `vulnerabilities.sqlite`, which is made again by importing again. Where the ledger is in PostgreSQL, any number of control planes share both
//! the database and the folder.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, Read as _, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use shipway_integrations::calendar_feeds::CalendarFeeds;
use shipway_integrations::history::{History, Recorder};
use shipway_integrations::itsm::Mirroring;
use shipway_integrations::notify::Telling;
use shipway_integrations::otlp::Telemetry;
use shipway_integrations::provenance::{self, Roots};
use shipway_integrations::silencer::Silencer;
use shipway_integrations::{documents, drivers, evidence, knowledge, metrics, webhooks};
use shipway_ledger::{Origin, SigningKey};
use shipway_model::Name;
use shipway_model::attestation::Attestation;
use shipway_model::evidence::{Normal, Tests};
use shipway_model::gate::Requirement;
use shipway_model::gate::facts::Facts;
use shipway_model::quarantine;
use shipway_model::resource::{Policy, TrustRoot};
use shipway_policy::flakiness::{Run, histories};
use shipway_runtime::driver::LogSink;
use shipway_runtime::log_store::LogStore;
use shipway_runtime::worker::{self, Tools, Worker};
use shipway_runtime::{Config, Entropy, OpenError, OsEntropy, Runtime, Store, SystemClock};
use shipway_server::{Server, StartError, ensure_admin_token, issue_admin_token};
use shipway_store::{PostgresStore, SqliteStore};

use crate::command::serve::Place;

/// The ledger within the folder.
pub(crate) const LEDGER: &str = "ledger.sqlite";
/// The secret key that signs checkpoints, within the folder.
pub(crate) const KEY: &str = "checkpoint.key";
/// What the public key is derived from it, for those who verify, within the folder.
pub(crate) const PUBLIC_KEY: &str = "checkpoint.pub";
/// What was imported about vulnerabilities, within the folder.
const KNOWLEDGE: &str = "vulnerabilities.sqlite";
/// There is one tenant until there are several.
const TENANT: &str = "default";

/// A control plane at work.
pub(crate) struct ControlPlane {
    runtime: Runtime,
    worker: Worker,
    recorder: Recorder,
    silencer: Silencer,
    feeds: CalendarFeeds,
    mirroring: Mirroring,
    telling: Telling,
    server: Server,
    /// The first admin's token, when this was the first start and it was not written to a file. It is not kept
    /// anywhere.
    pub(crate) first_token: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{} cannot be used", .0.display())]
    Folder(PathBuf, #[source] io::Error),
    #[error("{} is no checkpoint key", .0.display())]
    Key(PathBuf, #[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the ledger has events, and the key that signs them is missing: {}", .0.display())]
    KeyMissing(PathBuf),
    #[error("the ledger {} cannot be opened", .0.display())]
    Store(PathBuf, #[source] shipway_store::OpenError),
    #[error("the ledger in PostgreSQL cannot be opened")]
    Postgres(#[source] shipway_store::ConnectError),
    #[error("the ledger cannot be continued")]
    Ledger(#[source] OpenError),
    #[error("the first token cannot be issued")]
    Token(#[source] shipway_runtime::SubmitError),
    #[error("the first token cannot be written to {}; it is: {token}", file.display())]
    TokenFile { file: PathBuf, token: String, source: io::Error },
    #[error("{0}")]
    Knowledge(String),
    #[error("the server cannot be started")]
    Server(#[source] StartError),
}

impl ControlPlane {
    /// Opens the folder, continues the ledger, and answers from now on. A first token goes into the new file
    /// `token_file`, when there is one, before anything answers: whoever waits for that wants it at once.
    pub(crate) async fn start(place: &Place, token_file: Option<&Path>) -> Result<Self, Fault> {
        let (folder, listen) = (place.data.as_path(), place.listen);
        let unusable = |error| Fault::Folder(folder.to_owned(), error);
        fs::create_dir_all(folder).map_err(unusable)?;
        let (home, address) = (folder.to_owned(), place.store.clone());
        // Reading a long ledger takes a while, and the runtime's threads have other work.
        let opening = tokio::task::spawn_blocking(move || {
            let starting = lock_start(&home)?;
            let mut store: Box<dyn Store> = match address {
                Some(address) => Box::new(PostgresStore::open(&address).map_err(Fault::Postgres)?),
                None => {
                    let path = home.join(LEDGER);
                    Box::new(SqliteStore::open(&path).map_err(|it| Fault::Store(path, it))?)
                }
            };
            let is_new = store.load().map_err(|it| Fault::Ledger(it.into()))?.head.size == 0;
            let config = Config {
                tenant: tenant(),
                clock: Arc::new(SystemClock),
                entropy: Arc::new(OsEntropy),
                // Only now: whoever else starts on this folder is held off.
                signer: signing_key(&home, is_new)?,
            };
            let runtime = Runtime::open(store, config).map_err(Fault::Ledger)?;
            drop(starting);
            Ok(runtime)
        });
        let runtime = opening.await.expect("opening does not panic")?;
        let issued = match place.new_admin_token {
            true => issue_admin_token(&runtime).await.map(Some),
            false => ensure_admin_token(&runtime).await,
        };
        let first_token = match (issued.map_err(Fault::Token)?, token_file) {
            (Some(token), Some(file)) => {
                write_secret(file, &token)?;
                None
            }
            (token, _) => token,
        };
        let logs: Arc<dyn LogSink> = Arc::new(LogStore::open(&folder.join("logs")).map_err(unusable)?);
        let telemetry = Arc::new(Telemetry::default());
        let history = History::kept_in(&folder.join("history"));
        let knowledge = knowledge::Store::open(&folder.join(KNOWLEDGE)).map_err(Fault::Knowledge)?;
        let mut config = shipway_server::Config::new(listen, folder);
        config.read_evidence = read_evidence;
        config.verify_attestations = verify_attestations;
        config.telemetry = Some(telemetry.clone());
        config.ask_gates = ask_gates;
        config.read_document = documents::read;
        config.can_deploy = shipway_policy::contracts::can_deploy;
        config.test_histories = test_histories;
        config.read_alert_rules = |sources| Box::pin(metrics::alert_rules(sources));
        config.verify_webhook = webhooks::verify;
        config.read_webhook = webhooks::read;
        config.compile_access = crate::access::compile;
        config.knowledge = Some(Arc::new(knowledge));
        config.provider = place.provider.named();
        let server = Server::start(config, runtime.clone(), logs.clone()).await.map_err(Fault::Server)?;
        let mut drivers = drivers::all(drivers::Config {
            history: Some(history.clone()),
            telemetry,
            ..drivers::Config::from_environment()
        });
        drivers.push(server.gate_driver());
        let worker = worker::start(runtime.clone(), Tools { drivers, judge: crate::judge::open, logs });
        let recorder = Recorder::start(runtime.clone(), history);
        let silencer = Silencer::start(runtime.clone(), folder.join("silencer.lock"));
        let feeds = CalendarFeeds::start(runtime.clone(), folder.join("calendar-feeds.lock"));
        let mirroring = Mirroring::start(runtime.clone(), folder.join("itsm.lock"));
        let telling = Telling::start(runtime.clone(), folder.join("channels.lock"));
        Ok(Self { runtime, worker, recorder, silencer, feeds, mirroring, telling, server, first_token })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Lets requests under way end. Effects under way are performed again by the next start.
    pub(crate) async fn stop(self) {
        self.server.shutdown().await;
        self.worker.stop().await;
        self.recorder.stop().await;
        self.silencer.stop().await;
        self.feeds.stop().await;
        self.mirroring.stop().await;
        self.telling.stop().await;
        self.runtime.shutdown().await;
    }
}

/// How documents are read: the seam between the server and the table of formats.
fn read_evidence(
    bytes: &mut dyn BufRead,
    file_name: Option<&str>,
    format: Option<&str>,
) -> Result<Normal, String> {
    let format = format.map(evidence::find).transpose().map_err(|it| it.to_string())?;
    evidence::read(evidence::Source::new(bytes), file_name, format).map_err(|it| it.to_string())
}

/// How gates are asked: the seam between the server and the table of gates.
fn ask_gates(policies: &BTreeMap<Name, Policy>, facts: &Facts) -> Vec<Requirement> {
    shipway_policy::decide(policies, facts).requirements
}

/// How the history of tests is told: the same seam.
fn test_histories(runs: &[(String, Timestamp, Tests)], rate: f64) -> Vec<quarantine::History> {
    let runs = runs.iter().map(|(code, at, tests)| Run { code: code.clone(), at: *at, tests });
    histories(runs, rate)
}

/// How signatures are verified: the same seam.
fn verify_attestations(
    document: &[u8],
    roots: &BTreeMap<Name, TrustRoot>,
    at: Timestamp,
) -> Result<Vec<Attestation>, String> {
    let roots = Roots::new(roots).map_err(|it| it.to_string())?;
    provenance::verify(document, &roots, at).map_err(|it| it.to_string())
}

/// Held while a control plane starts: the first makes the key that the others then find.
fn lock_start(folder: &Path) -> Result<fs::File, Fault> {
    let path = folder.join("start.lock");
    let open = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let locked = open.and_then(|file| file.lock().map(|()| file));
    locked.map_err(|error| Fault::Folder(path, error))
}

fn tenant() -> Name {
    TENANT.parse().expect("a valid name")
}

/// The ledger's key: made on the first start, readable by its owner alone. A ledger that has events has a key, and a new
/// one would make its checkpoints another's.
fn signing_key(folder: &Path, is_new: bool) -> Result<SigningKey, Fault> {
    let path = folder.join(KEY);
    let unusable = |error| Fault::Folder(path.clone(), error);
    let invalid = |error: Box<dyn std::error::Error + Send + Sync>| Fault::Key(path.clone(), error);
    let mut text = String::new();
    match OpenOptions::new().read(true).open(&path) {
        Ok(mut file) => {
            file.read_to_string(&mut text).map_err(unusable)?;
            text.trim().parse::<SigningKey>().map_err(|it| invalid(it.into()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && !is_new => Err(Fault::KeyMissing(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut seed = [0; 32];
            OsEntropy.fill(&mut seed);
            let mut suffix = [0; 4];
            OsEntropy.fill(&mut suffix);
            // Two ledgers must not have one name, or checkpoints of one would be taken for the other's.
            let origin = format!("shipway/{TENANT}/{}", hex::encode(suffix));
            let origin: Origin =
                origin.parse().map_err(|it: shipway_ledger::InvalidKey| invalid(it.into()))?;
            let key = SigningKey::from_seed(origin, &seed);
            write_new(&folder.join(PUBLIC_KEY), &key.verifier().to_string(), 0o644).map_err(unusable)?;
            write_new(&path, &key.to_secret_text(), 0o600).map_err(unusable)?;
            Ok(key)
        }
        Err(error) => Err(unusable(error)),
    }
}

fn write_secret(file: &Path, token: &str) -> Result<(), Fault> {
    let open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let written = open.and_then(|mut open| {
        writeln!(open, "{token}")?;
        open.sync_all()
    });
    written.map_err(|source| Fault::TokenFile { file: file.to_owned(), token: token.to_owned(), source })
}

/// Whole or not at all, also when the power goes meanwhile.
fn write_new(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let unfinished = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&unfinished)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    fs::File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}
