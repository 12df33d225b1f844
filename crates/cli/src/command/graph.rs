//! `shipway graph`

use clap::Args;
use shipway_api::operations::resource::ShowGraph;
use shipway_api::view::resource::{self, Relation};
use shipway_model::resource::Kind;

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint};
use crate::settings::ConnectionArgs;

/// Show what depends on what
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway graph
  shipway graph -o json")]
pub(crate) struct Graph {
    #[command(flatten)]
    output: OutputArgs,
}

impl Graph {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let graph = connect(connection)?.call::<ShowGraph>((), (), ()).await?.value;
        self.output.show(&graph, |paint| render(&graph, paint))
    }
}

/// A line per resource that leads somewhere, its edges below it.
fn render(graph: &resource::Graph, paint: Paint) -> String {
    let mut text = String::new();
    for node in &graph.nodes {
        let edges: Vec<_> = graph.edges.iter().filter(|it| it.from == node.key).collect();
        if edges.is_empty() && node.key.kind != Kind::Service {
            continue;
        }
        text += &format!("{} {}\n", paint.strong(node.key.name.as_str()), paint.dim(node.key.kind.as_str()));
        for (idx, edge) in edges.iter().enumerate() {
            let branch = if idx + 1 == edges.len() { "└─" } else { "├─" };
            let kind = paint.dim(edge.to.kind.as_str());
            text += &format!("  {branch} {} {} {kind}\n", relation(edge.relation), edge.to.name);
        }
    }
    if text.is_empty() { "Nothing is declared yet.\n".to_owned() } else { text }
}

const fn relation(relation: Relation) -> &'static str {
    match relation {
        Relation::DependsOn => "depends on",
        Relation::OwnedBy => "is owned by",
        Relation::FailsOverTo => "fails over to",
        Relation::Extends => "extends",
        Relation::PromotesFrom => "promotes from",
    }
}
