//! Where AWS is: at AWS, at another endpoint, or embedded.

use emrys_control_plane::{ControlPlane, Place};
use emrys_core::config::Config;

use crate::error::CliError;
use crate::printer::Printer;
use crate::settings::{Common, PlaceChoice};

/// Connects to the AWS that is meant. This makes no call to it.
pub(crate) async fn connect(
    config: &Config,
    common: &Common,
    printer: &Printer,
) -> Result<ControlPlane, CliError> {
    let region = config.region.clone();
    let place = match common.place {
        PlaceChoice::Aws => Place { region, endpoint_url: None, credentials: None, profile: None },
        PlaceChoice::Embedded => embedded(region, common, printer).await?,
    };
    Ok(ControlPlane::connect(place).await)
}

#[cfg(feature = "local")]
async fn embedded(region: String, common: &Common, printer: &Printer) -> Result<Place, CliError> {
    let address = crate::local::connect(&common.local_dir, printer).await?;
    Ok(Place {
        region,
        endpoint_url: Some(address.endpoint_url),
        credentials: Some(emrys_control_plane::StaticCredentials {
            access_key: address.access_key,
            secret_key: address.secret_key,
        }),
        profile: None,
    })
}

#[cfg(not(feature = "local"))]
#[expect(clippy::unused_async, reason = "with the embedded AWS it waits for the daemon")]
async fn embedded(_region: String, _common: &Common, _printer: &Printer) -> Result<Place, CliError> {
    Err(CliError::NoLocal)
}
