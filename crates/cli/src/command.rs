//! The verbs. One file each, in a folder per noun.

use crate::cli::{Cli, Verb};
use crate::failure::{Failure, Outcome};

pub(crate) mod access;
pub(crate) mod agent;
pub(crate) mod agents;
pub(crate) mod alert;
pub(crate) mod analysis;
pub(crate) mod apply;
pub(crate) mod approve;
pub(crate) mod artifact;
pub(crate) mod cab;
pub(crate) mod calendar;
pub(crate) mod can_deploy;
pub(crate) mod cdevents;
pub(crate) mod change;
pub(crate) mod channel;
pub(crate) mod completion;
pub(crate) mod config;
pub(crate) mod contract;
pub(crate) mod decision;
pub(crate) mod delegation;
pub(crate) mod diff;
pub(crate) mod env;
pub(crate) mod evidence;
pub(crate) mod exceptions;
pub(crate) mod explain;
pub(crate) mod facts;
pub(crate) mod get;
pub(crate) mod graph;
pub(crate) mod help;
pub(crate) mod inventory;
pub(crate) mod itsm;
pub(crate) mod key;
pub(crate) mod ledger;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod pause;
pub(crate) mod plan;
pub(crate) mod policy;
pub(crate) mod provenance;
pub(crate) mod rehearse;
pub(crate) mod release;
pub(crate) mod resume;
pub(crate) mod review;
pub(crate) mod risk;
pub(crate) mod rollback_package;
pub(crate) mod rollout;
pub(crate) mod router;
pub(crate) mod runbook;
pub(crate) mod schedule;
pub(crate) mod schema;
pub(crate) mod serve;
pub(crate) mod store;
pub(crate) mod tests;
pub(crate) mod token;
pub(crate) mod train;
mod trust;
pub(crate) mod up;
pub(crate) mod user;
pub(crate) mod validate;
pub(crate) mod verify;
pub(crate) mod version;
pub(crate) mod vuln;
pub(crate) mod waiver;
pub(crate) mod webhook;
pub(crate) mod whoami;
pub(crate) mod witness;

/// Carries out what was said.
///
/// # Errors
/// Whatever ends the verb other than well.
pub(crate) fn run(cli: Cli) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::because(&error, "shipway help"))?;
    runtime.block_on(dispatch(cli))
}

async fn dispatch(cli: Cli) -> Outcome {
    let connection = &cli.connection;
    if connection.as_of.is_some() && !cli.verb.asks_a_control_plane() {
        let message = "--as-of is for what is read from a control plane, and this verb asks none";
        return Err(Failure::usage(message, "shipway help"));
    }
    match cli.verb {
        Verb::Demo(it) => it.run().await,
        Verb::Up(it) => it.run().await,
        Verb::Serve(it) => it.run().await,
        Verb::Router(it) => it.run().await,
        Verb::Agent(it) => it.run(connection).await,
        Verb::Validate(it) => it.run(),
        Verb::Schema(it) => it.run(),
        Verb::Apply(it) => it.run(connection).await,
        Verb::Diff(it) => it.run(connection).await,
        Verb::Get(it) => it.run(connection).await,
        Verb::Graph(it) => it.run(connection).await,
        Verb::Inventory(it) => it.run(connection).await,
        Verb::Rehearse(it) => it.run(connection).await,
        Verb::Artifact(it) => it.run(connection).await,
        Verb::Release(it) => it.run(connection).await,
        Verb::Evidence(it) => it.run(connection).await,
        Verb::Policy(it) => it.run(connection).await,
        Verb::Explain(it) => it.run(connection).await,
        Verb::Facts(it) => it.run(connection).await,
        Verb::Decision(it) => it.run(connection).await,
        Verb::Waiver(it) => it.run(connection).await,
        Verb::Vuln(it) => it.run(connection).await,
        Verb::Tests(it) => it.run(connection).await,
        Verb::CanDeploy(it) => it.run(connection).await,
        Verb::Contract(it) => it.run(),
        Verb::Provenance(it) => it.run(),
        Verb::Plan(it) => it.run(connection).await,
        Verb::Rollout(it) => it.run(connection).await,
        Verb::RollbackPackage(it) => it.run().await,
        Verb::Schedule(it) => it.run(connection).await,
        Verb::Train(it) => it.run(connection).await,
        Verb::Itsm(it) => it.run(connection).await,
        Verb::Channel(it) => it.run(connection).await,
        Verb::Calendar(it) => it.run(connection).await,
        Verb::Change(it) => it.run(connection).await,
        Verb::Approve(it) => it.run(connection).await,
        Verb::Cab(it) => it.run(connection).await,
        Verb::Exceptions(it) => it.run(connection).await,
        Verb::Risk(it) => it.run(connection).await,
        Verb::Review(it) => it.run(connection).await,
        Verb::Runbook(it) => it.run(connection).await,
        Verb::Key(it) => it.run(connection).await,
        Verb::Delegation(it) => it.run(connection).await,
        Verb::Pause(it) => it.run(connection).await,
        Verb::Resume(it) => it.run(connection).await,
        Verb::Env(it) => it.run(connection).await,
        Verb::Agents(it) => it.run(connection).await,
        Verb::Alert(it) => it.run(connection).await,
        Verb::Ledger(it) => it.run(connection).await,
        Verb::Cdevents(it) => it.run(connection).await,
        Verb::Webhook(it) => it.run(connection).await,
        Verb::Store(it) => it.run(),
        Verb::Verify(it) => it.run(),
        Verb::Witness(it) => it.run().await,
        Verb::Analysis(it) => it.run(connection).await,
        Verb::Token(it) => it.run(connection).await,
        Verb::Access(it) => it.run(connection).await,
        Verb::User(it) => it.run(connection).await,
        Verb::Login(it) => it.run(connection).await,
        Verb::Logout(it) => it.run(connection).await,
        Verb::Whoami(it) => it.run(connection).await,
        Verb::Config(it) => it.run(connection),
        Verb::Completion(it) => it.run(),
        Verb::Version(it) => it.run(),
        Verb::Help(it) => it.run(),
    }
}
