//! The story: four releases, the third of them bad.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use shipway_api::Client;
use shipway_api::operations::agent::ListAgents;
use shipway_api::operations::artifact::RegisterArtifact;
use shipway_api::operations::release::{CreateRelease, ReleasePath, SealRelease};
use shipway_api::operations::resource::{ApplyRequest, ApplyResources, SourceFile};
use shipway_api::view::release::Seal;
use shipway_api::view::rollout::RolloutView;
use shipway_model::Digest;
use shipway_model::release::{ArchiveFormat, Artifact, Bundle, Class, Part};

use super::act::{self, Act};
use super::build::{Builds, declarations};
use super::evidence;
use super::logs;
use super::shoppers::Shoppers;
use super::site::Site;
use super::{Failure, PATIENCE};

pub(super) async fn play(site: &mut Site, builds: &Builds, shoppers: &Shoppers) -> Result<Vec<Act>, Failure> {
    let client = site.client()?;
    declare(site, &client, |text| text).await?;
    agents_ready(&client, 3).await?;
    let mut artifacts = BTreeMap::new();
    for ((service, version), archive) in builds {
        let artifact = register(&client, service, version, archive).await?;
        artifacts.insert((*service, *version), artifact);
    }
    let mut acts = Vec::new();
    let mut troupe = Troupe { site, client, artifacts, shoppers, acts: &mut acts };

    troupe.tell("1.0.0, the first: zone by zone");
    troupe.seal("1.0.0", &[("catalogue", "1.0.0"), ("checkout", "1.0.0"), ("web", "1.0.0")]).await?;
    troupe.ship("1.0.0", "staging", "rolling").await?;
    troupe.show_plan("1.0.0").await?;
    troupe.ship("1.0.0", "production", "rolling").await?;
    troupe.shoppers.open();
    println!("  The shop is open.");

    troupe.tell("1.1.0, healthy: checkout by canary 5 → 25 → 50 → 100 %");
    troupe.seal("1.1.0", &[("catalogue", "1.0.0"), ("checkout", "1.1.0"), ("web", "1.1.0")]).await?;
    troupe.ship("1.1.0", "staging", "rolling").await?;
    troupe.ship("1.1.0", "production", "canary").await?;

    troupe.tell("1.2.0, bad: checkout fails for some of its requests, and is slower");
    troupe.seal("1.2.0", &[("catalogue", "1.0.0"), ("checkout", "1.2.0"), ("web", "1.1.0")]).await?;
    troupe.ship("1.2.0", "staging", "rolling").await?;
    troupe.ship_bad("1.2.0").await?;

    troupe.tell("1.3.0: checkout by blue-green, and the control plane is killed on the way");
    declare(troupe.site, &troupe.client, |text| text.replace("checkout: careful", "checkout: switch"))
        .await?;
    troupe.seal("1.3.0", &[("catalogue", "1.0.0"), ("checkout", "1.3.0"), ("web", "1.1.0")]).await?;
    troupe.ship("1.3.0", "staging", "rolling").await?;
    troupe.ship_through_a_crash("1.3.0").await?;
    Ok(acts)
}

struct Troupe<'a> {
    site: &'a mut Site,
    client: Client,
    artifacts: BTreeMap<(&'static str, &'static str), Artifact>,
    shoppers: &'a Shoppers,
    acts: &'a mut Vec<Act>,
}

impl Troupe<'_> {
    fn tell(&self, title: &str) {
        println!("\n── {title}");
    }

    async fn seal(&self, version: &str, parts: &[(&'static str, &'static str)]) -> Result<(), Failure> {
        let doing = format!("sealing shop@{version}");
        let failed = |it: shipway_api::client::Error| Failure::new(&doing, it);
        let part = |key: &(&'static str, &'static str)| {
            let artifact = &self.artifacts[key];
            let part = Part {
                version: artifact.version.clone(),
                artifact: artifact.digest,
                variants: BTreeMap::new(),
                configuration: None,
            };
            (artifact.service.clone(), part)
        };
        let bundle = Bundle {
            name: "shop".parse().expect("a valid name"),
            version: version.parse().expect("a valid version"),
            parts: parts.iter().map(part).collect(),
            documents: BTreeMap::new(),
            runbooks: BTreeMap::new(),
            class: Class::Normal,
            touches: None,
            known_errors: Default::default(),
            mended_errors: Default::default(),
        };
        self.client.call::<CreateRelease>((), (), bundle).await.map_err(failed)?;
        let release = format!("shop@{version}").parse().expect("a valid selector");
        let sealed =
            self.client.call::<SealRelease>(ReleasePath { release }, (), ()).await.map_err(failed)?;
        if let Seal::Sealed { digest, .. } = sealed.value.seal {
            println!("  sealed shop@{version}  {digest}");
        }
        Ok(())
    }

    /// As `shipway plan` shows it.
    async fn show_plan(&self, version: &str) -> Result<(), Failure> {
        let args = ["plan", &format!("shop@{version}"), "--env", "production"];
        println!("\n{}", self.site.shipway(&args).await?);
        Ok(())
    }

    async fn ship(&mut self, version: &str, environment: &str, strategy: &str) -> Result<(), Failure> {
        println!("  → {environment}");
        let id = act::start(self.site, &format!("shop@{version}"), environment).await?;
        let mut act = act::watch(self.site, self.shoppers, id, async |_, _| Ok(())).await?;
        strategy.clone_into(&mut act.strategy);
        expect(&act, "shipped")?;
        if environment == "staging" {
            evidence::attach(&self.client, &act.view).await?;
        }
        self.acts.push(act);
        Ok(())
    }

    async fn ship_bad(&mut self, version: &str) -> Result<(), Failure> {
        println!("  → production");
        let id = act::start(self.site, &format!("shop@{version}"), "production").await?;
        let mut act = act::watch(self.site, self.shoppers, id, async |_, _| Ok(())).await?;
        "canary".clone_into(&mut act.strategy);
        expect(&act, "taken back")?;
        let exposed = Exposure::of(self.site, version).await?;
        let seconds = seconds_exposed(&act.view);
        act.note = format!(
            "taken back by itself: {seconds:.1} s after the first request, {} requests exposed, {} failed",
            exposed.requests, exposed.errors
        );
        println!("  {}", act.note);
        for sentence in logs::against(self.site, id).await? {
            println!("  {sentence}");
        }
        self.acts.push(act);
        Ok(())
    }

    async fn ship_through_a_crash(&mut self, version: &str) -> Result<(), Failure> {
        println!("  → production");
        let id = act::start(self.site, &format!("shop@{version}"), "production").await?;
        let mut away: Option<Duration> = None;
        let kill_midway = async |site: &mut Site, view: &RolloutView| {
            let n_placed = view.steps.iter().filter(|it| it.action == "place" && it.state.is_done()).count();
            if away.is_none() && n_placed >= 1 {
                println!("  ⚡ SIGKILL to the control plane");
                let gone = site.kill_control_plane().await?;
                println!("  ⚡ started again; it was away for {} ms", gone.as_millis());
                away = Some(gone);
            }
            Ok(())
        };
        let mut act = act::watch(self.site, self.shoppers, id, kill_midway).await?;
        "blue-green".clone_into(&mut act.strategy);
        expect(&act, "shipped")?;
        let away =
            away.ok_or_else(|| Failure::because("the rollout ended before the control plane was killed"))?;
        act.note = format!("control plane killed midway, away for {} ms", away.as_millis());
        self.acts.push(act);
        Ok(())
    }
}

fn expect(act: &Act, outcome: &str) -> Result<(), Failure> {
    if act.outcome == outcome {
        return Ok(());
    }
    Err(Failure::because(format!(
        "{} in {} should have been {outcome}, and was {}: `shipway rollout show {}`",
        act.release, act.environment, act.outcome, act.rollout
    )))
}

async fn declare(site: &Site, client: &Client, change: impl Fn(String) -> String) -> Result<(), Failure> {
    let folder = declarations();
    let doing = format!("declaring {}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).map_err(|it| Failure::new(&doing, it))?.flatten() {
        let path = entry.path();
        let text = fs::read_to_string(&path).map_err(|it| Failure::new(&doing, it))?;
        files.push(SourceFile { path: path.display().to_string(), text: change(site.with_ports(&text)) });
    }
    let apply = ApplyRequest { files, dry_run: false };
    let applied =
        client.call::<ApplyResources>((), (), apply).await.map_err(|it| Failure::new(&doing, it))?;
    println!("  declared {} resources", applied.value.changes.len());
    Ok(())
}

async fn agents_ready(client: &Client, n_agents: usize) -> Result<(), Failure> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let agents = client.call::<ListAgents>((), Default::default(), ()).await;
        if agents.map_err(|it| Failure::new("listing the agents", it))?.value.items.len() >= n_agents {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(Failure::because("the agents do not register; their logs say why"))
}

async fn register(
    client: &Client,
    service: &str,
    version: &str,
    archive: &Path,
) -> Result<Artifact, Failure> {
    let doing = format!("registering {service} {version}");
    let bytes = fs::read(archive).map_err(|it| Failure::new(&doing, it))?;
    let digest = Digest::of(&bytes);
    let artifact = Artifact {
        service: service.parse().expect("a valid name"),
        version: version.parse().expect("a valid version"),
        digest,
        size_bytes: bytes.len() as u64,
        format: ArchiveFormat::TarGz,
        commit: "demonstration".to_owned(),
        builder: "shipway demo".to_owned(),
        provenance: None,
        source: None,
    };
    let failed = |it: shipway_api::client::Error| Failure::new(&doing, it);
    let size_bytes = artifact.size_bytes;
    let chunk = futures_util::stream::once(std::future::ready(Ok::<_, std::io::Error>(bytes)));
    client.put_blob(digest, size_bytes, chunk).await.map_err(failed)?;
    client.call::<RegisterArtifact>((), (), artifact.clone()).await.map_err(failed)?;
    println!("  registered {service} {version}  {digest}");
    Ok(artifact)
}

/// From the first request to the new version until all traffic was back, by the ledger's times.
fn seconds_exposed(view: &RolloutView) -> f64 {
    let routes = || view.steps.iter().filter(|it| it.action == "route");
    let first = routes().filter_map(|it| it.started_at).min();
    let last = routes().filter_map(|it| it.ended_at).max();
    match (first, last) {
        (Some(first), Some(last)) => last.duration_since(first).as_secs_f64(),
        _ => 0.0,
    }
}

/// What the production router counted for a version of checkout.
struct Exposure {
    requests: u64,
    errors: u64,
}

impl Exposure {
    async fn of(site: &Site, version: &str) -> Result<Self, Failure> {
        let doing = "reading the router's figures";
        let answer = reqwest::get(site.metrics()).await.map_err(|it| Failure::new(doing, it))?;
        let text = answer.text().await.map_err(|it| Failure::new(doing, it))?;
        let sum = |metric: &str| -> u64 {
            let of_version = |line: &&str| {
                line.starts_with(&format!("{metric}{{"))
                    && line.contains(r#"service="checkout""#)
                    && line.contains(&format!(r#"version="{version}""#))
            };
            text.lines()
                .filter(of_version)
                .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
                .sum()
        };
        Ok(Self {
            requests: sum("shipway_router_requests_total"),
            errors: sum("shipway_router_request_errors_total"),
        })
    }
}
