//! The built-in PySpark job, as it is uploaded.

use std::io::{Cursor, Write};
use std::sync::Arc;

use emrys_core::job::JobBundle;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

include!(concat!(env!("OUT_DIR"), "/job_files.rs"));

/// The script's name.
const SCRIPT: &str = "main.py";
/// The package's name.
const ARCHIVE: &str = "log_analysis.zip";

/// The job that runs when `[job]` is left out. The same version of Emrys makes the same bytes everywhere, so that
/// the job is uploaded once.
pub fn built_in_job() -> JobBundle {
    JobBundle {
        files: vec![(SCRIPT.to_owned(), Arc::from(MAIN)), (ARCHIVE.to_owned(), Arc::from(archive(PACKAGE)))],
    }
}

/// A zip archive whose bytes depend on the files alone: in the order given, with the first date that zip knows.
/// Stored, not compressed: Python reads both, and a compressor's next version may write other bytes.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let write = || -> zip::result::ZipResult<Vec<u8>> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            zip.start_file(*name, options)?;
            zip.write_all(content)?;
        }
        Ok(zip.finish()?.into_inner())
    };
    // Into memory, of files that the compiler has seen: there is nothing that could fail.
    write().expect("an archive of the embedded files")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_depends_on_the_files_alone() {
        let files: &[(&str, &[u8])] = &[("p/__init__.py", b""), ("p/a.py", b"A = 1\n")];
        let bytes = archive(files);
        assert_eq!(bytes, archive(files));
        // Date and time of the first local header: 1980-01-01, midnight.
        assert_eq!(bytes[10..14], [0x00, 0x00, 0x21, 0x00]);
    }

    #[test]
    fn the_job_is_a_script_and_a_package_that_python_can_import() {
        let job = built_in_job();
        assert_eq!(job.files.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), [SCRIPT, ARCHIVE]);
        let names: Vec<_> = PACKAGE.iter().map(|(name, _)| *name).collect();
        assert!(names.contains(&"log_analysis/__init__.py"), "{names:?}");
        assert!(names.is_sorted(), "{names:?}");
    }
}
