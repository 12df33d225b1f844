//! `shipway rollout`

use clap::{Args, Subcommand};
use shipway_api::operations::rollout::{Reason, RolloutPath};
use shipway_api::view::RolloutView;
use shipway_api::{Json, Operation};
use shipway_model::RolloutId;

use crate::connection::{connect, once};
use crate::failure::{Failure, Outcome};
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

mod abort;
mod analysis;
mod approve;
mod decider;
mod list;
mod log;
mod note;
mod pause;
mod resume;
mod retry;
mod rollback;
pub(crate) mod show;
mod start;
pub(crate) mod watch;

#[derive(Debug, Subcommand)]
pub(crate) enum Rollout {
    Start(start::Start),
    Watch(watch::Watch),
    Pause(pause::Pause),
    Resume(resume::Resume),
    Abort(abort::Abort),
    Rollback(rollback::Rollback),
    Retry(retry::Retry),
    Approve(approve::Approve),
    Note(note::Note),
    Decider(decider::Decider),
    List(list::List),
    Show(show::Show),
    Analysis(analysis::Analysis),
    Log(log::Log),
}

/// What the verbs that change a rollout take.
#[derive(Debug, Args)]
struct ChangeArgs {
    /// The rollout's id
    rollout: RolloutId,
    /// Why, for those who read it later
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl Rollout {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::Start(it) => it.run(connection).await,
            Self::Watch(it) => it.run(connection).await,
            Self::Pause(it) => it.run(connection).await,
            Self::Resume(it) => it.run(connection).await,
            Self::Abort(it) => it.run(connection).await,
            Self::Rollback(it) => it.run(connection).await,
            Self::Retry(it) => it.run(connection).await,
            Self::Approve(it) => it.run(connection).await,
            Self::Note(it) => it.run(connection).await,
            Self::Decider(it) => it.run(connection).await,
            Self::List(it) => it.run(connection).await,
            Self::Show(it) => it.run(connection).await,
            Self::Analysis(it) => it.run(connection).await,
            Self::Log(it) => it.run(connection).await,
        }
    }
}

impl ChangeArgs {
    /// Asks for a change and shows the rollout as it then is.
    async fn change<O>(self, connection: &ConnectionArgs) -> Outcome
    where
        O: Operation<Path = RolloutPath, Query = (), Body = Json<Reason>, Answer = Json<RolloutView>>,
    {
        let client = connect(connection)?;
        let path = RolloutPath { rollout: self.rollout };
        let answer = once(client.call::<O>(path, (), Reason { reason: self.reason })).await;
        let view = answer.map_err(|error| Failure::from(error).about("ROLLOUT", self.rollout))?.value;
        self.output.show(&view, |paint| show::render(&view, paint))
    }
}
