//! This host: what every part of the agent works with.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use rustix::fs::{FlockOperation, flock};
use shipway_model::Name;
use tokio::sync::{Mutex, Notify};
use tracing::warn;

use crate::cache::Cache;
use crate::fleet::Fleet;
use crate::journal::Journal;
use crate::layout::Layout;
use crate::link::Link;
use crate::outflow::Outflow;
use crate::{AgentConfig, AgentError};

pub(crate) struct Host {
    pub(crate) name: Name,
    pub(crate) address: IpAddr,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) layout: Layout,
    pub(crate) journal: Journal,
    pub(crate) link: Link,
    pub(crate) cache: Cache,
    pub(crate) fleet: Fleet,
    /// What services print, on its way to the control plane.
    pub(crate) outflow: Outflow,
    /// Something waits to be reported.
    pub(crate) to_report: Notify,
    /// Held while reports are sent.
    pub(crate) sending: Mutex<()>,
    /// What the control plane tells this agent by from others of the host: its data folder, which is one agent's at a
    /// time. A lease that was given to an agent here and never heard of is given to it, or to its successor, again.
    pub(crate) holder: String,
    /// Held open: it is locked against a second agent.
    _lock: File,
}

impl Host {
    pub(crate) fn open(config: AgentConfig) -> Result<Arc<Self>, AgentError> {
        let AgentConfig { server, token, host, address, labels, data_dir } = config;
        let link = Link::new(&server, &token, host.clone())?;
        let unusable = |fault| AgentError::Folder { path: data_dir.clone(), fault };
        let layout = Layout::make(&data_dir).map_err(unusable)?;
        let lock = OpenOptions::new().write(true).create(true).truncate(false).open(layout.lock());
        let lock = lock.map_err(unusable)?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(AgentError::InUse(data_dir));
        }
        let identity = lock.metadata().map_err(unusable)?;
        let holder = format!("{:x}-{:x}", identity.dev(), identity.ino());
        let journal = Journal::open(&layout.journal())?;
        let cache = Cache::open(layout.cache(), link.clone()).map_err(unusable)?;
        let this = Self {
            name: host,
            address,
            labels,
            layout,
            journal,
            link,
            cache,
            fleet: Fleet::default(),
            outflow: Outflow::default(),
            to_report: Notify::new(),
            sending: Mutex::new(()),
            holder,
            _lock: lock,
        };
        this.remove_finished_work().map_err(unusable)?;
        Ok(Arc::new(this))
    }

    /// Folders of commands whose end was noted, but whose agent did not live to remove them.
    fn remove_finished_work(&self) -> std::io::Result<()> {
        let open: Vec<_> = self
            .journal
            .read(|it| it.unfinished().map(|(effect, _)| self.layout.work(&effect.key)).collect());
        for entry in fs::read_dir(self.layout.all_work())? {
            let path = entry?.path();
            if !open.contains(&path)
                && let Err(fault) = fs::remove_dir_all(&path)
            {
                warn!(path = %path.display(), "cannot be removed: {fault}");
            }
        }
        Ok(())
    }
}
