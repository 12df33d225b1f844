//! The database of a site, and one that stands by.

use std::path::{Path, PathBuf};

use super::wait_for;
use crate::cluster::{Cluster, USER, unprivileged};

impl Cluster {
    /// Where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join(".s.PGSQL.5432")
    }

    /// A standby that receives all that this server writes; from now on a commit here waits until it is durable there.
    pub(crate) async fn stand_by(&self) -> Self {
        let standby = self.stand_by_later();
        self.psql("ALTER SYSTEM SET synchronous_standby_names = '*'");
        self.psql("SELECT pg_reload_conf()");
        wait_for("the standby is synchronous", async || {
            self.psql("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == "1"
        })
        .await;
        standby
    }

    /// A standby for which nobody waits.
    pub(crate) fn stand_by_later(&self) -> Self {
        Self::begin(&["fsync=off"], |data| self.copy_into(data))
    }

    /// A standby that hears nothing any more, as if its line were cut.
    pub(crate) async fn fall_behind(&self) {
        self.psql("ALTER SYSTEM SET primary_conninfo = ''");
        self.psql("SELECT pg_reload_conf()");
        wait_for("the standby hears nothing", async || {
            self.psql("SELECT count(*) FROM pg_stat_wal_receiver") == "0"
        })
        .await;
    }

    /// Makes a standby the primary.
    pub(crate) fn promote(&self) {
        assert_eq!(self.psql("SELECT pg_promote()"), "t");
    }

    fn copy_into(&self, data: &Path) {
        let mut backup = unprivileged("pg_basebackup");
        backup.args(["-R", "-c", "fast", "-X", "stream", "-U", USER, "-h"]).arg(self.folder.path());
        assert!(backup.arg("-D").arg(data).status().expect("pg_basebackup runs").success());
    }
}
