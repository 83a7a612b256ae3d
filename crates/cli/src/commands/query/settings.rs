//! What `emrys query` works with.

use emrys_core::config::Catalog;
use emrys_core::queries::{self, Days};
use emrys_core::spec::Spec;

use super::QueryArgs;
use crate::error::CliError;
use crate::settings::{self, Common};

/// What `emrys query` works with.
#[derive(Debug)]
pub(super) struct QuerySettings {
    /// The pipeline, on any day.
    pub(super) spec: Spec,
    /// Where its tables are.
    pub(super) catalog: Catalog,
    /// The SQL.
    pub(super) statement: String,
    /// SQL literals for its `?`.
    pub(super) parameters: Vec<String>,
    /// The days that they stand for, if there are any.
    pub(super) days: Option<Days>,
}

impl QuerySettings {
    pub(super) fn resolve(args: &QueryArgs, statement: String, common: &Common) -> Result<Self, CliError> {
        let spec = settings::spec(common, None)?;
        let catalog = spec.config.catalog.clone().ok_or(CliError::NoCatalog)?;
        if let Some(name) = args.named.clone().filter(|_| spec.config.job.is_some()) {
            return Err(CliError::NamedElsewhere { name });
        }
        // The day that the other commands take when none is named.
        let yesterday = spec.day;
        let asked = match (args.day, args.from) {
            (Some(day), _) => Some(Days::one(day)),
            (None, Some(from)) => Some(Days::new(from, args.to.unwrap_or(yesterday))?),
            (None, None) => None,
        };
        let default = Days::one(yesterday);
        let parameters = queries::parameters(&statement, asked, default)?;
        let days = (!parameters.is_empty()).then(|| asked.unwrap_or(default));
        Ok(Self { spec, catalog, statement, parameters, days })
    }
}
