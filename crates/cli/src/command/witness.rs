//! `shipway witness`

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use shipway_ledger::{Cosigner, Origin};
use shipway_runtime::{Entropy, OsEntropy};
use tokio::net::TcpListener;

use crate::command::trust;
use crate::daemon;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output;
use memory::Memory;
use service::Service;

mod memory;
mod service;

const NEXT: &str = "shipway witness --help";

/// Cosign checkpoints of ledgers that only grow
///
/// A witness remembers the latest checkpoint of every ledger that it knows and cosigns another only with a proof that
/// the ledger has grown from there (C2SP tlog-witness: `POST /add-checkpoint`). It belongs on a machine, and with
/// people, that the ledger's keeper has no power over: then nobody can be shown a history of their own.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway witness --key w1.key --name witness.example/w1 --state w1.json --log ledger.pub
  shipway witness --key w1.key --state w1.json --log one.pub --log two.pub --listen 127.0.0.1:7300")]
pub(crate) struct Witness {
    /// Its secret key; the first start makes it, and the public key beside it as FILE.pub
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Its name, which must be its own in the world; only for the first start
    #[arg(long)]
    name: Option<Origin>,
    /// What it has seen, made together with the key. Keep a copy as you keep the key's: without it nothing is signed
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    /// A file with the public key of a ledger that it watches. Repeatable
    #[arg(long, value_name = "FILE", required = true)]
    log: Vec<PathBuf>,
    /// Address to answer at
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7300")]
    listen: SocketAddr,
}

impl Witness {
    pub(crate) async fn run(self) -> Outcome {
        daemon::start_log();
        let logs = self.log.iter().map(|it| trust::read_key(it)).collect::<Result<Vec<_>, _>>()?;
        let opened = if self.key.exists() { Memory::open(&self.state) } else { Memory::begin(&self.state) };
        let memory = opened.map_err(|it| Failure::because(&it, NEXT))?;
        // A key that has signed must not come without its memory, so the memory is made first.
        let cosigner = cosigner(&self.key, self.name)?;
        let failed =
            |error: io::Error| Failure::new(format!("cannot listen at {}: {error}", self.listen), NEXT);
        let listener = TcpListener::bind(self.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        output::print(&format!("The witness {} listens on http://{address}\n", cosigner.verifier().name()));
        let service = Service::new(cosigner, logs, memory);
        tokio::select! {
            () = service::serve(listener, service) => {}
            () = daemon::asked_to_end() => {}
        }
        Ok(Exit::Ok)
    }
}

/// The key in the file, or a new one.
fn cosigner(path: &Path, name: Option<Origin>) -> Result<Cosigner, Failure> {
    let unusable =
        |error: io::Error| Failure::new(format!("the key {} cannot be used: {error}", path.display()), NEXT);
    if path.exists() {
        let text = fs::read_to_string(path).map_err(unusable)?;
        let cosigner: Cosigner = text.trim().parse().map_err(|it| {
            Failure::because(&it, NEXT).with_hint(format!("{} is no witness's key", path.display()))
        })?;
        if name.as_ref().is_some_and(|it| it != cosigner.verifier().name()) {
            let message = format!("the key is of the witness {}", cosigner.verifier().name());
            return Err(Failure::usage(message, NEXT));
        }
        return Ok(cosigner);
    }
    let Some(name) = name else {
        return Err(Failure::usage("a new witness needs a name: give --name", NEXT));
    };
    let mut seed = [0; 32];
    OsEntropy.fill(&mut seed);
    let cosigner = Cosigner::from_seed(name, &seed);
    let mut public = path.as_os_str().to_owned();
    public.push(".pub");
    write(Path::new(&public), &cosigner.verifier().to_string(), 0o644).map_err(unusable)?;
    write(path, &cosigner.to_secret_text(), 0o600).map_err(unusable)?;
    Ok(cosigner)
}

/// Whole or not at all, also when the power goes meanwhile.
fn write(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&unfinished)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    // A bare file name has the empty parent.
    let parent = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(parent)?.sync_all()
}
