//! Boards: somebody to vote, something to see, and an escalation that leads on.

use super::{Site, way};
use crate::Name;
use crate::release::Class;
use crate::resource::Board;

pub(super) fn check(name: &Name, board: &Board, site: &mut Site<'_, '_, '_, '_>) {
    if board.members.is_empty() && board.teams.is_empty() {
        let message = "nobody sits on this board, so it can decide nothing";
        site.fault(way!["members"], message, "name `members`, or `teams` whose members vote");
    }
    for (idx, sight) in board.sees.iter().enumerate() {
        if sight.classes.is_empty() {
            let message = "it sees changes of no type";
            site.fault(
                way!["sees", idx, "classes"],
                message,
                "leave `classes` out for normal and major changes",
            );
        }
        if sight.classes.contains(&Class::Standard) && sight.when.is_always() {
            let message = "every standard change would wait for this board";
            let help =
                "standard changes were agreed to beforehand: leave them out, or say which under `when`";
            site.fault(way!["sees", idx, "classes"], message, help);
        }
    }
    if !board.threshold.is_met(1, 1) || board.threshold.is_met(0, 1) {
        let message = format!("with the threshold `{}` a vote would not matter", board.threshold);
        site.fault(way!["threshold"], message, "write for example `>1/2` or `2/3`");
    }
    if board.quorum.is_met(0, 1) {
        let message = format!("with the quorum `{}` nobody would have to vote", board.quorum);
        site.fault(way!["quorum"], message, "write for example `>1/2`");
    }
    if board.escalation.as_ref().is_some_and(|it| it.to == *name) {
        let message = "it escalates to itself";
        site.fault(way!["escalation", "to"], message, "name another Board");
    }
}
