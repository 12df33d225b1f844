//! Whom to believe (C2SP `tlog-policy`): the logs whose checkpoints count, and the quorum of witnesses they need.
//!
//! ```text
//! log shipway/default/0a1b2c3d+<id>+<base64>
//! witness ours  witness.example/w1+<id>+<base64>
//! witness audit witness.example/w2+<id>+<base64>
//! group both all ours audit
//! quorum both
//! ```
//!
//! `group NAME K MEMBER…` asks for K of its members, `any` for one and `all` for every one; a line refers to names of
//! the lines before it. `quorum none` asks for no witness. Addresses after a key are allowed and not looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use crate::checkpoint::{Checkpoint, decimal, excerpt};
use crate::cosignature::CosignerKey;
use crate::key::{InvalidKey, Origin, VerifierKey};
use crate::note::NoteError;

/// The longest policy read, in bytes: several hundred logs and witnesses.
pub const SIZE_BYTES_MAX: usize = 1 << 16;

/// Which checkpoints are to be believed.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    logs: Vec<VerifierKey>,
    /// Witnesses and groups in the order of their lines: a group's members stand before it.
    parties: Vec<Party>,
    /// The party that must have witnessed; nobody for `none`.
    quorum: Option<usize>,
}

#[derive(Debug, Clone)]
enum Party {
    Witness(CosignerKey),
    Group { threshold: usize, members: Vec<usize> },
}

/// A checkpoint that a policy lets pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    pub checkpoint: Checkpoint,
    /// Those of the policy's witnesses that cosigned it, in the policy's order.
    pub cosigned: Vec<Cosigned>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    pub witness: Origin,
    /// Seconds since 1970, by the witness's clock.
    pub time_s: u64,
}

/// Why a policy does not let a checkpoint pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    #[error("the checkpoint is of the log `{found}`, whose key was not given")]
    UnknownLog { found: String },
    #[error(transparent)]
    Note(#[from] NoteError),
    #[error("the quorum is not reached: {found} of the {known} known witnesses cosigned this checkpoint")]
    Quorum { found: usize, known: usize },
}

/// Why a text is not a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPolicy {
    #[error("the policy has {size_bytes} bytes; at most {SIZE_BYTES_MAX} are read")]
    TooLong { size_bytes: usize },
    #[error("line {line}: {fault}")]
    Line { line: usize, fault: InvalidLine },
    #[error("the policy has no `quorum` line; `quorum none` asks for no witness")]
    NoQuorum,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLine {
    #[error("there is the control character {0:?}")]
    ControlCharacter(char),
    #[error(
        "write `log KEY [URL]`, `witness NAME KEY [URL]`, `group NAME all|any|K MEMBER…` or `quorum NAME`"
    )]
    Form,
    #[error(transparent)]
    Key(#[from] InvalidKey),
    #[error("this key is already there")]
    DuplicateKey,
    #[error("the name `{0}` is taken")]
    DuplicateName(String),
    #[error("no line before this one defines `{0}`")]
    UnknownName(String),
    #[error("`{0}` is already a member of a group")]
    TwoGroups(String),
    #[error("`{found}` is not a number from 1 to {n_members}")]
    Threshold { found: String, n_members: usize },
    #[error("there is a quorum already")]
    TwoQuorums,
}

impl Policy {
    /// These logs, without witnesses.
    pub fn of_logs(logs: Vec<VerifierKey>) -> Self {
        Self { logs, ..Self::default() }
    }

    /// Believes one log more.
    pub fn add_log(&mut self, log: VerifierKey) {
        self.logs.push(log);
    }

    /// Checks the log's signature and the witnesses' quorum.
    pub fn verify(&self, note: &str) -> Result<Vouched, PolicyError> {
        let checkpoint = self.verify_log(note)?;
        let mut cosigned = Vec::new();
        // Whether each party has witnessed; members stand before their group.
        let mut witnessed: Vec<bool> = Vec::with_capacity(self.parties.len());
        let mut known = 0;
        for party in &self.parties {
            let has_witnessed = match party {
                Party::Group { threshold, members } => {
                    members.iter().filter(|member| witnessed[**member]).count() >= *threshold
                }
                Party::Witness(key) => {
                    known += 1;
                    match key.verify(note) {
                        Ok(time_s) => {
                            cosigned.push(Cosigned { witness: key.name().clone(), time_s });
                            true
                        }
                        Err(NoteError::UnknownKey { .. }) => false,
                        Err(error) => return Err(error.into()),
                    }
                }
            };
            witnessed.push(has_witnessed);
        }
        if self.quorum.is_some_and(|party| !witnessed[party]) {
            return Err(PolicyError::Quorum { found: cosigned.len(), known });
        }
        Ok(Vouched { checkpoint, cosigned })
    }

    /// A log may have several keys; one that has signed suffices.
    fn verify_log(&self, note: &str) -> Result<Checkpoint, PolicyError> {
        let origin = note.split('\n').next().unwrap_or_default();
        let mut refusal = PolicyError::UnknownLog { found: excerpt(origin) };
        for key in self.logs.iter().filter(|it| it.name().as_str() == origin) {
            match Checkpoint::verify(note, key) {
                Ok(checkpoint) => return Ok(checkpoint),
                Err(error) => refusal = error.into(),
            }
        }
        Err(refusal)
    }
}

impl FromStr for Policy {
    type Err = InvalidPolicy;

    fn from_str(text: &str) -> Result<Self, InvalidPolicy> {
        if text.len() > SIZE_BYTES_MAX {
            return Err(InvalidPolicy::TooLong { size_bytes: text.len() });
        }
        let mut reader = Reader::default();
        for (line, text) in (1..).zip(text.split('\n')) {
            reader.read(text).map_err(|fault| InvalidPolicy::Line { line, fault })?;
        }
        if !reader.has_quorum { Err(InvalidPolicy::NoQuorum) } else { Ok(reader.policy) }
    }
}

#[derive(Default)]
struct Reader {
    policy: Policy,
    names: BTreeMap<String, usize>,
    /// Parties that are members of a group.
    grouped: BTreeSet<usize>,
    has_quorum: bool,
}

/// The name of the quorum that nobody must reach.
const NONE: &str = "none";

impl Reader {
    fn read(&mut self, line: &str) -> Result<(), InvalidLine> {
        if let Some(control) = line.chars().find(|it| (*it < ' ' && *it != '\t') || *it == '\u{7f}') {
            return Err(InvalidLine::ControlCharacter(control));
        }
        let words: Vec<_> = line.split([' ', '\t']).filter(|it| !it.is_empty()).collect();
        match words.as_slice() {
            [] => Ok(()),
            [word, ..] if word.starts_with('#') => Ok(()),
            ["log", key] | ["log", key, _] => self.log(key.parse()?),
            ["witness", name, key] | ["witness", name, key, _] => self.witness(name, key.parse()?),
            ["group", name, threshold, members @ ..] if !members.is_empty() => {
                self.group(name, threshold, members)
            }
            ["quorum", name] => self.quorum(name),
            _ => Err(InvalidLine::Form),
        }
    }

    fn log(&mut self, key: VerifierKey) -> Result<(), InvalidLine> {
        if self.policy.logs.iter().any(|it| it.point() == key.point()) {
            return Err(InvalidLine::DuplicateKey);
        }
        self.policy.logs.push(key);
        Ok(())
    }

    fn witness(&mut self, name: &str, key: CosignerKey) -> Result<(), InvalidLine> {
        let same = |it: &Party| matches!(it, Party::Witness(other) if other.point() == key.point());
        if self.policy.parties.iter().any(same) {
            return Err(InvalidLine::DuplicateKey);
        }
        self.define(name, Party::Witness(key))
    }

    fn group(&mut self, name: &str, threshold: &str, members: &[&str]) -> Result<(), InvalidLine> {
        let n_members = members.len();
        let threshold = match threshold {
            "all" => n_members,
            "any" => 1,
            number => decimal(number)
                .and_then(|it| usize::try_from(it).ok())
                .filter(|it| (1..=n_members).contains(it))
                .ok_or_else(|| InvalidLine::Threshold { found: excerpt(number), n_members })?,
        };
        let mut indexes = Vec::with_capacity(n_members);
        for member in members {
            let party = self.party(member)?;
            if !self.grouped.insert(party) {
                return Err(InvalidLine::TwoGroups(excerpt(member)));
            }
            indexes.push(party);
        }
        self.define(name, Party::Group { threshold, members: indexes })
    }

    fn quorum(&mut self, name: &str) -> Result<(), InvalidLine> {
        if self.has_quorum {
            return Err(InvalidLine::TwoQuorums);
        }
        self.policy.quorum = if name == NONE { None } else { Some(self.party(name)?) };
        self.has_quorum = true;
        Ok(())
    }

    fn define(&mut self, name: &str, party: Party) -> Result<(), InvalidLine> {
        let index = self.policy.parties.len();
        if name == NONE || self.names.insert(name.to_owned(), index).is_some() {
            return Err(InvalidLine::DuplicateName(excerpt(name)));
        }
        self.policy.parties.push(party);
        Ok(())
    }

    fn party(&self, name: &str) -> Result<usize, InvalidLine> {
        self.names.get(name).copied().ok_or_else(|| InvalidLine::UnknownName(excerpt(name)))
    }
}

#[cfg(test)]
mod tests;
