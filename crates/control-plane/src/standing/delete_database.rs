//! Removing the database.

use emrys_core::run::{Trouble, TroubleKind};

use super::tables::{self, NOT_FOUND};
use crate::clients::ControlPlane;
use crate::errors::Failure;

/// Removes the database. Glue would remove its tables with it, so it is looked at once more.
pub(super) async fn act(cp: &ControlPlane, name: &str) -> Result<(), Trouble> {
    let found = tables::read(cp, name).await?;
    if !found.tables.is_empty() || !found.others.is_empty() {
        return Err(Trouble {
            kind: TroubleKind::Invalid,
            code: String::new(),
            message: format!(
                "could not remove the database {name}: somebody has made a table in it meanwhile"
            ),
        });
    }
    match cp.glue.delete_database().name(name).send().await.map_err(|error| Failure::of(&error)) {
        Err(failure) if failure.code != NOT_FOUND => {
            Err(failure.into_trouble(&format!("could not remove the database {name}")))
        }
        _ => Ok(()),
    }
}
