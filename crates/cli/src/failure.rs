//! Why a command failed, and what to try next.

use shipway_api::client;
use shipway_api::problem::{Code, Fault, Problem};
use shipway_model::resource::file;

use crate::exit::Exit;
use crate::output::{Paint, render_fault};

/// What ends a command. Every one says what to try next.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    text: Box<Text>,
}

#[derive(Debug)]
struct Text {
    /// One sentence, without `error:`.
    message: String,
    /// Of files, all at once.
    faults: Vec<file::Fault>,
    /// Further lines: the parts of the message, or its causes.
    details: Vec<String>,
    hint: Option<String>,
    /// A command, without backquotes.
    next: String,
}

pub(crate) type Outcome = Result<Exit, Failure>;

impl Failure {
    pub(crate) fn new(message: impl Into<String>, next: impl Into<String>) -> Self {
        let (message, next) = (message.into(), next.into());
        let text = Text { message, faults: Vec::new(), details: Vec::new(), hint: None, next };
        Self { exit: Exit::Failed, text: Box::new(text) }
    }

    /// The command line or config file is at fault.
    pub(crate) fn usage(message: impl Into<String>, next: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, ..Self::new(message, next) }
    }

    /// With the error's causes, outermost first.
    pub(crate) fn because(error: &(dyn std::error::Error + 'static), next: impl Into<String>) -> Self {
        let mut failure = Self::new(error.to_string(), next);
        let causes = std::iter::successors(error.source(), |it| it.source());
        failure.text.details = causes.map(ToString::to_string).collect();
        failure
    }

    pub(crate) fn of_files(faults: Vec<file::Fault>, next: impl Into<String>) -> Self {
        let n_faults = faults.len();
        let message = format!("{n_faults} {} found", if n_faults == 1 { "fault was" } else { "faults were" });
        let mut failure = Self::new(message, next);
        failure.text.faults = faults;
        failure
    }

    /// Documents that were refused, each with its reason.
    pub(crate) fn of_refused(refused: Vec<String>, next: impl Into<String>) -> Self {
        let n_refused = refused.len();
        let verb = if n_refused == 1 { "document was" } else { "documents were" };
        let mut failure = Self::new(format!("{n_refused} {verb} refused"), next);
        failure.text.details = refused;
        failure
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.text.hint = Some(hint.into());
        self
    }

    /// Names in the next command what it stands for: `ROLLOUT` becomes this one.
    pub(crate) fn about(mut self, placeholder: &str, value: impl ToString) -> Self {
        self.text.next = self.text.next.replace(placeholder, &value.to_string());
        self
    }

    #[cfg(test)]
    pub(crate) fn message(&self) -> &str {
        &self.text.message
    }

    /// The whole message for standard error.
    pub(crate) fn render(&self, paint: Paint) -> String {
        let mut text = String::new();
        for fault in &self.text.faults {
            text += &format!("{}\n\n", render_fault(fault, paint));
        }
        text += &format!("{} {}\n", paint.bad("error:"), self.text.message);
        for detail in &self.text.details {
            text += &format!("  - {}\n", detail.replace('\n', "\n    "));
        }
        if let Some(hint) = &self.text.hint {
            text += &format!("{} {hint}\n", paint.dim("hint:"));
        }
        text + &format!("{} {}\n", paint.dim("next:"), paint.strong(&self.text.next))
    }
}

impl From<client::Error> for Failure {
    fn from(error: client::Error) -> Self {
        match error {
            client::Error::Refused(problem) => Self::from(*problem),
            client::Error::Unreachable { .. } => Self {
                exit: Exit::Unreachable,
                ..Self::because(&error, "shipway config show")
                    .with_hint("is the control plane running (`shipway serve`), and is the address right?")
            },
            client::Error::Address { .. } => Self {
                exit: Exit::Usage,
                ..Self::because(&error, "shipway config show")
                    .with_hint("write for example http://127.0.0.1:7000")
            },
            client::Error::Unreadable { .. } => Self::because(&error, "shipway config show").with_hint(
                "something else may be listening there, or the control plane is of another version",
            ),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let code = Code::from_name(&problem.code);
        let mut failure =
            Self::new(format!("{} ({})", problem.detail, problem.code), code.map_or("shipway help", next_of));
        failure.text.hint = problem.hint;
        for fault in problem.faults {
            match fault {
                Fault::File(fault) => failure.text.faults.push(fault),
                Fault::Stated(statement) => failure.text.details.push(statement.message),
            }
        }
        failure
    }
}

/// The command that shows or mends what is behind a refusal.
const fn next_of(code: Code) -> &'static str {
    match code {
        Code::Unauthenticated => "shipway config show",
        Code::Forbidden => "shipway whoami",
        Code::InvalidFiles | Code::InvalidDeclarations => "shipway validate FILE…",
        Code::UnknownResource | Code::UnknownService => "shipway get services",
        Code::UnknownEnvironment => "shipway env list",
        Code::UnknownArtifact | Code::UnknownBlob | Code::ArtifactDiffers | Code::ReservedVersion => {
            "shipway artifact list"
        }
        Code::DigestMismatch | Code::SizeMismatch => "shipway artifact register FILE …",
        Code::UnknownRelease | Code::ReleaseExists | Code::ReleaseSealed => "shipway release list",
        Code::UnknownScope | Code::InvalidScope | Code::ScopeFrozen | Code::OutOfScope => {
            "shipway release scope show NAME@VERSION"
        }
        Code::UnknownLateItem => "shipway exceptions --kind late-item",
        Code::InvalidSource | Code::NotACandidate => "shipway get repositories -o yaml",
        Code::GatesFirst => "shipway change show CHANGE",
        Code::ReleaseNotSealed => "shipway release seal NAME@VERSION",
        Code::UnknownDecision => "shipway decision list",
        Code::UnknownQuarantine | Code::InvalidQuarantine => "shipway tests quarantine list",
        Code::UnknownWaiver => "shipway waiver list",
        Code::InvalidWaiver => "shipway waiver request --help",
        Code::UnknownAlert => "shipway alert list",
        Code::UnknownEvidence => "shipway evidence list",
        Code::UnknownSubject => "shipway artifact list",
        Code::InvalidEvidence => "shipway evidence attach --help",
        Code::EvidenceNotAllowed => "shipway whoami",
        Code::InvalidKnownError => "shipway release create --help",
        Code::UnreadableEvidence => "shipway evidence inspect FILE",
        Code::NotPromoted => "shipway env list",
        Code::NoTargets | Code::UnknownAgent => "shipway agents list",
        Code::Unplannable | Code::BreaksZeroDowntime => "shipway get environments",
        Code::PlanChanged => "shipway plan NAME@VERSION --env ENV",
        Code::UnknownRollout => "shipway rollout list",
        Code::NotPaused => "shipway pause --list",
        Code::OutsideWindow => "shipway calendar next --env ENV",
        Code::UnknownException | Code::InvalidException => "shipway calendar exception list",
        Code::SelfApproval => "shipway whoami",
        Code::UnknownChange | Code::InvalidChange => "shipway change list",
        Code::WordVoid => "shipway change show CHANGE",
        Code::UnknownKey | Code::InvalidKey | Code::KeyTaken | Code::InvalidSignature => "shipway key list",
        Code::InvalidDelegation => "shipway delegation list",
        Code::InvalidReview => "shipway review list",
        Code::UnknownStep
        | Code::WrongPhase
        | Code::PointOfNoReturn
        | Code::NotAsked
        | Code::PreconditionFailed => "shipway rollout show ROLLOUT",
        Code::UnknownToken | Code::SecretShown | Code::Impersonation => "shipway token list",
        Code::UnknownAccount | Code::AccountExists | Code::InvalidAccount => "shipway user list",
        Code::UnknownGrant | Code::InvalidGrant => "shipway access grants",
        Code::InvalidCommits => "shipway release create --help",
        Code::SegregationOfDuties => "shipway whoami",
        Code::TooManyAttempts | Code::WeakPassword => "shipway login --help",
        Code::UnknownPosition => "shipway ledger head",
        Code::UnknownTrain => "shipway train list",
        Code::UnknownMirror => "shipway get mirror",
        Code::UnknownRunbook | Code::RunbookUnread | Code::NotAgreed => "shipway runbook list",
        Code::UnknownWebhook => "shipway get webhook",
        Code::UnknownHold | Code::OnHold => "shipway ledger hold list",
        Code::Retained => "shipway get regulations",
        Code::SubjectActive => "shipway token list",
        Code::Internal | Code::Timeout | Code::Overloaded | Code::Unavailable => "shipway whoami",
        Code::InvalidRequest
        | Code::NotFound
        | Code::MethodNotAllowed
        | Code::TooLarge
        | Code::UnsupportedMediaType
        | Code::IdempotencyKeyReused
        | Code::LogGap
        | Code::InvalidReason
        | Code::InvalidReport => "shipway help",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_all_and_what_to_try() {
        let problem = Problem::new(Code::ReleaseNotSealed, "shop@1.0.0 is not sealed").hint("seal it first");
        let failure = Failure::from(problem);
        insta::assert_snapshot!(failure.render(Paint::PLAIN), @"
        error: shop@1.0.0 is not sealed (release-not-sealed)
        hint: seal it first
        next: shipway release seal NAME@VERSION
        ");
    }
}
