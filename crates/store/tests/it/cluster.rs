//! PostgreSQL servers for tests and benches: real ones, from the installed binaries, in temporary folders, reached by
//! Unix sockets, as an unprivileged user. Each ends with its value.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Who owns the database.
pub(crate) const USER: &str = "shipway";
/// Starting takes a third of a second on a quiet machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// `nobody`, on every Linux.
const NOBODY: u32 = 65534;

pub(crate) struct Cluster {
    /// Of its data, its log and its socket.
    pub(crate) folder: TempDir,
    settings: Vec<String>,
    server: Option<Child>,
    n_schemas: AtomicU32,
}

impl Cluster {
    /// For tests: what is written may be lost when the machine loses power, which it does not.
    pub(crate) fn start() -> Self {
        Self::start_with(&["fsync=off"])
    }

    pub(crate) fn start_with(settings: &[&str]) -> Self {
        Self::begin(settings, lay)
    }

    /// In a folder whose data `fill` lays.
    pub(crate) fn begin(settings: &[&str], fill: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::Builder::new().prefix("pg").tempdir().expect("a folder can be made");
        give_away(folder.path());
        fill(&folder.path().join("data"));
        let settings = settings.iter().map(|it| (*it).to_owned()).collect();
        let mut cluster = Self { folder, settings, server: None, n_schemas: AtomicU32::new(0) };
        cluster.run();
        cluster
    }

    /// Starts the server, which is not running, and waits until it answers.
    fn run(&mut self) {
        let log = File::options().create(true).append(true).open(self.folder.path().join("log"));
        let log = log.expect("a log can be opened");
        let mut command = unprivileged("postgres");
        command.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path());
        for setting in ["listen_addresses=", "shared_buffers=32MB"]
            .into_iter()
            .chain(self.settings.iter().map(String::as_str))
        {
            command.args(["-c", setting]);
        }
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a handle")).stderr(log);
        self.server = Some(command.spawn().expect("the server's binary starts"));
        let began = Instant::now();
        while !self.answers() {
            assert!(began.elapsed() < PATIENCE, "PostgreSQL did not start: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends the server at once, as a crash would.
    pub(crate) fn crash(&mut self) {
        if let Some(mut server) = self.server.take() {
            // Its children end with it, and it leaves nothing behind in the system.
            let mut stop = unprivileged("pg_ctl");
            let stopped = stop.args(["stop", "-s", "-w", "-m", "immediate", "-D"]).arg(self.data()).status();
            if !stopped.is_ok_and(|it| it.success()) {
                let _ = server.kill();
            }
            let _ = server.wait();
        }
    }

    /// The address of a schema of its own in this server, which is there and empty.
    pub(crate) fn fresh(&self) -> String {
        let schema = format!("site_{}", self.n_schemas.fetch_add(1, Ordering::Relaxed));
        self.psql(&format!("CREATE SCHEMA {schema}"));
        format!("{}?options=-csearch_path%3D{schema}", self.address())
    }

    /// The address of the database.
    pub(crate) fn address(&self) -> String {
        format!("postgres://{USER}@{}/postgres", self.host())
    }

    /// Where it is, as addresses have it.
    pub(crate) fn host(&self) -> String {
        self.folder.path().display().to_string().replace('/', "%2F")
    }

    /// What the statements answer.
    pub(crate) fn psql(&self, sql: &str) -> String {
        let mut psql = Command::new(binary("psql"));
        psql.args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-U", USER, "-d", "postgres", "-c", sql]);
        let said = psql.arg("-h").arg(self.folder.path()).output().expect("psql runs");
        assert!(said.status.success(), "{sql}: {}", String::from_utf8_lossy(&said.stderr));
        String::from_utf8_lossy(&said.stdout).trim().to_owned()
    }

    fn answers(&self) -> bool {
        let mut ready = Command::new(binary("pg_isready"));
        let ready = ready.arg("-q").arg("-h").arg(self.folder.path()).args(["-U", USER]);
        ready.status().expect("pg_isready runs").success()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.crash();
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<_> = log.lines().collect();
            eprintln!("--- PostgreSQL\n{}", lines[lines.len().saturating_sub(30)..].join("\n"));
        }
    }
}

/// Lays the files of a fresh database.
pub(crate) fn lay(data: &Path) {
    copy(&template(), data);
}

/// A fresh database's files, made once and copied from then on: that is faster than making them.
fn template() -> PathBuf {
    // Tests within a crate are not told where; it is the same place.
    let home = option_env!("CARGO_TARGET_TMPDIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tmp"), PathBuf::from);
    fs::create_dir_all(&home).expect("a folder can be made");
    let template = home.join("postgres-template");
    let lock = File::create(home.join("postgres-template.lock")).expect("a lock file can be made");
    lock.lock().expect("the lock is given");
    if !template.exists() {
        let folder = tempfile::Builder::new().prefix("pg").tempdir().expect("a folder can be made");
        give_away(folder.path());
        let mut initdb = unprivileged("initdb");
        initdb.args(["-N", "--no-instructions", "-A", "trust", "-U", USER, "-E", "UTF8", "--locale=C", "-D"]);
        let made = initdb.arg(folder.path().join("data")).output().expect("initdb runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let unfinished = home.join("postgres-template.new");
        let _ = fs::remove_dir_all(&unfinished);
        copy(&folder.path().join("data"), &unfinished);
        fs::rename(&unfinished, &template).expect("it is given its name");
    }
    template
}

/// With its owner.
fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status().expect("cp runs");
    assert!(copied.success(), "{} is copied", from.display());
}

/// A server refuses to run as root.
pub(crate) fn unprivileged(name: &str) -> Command {
    let mut command = Command::new(binary(name));
    command.env("LC_ALL", "C").current_dir("/");
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

pub(crate) fn give_away(folder: &Path) {
    if is_root() {
        chown(folder, Some(NOBODY), Some(NOBODY)).expect("root may");
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").expect("this is Linux").uid() == 0
}

/// Of the newest installed server: Debian keeps them beside the path.
fn binary(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<_> =
        versions.map(|it| it.path().join("bin").join(name)).filter(|it| it.exists()).collect();
    found.sort();
    found.pop().unwrap_or_else(|| {
        panic!("PostgreSQL's `{name}` is not installed; `cargo xtask setup` installs the package postgresql")
    })
}
