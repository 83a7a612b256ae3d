//! The ledger in the hand of who holds the lease.

use std::time::Duration;

use emrys_core::record::{Event, Recorded};
use emrys_core::run::State;
use emrys_core::spec::Spec;

use super::document::Document;
use super::object::{self, Only, Stored, Written};
use crate::clients::AwsContext;
use crate::ledger_error::LedgerError;
use crate::stop::Stop;

/// A ledger that this process may write, as long as its lease lasts. It is the one owner of the object's tag: all
/// writes go through it, one after the other.
#[derive(Debug)]
pub(crate) struct Ledger<'a> {
    aws: &'a AwsContext,
    spec: &'a Spec,
    stored: Stored,
    state: State,
    /// The moment before the last write: from then on the lease is counted.
    written_at: Duration,
}

impl<'a> Ledger<'a> {
    /// A ledger that was just written, with the lease in it.
    pub(super) fn new(
        aws: &'a AwsContext,
        spec: &'a Spec,
        stored: Stored,
        written_at: Duration,
    ) -> Result<Self, Stop> {
        let mut state = stored.document.state(spec)?;
        state.renewed_at = Some(aws.clock.now());
        Ok(Self { aws, spec, stored, state, written_at })
    }

    /// What the recorded events tell.
    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// Everything that was recorded.
    pub(crate) fn events(&self) -> &[Recorded] {
        self.stored.document.events()
    }

    /// Records events, all of them or none, and renews the lease.
    pub(crate) async fn append(&mut self, events: Vec<Event>) -> Result<Vec<Recorded>, Stop> {
        let at = self.aws.clock.now();
        let mut state = self.state.clone();
        let mut document = self.stored.document.clone();
        let mut recorded = Vec::with_capacity(events.len());
        for event in events {
            let next = Recorded { seq: state.seq() + 1, at, fence: document.fence, event };
            state.apply(&next).map_err(|source| {
                Stop::from(LedgerError::Illegal { uri: self.spec.ledger_uri().to_string(), source })
            })?;
            recorded.push(next);
        }
        document.events.extend(recorded.iter().cloned());
        self.write(document).await?;
        state.renewed_at = self.state.renewed_at;
        self.state = state;
        Ok(recorded)
    }

    /// Gives a sign of life.
    pub(crate) async fn renew(&mut self) -> Result<(), Stop> {
        self.write(self.stored.document.clone()).await
    }

    /// Makes sure that the lease outlasts a call of this length. A machine may have been suspended since the last
    /// write: then another may drive the run by now, and the renewal shows it.
    pub(crate) async fn must_hold_for(&mut self, call: Duration) -> Result<(), Stop> {
        let ttl = Duration::try_from(self.aws.pace().lease).unwrap_or_default();
        while self.aws.clock.uptime().saturating_sub(self.written_at).saturating_add(call) > ttl {
            self.renew().await?;
        }
        Ok(())
    }

    /// Lets the lease go, so that the next one need not wait for it to run out.
    pub(crate) async fn release(mut self) {
        let mut document = self.stored.document.clone();
        document.lease = None;
        if let Err(error) = self.write(document).await {
            tracing::warn!(%error, "the lease could not be given back: it runs out by itself");
        }
    }

    /// Lets the lease go after an error, unless the error is that somebody else has it.
    pub(crate) async fn release_unless_lost(self, stop: &Stop) {
        if !matches!(stop, Stop::Lost { .. } | Stop::Held { .. } | Stop::Ledger(LedgerError::Deleted { .. }))
        {
            self.release().await;
        }
    }

    async fn write(&mut self, mut document: Document) -> Result<(), Stop> {
        document.revision = self.aws.fresh_id();
        let (now, before) = (self.aws.clock.now(), self.aws.clock.uptime());
        let only = Only::IfStill(&self.stored.etag);
        match object::write(self.aws, self.spec, &document, only).await? {
            Written::Done { etag } => {
                self.stored = Stored { document, etag };
                self.written_at = before;
                self.state.renewed_at = Some(now);
                Ok(())
            }
            Written::Gone => Err(LedgerError::Deleted { uri: self.spec.ledger_uri().to_string() }.into()),
            Written::Overtaken => Err(self.lost().await),
        }
    }

    /// Somebody else wrote the ledger, and only a holder of the lease writes it.
    async fn lost(&self) -> Stop {
        let uri = || self.spec.ledger_uri().to_string();
        match object::read(self.aws, self.spec).await {
            Ok(Some(document)) => match document.driven_by() {
                Some((holder, _)) => Stop::Lost { holder: Some(Box::new(holder.clone())) },
                // It has come and gone.
                None => Stop::Lost { holder: None },
            },
            Ok(None) => LedgerError::Deleted { uri: uri() }.into(),
            Err(stop) => stop,
        }
    }
}
