//! `shipway artifact pack`

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::Args;

use crate::archive;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output::{self, size};

/// Pack a folder as .tar.gz, the same bytes for the same files
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway artifact pack build/checkout -o checkout-1.2.0.tar.gz")]
pub(crate) struct Pack {
    /// The folder whose content becomes the artifact
    folder: PathBuf,
    /// The file to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

impl Pack {
    pub(crate) fn run(self) -> Outcome {
        let again = format!("shipway artifact pack {} -o {}", self.folder.display(), self.output.display());
        let failed = |error: std::io::Error| {
            Failure::new(format!("{} cannot be packed: {error}", self.folder.display()), again.clone())
        };
        // Written beside its place and then put there: half an archive is never found under the name.
        let partial = self.output.with_extension("partial");
        let packed = File::create(&partial)
            .map(BufWriter::new)
            .and_then(|mut file| {
                let packed = archive::pack(&self.folder, &mut file)?;
                file.flush()?;
                fs::rename(&partial, &self.output)?;
                Ok(packed)
            })
            .inspect_err(|_| drop(fs::remove_file(&partial)))
            .map_err(failed)?;
        let output = self.output.display();
        output::print(&format!("{}  {output}\n", packed.digest));
        let files =
            if packed.n_files == 1 { "1 file".to_owned() } else { format!("{} files", packed.n_files) };
        output::note(&format!("{files}, {}\n", size(packed.size_bytes)));
        Ok(Exit::Ok)
    }
}
