//! Listing exceptions of every kind.

use shipway_api::operations::register::ListRegister;
use shipway_api::view::register::{ExceptionKind, RegisterEntry};
use shipway_engine::register::{Entry, Kind, register};

use super::OVER;
use crate::incoming::{Incoming, Outcome};
use crate::views::page::Cut;

pub(super) async fn handle(it: Incoming<ListRegister>) -> Outcome<ListRegister> {
    let (state, now) = (it.state(), it.now());
    let (kind, open) = (it.query.kind, it.query.open.unwrap_or(false));
    let sight = it.sight(&state);
    let is_wanted = |entry: &Entry| {
        kind.is_none_or(|it| it == word(entry.kind))
            && !(open && OVER.contains(&entry.standing))
            && sight.exception(entry)
    };
    let entries = register(&state, now).into_iter().filter(is_wanted);
    let cut = Cut::new(it.query.cursor.as_deref(), it.query.limit);
    cut.page(entries, |it| it.id.clone(), view)
}

fn view(it: Entry) -> RegisterEntry {
    RegisterEntry {
        kind: word(it.kind),
        id: it.id,
        what: it.what,
        why: it.why,
        owner: it.owner,
        approved_by: it.approved_by,
        standing: it.standing.to_owned(),
        requested: it.requested,
        expires: it.expires,
        touched: it.touched,
    }
}

const fn word(kind: Kind) -> ExceptionKind {
    match kind {
        Kind::Calendar => ExceptionKind::Calendar,
        Kind::Waiver => ExceptionKind::Waiver,
        Kind::Hotfix => ExceptionKind::Hotfix,
        Kind::LateItem => ExceptionKind::LateItem,
        Kind::Privilege => ExceptionKind::Privilege,
    }
}
