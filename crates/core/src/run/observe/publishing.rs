//! What is observed and recorded about publishing.

#![deny(clippy::wildcard_enum_match_arm)]

use super::super::failure_policy::Moment;
use super::super::publication::{self, Publishing};
use super::{Attempt, Decision, Event, Observer, OrDecision, Probe, Refusal, WaitReason, later, record};
use crate::catalog::unready;

impl Observer<'_> {
    /// What would keep the output from being published. It is observed before anything costs money.
    pub(super) fn catalog(&self) -> OrDecision<Option<Refusal>> {
        let Some(catalog) = self.spec.published_to() else { return Ok(None) };
        let found = self.value_of(self.observations.catalog.as_ref(), Probe::Catalog)?;
        let tables = unready(self.spec, found);
        let database = catalog.database.clone();
        Ok((!tables.is_empty()).then_some(Refusal::CatalogNotReady { database, tables }))
    }

    /// Records that the attempt has to be published. Where the configuration named a catalog then and no longer does,
    /// records that publishing is given up.
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
                Some(self.give_up_publishing(number, "`[catalog]` is not in the configuration any more"))
            }
            Publishing::Open
            | Publishing::Intended
            | Publishing::Published
            | Publishing::GivenUp(_)
            | Publishing::Superseded { .. }
            | Publishing::Withdrawn { .. } => None,
        }
    }

    /// The day is closed, and publishing failed: there is nothing else to do.
    pub(super) fn publish_closed_day(&self) -> Decision {
        match self.deferred {
            Some(deferred) => self.after_failed_action(deferred, Moment::Closed),
            None => self.wait(later(self.now, self.pace.retry), WaitReason::ClusterEnding),
        }
    }
}
