//! Everything that can be said to `shipway`.

use clap::{Parser, Subcommand};

use crate::command;
use crate::settings::ConnectionArgs;

/// Releases services, wave by wave, and takes them back
#[derive(Debug, Parser)]
#[command(name = "shipway", version, disable_help_subcommand = true, subcommand_required = true)]
#[command(
    arg_required_else_help = true,
    max_term_width = 110,
    after_help = "\
Examples:
  shipway up --data ./shipway-data
  shipway apply shop/
  shipway plan shop@1.2.0 --env production
  shipway rollout start shop@1.2.0 --env production --watch

More: shipway help exit-codes, shipway help config, shipway help VERB"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Demo(crate::demo::Demo),
    Up(command::up::Up),
    Serve(command::serve::Serve),
    Router(command::router::RunRouter),
    Agent(command::agent::Agent),
    Validate(command::validate::Validate),
    Schema(command::schema::Schema),
    Apply(command::apply::Apply),
    Diff(command::diff::Diff),
    Get(command::get::Get),
    Graph(command::graph::Graph),
    /// See what runs where, and export it to a configuration management database
    #[command(subcommand)]
    Inventory(command::inventory::Inventory),
    Rehearse(command::rehearse::Rehearse),
    /// Pack, register and list builds
    #[command(subcommand)]
    Artifact(command::artifact::Artifact),
    /// Put builds together, seal them, compare them
    #[command(subcommand)]
    Release(command::release::Release),
    /// Attach what the tools found, and see it
    #[command(subcommand)]
    Evidence(command::evidence::Evidence),
    /// Ask, test and lint policies offline, and try them on what was decided
    #[command(subcommand)]
    Policy(command::policy::Policy),
    Explain(command::explain::Explain),
    Facts(command::facts::Facts),
    /// See what gates said, and compute it again
    #[command(subcommand)]
    Decision(command::decision::Decision),
    /// Let a gate pass what its evidence speaks against, for a while
    #[command(subcommand)]
    Waiver(command::waiver::Waiver),
    /// Import what is known about vulnerabilities, and see what carries it
    #[command(subcommand)]
    Vuln(command::vuln::Vuln),
    /// See which tests are flaky, set them aside, choose those for a change
    #[command(subcommand)]
    Tests(command::tests::Tests),
    CanDeploy(command::can_deploy::CanDeploy),
    /// Compare interfaces, offline
    #[command(subcommand)]
    Contract(command::contract::Contract),
    /// Verify signatures, attestations and signed commits, offline
    #[command(subcommand)]
    Provenance(command::provenance::Provenance),
    Plan(command::plan::Plan),
    /// Ship a release, watch it, and take it back
    #[command(subcommand)]
    Rollout(command::rollout::Rollout),
    /// Try ways back before they are needed
    #[command(subcommand)]
    RollbackPackage(command::rollback_package::RollbackPackage),
    /// See when releases may go, and why not now
    #[command(subcommand)]
    Calendar(command::calendar::Calendar),
    Schedule(command::schedule::Schedule),
    /// See when release trains leave, with what, and what stays behind
    #[command(subcommand)]
    Train(command::train::Train),
    /// See what waits for whose word
    #[command(subcommand)]
    Change(command::change::Change),
    Approve(command::approve::Approve),
    /// See what boards look at, vote, and write minutes
    #[command(subcommand)]
    Cab(command::cab::Cab),
    Exceptions(command::exceptions::Exceptions),
    Risk(command::risk::Risk),
    /// See what ITSM tools show of changes, and what they say
    #[command(subcommand)]
    Itsm(command::itsm::Itsm),
    /// See through which channels people are told what waits for them
    #[command(subcommand)]
    Channel(command::channel::Channel),
    /// See which reviews are owed, and hold them
    #[command(subcommand)]
    Review(command::review::Review),
    /// Read runbooks, say when they are out of date, and carry out their fallbacks
    #[command(subcommand)]
    Runbook(command::runbook::Runbook),
    /// Register and revoke the keys that you sign with
    #[command(subcommand)]
    Key(command::key::Key),
    /// Let somebody else speak for you
    #[command(subcommand)]
    Delegation(command::delegation::Delegation),
    Pause(command::pause::Pause),
    Resume(command::resume::Resume),
    /// See what runs where, and who waits
    #[command(subcommand)]
    Env(command::env::Env),
    /// See the hosts
    #[command(subcommand)]
    Agents(command::agents::Agents),
    /// See alerts from outside, and what was deployed before them
    #[command(subcommand)]
    Alert(command::alert::Alert),
    /// Read and verify what happened
    #[command(subcommand)]
    Ledger(command::ledger::Ledger),
    Cdevents(command::cdevents::CdEvents),
    /// See what CI systems have told
    #[command(subcommand)]
    Webhook(command::webhook::Webhook),
    /// Copy, back up and restore what a control plane keeps
    #[command(subcommand)]
    Store(command::store::Store),
    Verify(command::verify::Verify),
    Witness(command::witness::Witness),
    /// Judge canaries, offline, and see how good the judge is
    #[command(subcommand)]
    Analysis(command::analysis::Analysis),
    /// Give and take access
    #[command(subcommand)]
    Token(command::token::Token),
    /// See who may do what and why, and get privilege for a time
    #[command(subcommand)]
    Access(command::access::Access),
    /// Add, close and list accounts of people
    #[command(subcommand)]
    User(command::user::User),
    Login(command::login::Login),
    Logout(command::logout::Logout),
    Whoami(command::whoami::Whoami),
    /// See which settings hold, and who gave them
    #[command(subcommand)]
    Config(command::config::Config),
    Completion(command::completion::Completion),
    Version(command::version::Version),
    Help(command::help::Help),
}

impl Verb {
    /// Whether it is a client's verb, and so may be asked as of an earlier instant.
    pub(crate) fn asks_a_control_plane(&self) -> bool {
        match self {
            Self::Demo(_)
            | Self::Up(_)
            | Self::Serve(_)
            | Self::Router(_)
            | Self::Agent(_)
            | Self::Validate(_)
            | Self::Schema(_)
            | Self::Store(_)
            | Self::Verify(_)
            | Self::Witness(_)
            | Self::Contract(_)
            | Self::Provenance(_)
            | Self::RollbackPackage(_)
            | Self::Config(_)
            | Self::Completion(_)
            | Self::Version(_)
            | Self::Help(_) => false,
            Self::Evidence(it) => it.asks_a_control_plane(),
            Self::Access(it) => it.asks_a_control_plane(),
            Self::Analysis(it) => it.asks_a_control_plane(),
            Self::Policy(it) => it.asks_a_control_plane(),
            Self::Risk(it) => it.asks_a_control_plane(),
            Self::Tests(it) => it.asks_a_control_plane(),
            Self::Apply(_)
            | Self::Diff(_)
            | Self::Get(_)
            | Self::Graph(_)
            | Self::Inventory(_)
            | Self::Rehearse(_)
            | Self::Artifact(_)
            | Self::Release(_)
            | Self::Explain(_)
            | Self::Facts(_)
            | Self::Decision(_)
            | Self::Waiver(_)
            | Self::Vuln(_)
            | Self::CanDeploy(_)
            | Self::Plan(_)
            | Self::Rollout(_)
            | Self::Calendar(_)
            | Self::Schedule(_)
            | Self::Train(_)
            | Self::Itsm(_)
            | Self::Channel(_)
            | Self::Change(_)
            | Self::Approve(_)
            | Self::Cab(_)
            | Self::Exceptions(_)
            | Self::Review(_)
            | Self::Runbook(_)
            | Self::Key(_)
            | Self::Delegation(_)
            | Self::Pause(_)
            | Self::Resume(_)
            | Self::Env(_)
            | Self::Agents(_)
            | Self::Alert(_)
            | Self::Ledger(_)
            | Self::Cdevents(_)
            | Self::Webhook(_)
            | Self::Token(_)
            | Self::User(_)
            | Self::Login(_)
            | Self::Logout(_)
            | Self::Whoami(_) => true,
        }
    }
}
