//! The ledger, to be read and verified from outside.

use shipway_api::Code;
use shipway_api::operations::ledger::{
    FollowEvents, ListLedgerEvents, ShowConsistencyProof, ShowEventProof, ShowLedgerHead,
};
use shipway_api::view::ledger::LedgerHead;
use shipway_runtime::Head;

use crate::problem::Failure;
use crate::router::Routes;

mod consistency;
mod follow;
mod head;
mod list;
mod proof;

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .add::<ShowLedgerHead, _, _>(head::handle)
        .add::<ListLedgerEvents, _, _>(list::handle)
        .add::<ShowEventProof, _, _>(proof::handle)
        .add::<ShowConsistencyProof, _, _>(consistency::handle)
        .add::<FollowEvents, _, _>(follow::handle)
}

fn view(head: Head) -> LedgerHead {
    LedgerHead { size: head.size, root: head.root, checkpoint: head.checkpoint }
}

fn too_far(position: u64, size: u64) -> Failure {
    Failure::new(Code::UnknownPosition, format!("the ledger has {size} events; {position} is beyond them"))
}
