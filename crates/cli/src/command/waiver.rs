//! `shipway waiver`

use clap::Subcommand;
use shipway_api::view::waiver::WaiverView;
use shipway_model::Name;

use crate::failure::Outcome;
use crate::output::{Paint, Table, plain, time};
use crate::settings::ConnectionArgs;

mod approve;
mod list;
mod request;
mod withdraw;

#[derive(Debug, Subcommand)]
pub(crate) enum Waiver {
    Request(request::Request),
    Approve(approve::Approve),
    Withdraw(withdraw::Withdraw),
    List(list::List),
}

impl Waiver {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::Request(it) => it.run(connection).await,
            Self::Approve(it) => it.run(connection).await,
            Self::Withdraw(it) => it.run(connection).await,
            Self::List(it) => it.run(connection).await,
        }
    }
}

fn render(views: &[WaiverView], paint: Paint) -> String {
    let mut table = Table::new([
        "WAIVER",
        "STANDING",
        "GATE",
        "SCOPE",
        "LAPSES",
        "OWNER",
        "ASKED BY",
        "APPROVED BY",
        "REASON",
    ]);
    for it in views {
        let waiver = &it.waiver;
        let (id, gate, lapses) =
            (it.id.to_string(), format!("{}/{}", waiver.policy, waiver.gate), time(waiver.expires));
        let (owner, reason) = (plain(&waiver.owner), plain(&waiver.reason));
        let approved = it.approved_by.as_deref().unwrap_or_default();
        let scope = scope(it);
        table.row([&id, &it.standing, &gate, &scope, &lapses, &owner, &it.requested_by, approved, &reason]);
    }
    table.render(paint, "Nothing is waived.")
}

/// What it is narrowed to.
fn scope(view: &WaiverView) -> String {
    let waiver = &view.waiver;
    let parts = [
        waiver.service.as_ref().map(Name::to_string),
        waiver.finding.as_deref().map(plain),
        waiver.package.as_deref().map(plain),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "the whole gate".to_owned() } else { parts.join(", ") }
}
