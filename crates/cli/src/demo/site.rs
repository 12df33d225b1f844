//! The site: one control plane, a router for each environment, and three hosts, each a process of its own.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use shipway_api::Client;
use shipway_api::operations::token::{IssueToken, NewToken};
use shipway_model::event::Role;
use tokio::process::{Child, Command};

use super::stage::Stage;
use super::{Failure, PATIENCE};

/// The ports that the example's declarations name.
const PORT: u16 = 7100;
const PORTS: u16 = 30;
const ROUTERS: [(&str, u16); 2] = [("staging", 1), ("production", 2)];
/// Each host has a loopback address of its own.
const HOSTS: [(&str, Ipv4Addr, &str); 3] = [
    ("host-a", Ipv4Addr::new(127, 0, 1, 1), "zone=a,staging=true,production=true"),
    ("host-b", Ipv4Addr::new(127, 0, 1, 2), "zone=b,production=true"),
    ("host-c", Ipv4Addr::new(127, 0, 1, 3), "zone=c,production=true"),
];
const ROUTER_TOKEN: &str = "the-routers-of-the-demonstration";

pub(super) struct Site {
    folder: PathBuf,
    port: u16,
    token: String,
    control_plane: Child,
    others: Vec<(String, Child)>,
}

impl Site {
    pub(super) async fn start(stage: &Stage, port: Option<u16>) -> Result<Self, Failure> {
        let port = free_ports(port)?;
        let folder = stage.folder().to_owned();
        stage.make("logs")?;
        let token_file = folder.join("admin-token");
        let mut others = Vec::new();
        for (environment, offset) in ROUTERS {
            let admin = format!("127.0.0.1:{}", port + offset);
            let state = folder.join(format!("router-{environment}.json"));
            let args = ["router", "--admin", &admin, "--state", &state.display().to_string()];
            others.push((
                format!("router-{environment}"),
                spawn(&folder, &format!("router-{environment}"), &args, None)?,
            ));
        }
        let control_plane = serve(&folder, port)?;
        let mut site = Self { folder, port, token: String::new(), control_plane, others };
        site.ready().await?;
        let token =
            std::fs::read_to_string(&token_file).map_err(|it| Failure::new("reading the first token", it))?;
        site.token = token.trim().to_owned();
        for (host, address, labels) in HOSTS {
            site.start_agent(host, address, labels).await?;
        }
        Ok(site)
    }

    async fn start_agent(&mut self, host: &str, address: Ipv4Addr, labels: &str) -> Result<(), Failure> {
        let new = NewToken { name: host.to_owned(), role: Role::Agent, expires: None, scope: None };
        let issued = self.client()?.call::<IssueToken>((), (), new).await;
        let secret = issued.map_err(|it| Failure::new("issuing a token for an agent", it))?.value.secret;
        let data = self.folder.join(host).display().to_string();
        let (server, address) = (self.address(), address.to_string());
        let args = [
            "agent",
            "--server",
            &server,
            "--host",
            host,
            "--address",
            &address,
            "--labels",
            labels,
            "--data",
            &data,
        ];
        let agent = spawn(&self.folder, host, &args, Some(&secret))?;
        self.others.push((host.to_owned(), agent));
        Ok(())
    }

    /// Where people and the API reach the control plane.
    pub(super) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where customers reach the shop.
    pub(super) fn shop(&self) -> String {
        format!("http://127.0.0.1:{}", self.port + 20)
    }

    /// The production router's figures, as Prometheus text.
    pub(super) fn metrics(&self) -> String {
        format!("http://127.0.0.1:{}/metrics", self.port + ROUTERS[1].1)
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    pub(super) fn client(&self) -> Result<Client, Failure> {
        Client::new(&self.address(), self.token.clone())
            .map_err(|it| Failure::new("calling the control plane", it))
    }

    /// The file with the key that checks the ledger's checkpoints.
    pub(super) fn public_key(&self) -> String {
        self.folder.join("control-plane/checkpoint.pub").display().to_string()
    }

    /// What this same program prints when it is called with `args` against this control plane.
    pub(super) async fn shipway(&self, args: &[&str]) -> Result<String, Failure> {
        let doing = format!("running shipway {}", args.join(" "));
        let program = std::env::current_exe().map_err(|it| Failure::new(&doing, it))?;
        let output = Command::new(program)
            .args(args)
            .env("SHIPWAY_SERVER", self.address())
            .env("SHIPWAY_TOKEN", &self.token)
            .output()
            .await
            .map_err(|it| Failure::new(&doing, it))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(Failure::new(&doing, String::from_utf8_lossy(&output.stderr)))
    }

    /// The example's declaration with this demonstration's ports.
    pub(super) fn with_ports(&self, text: &str) -> String {
        (0..PORTS).fold(text.to_owned(), |text, offset| {
            text.replace(
                &format!("127.0.0.1:{}", PORT + offset),
                &format!("127.0.0.1:{}", self.port + offset),
            )
        })
    }

    /// The folders of the agents, by host.
    pub(super) fn agent_folders(&self) -> impl Iterator<Item = (&'static str, PathBuf)> + '_ {
        HOSTS.iter().map(|(host, _, _)| (*host, self.folder.join(host)))
    }

    /// Kills the control plane as a power cut would (SIGKILL), and starts it again. Returns for how long nothing
    /// answered.
    pub(super) async fn kill_control_plane(&mut self) -> Result<Duration, Failure> {
        let began = Instant::now();
        self.control_plane.kill().await.map_err(|it| Failure::new("killing the control plane", it))?;
        self.control_plane = serve(&self.folder, self.port)?;
        self.ready().await?;
        Ok(began.elapsed())
    }

    async fn ready(&mut self) -> Result<(), Failure> {
        let url = format!("{}/readyz", self.address());
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Ok(Some(status)) = self.control_plane.try_wait() {
                return Err(Failure::because(format!(
                    "the control plane ended ({status}); its log says why"
                )));
            }
            if reqwest::get(&url).await.is_ok_and(|it| it.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(Failure::because("the control plane does not become ready; its log says why"))
    }

    /// Ends everything: agents stop their services first, as the last to go would leave them running.
    pub(super) async fn stop(mut self) {
        for (_, child) in &mut self.others {
            terminate(child);
        }
        terminate(&self.control_plane);
        for (_, child) in &mut self.others {
            let _ = tokio::time::timeout(Duration::from_secs(20), child.wait()).await;
        }
        let _ = tokio::time::timeout(Duration::from_secs(5), self.control_plane.wait()).await;
        kill_services(&self.folder);
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        kill_services(&self.folder);
    }
}

fn terminate(child: &Child) {
    if let Some(pid) = child.id().and_then(|it| rustix::process::Pid::from_raw(it.cast_signed())) {
        // It may have ended by itself meanwhile.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
}

/// Services outlive their agents by design; those of the demonstration must not outlive it.
fn kill_services(folder: &std::path::Path) {
    let Ok(processes) = std::fs::read_dir("/proc") else { return };
    for process in processes.flatten() {
        let pid = process
            .file_name()
            .to_str()
            .and_then(|it| it.parse().ok())
            .and_then(rustix::process::Pid::from_raw);
        let lives_here =
            std::fs::read_link(process.path().join("cwd")).is_ok_and(|it| it.starts_with(folder));
        if let Some(pid) = pid.filter(|_| lives_here) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

fn serve(folder: &std::path::Path, port: u16) -> Result<Child, Failure> {
    let listen = format!("127.0.0.1:{port}");
    let data = folder.join("control-plane").display().to_string();
    let token_file = folder.join("admin-token").display().to_string();
    spawn(
        folder,
        "control-plane",
        &["serve", "--data", &data, "--listen", &listen, "--admin-token-file", &token_file],
        None,
    )
}

/// Another process of this same program, its words in a log of its own. Its token is not among its arguments, which
/// everybody on the machine can see.
fn spawn(folder: &std::path::Path, name: &str, args: &[&str], token: Option<&str>) -> Result<Child, Failure> {
    let doing = format!("starting {name}");
    let failed = |it: std::io::Error| Failure::new(&doing, it);
    let log = File::options()
        .create(true)
        .append(true)
        .open(folder.join("logs").join(format!("{name}.log")))
        .map_err(failed)?;
    Command::new(std::env::current_exe().map_err(failed)?)
        .args(args)
        .env("SHIPWAY_ROUTER_TOKEN", ROUTER_TOKEN)
        .env_remove("SHIPWAY_TOKEN")
        .env_remove("SHIPWAY_SERVER")
        .envs(token.map(|it| ("SHIPWAY_TOKEN", it)))
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(failed)?)
        .stderr(log)
        // Ctrl-C reaches this process alone, which then ends the others in order.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)
}

/// The first of `PORTS` free ports in a row.
fn free_ports(wanted: Option<u16>) -> Result<u16, Failure> {
    let is_free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let all_free = |first: u16| (first..first + PORTS).all(is_free);
    match wanted {
        Some(port) if port <= u16::MAX - PORTS && all_free(port) => Ok(port),
        Some(port) => Err(Failure::because(format!(
            "not all of the ports {port} to {} are free: choose others with --port",
            port.saturating_add(PORTS - 1)
        ))),
        None => (0..200).map(|step| PORT + step * PORTS).find(|first| all_free(*first)).ok_or_else(|| {
            Failure::because("no 30 loopback ports in a row are free: choose some with --port")
        }),
    }
}
