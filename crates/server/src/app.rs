//! What handlers work with.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use shipway_runtime::driver::LogSink;
use shipway_runtime::knowledge::Knowledge;
use shipway_runtime::telemetry::Receive;
use shipway_runtime::{Past, Runtime, StateRef};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::access::rules::Rules;
use crate::blob::BlobStore;
use crate::config::{
    AttestationVerifier, Config, DeployJudge, EvidenceReader, TestHistorian, WebhookReader, WebhookVerifier,
};
use crate::gates::Gates;
use crate::hearing::Hearing;
use crate::metrics::Requests;
use crate::pages::{Alike, Sessions};
use crate::sign_in::attempts::Attempts;
use crate::sign_in::hand_over::Handovers;
use crate::sign_in::oidc::Oidc;
use crate::sign_in::password::Passwords;

/// Shared by all requests. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub(crate) runtime: Runtime,
    pub(crate) blobs: Arc<BlobStore>,
    pub(crate) logs: Arc<dyn LogSink>,
    pub(crate) read_evidence: EvidenceReader,
    pub(crate) telemetry: Option<Arc<dyn Receive>>,
    pub(crate) rules: Arc<Rules>,
    pub(crate) gates: Arc<Gates>,
    pub(crate) verify_attestations: AttestationVerifier,
    pub(crate) knowledge: Option<Arc<dyn Knowledge>>,
    pub(crate) can_deploy: DeployJudge,
    pub(crate) test_histories: TestHistorian,
    pub(crate) verify_webhook: WebhookVerifier,
    pub(crate) read_webhook: WebhookReader,
    pub(crate) hearing: Arc<Hearing>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) alike: Arc<Alike>,
    pub(crate) passwords: Arc<Passwords>,
    pub(crate) attempts: Arc<Attempts>,
    pub(crate) oidc: Option<Arc<Oidc>>,
    pub(crate) handovers: Arc<Handovers>,
    pub(crate) requests: Arc<Requests>,
    pub(crate) streams: Arc<Semaphore>,
    /// Live pages that may be open at once.
    pub(crate) watchers: Arc<Semaphore>,
    /// Fires when the server is to end.
    pub(crate) stopping: CancellationToken,
}

impl App {
    /// Makes the folders of blobs and sessions if they are not there. `address` is where the server listens.
    ///
    /// # Errors
    /// When one cannot be made.
    pub fn open(
        config: &Config,
        address: SocketAddr,
        runtime: Runtime,
        logs: Arc<dyn LogSink>,
    ) -> io::Result<Self> {
        let blobs = BlobStore::open(&config.data.join("blobs"), config.blob_bytes_max)?;
        let hearing = if runtime.is_shared() {
            blobs.forget_stale_uploads()?;
            Hearing::noted_in(&config.data.join("heard"))?
        } else {
            blobs.forget_uploads()?;
            Hearing::default()
        };
        let attempts = match runtime.is_shared() {
            true => Attempts::shared_in(&config.data.join("attempts"))?,
            false => Attempts::default(),
        };
        let blobs = Arc::new(blobs);
        Ok(Self {
            runtime,
            gates: Arc::new(Gates {
                blobs: blobs.clone(),
                ask: config.ask_gates,
                read_document: config.read_document,
                read_alert_rules: config.read_alert_rules,
            }),
            blobs,
            logs,
            read_evidence: config.read_evidence,
            telemetry: config.telemetry.clone(),
            rules: Arc::new(Rules::new(config.compile_access)),
            verify_attestations: config.verify_attestations,
            knowledge: config.knowledge.clone(),
            can_deploy: config.can_deploy,
            test_histories: config.test_histories,
            verify_webhook: config.verify_webhook,
            read_webhook: config.read_webhook,
            hearing: Arc::new(hearing),
            alike: Arc::default(),
            sessions: Arc::new(Sessions::open_in(&config.data.join("sessions"))?),
            passwords: Arc::new(Passwords::open_in(&config.data.join("passwords"))?),
            attempts: Arc::new(attempts),
            oidc: config.provider.clone().map(|it| Arc::new(Oidc::new(it, address))),
            handovers: Arc::default(),
            requests: Arc::default(),
            streams: Arc::new(Semaphore::new(config.streams_max)),
            watchers: Arc::new(Semaphore::new(config.pages_max)),
            stopping: CancellationToken::new(),
        })
    }

    /// What was known then, or is committed now. Hold it briefly: the writer waits for the latter to be let go.
    pub(crate) fn state<'a>(&'a self, past: Option<&'a Past>) -> StateRef<'a> {
        past.map_or_else(|| self.runtime.state(), Past::state)
    }
}
