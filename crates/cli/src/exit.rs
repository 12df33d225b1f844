//! Exit codes: a promise to scripts.

use std::process::ExitCode;

/// How a command ended, as the shell sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    Ok,
    /// Refused by the control plane, or failed here.
    Failed,
    /// The command line makes no sense.
    Usage,
    /// Nobody answered. Whether the request was carried out is not known.
    Unreachable,
    /// The rollout ended, but not with the new version running.
    TakenBack,
    /// What was asked has neither a yes nor a no.
    Unknown,
}

impl Exit {
    pub(crate) const ALL: [Self; 6] =
        [Self::Ok, Self::Failed, Self::Usage, Self::Unreachable, Self::TakenBack, Self::Unknown];

    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::TakenBack => 4,
            Self::Unknown => 5,
        }
    }

    /// A sentence for the manual.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "done",
            Self::Failed => {
                "refused by the control plane, or failed here; nothing was changed unless it says so"
            }
            Self::Usage => "the command line or the config file is wrong",
            Self::Unreachable => "the control plane cannot be reached; whether it acted is not known",
            Self::TakenBack => "the rollout ended badly: taken back, aborted or cancelled",
            Self::Unknown => "the answer is neither yes nor no: what would show it is not there",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
