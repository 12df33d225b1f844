//! One handler per operation, in a file named like the verb, in a folder named like the noun.

use crate::router::Routes;
use crate::telemetry;

pub(crate) mod access;
mod account;
mod agent;
mod alert;
mod artifact;
mod blob;
mod board;
mod calendar;
pub(crate) mod change;
mod channel;
mod contract;
mod decision;
mod environment;
mod evidence;
mod gate;
mod inventory;
mod itsm;
mod key;
mod ledger;
mod pause;
mod plan;
pub(crate) mod register;
pub(crate) mod release;
mod resource;
pub(crate) mod rollout;
mod runbook;
mod schedule;
mod scope;
mod source;
mod test;
mod threshold;
mod token;
pub(crate) mod train;
mod vulnerability;
mod waiver;
mod webhook;

/// Adds the whole table.
pub(crate) fn all(routes: Routes) -> Routes {
    let nouns = [
        resource::add,
        blob::add,
        artifact::add,
        release::add,
        evidence::add,
        gate::add,
        decision::add,
        waiver::add,
        vulnerability::add,
        contract::add,
        test::add,
        plan::add,
        rollout::add,
        runbook::add,
        pause::add,
        calendar::add,
        schedule::add,
        change::add,
        channel::add,
        board::add,
        itsm::add,
        webhook::add,
        register::add,
        scope::add,
        source::add,
        threshold::add,
        train::add,
        key::add,
        environment::add,
        inventory::add,
        agent::add,
        alert::add,
        telemetry::add,
        ledger::add,
        token::add,
        access::add,
        account::add,
    ];
    nouns.into_iter().fold(routes, |routes, add| add(routes))
}
