//! Checking the words of a ledger from its events alone, without the state that a control plane had.
//!
//! Names stand in records as commitments, so whose key it is is not looked at here; that the key signed, what it signed
//! and when is. What is found must not depend on who exported the ledger, so nothing is taken from the words' own clock.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use shipway_model::approval::{Approval, Decision};
use shipway_model::event::{Body, Event};
use shipway_model::{ChangeId, Digest, RolloutId};

use super::word::verify;
use crate::key::Keys;

/// One word and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    pub change: ChangeId,
    pub at: Timestamp,
    pub decision: Decision,
    pub key: Digest,
    pub plan: Digest,
    /// Empty when it is sound.
    pub faults: Vec<String>,
}

#[derive(Debug, Default)]
pub struct Audit {
    keys: Keys,
    /// What each rollout was going to carry out, by its digest, worked out from the plan itself.
    plans: BTreeMap<RolloutId, Digest>,
    nonces: BTreeSet<String>,
    words: Vec<Checked>,
    faults: Vec<String>,
}

impl Audit {
    /// The next event of the ledger.
    pub fn feed(&mut self, event: &Event) {
        self.keys.apply(event);
        match &event.body {
            Body::RolloutQueued { id, plan, plan_digest }
            | Body::RolloutReplanned { id, plan, plan_digest } => {
                let digest = plan.digest();
                if digest != *plan_digest {
                    self.faults
                        .push(format!("the plan of {id} is said to be {plan_digest}, and is {digest}"));
                }
                self.plans.insert(*id, digest);
            }
            Body::ApprovalGiven { id, approval } => self.word(*id, approval, event.at),
            _ => {}
        }
    }

    fn word(&mut self, change: ChangeId, approval: &Approval, at: Timestamp) {
        let statement = &approval.statement;
        let mut faults = Vec::new();
        if statement.change != change {
            faults.push(format!("it was given for {}", statement.change));
        }
        if !self.nonces.insert(statement.nonce.clone()) {
            faults.push("its nonce was used before".to_owned());
        }
        if statement.expires <= at {
            faults.push(format!("it had expired at {}", statement.expires));
        }
        match self.plans.get(&change.rollout()) {
            Some(plan) if *plan == statement.plan => {}
            Some(plan) => faults.push(format!("the plan then was {plan}")),
            None => faults.push("its rollout had no plan then".to_owned()),
        }
        match self.keys.get(&statement.key) {
            None => faults.push("no such key was registered then".to_owned()),
            Some(key) => {
                if let Err(why) = verify(&key.key.public, approval) {
                    faults.push(why);
                }
            }
        }
        let checked = Checked {
            change,
            at,
            decision: statement.decision,
            key: statement.key,
            plan: statement.plan,
            faults,
        };
        self.words.push(checked);
    }

    /// Every word, and what is wrong beside them. A key may have been revoked later for a time before.
    pub fn finish(self) -> (Vec<Checked>, Vec<String>) {
        let keys = self.keys;
        let words = self.words.into_iter().map(|mut word| {
            if keys.get(&word.key).is_some_and(|it| !it.counts_at(word.at)) {
                word.faults.push("its key was revoked for that time".to_owned());
            }
            word
        });
        (words.collect(), self.faults)
    }
}
