//! `shipway evidence list`

use clap::Args;
use shipway_api::operations::evidence::{EvidenceQuery, ListEvidence};
use shipway_api::page::PageQuery;
use shipway_api::selector::ReleaseSelector;
use shipway_api::view::evidence::EvidenceView;
use shipway_model::Digest;
use shipway_model::evidence::Kind;

use crate::connection::{connect, pages};
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table, short, time};
use crate::settings::ConnectionArgs;

/// List what was attached
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway evidence list
  shipway evidence list --release shop@1.2.0 --kind tests
  shipway evidence list --subject sha256:c40004366d684cdf64f8ffcbef5cc173ed227c7a39bf7dbf6aeb71d9ca9610d8 -o json")]
pub(crate) struct List {
    /// About this digest
    #[arg(long, value_name = "DIGEST")]
    subject: Option<Digest>,
    /// About this release or anything in it
    #[arg(long)]
    release: Option<ReleaseSelector>,
    /// tests, coverage, findings, components, statements, load, mutation, debt or changes
    #[arg(long, value_parser = parse_kind)]
    kind: Option<Kind>,
    #[command(flatten)]
    output: OutputArgs,
}

impl List {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let all = pages(async |PageQuery { cursor, limit }| {
            let query = EvidenceQuery {
                subject: self.subject,
                release: self.release.clone(),
                kind: self.kind,
                cursor,
                limit,
            };
            Ok(client.call::<ListEvidence>((), query, ()).await?.value)
        })
        .await?;
        self.output.show(&all, |paint| render(&all, paint))
    }
}

pub(super) fn render(all: &[EvidenceView], paint: Paint) -> String {
    let mut table = Table::new(["ID", "FORMAT", "SPEAKS OF", "SUBJECT", "FILE", "SENT", "BY"]);
    for it in all {
        let kinds: Vec<String> = match &it.evidence.statement {
            Some(word) => vec![word.kind.to_string()],
            None => it.evidence.kinds.iter().map(super::show::word).collect(),
        };
        let mut subject = it.evidence.subject.first().map(short).unwrap_or_default();
        if it.evidence.subject.len() > 1 {
            subject += &format!(" and {} more", it.evidence.subject.len() - 1);
        }
        table.row([
            it.id.to_string().as_str(),
            &it.evidence.format,
            &kinds.join(", "),
            &subject,
            it.evidence.file_name.as_deref().unwrap_or_default(),
            &time(it.at),
            &it.by,
        ]);
    }
    table.render(paint, "Nothing is attached.")
}

fn parse_kind(text: &str) -> Result<Kind, String> {
    serde_json::from_value(text.into()).map_err(|_| {
        "the kinds are tests, coverage, findings, components, statements, load, mutation, debt and changes".to_owned()
    })
}
