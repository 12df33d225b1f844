//! What the server is told when it starts.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use jiff::Timestamp;
use shipway_model::attestation::Attestation;
use shipway_model::ci::Delivery;
use shipway_model::contract::{Deployability, Fit, FitReason};
use shipway_model::evidence::{Normal, Tests};
use shipway_model::gate::Requirement;
use shipway_model::gate::facts::{Content, Facts};
use shipway_model::quarantine::History;
use shipway_model::release::Document;
use shipway_model::resource::webhook::Sender;
use shipway_model::resource::{Policy, TrustRoot, Webhook};
use shipway_model::{Digest, Name};
use shipway_runtime::driver::BoxFuture;
use shipway_runtime::knowledge::Knowledge;
use shipway_runtime::telemetry::Receive;

use crate::access::rules::{Compile, by_role};
use crate::gates::{Seen, Tools};
use crate::sign_in::oidc::Provider;

/// The largest JSON body, in bytes.
pub(crate) const JSON_BYTES_MAX: usize = 1024 * 1024;
/// How long a request may take, its waits aside.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How long bytes of a streamed body may fail to come.
pub(crate) const BODY_SILENCE_MAX: Duration = Duration::from_secs(30);

/// Reads a document into its normal form, given the file's name and the format as far as they are known; or says why
/// it cannot. The server knows no format: whoever puts it together hands this in.
pub type EvidenceReader = fn(&mut dyn BufRead, Option<&str>, Option<&str>) -> Result<Normal, String>;

/// Asks every gate of some policies about facts. The server knows no gate: whoever puts it together hands this in.
pub type GateAsker = fn(&BTreeMap<Name, Policy>, &Facts) -> Vec<Requirement>;

/// The attestations of a document with the signers whose signatures hold under the roots at the instant; or why it cannot
/// be asked. The server knows no cryptography of documents either.
pub type AttestationVerifier =
    fn(&[u8], &BTreeMap<Name, TrustRoot>, Timestamp) -> Result<Vec<Attestation>, String>;

/// Reads a document that travels with a release, as far as machines read it.
pub type DocumentReader = fn(Document, &[u8]) -> Content;

/// Says whether the build of a service in the facts fits what it meets where they are about.
pub type DeployJudge = fn(&Facts, &Name) -> Deployability;

/// What reports say of each test, in the order in which they came: the code that each is about, its instant and its tests;
/// and the share of disagreeing runs that is put up with.
pub type TestHistorian = fn(&[(String, Timestamp, Tests)], f64) -> Vec<History>;

/// Asks the tools outside for what gates want to know of them.
pub type ToolReader = fn(Tools) -> BoxFuture<'static, Seen>;

/// Whether a message comes from who knows the Webhook's secret, which may be read from a file; or why it does not.
pub type WebhookVerifier = fn(&Webhook, &HeaderMap, &[u8]) -> Result<(), String>;

/// What a message of a CI system tells, or why it is none of this sender's.
pub type WebhookReader = fn(Sender, &HeaderMap, &[u8]) -> Result<Delivery, String>;

#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The folder in which blobs and sessions are kept. Replicas of a control plane share it.
    pub data: PathBuf,
    /// The largest blob.
    pub blob_bytes_max: u64,
    /// Event streams open at once; further ones are refused.
    pub streams_max: usize,
    /// Live pages open at once; further ones are drawn, and do not move by themselves.
    pub pages_max: usize,
    pub read_evidence: EvidenceReader,
    /// Who takes in what is pushed as OTLP, if anybody does.
    pub telemetry: Option<Arc<dyn Receive>>,
    /// How policies over access are compiled.
    pub compile_access: Compile,
    /// Through whom people may sign in beside their passwords.
    pub provider: Option<Provider>,
    pub ask_gates: GateAsker,
    pub verify_attestations: AttestationVerifier,
    /// Who keeps what is known about vulnerabilities, if anybody does.
    pub knowledge: Option<Arc<dyn Knowledge>>,
    pub read_document: DocumentReader,
    pub can_deploy: DeployJudge,
    pub test_histories: TestHistorian,
    pub look_at_tools: ToolReader,
    pub verify_webhook: WebhookVerifier,
    pub read_webhook: WebhookReader,
}

impl Config {
    /// The usual limits: blobs of 1 GiB, 256 streams, 2000 live pages. No format of evidence and no gate is known yet, and
    /// no language of policies: roles alone decide.
    pub fn new(listen: SocketAddr, data: impl Into<PathBuf>) -> Self {
        Self {
            listen,
            data: data.into(),
            blob_bytes_max: 1 << 30,
            streams_max: 256,
            pages_max: 2000,
            read_evidence: |_, _, _| Err("this server knows no format of evidence".to_owned()),
            telemetry: None,
            compile_access: by_role,
            provider: None,
            // No requirement at all passes nothing.
            ask_gates: |_, _| Vec::new(),
            verify_attestations: |_, _, _| Err("this server verifies no signature".to_owned()),
            knowledge: None,
            read_document: |_, bytes| Content {
                digest: Digest::of(bytes),
                headings: Vec::new(),
                rollback: None,
                fault: Some("this server reads no documents".to_owned()),
            },
            can_deploy: |_, service| {
                let why = "this server knows no contracts".to_owned();
                let (answer, service) = (Fit::Unknown, service.clone());
                let reason =
                    FitReason { answer, service, meets: None, why, evidence: Vec::new(), next: None };
                Deployability { answer, reasons: vec![reason] }
            },
            test_histories: |_, _| Vec::new(),
            // No source at all has loaded no rule.
            look_at_tools: |_| Box::pin(async { Seen::default() }),
            verify_webhook: |_, _, _| Err("this server knows no CI system".to_owned()),
            read_webhook: |_, _, _| Err("this server knows no CI system".to_owned()),
        }
    }
}
