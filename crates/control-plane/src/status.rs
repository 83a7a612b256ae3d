//! How a day stands, by its ledger alone. It only reads, and needs no lease.

use emrys_core::report::{RunReport, day_report};
use emrys_core::run::{Recorded, State};
use emrys_core::spec::Spec;
use jiff::Timestamp;

use crate::clients::AwsContext;
use crate::ledger::{self, Holder};
use crate::stop::Stop;

/// How a day stands.
#[derive(Debug, Clone, PartialEq)]
pub struct RunStatus {
    /// The run.
    pub report: RunReport,
    /// The state behind the report.
    pub state: State,
    /// Who drives it just now, and since when by its own clock; nobody, when the last one let go. A holder that died
    /// is still named.
    pub driven_by: Option<(Holder, Timestamp)>,
    /// Everything that was recorded.
    pub events: Vec<Recorded>,
}

/// How the day stands; nothing, when it was never run.
pub async fn status(aws: &AwsContext, spec: &Spec) -> Result<Option<RunStatus>, Stop> {
    let Some(document) = ledger::read(aws, spec).await? else {
        return Ok(None);
    };
    let state = document.state(spec)?;
    Ok(Some(RunStatus {
        report: day_report(spec, &state, aws.clock.now()),
        state,
        driven_by: document.driven_by().map(|(holder, since)| (holder.clone(), since)),
        events: document.events().to_vec(),
    }))
}
