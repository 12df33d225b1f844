//! One handler per operation, in a file named like the verb, in a folder named like the noun.

use crate::router::Routes;

mod access;
mod account;
mod agent;
mod artifact;
mod blob;
mod calendar;
mod change;
mod decision;
mod environment;
mod evidence;
mod gate;
mod itsm;
mod key;
mod ledger;
mod pause;
mod plan;
pub(crate) mod release;
mod resource;
pub(crate) mod rollout;
mod schedule;
mod token;
mod train;
mod waiver;

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
        plan::add,
        rollout::add,
        pause::add,
        calendar::add,
        schedule::add,
        change::add,
        train::add,
        itsm::add,
        key::add,
        environment::add,
        agent::add,
        ledger::add,
        token::add,
        access::add,
        account::add,
    ];
    nouns.into_iter().fold(routes, |routes, add| add(routes))
}
