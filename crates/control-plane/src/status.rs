//! How a day stands, by its ledger alone. It only reads, and needs no lease.

use emrys_core::record::Recorded;
use emrys_core::report::{RunReport, day_report};
use emrys_core::run::State;
use emrys_core::spec::Spec;
use jiff::Timestamp;

use crate::clients::AwsContext;
use crate::holder::Holder;
use crate::ledger::{self, Document};
use crate::ledger_error::UnknownEvent;
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
    /// Everything that was recorded, up to the first event that this version does not know.
    pub events: Vec<Recorded>,
    /// That event: a later version wrote it. Report and state tell what came before it, and no more: nobody may decide
    /// by them.
    pub unknown: Option<UnknownEvent>,
}

/// How the day stands, to decide by; nothing, when it was never run. An error where not all of its record is known.
pub(crate) async fn whole_status(aws: &AwsContext, spec: &Spec) -> Result<Option<RunStatus>, Stop> {
    let Some(document) = ledger::read(aws, spec).await? else {
        return Ok(None);
    };
    document.state(spec)?;
    told(aws, spec, &document).map(Some)
}

/// How the day stands, to be shown; nothing, when it was never run. What a later version recorded is shown as far as it
/// is known.
pub async fn status(aws: &AwsContext, spec: &Spec) -> Result<Option<RunStatus>, Stop> {
    let Some(document) = ledger::read(aws, spec).await? else {
        return Ok(None);
    };
    told(aws, spec, &document).map(Some)
}

fn told(aws: &AwsContext, spec: &Spec, document: &Document) -> Result<RunStatus, Stop> {
    let state = document.known_state(spec)?;
    Ok(RunStatus {
        report: day_report(spec, &state, aws.clock.now()),
        state,
        driven_by: document.driven_by().map(|(holder, since)| (holder.clone(), since)),
        events: document.events().to_vec(),
        unknown: document.unknown().cloned(),
    })
}
