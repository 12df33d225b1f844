//! The life of a process, from its files and environment to its exit code.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::artifact::Artifact;
use crate::instance::{Instance, Service};
use crate::server::{Stop, serve};
use crate::settings::Settings;

/// What a process that crashes by its declared defect leaves behind.
const CRASHED: i32 = 70;

/// Serves until SIGTERM or SIGINT. Exits with 0 when every request was answered, 1 when some were cut off, and 2
/// when the service could not start.
pub fn run(service: Service) -> ExitCode {
    match live(service) {
        Ok(Stop::Drained) => ExitCode::SUCCESS,
        Ok(Stop::CutOff) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("shop-{}: {fault}", service.name());
            let mut source = fault.source();
            while let Some(cause) = source {
                eprintln!("  because: {cause}");
                source = cause.source();
            }
            ExitCode::from(2)
        }
    }
}

fn live(service: Service) -> Result<Stop, Box<dyn Error>> {
    let settings = Settings::read(|name| std::env::var(name).ok())?;
    let artifact = Artifact::read(Path::new("shop.json"))?;
    let crash_after = artifact.defects.crash_after();
    let instance = Arc::new(Instance::new(service, artifact, &settings));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let listener = TcpListener::bind(settings.listen).await?;
        if let Some(after) = crash_after {
            tokio::spawn(crash(after));
        }
        let stop = async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        Ok(serve(listener, instance, stop).await)
    })
}

async fn crash(after: Duration) {
    tokio::time::sleep(after).await;
    eprintln!("crashing, as shop.json declares by crashAfterMs");
    std::process::exit(CRASHED);
}
