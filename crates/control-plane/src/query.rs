//! A query, from its start to its end.
//!
//! ```text
//! query     start, with a token that makes tries one -> look until it is over | an interrupt: stop it, and look on
//! pages     its result, page by page
//! ```

use emrys_core::queries::{Execution, Outcome};
use emrys_core::record::{CallError, ErrorClass};

use crate::actions::Asked;
use crate::clients::AwsContext;
use crate::clock::later;
use crate::interrupt::Interrupts;
use crate::patience::patiently;
use crate::{actions, observe};

/// How many looks a query gets to be over after it was stopped.
const LOOKS_AFTER_STOP: u32 = 30;

/// Why nothing is known of how a query ended.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// It was not started, or nobody knows whether it was.
    #[error(transparent)]
    NotStarted(CallError),
    /// It was not started: there is no such workgroup.
    #[error("there is no workgroup {workgroup}")]
    NoWorkgroup {
        /// Its name.
        workgroup: String,
    },
    /// It was started, and cannot be looked at or stopped any more.
    #[error("{error}; the query {id} goes on")]
    OutOfSight {
        /// The query.
        id: String,
        /// Why.
        error: CallError,
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
    aws: &AwsContext,
    asked: Asked<'_>,
    told: &mut dyn FnMut(&Execution),
    interrupts: &mut Interrupts,
) -> Result<Outcome, QueryError> {
    let id = start(aws, asked).await?;
    loop {
        let execution = observe(aws, &id).await?;
        told(&execution);
        if execution.state.is_over() {
            return Ok(Outcome::Over(execution));
        }
        if is_interrupted(aws, interrupts).await {
            return stop(aws, &id, told, interrupts).await.map(Outcome::Stopped);
        }
    }
}

async fn start(aws: &AwsContext, asked: Asked<'_>) -> Result<String, QueryError> {
    let token = aws.fresh_token();
    let started = patiently(aws, async || actions::start_query(aws, &asked, &token).await).await;
    match started {
        Ok(id) => Ok(id),
        Err(error) if error.class == ErrorClass::Invalid => {
            let workgroup = asked.workgroup.to_owned();
            match observe::workgroup_is_there(aws, &workgroup).await {
                Ok(false) => Err(QueryError::NoWorkgroup { workgroup }),
                // What was wrong with the query is worth more than why nobody may list workgroups.
                Ok(true) | Err(_) => Err(QueryError::NotStarted(error)),
            }
        }
        Err(error) => Err(QueryError::NotStarted(error)),
    }
}

async fn observe(aws: &AwsContext, id: &str) -> Result<Execution, QueryError> {
    let found = patiently(aws, async || observe::query(aws, id).await).await;
    found.map_err(|error| QueryError::OutOfSight { id: id.to_owned(), error })
}

/// Waits for the time of the next look, or for an interrupt.
async fn is_interrupted(aws: &AwsContext, interrupts: &mut Interrupts) -> bool {
    let next = later(aws.clock.now(), aws.pace().query_poll);
    tokio::select! {
        biased;
        _ = interrupts.next() => true,
        () = aws.clock.sleep_until(next) => false,
    }
}

async fn stop(
    aws: &AwsContext,
    id: &str,
    told: &mut dyn FnMut(&Execution),
    interrupts: &mut Interrupts,
) -> Result<Execution, QueryError> {
    let stopped = patiently(aws, async || actions::stop_query(aws, id).await).await;
    stopped.map_err(|error| QueryError::OutOfSight { id: id.to_owned(), error })?;
    for _ in 0..LOOKS_AFTER_STOP {
        let execution = observe(aws, id).await?;
        told(&execution);
        if execution.state.is_over() {
            return Ok(execution);
        }
        if is_interrupted(aws, interrupts).await {
            break;
        }
    }
    Err(QueryError::NotYetStopped { id: id.to_owned() })
}
