//! Why an attempt cannot be made.

use serde::{Deserialize, Serialize};

/// Why an attempt cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Refusal {
    /// The job writes to a fixed place, and something is there already.
    OutputTaken {
        /// The folder.
        folder: String,
    },
    /// A bucket or a script that the run needs is not there.
    NotThere {
        /// What.
        missing: Vec<Missing>,
    },
    /// Objects that Spark would skip without a word.
    UnreadableNames {
        /// Their addresses (the first few).
        objects: Vec<String>,
        /// How many there are.
        count: u64,
    },
    /// As many attempts were made as `[limits] max-attempts` allows.
    AttemptsUsedUp {
        /// How many were made.
        attempts: u32,
    },
    /// The output could not be published: tables are missing, or others than the job writes.
    CatalogNotReady {
        /// The database.
        database: String,
        /// The tables, each with what is wrong with it.
        tables: Vec<Unready>,
    },
}

impl Refusal {
    /// What a user can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::OutputTaken { .. } => {
                "let the script write to an address that it is given: use {output} in `[job] args`, a fresh folder for each attempt (or move the old output away)"
            }
            Self::NotThere { .. } => {
                "look at the names of buckets and files: make or upload what is missing, or name another"
            }
            Self::UnreadableNames { .. } => {
                "Spark ignores names that begin with `_` or `.`, and reads `*?[]{}` as patterns: rename or move these objects"
            }
            Self::AttemptsUsedUp { .. } => {
                "raise `[limits] max-attempts`, if another attempt is worth its cost"
            }
            Self::CatalogNotReady { tables, .. } => {
                if tables.iter().all(|table| matches!(table, Unready::Missing { .. })) {
                    "`emrys setup` makes the tables (or leave `[catalog]` out, and nothing is published)"
                } else {
                    "`emrys setup` makes missing tables, and shows both schemas of the others: move those away, or name another `[catalog] database`"
                }
            }
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OutputTaken { folder } => {
                write!(f, "the job writes to a fixed place, and there is output already at {folder}")
            }
            Self::NotThere { missing } => {
                let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
                write!(f, "what the run needs is not there: {}", missing.join(", "))
            }
            Self::UnreadableNames { objects, count } => {
                let (s, have) = if *count == 1 { ("", "has a name") } else { ("s", "have names") };
                let shown = objects.join(", ");
                write!(f, "{count} object{s} {have} that Spark cannot be relied on to read: {shown}")?;
                if u64::try_from(objects.len()).is_ok_and(|shown| shown < *count) {
                    f.write_str(", …")?;
                }
                Ok(())
            }
            Self::AttemptsUsedUp { attempts } => {
                let were = if *attempts == 1 { " was" } else { "s were" };
                write!(f, "{attempts} attempt{were} made, as many as the limit allows")
            }
            Self::CatalogNotReady { database, tables }
                if tables.iter().all(|table| matches!(table, Unready::Missing { .. })) =>
            {
                let names =
                    tables.iter().map(|table| table.table().to_owned()).collect::<Vec<_>>().join(", ");
                let noun = if tables.len() == 1 { "table" } else { "tables" };
                write!(f, "the database `{database}` of the catalog is without the {noun} {names}")
            }
            Self::CatalogNotReady { database, tables } => {
                let tables = tables.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                write!(f, "the database `{database}` of the catalog is not ready: {tables}")
            }
        }
    }
}

/// Something in S3 that a run needs, and that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// Where the configuration names it.
    pub key: String,
    /// Its address.
    pub uri: String,
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of `{}`", self.uri, self.key)
    }
}

/// Why a table cannot be published to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Unready {
    /// It is not there, or its database is not.
    Missing {
        /// Its name.
        table: String,
    },
    /// It is another table than the job writes.
    Incompatible {
        /// Its name.
        table: String,
        /// Why, in a sentence.
        why: String,
        /// Its columns, as `name type, …`.
        found: String,
        /// The columns that it should have.
        wanted: String,
    },
    /// It is somebody else's.
    Foreign {
        /// Its name.
        table: String,
        /// The pipeline that it names; none where Emrys did not make it.
        owner: Option<String>,
    },
}

impl Unready {
    /// The table's name.
    pub fn table(&self) -> &str {
        match self {
            Self::Missing { table } | Self::Incompatible { table, .. } | Self::Foreign { table, .. } => table,
        }
    }
}

impl std::fmt::Display for Unready {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing { table } => write!(f, "{table} is not there"),
            Self::Incompatible { table, why, found, wanted } => {
                write!(f, "{table} is incompatible: {why} (found: {found}; wanted: {wanted})")
            }
            Self::Foreign { table, owner: Some(owner) } => {
                write!(f, "{table} belongs to the pipeline {owner}")
            }
            Self::Foreign { table, owner: None } => write!(f, "{table} was not made by Emrys"),
        }
    }
}
