//! `shipway calendar exception`

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use shipway_api::operations::calendar::{
    ApproveException, ExceptionPath, ListExceptions, RequestException, WithdrawException, WithdrawRequest,
};
use shipway_api::view::exception::ExceptionView;
use shipway_model::exception;
use shipway_model::resource::calendar::Coverage;
use shipway_model::{ExceptionId, Millis, Name};

use super::files;
use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, time};
use crate::settings::ConnectionArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum Exception {
    Request(Request),
    Approve(Approve),
    Withdraw(Withdraw),
    List(List),
}

/// Ask for an exception; two others have to say yes
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway calendar exception request --service checkout --env production --for 2h --reason \"wrong receipts\"
  shipway calendar exception request --calendar year-end --release shop --for 1h --reason \"the law changed\"")]
pub(crate) struct Request {
    /// For this service alone
    #[arg(long)]
    service: Option<Name>,
    /// For this environment alone
    #[arg(long, value_name = "ENV")]
    env: Option<Name>,
    /// For the release of this name alone
    #[arg(long)]
    release: Option<Name>,
    /// From this Calendar alone
    #[arg(long)]
    calendar: Option<Name>,
    /// From this instant on; now when left out
    #[arg(long, value_name = "INSTANT", value_parser = files::instant)]
    from: Option<Timestamp>,
    /// For this long
    #[arg(long = "for", value_name = "DURATION")]
    length: Millis,
    /// Why it cannot wait
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    output: OutputArgs,
}

/// Say yes to an exception that somebody else asked for
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway calendar exception approve exc_0198f3c0e1b27c3d8a4f5e6d7c8b9a01")]
pub(crate) struct Approve {
    id: ExceptionId,
    #[command(flatten)]
    output: OutputArgs,
}

/// Take an exception back
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway calendar exception withdraw exc_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 --reason \"it can wait\"")]
pub(crate) struct Withdraw {
    id: ExceptionId,
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    output: OutputArgs,
}

/// List exceptions, the newest first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway calendar exception list
  shipway calendar exception list -o json")]
pub(crate) struct List {
    #[command(flatten)]
    output: OutputArgs,
}

impl Exception {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::Request(it) => it.run(connection).await,
            Self::Approve(it) => it.run(connection).await,
            Self::Withdraw(it) => it.run(connection).await,
            Self::List(it) => it.run(connection).await,
        }
    }
}

impl Request {
    async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let from = self.from.unwrap_or_else(files::now);
        let length = SignedDuration::from_millis(self.length.0.cast_signed());
        let scope = Coverage {
            services: BTreeSet::from_iter(self.service),
            environments: BTreeSet::from_iter(self.env),
            ..Coverage::default()
        };
        let exception = exception::Exception {
            scope,
            calendar: self.calendar,
            release: self.release,
            reason: self.reason,
            from,
            until: from.checked_add(length).unwrap_or(Timestamp::MAX),
        };
        let view = once(client.call::<RequestException>((), (), exception)).await?.value;
        self.output.show(&view, |paint| {
            let next = format!(
                "{} shipway calendar exception approve {}\n",
                paint.dim("next, by two others:"),
                view.id
            );
            render(std::slice::from_ref(&view), paint) + &next
        })
    }
}

impl Approve {
    async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = ExceptionPath { exception: self.id };
        let view = once(connect(connection)?.call::<ApproveException>(path, (), ())).await?.value;
        self.output.show(&view, |paint| render(std::slice::from_ref(&view), paint))
    }
}

impl Withdraw {
    async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = ExceptionPath { exception: self.id };
        let request = WithdrawRequest { reason: self.reason };
        let view = once(connect(connection)?.call::<WithdrawException>(path, (), request)).await?.value;
        self.output.show(&view, |paint| render(std::slice::from_ref(&view), paint))
    }
}

impl List {
    async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let page = connect(connection)?.call::<ListExceptions>((), (), ()).await?.value;
        self.output.show(&page.items, |paint| render(&page.items, paint))
    }
}

fn render(views: &[ExceptionView], paint: Paint) -> String {
    let mut table =
        Table::new(["EXCEPTION", "STANDING", "FROM", "UNTIL", "ASKED BY", "APPROVED BY", "REASON"]);
    for it in views {
        let (from, until) = (time(it.exception.from), time(it.exception.until));
        let (id, approved) = (it.id.to_string(), it.approved_by.join(", "));
        table.row([&id, &it.standing, &from, &until, &it.requested_by, &approved, &it.exception.reason]);
    }
    table.render(paint, "Nobody asked for an exception.")
}
