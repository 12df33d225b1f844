//! Files that a command was given: folders are walked, `-` is standard input.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use shipway_model::resource::file::{FILE_BYTES_MAX, SourceFile};

use crate::failure::Failure;

/// More files than this are a mistake, or an attack.
const FILES_MAX: usize = 10_000;

/// A file with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// All files in the order given, those of folders (`.yaml` and `.yml`, at any depth) by name.
///
/// # Errors
/// When one cannot be read, is not UTF-8, or there is none.
pub(crate) fn collect(paths: &[PathBuf]) -> Result<Vec<Source>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            walk(path, &mut files)?;
        } else {
            files.push(path.clone());
        }
    }
    if files.is_empty() {
        return Err(Failure::usage(
            "there is no .yaml or .yml file in what was given",
            "shipway help validate",
        ));
    }
    files.iter().map(|path| read(path)).collect()
}

pub(crate) fn borrowed(sources: &[Source]) -> Vec<SourceFile<'_>> {
    sources.iter().map(|it| SourceFile { path: &it.path, text: &it.text }).collect()
}

/// Links to folders are not followed: they may lead in circles.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable = |error: io::Error| cannot_read(folder, &error);
    let mut entries =
        fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(unreadable)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() && !hidden {
            walk(&path, files)?;
        } else if !kind.is_dir() && path.extension().is_some_and(|it| it == "yaml" || it == "yml") {
            files.push(path);
        }
        if files.len() > FILES_MAX {
            let message = format!("there are more than {FILES_MAX} files in {}", folder.display());
            return Err(Failure::new(message, "shipway validate FILE… with fewer files"));
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Source, Failure> {
    let mut bytes = Vec::new();
    // One byte over the limit is enough for the reader to refuse it; the rest need not be in memory.
    let limit = FILE_BYTES_MAX as u64 + 1;
    let stdin = path == Path::new("-");
    let result = if stdin {
        io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    result.map_err(|error| cannot_read(path, &error))?;
    let path = if stdin { "<standard input>".to_owned() } else { path.display().to_string() };
    if bytes.len() > FILE_BYTES_MAX {
        // To be refused for its size; the cut may be inside a character.
        return Ok(Source { path, text: String::from_utf8_lossy(&bytes).into_owned() });
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source { path, text }),
        Err(error) => {
            let position = error.utf8_error().valid_up_to();
            let message = format!("{path} is not UTF-8: byte {position} begins no character");
            Err(Failure::new(message, format!("iconv -t UTF-8 {path}")))
        }
    }
}

fn cannot_read(path: &Path, error: &io::Error) -> Failure {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Failure::new(format!("{} cannot be read: {error}", path.display()), format!("ls {}", folder.display()))
}
