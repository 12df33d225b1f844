//! Why a call brought no answer.

use crate::{Code, Problem};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("`{address}` is not an address of a control plane: {reason}")]
    Address { address: String, reason: String },
    /// Nobody answered; whether the request was carried out is not known.
    #[error("no answer from {address}")]
    Unreachable { address: String, source: reqwest::Error },
    /// It answered no, and why.
    #[error("{0}")]
    Refused(Box<Problem>),
    /// It answered something that is not of this API.
    #[error("{address} answered with status {status} and something else than was asked for: {reason}")]
    Unreadable { address: String, status: u16, reason: String },
}

impl Error {
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused(problem) => Some(problem),
            Self::Address { .. } | Self::Unreachable { .. } | Self::Unreadable { .. } => None,
        }
    }

    /// Whether it was refused with this code.
    pub fn is(&self, code: Code) -> bool {
        self.problem().is_some_and(|it| it.is(code))
    }

    /// Whether the same request may succeed later as it is. Repeat with the same idempotency key.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused(problem) => Code::from_name(&problem.code).is_some_and(Code::is_transient),
            Self::Unreadable { status, .. } => matches!(status, 502..=504),
            Self::Address { .. } => false,
        }
    }
}
