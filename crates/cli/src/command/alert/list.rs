//! `shipway alert list`

use clap::Args;
use shipway_api::operations::alert::{AlertQuery, ListAlerts};
use shipway_api::page::PageQuery;
use shipway_api::view::alert::AlertView;
use shipway_model::Name;

use super::show::culprit;
use crate::connection::{connect, pages};
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, plain, time};
use crate::settings::ConnectionArgs;

/// List alerts that were told, the latest first, each with what most likely caused it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway alert list
  shipway alert list --firing --env production
  shipway alert list --service checkout -o json")]
pub(crate) struct List {
    /// Only those that still fire
    #[arg(long)]
    firing: bool,
    /// About this service
    #[arg(long)]
    service: Option<Name>,
    /// In this environment
    #[arg(long = "env", value_name = "ENVIRONMENT")]
    environment: Option<Name>,
    #[command(flatten)]
    output: OutputArgs,
}

impl List {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let all = pages(async |PageQuery { cursor, limit }| {
            let query = AlertQuery {
                service: self.service.clone(),
                environment: self.environment.clone(),
                firing: self.firing.then_some(true),
                cursor,
                limit,
            };
            Ok(client.call::<ListAlerts>((), query, ()).await?.value)
        })
        .await?;
        self.output.show(&all, |paint| render(&all, paint))
    }
}

fn render(all: &[AlertView], paint: Paint) -> String {
    let mut table = Table::new(["ID", "ALERT", "SERVICE", "ENVIRONMENT", "SINCE", "UNTIL", "BEFORE IT"]);
    for it in all {
        let name = |it: &Option<Name>| it.as_ref().map_or("-".to_owned(), Name::to_string);
        let until = it.ended_at.map_or_else(|| paint.bad("fires"), time);
        let before = it.suspects.first().map_or("-".to_owned(), |it| culprit(&it.what));
        table.row([
            it.id.to_string().as_str(),
            &plain(&it.alert.name),
            &name(&it.service),
            &name(&it.environment),
            &time(it.alert.starts_at),
            &until,
            &before,
        ]);
    }
    table.render(paint, "No alert was told.")
}
