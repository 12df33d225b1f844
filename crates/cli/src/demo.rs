//! The demonstration: the example shop goes to production four times, with real processes and real traffic.
//!
//! It plays the part of a team: it starts the control plane, a router per environment and three agents, each as a
//! process of its own; sends shoppers through the router; and ships release after release through the public API.
//! Nothing is scripted but what people would do: what the rollouts do, the product decides.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

mod act;
mod build;
mod evidence;
mod failure;
mod ledger;
mod logs;
mod shoppers;
mod site;
mod stage;
mod story;
mod summary;

use failure::Failure;

use crate::exit::Exit;
use crate::failure::Outcome;

/// Ship the example shop to production, watch a bad release being taken back, and look at it all
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway demo                 play it, and keep it running to look at
  shipway demo --exit          play it and end
  shipway demo --directory d   keep its data and logs in the folder d")]
pub(crate) struct Demo {
    /// End when the last release is shipped, instead of keeping everything running
    #[arg(long)]
    exit: bool,
    /// Folder for data and logs; it must be empty or new [default: a new temporary folder]
    #[arg(long)]
    directory: Option<PathBuf>,
    /// First of 30 free loopback ports [default: 7100, or the next that are free]
    #[arg(long)]
    port: Option<u16>,
    /// Shoppers that arrive per second
    #[arg(long, default_value_t = 60)]
    shoppers: u32,
}

/// How long the demonstration waits for anything to happen before it says that something is wrong.
const PATIENCE: Duration = Duration::from_secs(120);

impl Demo {
    /// Plays the whole story. The processes that it started end with it.
    pub(crate) async fn run(self) -> Outcome {
        let played = async {
            let stage = stage::Stage::new(self.directory.as_deref())?;
            println!("Shipway demonstration\n  data and logs    {}", stage.folder().display());
            let result = play(&self, &stage).await;
            if result.is_err() {
                stage.keep();
            }
            result
        };
        let ended: Result<(), Failure> = played.await;
        ended.map_err(|it| crate::failure::Failure::new(it.to_string(), "shipway demo --help"))?;
        Ok(Exit::Ok)
    }
}

async fn play(demo: &Demo, stage: &stage::Stage) -> Result<(), Failure> {
    let builds = build::build(stage).await?;
    let mut site = site::Site::start(stage, demo.port).await?;
    println!("  control plane    {}\n  shop             {}\n", site.address(), site.shop());
    let shoppers = shoppers::Shoppers::new(site.shop(), demo.shoppers);
    let played = story::play(&mut site, &builds, &shoppers).await;
    let totals = shoppers.stop().await;
    let acts = played?;
    summary::print(&acts, &totals);
    ledger::verify(&site).await?;
    ledger::nothing_twice(&site, &acts)?;
    if !demo.exit {
        println!("\nLook at it at {} (token: {})\nCtrl-C ends it.", site.address(), site.token());
        tokio::signal::ctrl_c().await.map_err(|it| Failure::new("waiting for Ctrl-C", it))?;
    }
    site.stop().await;
    Ok(())
}
