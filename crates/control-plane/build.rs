//! Writes the list of the files that the built-in job is made of, so that a new Python file cannot be forgotten.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let jobs = here.join("../../spark-jobs").canonicalize()?;
    let package = jobs.join("log_analysis");
    println!("cargo::rerun-if-changed={}", package.display());

    let mut files = Vec::new();
    collect(&package, &mut files)?;
    files.sort();
    let mut list = String::from("/// The package's files: name in the archive, content. Sorted by name.\n");
    list.push_str("pub(crate) const PACKAGE: &[(&str, &[u8])] = &[\n");
    for file in &files {
        let name = file.strip_prefix(&jobs).map_err(io::Error::other)?.to_string_lossy().replace('\\', "/");
        let _ = writeln!(list, "    ({name:?}, include_bytes!({:?})),", file.display().to_string());
    }
    list.push_str("];\n\n/// The script that the step runs.\n");
    let main = jobs.join("main.py");
    let _ =
        writeln!(list, "pub(crate) const MAIN: &[u8] = include_bytes!({:?});", main.display().to_string());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("job_files.rs"), list)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && name != "__pycache__" {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "py") {
            files.push(path);
        }
    }
    Ok(())
}
