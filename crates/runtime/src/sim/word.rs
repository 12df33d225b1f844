//! People's words: keys that are always the same, and signatures over what stands.

use jiff::{SignedDuration, Timestamp};
use shipway_engine::{Command, State, change, key};
use shipway_model::approval::{
    Approval, Decision, Domain, NAMESPACE, PersonKey, PublicKey, Signature, Statement,
};
use shipway_model::{ChangeId, Digest, RolloutId};
use ssh_key::private::Ed25519Keypair;
use ssh_key::{HashAlg, LineEnding, PrivateKey};

use super::random::Random;

/// How long what is said holds.
const VALID: SignedDuration = SignedDuration::from_hours(2);

/// With which one person signs.
pub(super) struct Pen {
    key: PrivateKey,
    line: String,
    id: Digest,
}

impl Pen {
    /// The nth person's.
    pub(super) fn new(nth: u8) -> Self {
        let key = PrivateKey::from(Ed25519Keypair::from_seed(&[nth; 32]));
        let line = key.public_key().to_openssh().expect("a key can be written");
        let id = key::ssh::id_of(&line).expect("what was written can be read");
        Self { key, line, id }
    }

    /// Makes it known whose it is.
    pub(super) fn register(&self) -> Command {
        let public = PublicKey::Ssh { line: self.line.clone() };
        Command::RegisterKey { key: PersonKey { id: self.id, public, label: String::new() } }
    }

    pub(super) fn is_known(&self, state: &State) -> bool {
        state.keys.get(&self.id).is_some()
    }

    /// A yes to what stands of a rollout's change; nothing where no change was opened.
    pub(super) fn say_yes(
        &self,
        state: &State,
        rollout: RolloutId,
        now: Timestamp,
        random: &mut Random,
    ) -> Option<Command> {
        let id = ChangeId::of(rollout);
        let shown = change::standing::shown(state, state.changes.get(id)?)?;
        let statement = Statement {
            board: None,
            change: id,
            class: shown.class,
            conditions: Vec::new(),
            decision: Decision::Approve,
            domain: Domain::Approval,
            environment: shown.environment,
            evidence: shown.evidence,
            expires: now + VALID,
            issued: now,
            key: self.id,
            nonce: random.uuid().simple().to_string(),
            plan: shown.plan,
            policy: shown.policy,
            release: shown.release,
            window: None,
        };
        let signature = self.key.sign(NAMESPACE, HashAlg::Sha512, &statement.bytes());
        let armoured = signature.and_then(|it| it.to_pem(LineEnding::LF)).expect("a key signs");
        let approval = Approval { statement, signature: Signature::Ssh { armoured }, note: String::new() };
        Some(Command::GiveApproval { id, approval })
    }
}

/// Whether a rollout waits for somebody's word.
pub(super) fn is_awaited(state: &State, rollout: RolloutId, now: Timestamp) -> bool {
    state.changes.of(rollout).is_some_and(|case| {
        change::standing(state, case, now).requirements.iter().any(|it| !it.is_satisfied())
    })
}
