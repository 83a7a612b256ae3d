//! The one factory of AWS clients: endpoint, credentials, time-outs and retries are set here and nowhere else.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_s3::config::retry::RetryPartition;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use emrys_core::pace::Pace;

use crate::clock::Clock;
use crate::safeguards::Safeguards;
use crate::skew;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// How long one try of a call may take. Nothing that Emrys moves in one call is larger than a few megabytes.
const TRY: Duration = Duration::from_secs(30);
/// How long a call may take, all of its tries and the waits between them included.
const CALL: Duration = Duration::from_secs(75);

/// Where AWS is, and who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The region.
    pub region: String,
    /// Another address than AWS's own, for all services.
    pub endpoint_url: Option<String>,
    /// Fixed credentials; none for the usual chain of environment, profiles, containers and instances.
    pub credentials: Option<StaticCredentials>,
    /// A profile of the AWS configuration files.
    pub profile: Option<String>,
}

/// An access key with its secret.
#[derive(Clone, PartialEq, Eq)]
pub struct StaticCredentials {
    /// The key's id.
    pub access_key: String,
    /// Its secret.
    pub secret_key: String,
}

impl std::fmt::Debug for StaticCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StaticCredentials").field("access_key", &self.access_key).finish_non_exhaustive()
    }
}

impl Place {
    /// How fast to watch there: minutes at AWS, fractions of a second at an endpoint on this machine.
    pub fn pace(&self) -> Pace {
        if self.endpoint_url.as_deref().is_some_and(is_loopback) { Pace::LOOPBACK } else { Pace::AWS }
    }
}

/// Whether an address names this machine.
fn is_loopback(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host_and_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host_and_port.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host_and_port.split(':').next().unwrap_or_default(),
    };
    let is_local_name =
        host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost");
    is_local_name || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What a simulation puts in the place of the machine: its clock, its network and its chance.
#[derive(Debug)]
pub struct Surroundings {
    /// What time it is.
    pub clock: Clock,
    /// What carries the calls; none for the network.
    pub http_client: Option<SharedHttpClient>,
    /// Where ids and jitter come from.
    pub seed: u64,
    /// What may be taken away, to see what breaks.
    #[cfg(feature = "breakable")]
    pub safeguards: Safeguards,
}

impl Surroundings {
    /// This machine, as it is.
    pub fn machine() -> Self {
        Self {
            clock: Clock::system(),
            http_client: None,
            seed: seed(),
            #[cfg(feature = "breakable")]
            safeguards: Safeguards::ALL,
        }
    }
}

/// The clients of one place, with the time and the chance that go with them.
#[derive(Debug)]
pub struct AwsContext {
    pace: Pace,
    region: String,
    pub(crate) clock: Clock,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) emr: aws_sdk_emr::Client,
    pub(crate) cloudwatch: aws_sdk_cloudwatch::Client,
    pub(crate) scheduler: aws_sdk_scheduler::Client,
    pub(crate) glue: aws_sdk_glue::Client,
    pub(crate) athena: aws_sdk_athena::Client,
    sts: aws_sdk_sts::Client,
    pub(crate) safeguards: Safeguards,
    chance: Mutex<fastrand::Rng>,
}

impl AwsContext {
    /// Makes the clients of a place. No call is made yet.
    pub async fn connect(place: Place) -> Self {
        Self::connect_in(place, Surroundings::machine()).await
    }

    /// Makes the clients of a place with other surroundings than this machine.
    pub async fn connect_in(place: Place, surroundings: Surroundings) -> Self {
        let safeguards = surroundings.safeguards();
        let Surroundings { clock, http_client, seed, .. } = surroundings;
        let config = sdk_config(&place, &clock, http_client).await;
        // Each client has a token bucket of its own. The SDK's default is one bucket per service for the whole
        // process, where one pipeline's outage would eat the retries of all others.
        let partition = |service: &'static str| RetryPartition::custom(service).build();
        // A macro, because the builders of the services have no trait in common.
        macro_rules! client {
            ($sdk:ident, $partition:literal) => {
                $sdk::config::Builder::from(&config)
                    .retry_partition(partition($partition))
                    .interceptor(skew::Measure(clock.clone()))
            };
        }
        let s3 = client!(aws_sdk_s3, "emrys-s3").force_path_style(config.endpoint_url().is_some()).build();
        let emr = client!(aws_sdk_emr, "emrys-emr").build();
        let cloudwatch = client!(aws_sdk_cloudwatch, "emrys-cloudwatch").build();
        let scheduler = client!(aws_sdk_scheduler, "emrys-scheduler").build();
        let glue = client!(aws_sdk_glue, "emrys-glue").build();
        let athena = client!(aws_sdk_athena, "emrys-athena").build();
        let sts = client!(aws_sdk_sts, "emrys-sts").build();
        // An endpoint may also stand in the environment or in a profile.
        let reached = Place { endpoint_url: config.endpoint_url().map(str::to_owned), ..place };
        Self {
            pace: safeguards.pace(reached.pace()),
            region: reached.region,
            clock,
            s3: aws_sdk_s3::Client::from_conf(s3),
            emr: aws_sdk_emr::Client::from_conf(emr),
            cloudwatch: aws_sdk_cloudwatch::Client::from_conf(cloudwatch),
            scheduler: aws_sdk_scheduler::Client::from_conf(scheduler),
            glue: aws_sdk_glue::Client::from_conf(glue),
            athena: aws_sdk_athena::Client::from_conf(athena),
            sts: aws_sdk_sts::Client::from_conf(sts),
            safeguards,
            chance: Mutex::new(fastrand::Rng::with_seed(seed)),
        }
    }

    /// How fast to watch here.
    pub fn pace(&self) -> &Pace {
        &self.pace
    }

    /// The time here.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Who asks, as AWS sees it.
    pub async fn caller(&self) -> Result<String, emrys_core::record::CallError> {
        let identity = self.sts.get_caller_identity().send().await;
        let identity =
            identity.map_err(|error| crate::errors::call_error("could not ask who is calling", &error))?;
        Ok(identity.arn.unwrap_or_default())
    }

    /// Sixteen hex digits that nobody had before.
    pub(crate) fn fresh_id(&self) -> String {
        format!("{:016x}", self.chance.lock().unwrap_or_else(PoisonError::into_inner).u64(..))
    }

    /// A token by which AWS knows tries of one call: 32 hex digits, the least that Athena takes.
    pub(crate) fn fresh_token(&self) -> String {
        self.fresh_id() + &self.fresh_id()
    }

    /// The region.
    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// A number from 0 to 1.
    pub(crate) fn chance(&self) -> f64 {
        self.chance.lock().unwrap_or_else(PoisonError::into_inner).f64()
    }
}

async fn sdk_config(place: &Place, clock: &Clock, http_client: Option<SharedHttpClient>) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(TRY)
        .operation_timeout(CALL)
        .build();
    // Written out: the SDK's defaults change from one release to another.
    let retries = RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(500))
        .with_max_backoff(Duration::from_secs(10));
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .region(Region::new(place.region.clone()))
        .timeout_config(timeouts)
        .retry_config(retries)
        // A machine whose clock is wrong is refused, and not let in by another time than it judges deadlines by.
        .disable_clock_skew_correction(true)
        .time_source(clock.clone());
    if let Some(url) = &place.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    if let Some(StaticCredentials { access_key, secret_key }) = &place.credentials {
        loader = loader.credentials_provider(Credentials::new(access_key, secret_key, None, None, "emrys"));
    }
    if let Some(profile) = &place.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(http_client) = http_client {
        loader = loader.http_client(http_client);
    }
    loader.load().await
}

/// A seed from the operating system, by way of the keys that it gives to std's hash maps.
fn seed() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    hasher.finish()
}

#[cfg(not(feature = "breakable"))]
impl Surroundings {
    /// There are no others.
    #[expect(clippy::unused_self, reason = "with switches they come from here")]
    pub(crate) const fn safeguards(&self) -> Safeguards {
        Safeguards
    }
}

#[cfg(feature = "breakable")]
impl Surroundings {
    /// Those that were left on.
    pub(crate) const fn safeguards(&self) -> Safeguards {
        self.safeguards
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(endpoint_url: Option<&str>) -> Place {
        let credentials = StaticCredentials { access_key: "key".into(), secret_key: "hidden".into() };
        Place {
            region: "us-east-1".into(),
            endpoint_url: endpoint_url.map(Into::into),
            credentials: Some(credentials),
            profile: None,
        }
    }

    #[test]
    fn the_pace_belongs_to_the_place() {
        assert_eq!(place(None).pace(), Pace::AWS);
        for here in
            ["http://127.0.0.1:4566", "http://localhost:4566/", "http://[::1]:80/x", "https://s3.localhost"]
        {
            assert_eq!(place(Some(here)).pace(), Pace::LOOPBACK, "{here}");
        }
        for elsewhere in
            ["https://vpce-1.emr.us-east-1.vpce.amazonaws.com", "http://10.0.0.1", "http://localhost.example"]
        {
            assert_eq!(place(Some(elsewhere)).pace(), Pace::AWS, "{elsewhere}");
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let shown = format!("{:?}", place(None));
        assert!(shown.contains("key") && !shown.contains("hidden"), "{shown}");
    }

    #[tokio::test]
    async fn one_seed_gives_one_row_of_ids_and_the_machine_never_the_same() {
        let surroundings = |seed| Surroundings { seed, ..Surroundings::machine() };
        let connect = |seed| AwsContext::connect_in(place(Some("http://127.0.0.1:9")), surroundings(seed));
        let (one, same) = (connect(7).await, connect(7).await);
        assert_eq!(one.fresh_id(), same.fresh_id());
        assert_eq!(one.fresh_id().len(), 16);
        assert_ne!(seed(), seed());
        assert_eq!(*one.pace(), Pace::LOOPBACK);
    }
}
