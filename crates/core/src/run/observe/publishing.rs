//! What is looked at and recorded about publishing.

use super::super::publication::{self, Publishing};
use super::{
    Action, Attempt, Decision, Event, LaunchIntent, Leave, Observed, Observer, OrDecision, Probe, Refusal,
    WaitReason, diagnosis, later, leave, record, value_of,
};
use crate::catalog::unready;

impl Observer<'_> {
    /// What keeps the output from being published: asked before anything is paid for.
    pub(super) fn catalog(&self) -> OrDecision<Option<Refusal>> {
        let Some(catalog) = self.spec.published_to() else { return Ok(None) };
        let found = value_of(self.observations.catalog.as_ref(), Probe::Catalog, self.now, self.pace)?;
        let tables = unready(self.spec, found);
        let database = catalog.database.clone();
        Ok((!tables.is_empty()).then_some(Refusal::CatalogNotReady { database, tables }))
    }

    /// That an attempt is to be published is recorded first. One that was to be, by a configuration that named a
    /// catalog, does not end as if it had been.
    pub(super) fn publish(&self, attempt: &Attempt) -> Option<Decision> {
        let number = attempt.number;
        let database = self.spec.published_to().map(|catalog| catalog.database.clone());
        let is_wanted = publication::is_wanted(self.spec, attempt);
        match attempt.publishing {
            Publishing::Open if is_wanted => Some(record(Event::PublishIntended {
                attempt: number,
                by: None,
                database: database.unwrap_or_default(),
            })),
            Publishing::Intended if !is_wanted => {
                Some(unpublished(number, "`[catalog]` is not in the configuration any more"))
            }
            _ => None,
        }
    }

    /// Publishing met trouble. A refusal that lasts is recorded: the attempt stays verified, and is published by the next
    /// run of the day. Without an answer nothing is known, and nothing is recorded.
    pub(super) fn give_up_publishing(
        &self,
        intent: &LaunchIntent,
        observed: &Observed<()>,
    ) -> Option<Decision> {
        self.refused_for_good(observed).map(|why| unpublished(intent.attempt, &why))
    }

    /// The same for a day that is closed, where it is all that there is to do. Of a closed run nothing is diagnosed any
    /// more.
    pub(super) fn publish_held(&self) -> Decision {
        let Some(deferred) = self.deferred else {
            return self.wait(later(self.now, self.pace.retry), WaitReason::ClusterEnding);
        };
        let Action::Publish(intent) = deferred.action else { return self.wait_after_error(deferred) };
        match leave(deferred.observed, self.now, self.pace) {
            Some(Leave::Invalid(error)) => {
                record(Event::PublishGivenUp { attempt: intent.attempt, why: error.to_string() })
            }
            // Whoever looks and lacks the right leaves it to those who have it.
            Some(Leave::Access(_) | Leave::Unreachable(_)) | None => self.wait_after_error(deferred),
        }
    }

    /// Why AWS will not do it, however often it is asked.
    fn refused_for_good(&self, observed: &Observed<()>) -> Option<String> {
        match leave(observed, self.now, self.pace)? {
            Leave::Unreachable(_) => None,
            Leave::Access(error) | Leave::Invalid(error) => Some(error.to_string()),
        }
    }
}

/// The end of publishing, with a diagnosis.
fn unpublished(attempt: u32, why: &str) -> Decision {
    let diagnosis = diagnosis::of_publishing(attempt, why);
    Decision::Record(vec![
        Event::PublishGivenUp { attempt, why: why.to_owned() },
        Event::Diagnosed { diagnosis },
    ])
}
