//! `shipway release scope`

use clap::Subcommand;
use shipway_api::view::scope::{ItemView, ScopeView};

use crate::failure::Outcome;
use crate::output::{Paint, Table, plain, time};
use crate::settings::ConnectionArgs;

mod add;
mod approve;
mod defer;
mod freeze;
mod late;
mod show;

/// Say what a release is meant to bring, and until when that may grow
#[derive(Debug, Subcommand)]
pub(crate) enum Scope {
    Show(show::Show),
    Freeze(freeze::Freeze),
    Add(add::Add),
    Late(late::Late),
    Approve(approve::Approve),
    Defer(defer::Defer),
}

impl Scope {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::Show(it) => it.run(connection).await,
            Self::Freeze(it) => it.run(connection).await,
            Self::Add(it) => it.run(connection).await,
            Self::Late(it) => it.run(connection).await,
            Self::Approve(it) => it.run(connection).await,
            Self::Defer(it) => it.run(connection).await,
        }
    }
}

fn render(view: &ScopeView, paint: Paint) -> String {
    let freeze = match (view.freeze, view.frozen) {
        (Some(at), true) => paint.warn(&format!("frozen since {}", time(at))),
        (Some(at), false) => format!("freezes at {}", time(at)),
        (None, _) => "without a freeze".to_owned(),
    };
    let mut text = format!("{}  {freeze}\n", paint.strong(&view.planned.to_string()));
    let mut table = Table::new(["ITEM", "TITLE", "SERVICES", "HOW", "WHERE TO", "REASON"]);
    for it in &view.items {
        let services: Vec<&str> = it.item.services.iter().map(|it| it.as_str()).collect();
        let to = it.deferred_to.as_ref().map_or("comes".to_owned(), |it| format!("deferred to {it}"));
        table.row([
            it.item.name.as_str(),
            &it.item.title,
            &services.join(", "),
            &origin(it),
            &to,
            &it.reason,
        ]);
    }
    text += &table.render(paint, "Nothing is meant to come.");
    if !view.late.is_empty() {
        let mut table = Table::new(["LATE", "ITEM", "STANDING", "ASKED BY", "APPROVED BY", "REASON"]);
        for it in &view.late {
            let (id, approved) = (it.id.to_string(), it.approved_by.join(", "));
            let reason = plain(&it.late.reason);
            let item = it.late.item.name.as_str();
            table.row([&id, item, &it.standing, &it.requested_by, &approved, &reason]);
        }
        text += &format!("\n{}", table.render(paint, ""));
    }
    text
}

fn origin(item: &ItemView) -> String {
    match (&item.late, &item.deferred_from) {
        (Some(id), _) => format!("late by {id}"),
        (None, Some(from)) => format!("moved on from {from}"),
        (None, None) => "planned".to_owned(),
    }
}
