//! A query, from its start to its end.
//!
//! ```text
//! query     start, with a token that makes tries one -> look until it is over | an interrupt: stop it, and look on
//! pages     its result, page by page
//! ```

use emrys_core::queries::{Execution, Outcome};
use emrys_core::run::{Trouble, TroubleKind};
use emrys_core::s3_uri::S3Uri;

use crate::clients::ControlPlane;
use crate::clock::later;
use crate::interrupt::Interrupts;
use crate::patience::patiently;
use crate::{acts, looks};

/// How many looks a query gets to be over after it was stopped.
const LOOKS_AFTER_STOP: u32 = 30;

/// What is asked, and where.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The SQL.
    pub statement: &'a str,
    /// SQL literals for its `?`.
    pub parameters: &'a [String],
    /// The database of names that have none.
    pub database: &'a str,
    /// The workgroup.
    pub workgroup: &'a str,
    /// Where the result goes, unless the workgroup says otherwise.
    pub results: &'a S3Uri,
}

/// Why nothing is known of how a query ended.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// It was not started, or nobody knows whether it was.
    #[error(transparent)]
    NotStarted(Trouble),
    /// It was not started: there is no such workgroup.
    #[error("there is no workgroup {workgroup}")]
    NoWorkgroup {
        /// Its name.
        workgroup: String,
    },
    /// It was started, and cannot be looked at or stopped any more.
    #[error("{trouble}; the query {id} goes on")]
    OutOfSight {
        /// The query.
        id: String,
        /// Why.
        trouble: Trouble,
    },
    /// It was told to stop, and is not over yet.
    #[error("the query {id} was told to stop, and has not done so yet")]
    NotYetStopped {
        /// The query.
        id: String,
    },
}

/// Starts a query and watches it to its end; `told` hears of each look. An interrupt stops the query at Athena, where
/// it would go on and cost money; the next one only ends the watching.
pub async fn query(
    cp: &ControlPlane,
    asked: Asked<'_>,
    told: &mut dyn FnMut(&Execution),
    interrupts: &mut Interrupts,
) -> Result<Outcome, QueryError> {
    let id = start(cp, asked).await?;
    loop {
        let execution = look(cp, &id).await?;
        told(&execution);
        if execution.state.is_over() {
            return Ok(Outcome::Over(execution));
        }
        if is_interrupted(cp, interrupts).await {
            return stop(cp, &id, told, interrupts).await.map(Outcome::Stopped);
        }
    }
}

async fn start(cp: &ControlPlane, asked: Asked<'_>) -> Result<String, QueryError> {
    let token = cp.fresh_token();
    let started = patiently(cp, async || acts::start_query(cp, &asked, &token).await).await;
    match started {
        Ok(id) => Ok(id),
        Err(trouble) if trouble.kind == TroubleKind::Invalid => {
            let workgroup = asked.workgroup.to_owned();
            match looks::workgroup_is_there(cp, &workgroup).await {
                Ok(false) => Err(QueryError::NoWorkgroup { workgroup }),
                // What was wrong with the query is worth more than why nobody may list workgroups.
                Ok(true) | Err(_) => Err(QueryError::NotStarted(trouble)),
            }
        }
        Err(trouble) => Err(QueryError::NotStarted(trouble)),
    }
}

async fn look(cp: &ControlPlane, id: &str) -> Result<Execution, QueryError> {
    let found = patiently(cp, async || looks::query(cp, id).await).await;
    found.map_err(|trouble| QueryError::OutOfSight { id: id.to_owned(), trouble })
}

/// Waits for the time of the next look, or for an interrupt.
async fn is_interrupted(cp: &ControlPlane, interrupts: &mut Interrupts) -> bool {
    let next = later(cp.clock.now(), cp.pace().query_poll);
    tokio::select! {
        biased;
        _ = interrupts.next() => true,
        () = cp.clock.sleep_until(next) => false,
    }
}

async fn stop(
    cp: &ControlPlane,
    id: &str,
    told: &mut dyn FnMut(&Execution),
    interrupts: &mut Interrupts,
) -> Result<Execution, QueryError> {
    let stopped = patiently(cp, async || acts::stop_query(cp, id).await).await;
    stopped.map_err(|trouble| QueryError::OutOfSight { id: id.to_owned(), trouble })?;
    for _ in 0..LOOKS_AFTER_STOP {
        let execution = look(cp, id).await?;
        told(&execution);
        if execution.state.is_over() {
            return Ok(execution);
        }
        if is_interrupted(cp, interrupts).await {
            break;
        }
    }
    Err(QueryError::NotYetStopped { id: id.to_owned() })
}
