//! The catalogue of problems.

use std::fmt;

macro_rules! codes {
    ($($variant:ident = $text:literal $status:literal $title:literal,)*) => {
        /// Why a request was refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($variant),* }

        impl Code {
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The stable name, in kebab case.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// The HTTP status that it is sent with.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status),* }
            }

            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }

            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

codes! {
    // The request itself.
    InvalidRequest = "invalid-request" 400 "The request cannot be read",
    Unauthenticated = "unauthenticated" 401 "A valid token is needed",
    Forbidden = "forbidden" 403 "The token does not allow this",
    NotFound = "not-found" 404 "There is nothing at this path",
    MethodNotAllowed = "method-not-allowed" 405 "The path does not take this method",
    PreconditionFailed = "precondition-failed" 412 "It has changed since it was read",
    TooLarge = "too-large" 413 "The body is over the limit",
    UnsupportedMediaType = "unsupported-media-type" 415 "The body is not of the expected type",
    IdempotencyKeyReused = "idempotency-key-reused" 422 "The idempotency key belongs to another request",
    // What is stored.
    UnknownBlob = "unknown-blob" 404 "No bytes are stored under this digest",
    DigestMismatch = "digest-mismatch" 422 "The bytes do not have this digest",
    SizeMismatch = "size-mismatch" 422 "The bytes do not have this size",
    LogGap = "log-gap" 409 "A piece of the log before this one is missing",
    UnknownPosition = "unknown-position" 404 "The ledger is not that long",
    UnknownTrain = "unknown-train" 404 "There is no such train",
    UnknownMirror = "unknown-mirror" 404 "There is no such mirror",
    UnknownRunbook = "unknown-runbook" 404 "There is no such runbook",
    RunbookUnread = "runbook-unread" 409 "A runbook has not been read by a peer",
    NotAgreed = "not-agreed" 409 "The fallback was not agreed to",
    UnknownWebhook = "unknown-webhook" 404 "There is no such webhook",
    UnknownHold = "unknown-hold" 404 "There is no such hold",
    OnHold = "on-hold" 409 "A legal hold stands",
    Retained = "retained" 409 "It must be kept for longer",
    SubjectActive = "subject-active" 409 "Somebody still acts under this name",
    // What is declared.
    InvalidFiles = "invalid-files" 422 "The files have faults",
    InvalidDeclarations = "invalid-declarations" 422 "The declarations do not fit together",
    UnknownResource = "unknown-resource" 404 "There is no such resource",
    UnknownService = "unknown-service" 404 "There is no such service",
    UnknownEnvironment = "unknown-environment" 404 "There is no such environment",
    // Artifacts and releases.
    UnknownArtifact = "unknown-artifact" 404 "There is no such artifact",
    ArtifactDiffers = "artifact-differs" 409 "The version is registered as something else",
    ReservedVersion = "reserved-version" 422 "The version is kept for something else",
    UnknownRelease = "unknown-release" 404 "There is no such release",
    ReleaseExists = "release-exists" 409 "The release exists with other content",
    ReleaseSealed = "release-sealed" 409 "The release is sealed",
    ReleaseNotSealed = "release-not-sealed" 409 "The release is not sealed",
    InvalidKnownError = "invalid-known-error" 422 "What is said of known errors makes no sense",
    UnknownScope = "unknown-scope" 404 "The release has no scope",
    InvalidScope = "invalid-scope" 422 "The scope cannot be changed like this",
    ScopeFrozen = "scope-frozen" 409 "The scope is frozen",
    UnknownLateItem = "unknown-late-item" 404 "Nothing was asked for under this number",
    OutOfScope = "out-of-scope" 409 "The release brings what is not in its scope",
    InvalidSource = "invalid-source" 422 "The source cannot be recorded like this",
    NotACandidate = "not-a-candidate" 409 "The branching that is agreed on refuses it",
    // Evidence.
    UnknownAlert = "unknown-alert" 404 "There is no such alert",
    UnknownEvidence = "unknown-evidence" 404 "There is no such evidence",
    UnknownSubject = "unknown-subject" 404 "The evidence is about something unknown",
    InvalidEvidence = "invalid-evidence" 422 "The evidence cannot count as it is",
    EvidenceNotAllowed = "evidence-not-allowed" 409 "The token may not send this",
    UnreadableEvidence = "unreadable-evidence" 422 "The document cannot be read",
    // Gates.
    UnknownDecision = "unknown-decision" 404 "There is no such decision",
    UnknownQuarantine = "unknown-quarantine" 404 "There is no such quarantine",
    InvalidQuarantine = "invalid-quarantine" 422 "The quarantine makes no sense",
    UnknownWaiver = "unknown-waiver" 404 "There is no such waiver",
    InvalidWaiver = "invalid-waiver" 422 "The waiver makes no sense",
    // Plans.
    NotPromoted = "not-promoted" 409 "The release has not been through the environment before",
    NoTargets = "no-targets" 409 "The environment has no hosts",
    Unplannable = "unplannable" 422 "No plan can be made",
    BreaksZeroDowntime = "breaks-zero-downtime" 409 "The strategy would leave nobody to answer",
    PlanChanged = "plan-changed" 409 "The plan is no longer the one that was looked at",
    // Rollouts.
    UnknownRollout = "unknown-rollout" 404 "There is no such rollout",
    UnknownStep = "unknown-step" 404 "The rollout has no such step",
    WrongPhase = "wrong-phase" 409 "The rollout is not in a state for this",
    PointOfNoReturn = "point-of-no-return" 409 "A step has passed that cannot be taken back",
    NotPaused = "not-paused" 409 "It is not paused",
    NotAsked = "not-asked" 409 "The step does not wait for an approval",
    InvalidReason = "invalid-reason" 422 "The text is too long or has control characters",
    // Calendars.
    OutsideWindow = "outside-window" 409 "The calendar is closed",
    UnknownException = "unknown-exception" 404 "There is no such exception",
    InvalidException = "invalid-exception" 422 "The exception makes no sense",
    UnknownChange = "unknown-change" 404 "There is no such change",
    InvalidChange = "invalid-change" 422 "The change cannot be asked for like this",
    UnknownKey = "unknown-key" 404 "There is no such key",
    InvalidKey = "invalid-key" 422 "This is no key that people sign with here",
    KeyTaken = "key-taken" 409 "The key is somebody else's, or was revoked",
    InvalidSignature = "invalid-signature" 422 "The signature does not count",
    WordVoid = "word-void" 409 "What was signed is not what stands now",
    GatesFirst = "gates-first" 409 "Gates have to pass before a word counts",
    InvalidDelegation = "invalid-delegation" 422 "Nobody can speak like this for somebody else",
    InvalidReview = "invalid-review" 422 "The review cannot be held like this",
    SelfApproval = "self-approval" 409 "Nobody approves what they asked for",
    // Agents and access.
    UnknownAgent = "unknown-agent" 404 "There is no such host",
    InvalidReport = "invalid-report" 422 "The report does not fit the effect",
    SecretShown = "secret-shown" 409 "The secret was shown once already",
    UnknownToken = "unknown-token" 404 "There is no such token",
    UnknownAccount = "unknown-account" 404 "There is no such account",
    AccountExists = "account-exists" 409 "The account's name is taken",
    InvalidAccount = "invalid-account" 422 "No such account can be made",
    Impersonation = "impersonation" 409 "The name is another person's",
    UnknownGrant = "unknown-grant" 404 "There is no such grant",
    InvalidGrant = "invalid-grant" 422 "The privilege cannot be asked for like this",
    InvalidCommits = "invalid-commits" 422 "The commits cannot be recorded",
    SegregationOfDuties = "segregation-of-duties" 403 "Whoever had a hand in it does not do this",
    TooManyAttempts = "too-many-attempts" 429 "Too many sign-ins have failed",
    WeakPassword = "weak-password" 422 "The password is too easy to guess",
    // The control plane.
    Internal = "internal" 500 "A fault in the control plane",
    Timeout = "timeout" 503 "The request took too long",
    Overloaded = "overloaded" 503 "Too much is asked at once",
    Unavailable = "unavailable" 503 "The ledger cannot be written or read now",
}

impl Code {
    /// Whether the same request may succeed later as it is.
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::Timeout | Self::Overloaded | Self::Unavailable)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
