//! What goes wrong between us and the database, and what that says about what was being written.

use std::error::Error as _;
use std::fmt;

use shipway_runtime::StoreError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

#[derive(Debug)]
pub(super) enum Fault {
    /// The database refused: what was asked has not happened.
    Refused(Error),
    /// The line broke, or the server went down while it worked: what was asked may have happened.
    Broken(Error),
    /// No answer came in time: what was asked may have happened, or still happen.
    Late,
    /// The lock has gone with the session that had it: nothing was asked.
    LockLost,
    /// What came back cannot have been written by us.
    Damaged(String),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        // Class 57P is the server shutting down or ending the session. A commit that waits for its standby is durable
        // here already when that happens.
        let is_over = |code: &SqlState| code.code().starts_with("57P") || code.code().starts_with("08");
        match error.code() {
            Some(code) if !is_over(code) => Self::Refused(error),
            _ => Self::Broken(error),
        }
    }
}

impl Fault {
    /// Whether a batch was refused because the ledger does not end where it builds: see `sql/append.sql`.
    pub(super) fn is_stale(&self) -> bool {
        match self {
            Self::Refused(error) => {
                let constraint = error.as_db_error().and_then(|it| it.constraint());
                error.code() == Some(&SqlState::CHECK_VIOLATION) && constraint == Some("head_only_row_check")
            }
            Self::LockLost | Self::Broken(_) | Self::Late | Self::Damaged(_) => false,
        }
    }

    /// Whether the connection is of no use any more.
    pub(super) fn ends_session(&self) -> bool {
        matches!(self, Self::Broken(_) | Self::Late)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) | Self::Broken(error) => {
                // The driver's own words for what the server says are "db error".
                match error.as_db_error() {
                    Some(said) => write!(f, "{}", said.message()),
                    None => {
                        write!(f, "{error}")?;
                        error.source().map_or(Ok(()), |source| write!(f, ": {source}"))
                    }
                }
            }
            Self::LockLost => f.write_str("the lock was lost with its connection"),
            Self::Late => f.write_str("PostgreSQL did not answer in time"),
            Self::Damaged(what) => f.write_str(what),
        }
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        let text = fault.to_string();
        let is_damage = match &fault {
            Fault::Damaged(_) => true,
            Fault::Refused(error) => error
                .code()
                .is_some_and(|it| matches!(*it, SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED)),
            Fault::Broken(_) | Fault::Late | Fault::LockLost => false,
        };
        if is_damage { Self::Damaged(text) } else { Self::Unavailable(text) }
    }
}
