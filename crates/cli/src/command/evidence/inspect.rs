//! `shipway evidence inspect`

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use clap::Args;
use shipway_integrations::evidence::{self, Format, Source};
use shipway_model::evidence::Normal;

use super::summary;
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, Paint, plain};

/// Read a tool's file as Shipway would, without a control plane
///
/// With -o json or yaml, one file gives one object and several give a list in their order; docs/evidence.md describes
/// the fields and `shipway evidence schema` is their JSON Schema. A file that is broken, or of no known format, is
/// refused with line and column; then nothing is shown and the exit code is 1.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway evidence inspect target/nextest/ci/junit.xml
  shipway evidence inspect coverage.lcov results.jtl.gz -o yaml
  shipway evidence inspect report.json --format stryker -o json
  go test -coverprofile=/dev/stdout ./... | shipway evidence inspect -")]
pub(crate) struct Inspect {
    /// `-` is standard input; files may be compressed with gzip
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The format's name, where content alone does not tell
    #[arg(long, value_parser = parse_format)]
    format: Option<&'static Format>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Inspect {
    pub(crate) fn run(self) -> Outcome {
        let mut read = Vec::new();
        let mut refused = Vec::new();
        for path in &self.files {
            match inspect(path, self.format) {
                Ok(normal) => read.push(normal),
                Err(why) => refused.push(format!("{}: {}", plain(&path.display().to_string()), plain(&why))),
            }
        }
        if !refused.is_empty() {
            return Err(Failure::of_refused(refused, "shipway evidence formats"));
        }
        match read.as_slice() {
            [one] => self.output.show(one, |paint| summary::render(&self.files[0], one, paint)),
            all => self.output.show(&all, |paint| self.render(all, paint)),
        }
    }

    fn render(&self, all: &[Normal], paint: Paint) -> String {
        let parts = self.files.iter().zip(all).map(|(path, it)| summary::render(path, it, paint));
        parts.collect::<Vec<_>>().join("\n")
    }
}

fn parse_format(name: &str) -> Result<&'static Format, String> {
    evidence::find(name).map_err(|it| it.to_string())
}

fn inspect(path: &Path, format: Option<&Format>) -> Result<Normal, String> {
    let mut bytes = open(path).map_err(|it| it.to_string())?;
    let name = path.file_name().and_then(|it| it.to_str());
    evidence::read(Source::new(&mut *bytes), name, format).map_err(|it| it.to_string())
}

fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    if fs::metadata(path)?.is_dir() {
        return Err(io::Error::other("it is a folder"));
    }
    Ok(Box::new(BufReader::with_capacity(64 * 1024, File::open(path)?)))
}
