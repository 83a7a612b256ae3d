//! Planning a day: the forecast, with real answers to its questions about the world as it is. It only reads.

use emrys_core::plan::{Plan, Planning, plan as forecast};
use emrys_core::run::{Observations, State};
use emrys_core::spec::Spec;

use crate::clients::AwsContext;
use crate::ledger;
use crate::ledger_error::LedgerError;
use crate::observe;
use crate::stop::Stop;

/// What a run of the day would do now.
pub async fn plan(aws: &AwsContext, spec: &Spec) -> Result<Plan, Stop> {
    let state = match ledger::read(aws, spec).await? {
        Some(document) => document.state(spec)?,
        None => State::default(),
    };
    let mut seen = Observations::default();
    loop {
        let planning = forecast(spec, state.clone(), seen.clone(), aws.clock.now(), aws.pace());
        let uri = || spec.ledger_uri().to_string();
        match planning.map_err(|source| LedgerError::Illegal { uri: uri(), source })? {
            Planning::Look(queries) => {
                for query in queries {
                    let answer = observe::observe(aws, spec, &query).await;
                    seen.absorb(&query, aws.clock.now(), answer);
                }
            }
            Planning::Wait { until } => aws.clock.sleep_until(until).await,
            Planning::Leave(leave) => return Err(Stop::CallError(leave.error().clone())),
            Planning::Ready(plan) => return Ok(*plan),
        }
    }
}
