//! Several control planes over one PostgreSQL, as one site.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use rustix::process::Signal;

use super::line::{Balancer, DatabaseLine};
use super::process::Process;
use super::{CONTROL_PLANE, addresses, router_token, wait_for};
use crate::cluster::Cluster;

pub(crate) struct Fleet {
    replicas: Vec<Replica>,
    balancer: Balancer,
    /// Last: what is connected to it ends before it does.
    pub(crate) cluster: Cluster,
}

struct Replica {
    address: SocketAddr,
    process: Option<Process>,
    /// Its own, so that it alone can be cut off.
    line: DatabaseLine,
    /// Another way to the database, when it does not go over the line.
    store: Option<String>,
    /// It is sent nobody.
    is_out: bool,
}

impl Fleet {
    /// `n_replicas` that answer together at `address`. None of them runs yet.
    pub(crate) async fn over(cluster: Cluster, n_replicas: usize, address: Ipv4Addr) -> Self {
        let mut replicas = Vec::new();
        for _ in 0..n_replicas {
            let own = addresses::next();
            let line = DatabaseLine::lay(own, cluster.socket()).await;
            let address = SocketAddr::from((own, 7000));
            replicas.push(Replica { address, process: None, line, store: None, is_out: false });
        }
        let addresses = replicas.iter().map(|it| it.address).collect();
        let balancer = Balancer::start((address, 7000).into(), addresses).await;
        Self { replicas, balancer, cluster }
    }

    /// All replicas reach the database at `store` from their next start on.
    pub(crate) fn reach_at(&mut self, store: &str) {
        for replica in &mut self.replicas {
            replica.store = Some(store.to_owned());
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.replicas.len()
    }

    pub(crate) fn url(&self, idx: usize) -> String {
        format!("http://{}", self.replicas[idx].address)
    }

    /// Starts one, and returns when it is ready.
    pub(crate) async fn start(&mut self, folder: &Path, idx: usize, token_file: Option<&str>) {
        let replica = &mut self.replicas[idx];
        let (data, listen) = (folder.join(CONTROL_PLANE).display().to_string(), replica.address.to_string());
        let mut args = vec!["serve", "--data", &data, "--listen", &listen];
        if let Some(file) = token_file {
            args.extend(["--admin-token-file", file]);
        }
        let mut variables = router_token().to_vec();
        variables.push(("SHIPWAY_STORE", replica.store.clone().unwrap_or_else(|| replica.line.url())));
        let mut process = Process::start(folder, &format!("{CONTROL_PLANE}-{idx}"), &args, &variables);
        let url = self.url(idx);
        wait_for("a replica is ready", async || {
            assert!(!process.has_ended(), "replica {idx} ended");
            is_ready(&url).await
        })
        .await;
        self.replicas[idx].process = Some(process);
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self, idx: usize) {
        if let Some(mut process) = self.replicas[idx].process.take() {
            process.kill();
        }
    }

    /// SIGSTOP: it keeps what it has, and does nothing. Nobody is sent to it any more.
    pub(crate) fn stop(&mut self, idx: usize) {
        self.process(idx).signal(Signal::STOP);
        self.send_nobody(idx, true);
    }

    /// SIGCONT.
    pub(crate) fn go_on(&mut self, idx: usize) {
        self.process(idx).signal(Signal::CONT);
        self.send_nobody(idx, false);
    }

    /// Nothing comes through to the database or back.
    pub(crate) fn cut_off(&mut self, idx: usize) {
        self.replicas[idx].line.fall_silent();
        self.send_nobody(idx, true);
    }

    pub(crate) fn reconnect(&mut self, idx: usize) {
        self.replicas[idx].line.restore();
        self.send_nobody(idx, false);
    }

    pub(crate) async fn is_ready(&self, idx: usize) -> bool {
        is_ready(&self.url(idx)).await
    }

    fn process(&self, idx: usize) -> &Process {
        self.replicas[idx].process.as_ref().expect("it runs")
    }

    fn send_nobody(&mut self, idx: usize, is_out: bool) {
        self.replicas[idx].is_out = is_out;
        let in_use = self.replicas.iter().filter(|it| !it.is_out);
        self.balancer.send_to(in_use.map(|it| it.address).collect());
    }
}

async fn is_ready(url: &str) -> bool {
    reqwest::get(format!("{url}/readyz")).await.is_ok_and(|it| it.status().is_success())
}
