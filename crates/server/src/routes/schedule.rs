//! When releases can go.

use shipway_api::operations::schedule::{FindConflicts, MakeSchedule};
use shipway_api::view::schedule::SlotView;
use shipway_engine::calendar::Slot;

use crate::router::Routes;

mod find_conflicts;
pub(super) mod make;

pub(super) fn add(routes: Routes) -> Routes {
    routes.add::<MakeSchedule, _, _>(make::handle).add::<FindConflicts, _, _>(find_conflicts::handle)
}

fn slot(of: Slot) -> SlotView {
    SlotView { from: of.from, until: of.until }
}
