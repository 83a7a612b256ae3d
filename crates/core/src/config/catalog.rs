//! `[catalog]`: where results are published to, and how they are queried.

use super::problem::Wrong;
use super::reader::Section;
use super::tables::{self, OwnTable, TableDraft};
use super::values;
use crate::s3_uri::S3Uri;

/// The most that `scan-limit-gigabytes` may be: a petabyte.
const MOST_GIGABYTES: u32 = 1_000_000;

/// Athena counts scanned bytes in powers of ten, as its price does.
const BYTES_OF_A_GIGABYTE: u64 = 1_000_000_000;

/// `[catalog]`: where results are published to, and how they are queried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalog {
    /// `database`: the database of the tables in the Glue catalog. Lower-case letters, digits and underscores, 255 at
    /// most.
    pub database: String,
    /// `workgroup`: the Athena workgroup that queries run in. Default `emrys`.
    pub workgroup: String,
    /// `query-results`: the folder of Athena's results. Default: `query-results/` in the state folder.
    pub query_results: S3Uri,
    /// `scan-limit-gigabytes`: a query that reads more than this is ended by Athena. Default: no limit.
    pub scan_limit_gigabytes: Option<u32>,
    /// `tables`: those that a user's own job writes; the built-in job's are known. Default: none, and then the output
    /// of an own job is not published.
    pub tables: Vec<OwnTable>,
}

impl Catalog {
    /// The scan limit in bytes, as a workgroup takes it.
    pub fn scan_limit_bytes(&self) -> Option<u64> {
        self.scan_limit_gigabytes.map(|gigabytes| u64::from(gigabytes) * BYTES_OF_A_GIGABYTE)
    }
}

/// `[catalog]`, before it is known where the state lies.
#[derive(Debug, Clone)]
pub(super) struct CatalogDraft {
    database: Option<String>,
    workgroup: Option<String>,
    pub(super) query_results: Option<S3Uri>,
    scan_limit_gigabytes: Option<u32>,
    pub(super) tables: Vec<TableDraft>,
}

impl CatalogDraft {
    /// The section, if nothing is missing.
    pub(super) fn whole(&self, state: &S3Uri) -> Option<Catalog> {
        Some(Catalog {
            database: self.database.clone()?,
            workgroup: self.workgroup.clone().unwrap_or_else(|| "emrys".to_owned()),
            query_results: self.query_results.clone().unwrap_or_else(|| state.join("query-results/")),
            scan_limit_gigabytes: self.scan_limit_gigabytes,
            tables: self.tables.iter().filter_map(|draft| draft.whole.clone()).collect(),
        })
    }
}

pub(super) fn read(mut section: Section<'_, '_>) -> CatalogDraft {
    let database = section
        .require("database", "name the database in the Glue catalog: database = \"logs\"")
        .and_then(|entry| entry.parsed(|text| values::catalog_name(text, "a database")));
    let workgroup = section.parsed("workgroup", workgroup);
    let query_results = section.parsed("query-results", values::folder);
    let scan_limit_gigabytes =
        section.integer("scan-limit-gigabytes", 1..=MOST_GIGABYTES, "left out, there is no limit");
    let tables = tables::read(&mut section);
    section.finish();
    CatalogDraft { database, workgroup, query_results, scan_limit_gigabytes, tables }
}

fn workgroup(text: &str) -> Result<String, Wrong> {
    let is_good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    if text.len() <= 128 && text.bytes().all(is_good) {
        return Ok(text.to_owned());
    }
    Err(Wrong::new(format!("`{text}` is no name for a workgroup"))
        .hint("up to 128 letters, digits, `.`, `_` and `-`"))
}

#[cfg(test)]
mod tests {
    use crate::testing::MINIMAL;

    #[test]
    fn a_catalog_is_a_database_and_defaults() {
        let with = |catalog: &str| {
            crate::pipeline_file::read("emrys.toml", &format!("{MINIMAL}\n[catalog]\n{catalog}"))
        };
        let catalog = with("database = \"web_logs\"\n").expect("a good catalog").catalog.expect("a catalog");
        assert_eq!((catalog.database.as_str(), catalog.workgroup.as_str()), ("web_logs", "emrys"));
        assert_eq!(catalog.query_results.to_string(), "s3://my-log-bucket/emrys/query-results/");
        assert_eq!(catalog.scan_limit_bytes(), None);
        let limited = with("database = \"logs\"\nscan-limit-gigabytes = 2\n").expect("a good catalog");
        assert_eq!(limited.catalog.and_then(|catalog| catalog.scan_limit_bytes()), Some(2_000_000_000));
        for (wrong, key) in [
            ("", "catalog.database"),
            ("database = \"web-logs\"\n", "catalog.database"),
            ("database = \"Logs\"\n", "catalog.database"),
            ("database = \"logs\"\nworkgroup = \"a b\"\n", "catalog.workgroup"),
            ("database = \"logs\"\nscan-limit-gigabytes = 0\n", "catalog.scan-limit-gigabytes"),
            (
                "database = \"logs\"\nquery-results = \"s3://my-log-bucket/processed-logs/q/\"\n",
                "catalog.query-results",
            ),
        ] {
            assert_eq!(with(wrong).expect_err("it is wrong").problems[0].key, key);
        }
        assert_eq!(crate::pipeline_file::read("emrys.toml", MINIMAL).expect("a good file").catalog, None);
    }
}
