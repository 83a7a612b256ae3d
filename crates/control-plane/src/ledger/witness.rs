//! Watching a ledger that another process writes.

use emrys_core::spec::Spec;
use jiff::Timestamp;

use super::document::Document;
use super::lease::{Contender, Verdict};
use super::object::{self, Stored};
use crate::clients::AwsContext;
use crate::holder::{Holder, Vitality};
use crate::stop::Stop;

/// Someone who reads along, and would notice that the driver is gone.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    contender: Contender,
}

/// Who drives a run that is read along.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Driver {
    /// Nobody, as sure as anyone can be.
    Nobody,
    /// A process that lives, or may.
    Holder(Holder, Timestamp),
}

impl Witness {
    /// Reads the ledger once more, asked from `here`; nothing, when there is none.
    pub(crate) async fn observe(
        &mut self,
        aws: &AwsContext,
        spec: &Spec,
        here: &Holder,
    ) -> Result<Option<(Document, Driver)>, Stop> {
        let Some(Stored { document, .. }) = object::fetch(aws, spec).await? else {
            return Ok(None);
        };
        let Some(lease) = document.lease.clone() else {
            return Ok(Some((document, Driver::Nobody)));
        };
        let vitality = lease.holder.vitality(here);
        let uptime = aws.clock.uptime();
        let mut verdict = self.contender.evaluate(Some(&lease), &document.revision, vitality, uptime);
        if verdict == Verdict::Held && vitality == Vitality::Unknown {
            // A sign of life. A contender would leave; a witness begins to count again.
            self.contender = Contender::default();
            verdict = self.contender.evaluate(Some(&lease), &document.revision, vitality, uptime);
        }
        let driver = match verdict {
            Verdict::Take => Driver::Nobody,
            Verdict::Held | Verdict::Watch { .. } => Driver::Holder(lease.holder, lease.since),
        };
        Ok(Some((document, driver)))
    }

    /// What was seen, for whoever takes the lease next.
    pub(super) fn into_contender(self) -> Contender {
        self.contender
    }
}
