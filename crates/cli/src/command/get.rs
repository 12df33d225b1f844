//! `shipway get`

use clap::Args;
use shipway_api::Client;
use shipway_api::operations::resource::{ListResources, ResourcePath, ResourceQuery, ShowResource};
use shipway_api::page::PageQuery;
use shipway_api::view::resource::ResourceView;
use shipway_model::Name;
use shipway_model::resource::Kind;

use crate::connection::{connect, pages};
use crate::failure::{Failure, Outcome};
use crate::output::{self, Format, OutputArgs, Table, short};
use crate::settings::ConnectionArgs;

/// Show what is declared
///
/// One resource is shown as the file that declares it, ready for `shipway apply`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway get
  shipway get services
  shipway get service checkout
  shipway get environments -o yaml")]
pub(crate) struct Get {
    /// The kind, for example `service`; all kinds when left out
    #[arg(value_parser = parse_kind)]
    kind: Option<Kind>,
    /// This one alone
    name: Option<Name>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Get {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let client = connect(connection)?;
        let (Some(kind), Some(name)) = (self.kind, self.name) else {
            let all = list(&client, self.kind).await?;
            return match self.output.output {
                Format::Yaml => print_documents(&all),
                Format::Table | Format::Json => self.output.show(&all, |paint| {
                    let mut table = Table::new(["KIND", "NAME", "REVISION", "DIGEST", "DESCRIPTION"]);
                    for it in &all {
                        let metadata = &it.resource.metadata;
                        let revision = it.revision.to_string();
                        table.row([
                            it.resource.kind().as_str(),
                            metadata.name.as_str(),
                            &revision,
                            &short(&it.digest),
                            &metadata.description,
                        ]);
                    }
                    table.render(
                        paint,
                        &match self.kind {
                            Some(kind) => format!("No {kind} is declared."),
                            None => "Nothing is declared.".to_owned(),
                        },
                    )
                }),
            };
        };
        let path = ResourcePath { kind, name };
        let view = client.call::<ShowResource>(path, (), ()).await?.value;
        match self.output.output {
            Format::Json => self.output.show(&view, |_| String::new()),
            Format::Table | Format::Yaml => print_documents(&[view]),
        }
    }
}

fn print_documents(views: &[ResourceView]) -> Outcome {
    let documents: Vec<String> =
        views.iter().map(|it| output::yaml(&it.resource)).collect::<Result<_, Failure>>()?;
    output::print(&documents.join("---\n"));
    Ok(crate::exit::Exit::Ok)
}

async fn list(client: &Client, kind: Option<Kind>) -> Result<Vec<ResourceView>, Failure> {
    pages(async |PageQuery { cursor, limit }| {
        Ok(client.call::<ListResources>((), ResourceQuery { kind, cursor, limit }, ()).await?.value)
    })
    .await
}

/// `service`, `services` and `Service` are all the same kind.
pub(crate) fn parse_kind(text: &str) -> Result<Kind, String> {
    let folded = text.to_lowercase();
    let means = |kind: &Kind| {
        let word = kind.as_str().to_lowercase();
        folded == word || folded == plural(&word)
    };
    Kind::ALL.into_iter().find(means).ok_or_else(|| {
        let known: Vec<String> = Kind::ALL.iter().map(|it| it.as_str().to_lowercase()).collect();
        format!("the kinds are {}", known.join(", "))
    })
}

fn plural(word: &str) -> String {
    match word.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ => format!("{word}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_taken_as_people_write_them() {
        for (text, kind) in [
            ("service", Kind::Service),
            ("Services", Kind::Service),
            ("libraries", Kind::Library),
            ("strategies", Kind::Strategy),
            ("JOURNEY", Kind::Journey),
            ("journeys", Kind::Journey),
            ("calendar", Kind::Calendar),
        ] {
            assert_eq!(parse_kind(text), Ok(kind), "{text}");
        }
        assert!(parse_kind("pod").is_err());
    }
}
