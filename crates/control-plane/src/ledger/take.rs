//! Getting the lease.

use emrys_core::record::{Event, Recorded};
use emrys_core::spec::Spec;
use jiff::SignedDuration;

use super::document::Document;
use super::held::Ledger;
use super::lease::{Lease, Verdict};
use super::object::{self, Only, Stored, Written};
use super::witness::Witness;
use crate::clients::AwsContext;
use crate::clock::later;
use crate::holder::{Holder, Vitality};
use crate::interrupt::Interrupts;
use crate::listener::RunListener;
use crate::stop::Stop;

/// How often the ledger is read within one lease time, by a contender or a follower. A holder gives three signs of life
/// in it.
pub(crate) const READS_PER_LEASE: i32 = 12;

impl<'a> Ledger<'a> {
    /// Opens the ledger of a run, or makes it, with the lease in the hand of `holder`.
    ///
    /// A lease that someone else holds is waited for as long as it may still turn out to be that of a dead process,
    /// one lease time at most, and only while no interrupt comes. For someone who has watched the ledger
    /// before, the time that was waited counts: `witness` has it.
    pub(crate) async fn take(
        witness: Witness,
        aws: &'a AwsContext,
        spec: &'a Spec,
        holder: &Holder,
        listener: &mut dyn RunListener,
        interrupts: &mut Interrupts,
    ) -> Result<Self, Stop> {
        let mut contender = witness.into_contender();
        // Who was seen driving a run that was not over.
        let mut driver = None;
        loop {
            let found = object::fetch(aws, spec).await?;
            if let Some(Stored { document, .. }) = &found {
                document.check_writable(&spec.ledger_uri().to_string())?;
                let lease = document.lease.as_ref();
                let vitality = lease.map_or(Vitality::Unknown, |lease| lease.holder.vitality(holder));
                let uptime = aws.clock.uptime();
                match (contender.evaluate(lease, &document.revision, vitality, uptime), lease) {
                    (Verdict::Take, _) | (_, None) => {
                        // It lived, drove the run to its end, and let go: to run the day again was not what was asked.
                        if let Some((holder, since)) = driver.take()
                            && document.state(spec)?.closed.is_some()
                        {
                            return Err(Stop::Held { holder: Box::new(holder), since });
                        }
                    }
                    (Verdict::Held, Some(Lease { holder, since, .. })) => {
                        return Err(Stop::Held { holder: Box::new(holder.clone()), since: *since });
                    }
                    (Verdict::Watch { until }, Some(Lease { holder, since, .. })) => {
                        if document.state(spec)?.closed.is_none() {
                            driver = Some((holder.clone(), *since));
                        }
                        let left = SignedDuration::try_from(until.saturating_sub(uptime));
                        let left = left.unwrap_or(SignedDuration::MAX);
                        listener.lease_is_held(holder, later(aws.clock.now(), left));
                        let pause = left.min(aws.pace().lease / READS_PER_LEASE);
                        tokio::select! {
                            biased;
                            _ = interrupts.next() => return Err(Stop::Interrupted),
                            () = aws.clock.sleep(pause) => continue,
                        }
                    }
                }
            }
            if let Some(ledger) = seize(aws, spec, holder, found).await? {
                return Ok(ledger);
            }
            // Another contender was first: who it is, and whether it lives, shows the next look.
        }
    }
}

/// Writes the lease into the ledger as it was found; nothing, when another write was first.
async fn seize<'a>(
    aws: &'a AwsContext,
    spec: &'a Spec,
    holder: &Holder,
    found: Option<Stored>,
) -> Result<Option<Ledger<'a>>, Stop> {
    let now = aws.clock.now();
    let (mut document, etag) = match found {
        Some(Stored { document, etag }) => (document, Some(etag)),
        None => (Document::new(spec), None),
    };
    document.fence += 1;
    document.lease = Some(Lease {
        holder: holder.clone(),
        since: now,
        ttl_seconds: aws.pace().lease.as_secs_f64(),
        nonce: aws.fresh_id(),
    });
    document.revision = aws.fresh_id();
    if document.events.is_empty() {
        let event = Event::Opened { ledger: aws.fresh_id() };
        document.events.push(Recorded { seq: 1, at: now, fence: document.fence, event });
    }
    // What cannot be folded is left as it is.
    document.state(spec)?;
    let written_at = aws.clock.uptime();
    let only = etag.as_deref().map_or(Only::IfAbsent, Only::IfStill);
    match object::write(aws, spec, &document, only).await? {
        Written::Done { etag } => Ledger::new(aws, spec, Stored { document, etag }, written_at).map(Some),
        Written::Overtaken | Written::Gone => Ok(None),
    }
}
