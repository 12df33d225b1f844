//! Handing a sign-in that a browser has finished over to the command line that began it (RFC 8252, section 7.3).
//!
//! The browser is sent to a port of its own machine with a code. The code is good once, for a minute, and only together with the
//! verifier whose digest came with the beginning (RFC 7636): whoever sees the code on its way cannot use it.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use shipway_engine::access::AccountState;
use shipway_model::Digest;

/// How long the command line may take to fetch it.
const CODE_MAX: SignedDuration = SignedDuration::from_mins(1);
/// Codes that wait at once; the one that ends first gives way.
const CODES_MAX: usize = 1000;
/// The longest word of the command line's own that is handed back to it.
const STATE_BYTES_MAX: usize = 200;
/// Ports below belong to services of the machine, not to somebody's command line.
const PORT_MIN: u16 = 1024;

/// A command line that waits on the machine of the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Terminal {
    port: u16,
    /// Of the verifier.
    challenge: Digest,
    /// Handed back as it came, by which the command line knows its own answer.
    state: String,
}

/// A sign-in that waits to be fetched.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn {
    pub(crate) account: AccountState,
    pub(crate) groups: BTreeSet<String>,
}

#[derive(Default)]
pub(crate) struct Handovers(Mutex<HashMap<Digest, Waiting>>);

struct Waiting {
    signed_in: SignedIn,
    challenge: Digest,
    ends: Timestamp,
}

impl Terminal {
    /// None where it makes no sense: nobody is sent anywhere but to their own machine.
    pub(crate) fn new(port: u16, challenge: Digest, state: String) -> Option<Self> {
        let is_plain = state.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it));
        let is_sound = port >= PORT_MIN && !state.is_empty() && state.len() <= STATE_BYTES_MAX && is_plain;
        is_sound.then_some(Self { port, challenge, state })
    }

    /// Where the browser goes with the code.
    pub(crate) fn address(&self, code: &str) -> String {
        format!("http://127.0.0.1:{}/?code={code}&state={}", self.port, self.state)
    }

    /// Where it goes when nobody was signed in; the page here says why.
    pub(crate) fn refused(&self) -> String {
        format!("http://127.0.0.1:{}/?error=refused&state={}", self.port, self.state)
    }
}

impl Handovers {
    /// Lays a sign-in down under `code`.
    pub(crate) fn lay(&self, code: &str, terminal: &Terminal, signed_in: SignedIn, now: Timestamp) {
        let ends = now.saturating_add(CODE_MAX).expect("minutes can be added");
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, it| now < it.ends);
        if all.len() >= CODES_MAX
            && let Some(first) = all.iter().min_by_key(|(_, it)| it.ends).map(|(key, _)| *key)
        {
            all.remove(&first);
        }
        let waiting = Waiting { signed_in, challenge: terminal.challenge, ends };
        all.insert(Digest::of(code.as_bytes()), waiting);
    }

    /// Who has signed in under the code. A wrong verifier ends it.
    pub(crate) fn look(&self, code: &str, verifier: &str, now: Timestamp) -> Option<AccountState> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = Digest::of(code.as_bytes());
        let found = all.get(&key)?;
        if now < found.ends && Digest::of(verifier.as_bytes()) == found.challenge {
            return Some(found.signed_in.account.clone());
        }
        all.remove(&key);
        None
    }

    /// Takes the sign-in away, for whoever was found to have its verifier.
    pub(crate) fn take(&self, code: &str) -> Option<SignedIn> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&Digest::of(code.as_bytes())).map(|it| it.signed_in)
    }
}

#[cfg(test)]
mod tests {
    use shipway_model::access::Account;
    use shipway_model::event::Role;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn terminal() -> Terminal {
        Terminal::new(4000, Digest::of(b"verifier"), "mine".to_owned()).unwrap()
    }

    fn laid(handovers: &Handovers) {
        let account = AccountState {
            id: "acc_0198f3c0e1b27c3d8a4f5e6d7c8b9a01".parse().unwrap(),
            account: Account { name: "ana".to_owned(), role: Role::Viewer, person: None },
            added: at(0),
            added_by: "root".to_owned(),
            disabled: None,
            password_set_by: None,
        };
        handovers.lay("code", &terminal(), SignedIn { account, groups: BTreeSet::new() }, at(0));
    }

    #[test]
    fn a_code_is_good_once_for_a_minute_and_with_its_verifier() {
        let handovers = Handovers::default();
        laid(&handovers);
        assert!(handovers.look("other", "verifier", at(1)).is_none());
        assert!(handovers.look("code", "verifier", at(59)).is_some());
        assert!(handovers.take("code").is_some());
        assert!(handovers.take("code").is_none());
        laid(&handovers);
        assert!(handovers.look("code", "guess", at(1)).is_none());
        assert!(handovers.look("code", "verifier", at(1)).is_none(), "a guess ends it");
        laid(&handovers);
        assert!(handovers.look("code", "verifier", at(60)).is_none());
    }

    #[test]
    fn nobody_is_sent_but_to_a_port_of_their_own_machine() {
        assert_eq!(terminal().address("c"), "http://127.0.0.1:4000/?code=c&state=mine");
        let odd = |port, state: &str| Terminal::new(port, Digest::of(b""), state.to_owned());
        assert_eq!(odd(80, "mine"), None);
        for state in ["", "a&code=b", "a\r\nSet-Cookie: b", "../", &"a".repeat(201)] {
            assert_eq!(odd(4000, state), None, "{state}");
        }
    }
}
