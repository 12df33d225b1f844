//! The ledger, to be read and verified from outside.

use shipway_api::operations::ledger::{
    EraseSubject, FollowEvents, ListHolds, ListLedgerEvents, PlaceHold, PruneArchive, ReleaseHold,
    ShowConsistencyProof, ShowEventProof, ShowLedgerHead,
};
use shipway_api::view::ledger::LedgerHead;
use shipway_api::{Code, Operation};
use shipway_runtime::Head;

use crate::incoming::Incoming;
use crate::payload::Receive;
use crate::problem::Failure;
use crate::router::Routes;

mod consistency;
mod erase;
mod follow;
mod head;
mod hold;
mod list;
mod proof;
mod prune;

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .add::<ShowLedgerHead, _, _>(head::handle)
        .add::<ListLedgerEvents, _, _>(list::handle)
        .add::<ShowEventProof, _, _>(proof::handle)
        .add::<ShowConsistencyProof, _, _>(consistency::handle)
        .add::<FollowEvents, _, _>(follow::handle)
        .add::<EraseSubject, _, _>(erase::handle)
        .add::<PruneArchive, _, _>(prune::handle)
        .add::<ListHolds, _, _>(hold::list)
        .add::<PlaceHold, _, _>(hold::place)
        .add::<ReleaseHold, _, _>(hold::release)
}

/// The ledger's end, now or then.
fn head<O: Operation>(it: &Incoming<O>) -> LedgerHead
where
    O::Body: Receive,
{
    match &it.past {
        // Nobody signed just there; `prove --consistency` ties it to what is signed now.
        Some(past) => LedgerHead { size: past.size(), root: past.root(), checkpoint: String::new() },
        None => view(it.app.runtime.head()),
    }
}

fn view(head: Head) -> LedgerHead {
    LedgerHead { size: head.size, root: head.root, checkpoint: head.checkpoint }
}

fn too_far(position: u64, size: u64) -> Failure {
    Failure::new(Code::UnknownPosition, format!("the ledger has {size} events; {position} is beyond them"))
}
