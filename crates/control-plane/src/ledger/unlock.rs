//! Taking the lease away from whoever holds it, for an operator who knows better.

use emrys_core::spec::Spec;
use jiff::Timestamp;

use super::object::{self, Only, Stored, Written};
use crate::clients::AwsContext;
use crate::holder::Holder;
use crate::stop::Stop;

/// What came of breaking a lease.
#[derive(Debug, Clone, PartialEq)]
pub enum Unlocked {
    /// It is broken: the run is in nobody's hand.
    Broken,
    /// Nobody held it any more.
    Free,
    /// Somebody else holds it than the one who was meant: nothing was done.
    Other {
        /// Who.
        holder: Box<Holder>,
        /// Since when, by its own clock.
        since: Timestamp,
    },
}

/// Breaks the lease of a run, if this holder has it since then.
///
/// The fence rises with it, and the ledger is another object than the holder last wrote: its next write fails, and it
/// stops. What it does to AWS before that write nobody can hold back.
pub async fn unlock(
    aws: &AwsContext,
    spec: &Spec,
    holder: &Holder,
    since: Timestamp,
) -> Result<Unlocked, Stop> {
    loop {
        let Some(Stored { mut document, etag }) = object::fetch(aws, spec).await? else {
            return Ok(Unlocked::Free);
        };
        document.check_writable(&spec.ledger_uri().to_string())?;
        // What cannot be folded is left as it is.
        document.state(spec)?;
        match document.driven_by() {
            None => return Ok(Unlocked::Free),
            Some((other, at)) if other != holder || at != since => {
                return Ok(Unlocked::Other { holder: Box::new(other.clone()), since: at });
            }
            Some(_) => {}
        }
        document.lease = None;
        document.fence += 1;
        document.revision = aws.fresh_id();
        match object::write(aws, spec, &document, Only::IfStill(&etag)).await? {
            Written::Done { .. } => return Ok(Unlocked::Broken),
            // The holder lives, and wrote meanwhile.
            Written::Overtaken => {}
            Written::Gone => return Ok(Unlocked::Free),
        }
    }
}
