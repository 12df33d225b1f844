//! What both arms counted during one block, per instance.

use crate::kernel::Table;

use super::config::Direction;
use super::observation::Arm;
use super::roster::index;

/// Units and hits; for a count, exposure and events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) total: u64,
    pub(super) hits: u64,
}

impl Cell {
    fn plus(self, other: Self) -> Self {
        Self { total: self.total + other.total, hits: self.hits + other.hits }
    }

    fn minus(self, other: Self) -> Self {
        Self { total: self.total - other.total, hits: self.hits - other.hits }
    }
}

/// One cell per slot of each arm.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    slots: [Vec<Cell>; 2],
    sums: [Cell; 2],
}

impl Tally {
    /// Forgets everything but its room.
    pub(super) fn clear(&mut self) {
        self.slots.iter_mut().for_each(Vec::clear);
        self.sums = Default::default();
    }

    pub(super) fn add(&mut self, arm: Arm, slot: usize, cell: Cell) {
        let slots = &mut self.slots[index(arm)];
        if slots.len() <= slot {
            slots.resize(slot + 1, Cell::default());
        }
        slots[slot] = slots[slot].plus(cell);
        self.sums[index(arm)] = self.sums[index(arm)].plus(cell);
    }

    pub(super) fn sum(&self, arm: Arm) -> Cell {
        self.sums[index(arm)]
    }

    pub(super) fn slot(&self, arm: Arm, slot: usize) -> Cell {
        self.slots[index(arm)].get(slot).copied().unwrap_or_default()
    }

    pub(super) fn whole(&self) -> Table {
        table(self.sum(Arm::Canary), self.sum(Arm::Control))
    }

    pub(super) fn without(&self, arm: Arm, slot: usize) -> Table {
        let left_out = self.slot(arm, slot);
        match arm {
            Arm::Canary => table(self.sum(Arm::Canary).minus(left_out), self.sum(Arm::Control)),
            Arm::Control => table(self.sum(Arm::Canary), self.sum(Arm::Control).minus(left_out)),
        }
    }

    /// One canary instance against all of control.
    pub(super) fn instance(&self, slot: usize) -> Table {
        table(self.slot(Arm::Canary, slot), self.sum(Arm::Control))
    }

    /// All of canary against one slot of control.
    pub(super) fn against(&self, slot: usize) -> Table {
        table(self.sum(Arm::Canary), self.slot(Arm::Control, slot))
    }
}

fn table(canary: Cell, control: Cell) -> Table {
    Table {
        canary_total: canary.total,
        canary_hits: canary.hits,
        control_total: control.total,
        control_hits: control.hits,
    }
}

/// The table in which more hits of canary are what is bad: as it is, or with the arms swapped.
pub(super) fn directed(table: Table, direction: Direction) -> Table {
    match direction {
        Direction::Increase => table,
        Direction::Decrease => Table {
            canary_total: table.control_total,
            canary_hits: table.control_hits,
            control_total: table.canary_total,
            control_hits: table.canary_hits,
        },
    }
}
