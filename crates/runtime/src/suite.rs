//! The promises that every store keeps, as checks that run on any of them.
//!
//! A store's own tests give a [`Site`] and run [`CHECKS`]. A check panics where a promise is broken.

mod answers;
mod fake;
mod faults;
mod leases;
mod ledger;
mod newer;
mod personal;
mod reopening;
mod world;

pub use fake::{FaultyStore, ManualClock, SeededEntropy, Switch};
pub use newer::{UNKNOWN, append_unknown};
pub use world::{World, signer};

use std::time::Duration;

use crate::store::Store;

/// A place where one store lives. Opened again, after whoever had it open has let go, it holds what it held.
pub trait Site {
    fn open(&self) -> Box<dyn Store>;

    /// Lets time pass for `clock`, and for the store where it has a clock of its own.
    fn pass(&self, clock: &ManualClock, by: Duration) {
        clock.advance(by);
    }
}

/// One promise.
pub struct Check {
    pub name: &'static str,
    /// Panics if the store at the fresh site does not keep it.
    pub run: fn(&dyn Site),
}

macro_rules! checks {
    ($($module:ident::$check:ident),* $(,)?) => {
        &[$(Check { name: stringify!($check), run: $module::$check }),*]
    };
}

pub const CHECKS: &[Check] = checks![
    ledger::stale_batches_are_refused,
    ledger::positions_have_no_gaps_and_records_verify,
    ledger::every_record_and_every_growth_can_be_proved,
    ledger::streams_hold_their_own_records_in_order,
    ledger::long_streams_are_read_whole_and_in_pieces,
    personal::personal_texts_stand_beside_the_ledger_until_they_are_erased,
    answers::commands_with_a_key_are_done_once,
    answers::keys_are_bound_to_their_request_and_actor,
    answers::equal_keys_in_one_batch_are_done_once,
    leases::effects_have_one_holder_at_a_time,
    leases::leases_end_and_generations_grow,
    leases::a_lease_whose_answer_was_lost_is_given_to_its_holder_again,
    leases::generations_survive_reopening,
    leases::late_reports_are_fenced_and_repeats_are_not_errors,
    leases::what_gates_say_counts_from_whoever_asks_them_now,
    leases::waiting_performers_are_told,
    faults::refused_batches_leave_nothing_behind,
    faults::a_command_that_cannot_be_recorded_harms_no_other,
    reopening::reopening_keeps_exactly_what_was_acknowledged,
    reopening::the_stored_queue_is_what_the_state_calls_for,
    reopening::changed_records_are_found_on_opening,
    newer::what_a_newer_version_wrote_is_neither_skipped_nor_lost,
];

/// Runs one check on a fresh site, and says which when it fails.
pub fn run(check: &Check, site: &dyn Site) {
    println!("checking that {}", check.name.replace('_', " "));
    (check.run)(site);
}

/// Blocks on a future with a small runtime of its own.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a tokio runtime starts").block_on(future)
}
