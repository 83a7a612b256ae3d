//! All who come in a scenario: the processes of the operators, and those who come after them.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use emrys_control_plane::{AwsContext, Clock, Place, Safeguards, StaticCredentials, Surroundings};
use fastrand::Rng;
use jiff::SignedDuration;

use crate::harness;
use crate::network::Network;
use crate::process::Control;
use crate::scenario::{ProcessPlan, Scenario};

/// How many fresh operators try, one after the other, once everything goes well.
const LAST_TRIES: usize = 6;
/// The number of the first visitor who comes for an operator action, where there is one operator with one process.
pub(crate) const FIRST_VISITOR: usize = 1 + LAST_TRIES + 1;

/// A process that is ready to begin.
pub(crate) struct Ready {
    pub(crate) number: usize,
    pub(crate) plan: ProcessPlan,
    pub(crate) aws: AwsContext,
    pub(crate) control: Control,
}

/// All who come, in the order of their numbers.
pub(crate) struct Actors {
    /// The processes of each operator, of which the next begins when the one before is dead.
    pub(crate) operators: Vec<Vec<Ready>>,
    /// Fresh operators, for when everything goes well.
    pub(crate) last: Vec<Ready>,
    /// Who asks for the end of the run.
    pub(crate) canceller: Option<Ready>,
    /// Who comes for an operator action, as the scenario's visits say.
    pub(crate) visitors: Vec<Ready>,
    /// Who puts the catalog right in the end.
    pub(crate) mender: Option<Ready>,
    /// Who ends the clusters that a ledger knew of which was deleted.
    pub(crate) sweepers: Vec<Ready>,
    /// Who clears away when the day has expired.
    pub(crate) collector: Option<Ready>,
}

impl Actors {
    /// All of them. They are made before the first begins: to make one takes real time, in which nothing may happen.
    pub(crate) async fn gather(network: Network, scenario: &Scenario) -> Self {
        let rng = Rng::with_seed(scenario.seed ^ 0x5eed);
        let mut casting = ActorsBuilder { network, rng, safeguards: scenario.safeguards, count: 0 };
        let mut operators = Vec::new();
        for operator in &scenario.operators {
            operators.push(casting.all(operator.processes.clone()).await);
        }
        let last = (0..LAST_TRIES).map(|n| {
            let plan = ProcessPlan::new(Duration::from_mins(5), &format!("last-{n}"));
            ProcessPlan { steps: scenario.ends_in_steps, ..plan }
        });
        let at_once = |host: &str| ProcessPlan::new(Duration::ZERO, host);
        let visits = scenario.visits.iter().enumerate();
        let visitors = visits.map(|(n, visit)| ProcessPlan::new(visit.at, &format!("visitor-{n}")));
        // One observation may leave a cluster out, and the next does not.
        let sweeps = if scenario.loses_its_ledger() { 2 } else { 0 };
        Self {
            operators,
            last: casting.all(last.collect()).await,
            canceller: Some(casting.one(at_once("canceller")).await),
            visitors: casting.all(visitors.collect()).await,
            mender: casting.any(scenario.catalog.then(|| at_once("mender"))).await,
            sweepers: casting.all(vec![at_once("sweeper"); sweeps]).await,
            collector: casting.any(scenario.expires.then(|| at_once("collector"))).await,
        }
    }

    /// The controls of those who come while there is trouble, by their numbers, and of the fresh operators after that.
    pub(crate) fn controls(&self) -> Vec<Control> {
        let operators = self.operators.iter().flatten();
        let all = operators.chain(&self.last).chain(&self.canceller).chain(&self.visitors);
        all.map(|ready| ready.control.clone()).collect()
    }
}

/// Makes processes, one after the other.
struct ActorsBuilder {
    network: Network,
    rng: Rng,
    safeguards: Safeguards,
    count: usize,
}

impl ActorsBuilder {
    async fn all(&mut self, plans: Vec<ProcessPlan>) -> Vec<Ready> {
        let mut all = Vec::with_capacity(plans.len());
        for plan in plans {
            all.push(self.one(plan).await);
        }
        all
    }

    async fn any(&mut self, plan: Option<ProcessPlan>) -> Option<Ready> {
        match plan {
            Some(plan) => Some(self.one(plan).await),
            None => None,
        }
    }

    async fn one(&mut self, plan: ProcessPlan) -> Ready {
        let (number, control) = (self.count, Control::default());
        self.count += 1;
        let wire = self.network.wire(number, control.clone());
        let skewed = harness::start().saturating_add(SignedDuration::from_secs(plan.skew));
        let surroundings = Surroundings {
            clock: Clock::tokio(skewed.unwrap_or_else(|_| harness::start())),
            http_client: Some(SharedHttpClient::new(wire)),
            seed: self.rng.u64(..),
            safeguards: self.safeguards,
        };
        let aws = AwsContext::connect_in(place(), surroundings).await;
        Ready { number, plan, aws, control }
    }
}

fn place() -> Place {
    Place {
        region: harness::REGION.to_owned(),
        endpoint_url: Some(harness::ENDPOINT.to_owned()),
        credentials: Some(StaticCredentials {
            access_key: harness::ACCESS_KEY.to_owned(),
            secret_key: harness::SECRET.to_owned(),
        }),
        profile: None,
    }
}
