//! The files of the repository.

use std::path::{Path, PathBuf};

/// Folders that hold nothing of the project, by their names.
const LEFT_OUT: [&str; 4] = ["target", "__pycache__", "spark-warehouse", "metastore_db"];

/// A text file of the repository.
pub(crate) struct TextFile {
    /// From the root of the repository, with `/` between folders.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// All files below `folder` (a path from the root of the repository, or the path of one file) whose names end like
/// this, in the order of their paths.
pub(crate) fn files(repository: &Path, folder: &str, endings: &[&str]) -> Result<Vec<TextFile>, String> {
    let mut found = Vec::new();
    walk(&repository.join(folder), &mut |file| {
        let path = file.strip_prefix(repository).unwrap_or(file).to_string_lossy().replace('\\', "/");
        if endings.iter().any(|ending| path.ends_with(ending)) {
            let text = std::fs::read_to_string(file).map_err(|error| format!("{path}: {error}"))?;
            found.push(TextFile { path, text });
        }
        Ok(())
    })?;
    Ok(found)
}

fn walk(path: &Path, file: &mut impl FnMut(&Path) -> Result<(), String>) -> Result<(), String> {
    if path.is_file() {
        return file(path);
    }
    let entries = std::fs::read_dir(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut inside: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    inside.sort();
    for path in inside {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let hidden = name.starts_with('.') && name != ".github";
        if !hidden && !LEFT_OUT.contains(&name.as_str()) {
            walk(&path, file)?;
        }
    }
    Ok(())
}

/// Documents that people read.
pub(crate) fn documents(repository: &Path) -> Result<Vec<TextFile>, String> {
    files(repository, "", &[".md"])
}
