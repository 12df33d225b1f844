//! `shipway provenance commit`

use std::path::PathBuf;

use clap::Args;
use shipway_integrations::provenance::{self, Commit as Signed};

use super::roots::{RootsArgs, document};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, Paint, plain, time};

/// Verify signed commits and tags of Git, offline
///
/// The objects are read as `git cat-file` prints them; SSH signatures count when an allowed signer of the roots made
/// them. The exit code is 0 when every signature holds and 1 when one does not.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  git cat-file commit HEAD | shipway provenance commit - --roots roots.yaml
  shipway provenance commit v1.2.0.tag --roots roots.yaml -o json")]
pub(crate) struct Commit {
    /// `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    objects: Vec<PathBuf>,
    #[command(flatten)]
    roots: RootsArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Commit {
    pub(crate) fn run(self) -> Outcome {
        let roots = self.roots.read()?;
        let verify = |path: &PathBuf| {
            let signed = provenance::verify_git(&document(path)?, &roots);
            signed.map_err(|it| {
                let message = plain(&format!("{}: {it}", path.display()));
                Failure::new(message, "git cat-file commit HEAD")
            })
        };
        let signed = self.objects.iter().map(verify).collect::<Result<Vec<Signed>, Failure>>()?;
        self.output.show(&signed, |paint| signed.iter().map(|it| line(it, paint)).collect())?;
        let holds = signed.iter().all(|it| it.signer.is_some());
        Ok(if holds { Exit::Ok } else { Exit::Failed })
    }
}

fn line(it: &Signed, paint: Paint) -> String {
    let what = format!("{} of {} by {}, {}", it.object, plain(&it.of), plain(&it.by), time(it.at));
    match (&it.signer, &it.refused) {
        (Some(signer), _) => {
            let who = plain(&format!("{} ({}, {})", signer.identity, signer.root, signer.key));
            format!("{} {what}\n  signed by {who}\n", paint.good("sound:"))
        }
        (None, why) => {
            format!("{} {what}\n  {}\n", paint.bad("broken:"), plain(why.as_deref().unwrap_or_default()))
        }
    }
}
