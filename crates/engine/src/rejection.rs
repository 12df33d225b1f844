//! A "no" that explains itself: a stable code, a sentence, and what to do next.

use std::fmt;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    pub code: Code,
    /// What was refused and why, with the values.
    pub message: String,
    /// What to do, or who can.
    pub hint: Option<String>,
    /// One sentence per fault where there are several.
    pub faults: Vec<String>,
}

/// What callers can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    NotFound,
    Conflict,
    Invalid,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal $kind:ident),* $(,)?) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Code { $($(#[$doc])* $variant),* }

        impl Code {
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            pub const fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind),* }
            }
        }
    };
}

codes! {
    UnknownHold = "unknown-hold" NotFound,
    UnknownAgent = "unknown-agent" NotFound,
    UnknownArtifact = "unknown-artifact" NotFound,
    UnknownEnvironment = "unknown-environment" NotFound,
    UnknownRelease = "unknown-release" NotFound,
    UnknownRollout = "unknown-rollout" NotFound,
    UnknownService = "unknown-service" NotFound,
    UnknownStep = "unknown-step" NotFound,
    /// What evidence is said to be about.
    UnknownSubject = "unknown-subject" NotFound,
    UnknownToken = "unknown-token" NotFound,
    UnknownTrain = "unknown-train" NotFound,
    UnknownMirror = "unknown-mirror" NotFound,
    UnknownRunbook = "unknown-runbook" NotFound,
    /// Nobody but its author has read it.
    RunbookUnread = "runbook-unread" Conflict,
    /// No release that stands there was sealed with it.
    NotAgreed = "not-agreed" Conflict,
    UnknownWebhook = "unknown-webhook" NotFound,
    UnknownAccount = "unknown-account" NotFound,
    AccountExists = "account-exists" Conflict,
    InvalidAccount = "invalid-account" Invalid,
    /// The name is another person's.
    Impersonation = "impersonation" Conflict,
    UnknownGrant = "unknown-grant" NotFound,
    InvalidGrant = "invalid-grant" Invalid,
    InvalidCommits = "invalid-commits" Invalid,
    /// References that lead nowhere, cycles, and rules over declarations.
    InvalidDeclarations = "invalid-declarations" Invalid,
    /// The same name and version with another digest.
    ArtifactDiffers = "artifact-differs" Conflict,
    /// A build with a version that stands for something else.
    ReservedVersion = "reserved-version" Invalid,
    ReleaseExists = "release-exists" Conflict,
    ReleaseSealed = "release-sealed" Conflict,
    ReleaseNotSealed = "release-not-sealed" Conflict,
    NotPromoted = "not-promoted" Conflict,
    NoTargets = "no-targets" Conflict,
    /// The plan cannot be made from what is declared.
    Unplannable = "unplannable" Invalid,
    BreaksZeroDowntime = "breaks-zero-downtime" Conflict,
    PlanChanged = "plan-changed" Conflict,
    /// The rollout is not in a state in which this can be done.
    WrongPhase = "wrong-phase" Conflict,
    PointOfNoReturn = "point-of-no-return" Conflict,
    NotPaused = "not-paused" Conflict,
    /// A legal hold stands.
    OnHold = "on-hold" Conflict,
    /// The time for which something is kept is not over.
    Retained = "retained" Conflict,
    /// Somebody who still acts under the name would name it again.
    SubjectActive = "subject-active" Conflict,
    NotAsked = "not-asked" Conflict,
    InvalidEvidence = "invalid-evidence" Invalid,
    /// Of a kind that the machine may not send.
    EvidenceNotAllowed = "evidence-not-allowed" Conflict,
    InvalidKnownError = "invalid-known-error" Invalid,
    /// A calendar is closed.
    OutsideWindow = "outside-window" Conflict,
    UnknownException = "unknown-exception" NotFound,
    InvalidException = "invalid-exception" Invalid,
    UnknownQuarantine = "unknown-quarantine" NotFound,
    InvalidQuarantine = "invalid-quarantine" Invalid,
    UnknownWaiver = "unknown-waiver" NotFound,
    InvalidWaiver = "invalid-waiver" Invalid,
    /// Nobody's own word counts for what they asked for.
    SelfApproval = "self-approval" Conflict,
    UnknownChange = "unknown-change" NotFound,
    UnknownKey = "unknown-key" NotFound,
    InvalidKey = "invalid-key" Invalid,
    /// Somebody else's, or revoked.
    KeyTaken = "key-taken" Conflict,
    InvalidSignature = "invalid-signature" Invalid,
    /// What was signed is not what stands now, or no longer in time.
    WordVoid = "word-void" Conflict,
    InvalidDelegation = "invalid-delegation" Invalid,
    InvalidChange = "invalid-change" Invalid,
    InvalidReview = "invalid-review" Invalid,
    UnknownScope = "unknown-scope" NotFound,
    InvalidScope = "invalid-scope" Invalid,
    /// Nothing comes in any more but by exception.
    ScopeFrozen = "scope-frozen" Conflict,
    UnknownLateItem = "unknown-late-item" NotFound,
    /// The release brings what it is not meant to.
    OutOfScope = "out-of-scope" Conflict,
    InvalidSource = "invalid-source" Invalid,
    /// The branch or tag yields no releases.
    NotACandidate = "not-a-candidate" Conflict,
    /// Gates that have to pass before a word counts.
    GatesFirst = "gates-first" Conflict,
    InvalidReport = "invalid-report" Invalid,
    InvalidReason = "invalid-reason" Invalid,
}

impl Rejection {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, faults: Vec::new() }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub fn faults(mut self, faults: Vec<String>) -> Self {
        self.faults = faults;
        self
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.faults.iter().try_for_each(|fault| write!(f, "\n  - {fault}"))
    }
}

impl std::error::Error for Rejection {}
