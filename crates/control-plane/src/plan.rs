//! Planning a day: the forecast, with real answers to its questions about the world as it is. It only reads.

use emrys_core::plan::{Plan, Planning, plan as forecast};
use emrys_core::run::{Seen, State};
use emrys_core::spec::Spec;

use crate::clients::ControlPlane;
use crate::ledger::{self, LedgerError};
use crate::looks;
use crate::stop::Stop;

/// What a run of the day would do now.
pub async fn plan(cp: &ControlPlane, spec: &Spec) -> Result<Plan, Stop> {
    let state = match ledger::read(cp, spec).await? {
        Some(document) => document.state(spec)?,
        None => State::default(),
    };
    let mut seen = Seen::default();
    loop {
        let planning = forecast(spec, state.clone(), seen.clone(), cp.clock.now(), cp.pace());
        let uri = || spec.ledger_uri().to_string();
        match planning.map_err(|source| LedgerError::Illegal { uri: uri(), source })? {
            Planning::Look(queries) => {
                for query in queries {
                    let answer = looks::look(cp, spec, &query).await;
                    seen.absorb(&query, cp.clock.now(), answer);
                }
            }
            Planning::Wait { until } => cp.clock.sleep_until(until).await,
            Planning::Leave(leave) => return Err(Stop::Trouble(leave.trouble().clone())),
            Planning::Ready(plan) => return Ok(*plan),
        }
    }
}
