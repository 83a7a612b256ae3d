//! Where AWS is: at AWS, at another endpoint, or embedded.

use emrys_control_plane::{AwsContext, Place};
use emrys_core::config::Config;
use emrys_terminal::printer::Printer;

use crate::env;
use crate::error::CliError;
use crate::settings::{Common, PlaceChoice};

/// Connects to the AWS that is meant. This makes no call to it.
pub(crate) async fn connect(
    config: &Config,
    common: &Common,
    printer: &Printer,
) -> Result<AwsContext, CliError> {
    let region = config.region.clone();
    let place = match common.place {
        PlaceChoice::Aws => {
            check_endpoints()?;
            Place { region, endpoint_url: None, credentials: None, profile: None }
        }
        PlaceChoice::Embedded => embedded(region, common, printer).await?,
    };
    Ok(AwsContext::connect(place).await)
}

/// An endpoint that is no address would be tried, and tried again.
fn check_endpoints() -> Result<(), CliError> {
    for variable in env::ENDPOINTS {
        if let Some(value) = env::value(variable).filter(|value| !is_endpoint(value)) {
            return Err(CliError::Endpoint { variable, value });
        }
    }
    Ok(())
}

/// Whether a text has a scheme that the SDK speaks, and a host.
fn is_endpoint(text: &str) -> bool {
    let rest = ["http://", "https://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    rest.is_some_and(|rest| {
        let host = rest.split(['/', ':', '?', '#']).next().unwrap_or_default();
        !rest.contains(char::is_whitespace) && (!host.is_empty() || rest.starts_with('['))
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_has_a_scheme_and_a_host() {
        for good in
            ["http://127.0.0.1:4566", "https://vpce-1.emr.us-east-1.vpce.amazonaws.com", "http://[::1]:80/"]
        {
            assert!(is_endpoint(good), "{good}");
        }
        for bad in ["nonsense", "localhost:4566", "http://", "ftp://host", "http://a b", "http://:80"] {
            assert!(!is_endpoint(bad), "{bad}");
        }
    }
}
