//! Drives AWS for Emrys. No other crate names the AWS SDK, and nothing here stands between it and the wire: what is
//! tested is tested against an endpoint.
//!
//! ```text
//! run, drive_once          to the run's end, or to its next long wait
//!  -> session              takes the lease, and gives it back whatever came of the run
//!     -> engine            decide, and what it says: observe, record, renew, execute, wait
//!         |-> observe      one file per probe
//!         |-> actions      one file per action
//!         `-> ledger       events appended by compare-and-set
//! attach                   the same for a run in flight: drives it, or reads along while another does
//! publish                  another attempt of a day that is over;  served   what the catalog has of it
//! gc                       output that nobody needs any more: looked at, and removed under the lease of its day
//! plan, status, days       read only;  cancel   a request beside the ledger;  ledger::unlock   breaks a lease
//! query                    a query of Athena, from its start to its end;  pages   its result
//! standing                 what outlives a run: found, made and removed, one file per act
//! sweep                    clusters that nobody needs any more, and their guards
//! buckets, readback        what a demo and its user want beside a run
//! clients                  the one factory: endpoint, credentials, time-outs, retries
//! errors                   the one classifier of what a failed call means
//! safeguards               what may never be switched off; a second package, for the simulation, can
//! skew                     how far this machine's clock is from AWS's
//! glue                     Glue's words and values, in those of the core
//! clock                    the one place that reads time
//! ```

mod actions;
mod attach;
mod buckets;
mod budget;
mod cancel;
mod clients;
mod clock;
mod days;
mod engine;
mod errors;
mod gc;
mod glue;
mod interrupt;
mod job;
mod ledger;
mod listener;
mod managed;
mod objects;
mod observe;
mod patience;
mod plan;
mod publish;
mod query;
mod readback;
mod removed;
mod run;
mod safeguards;
mod session;
mod skew;
mod status;
mod stop;
mod sweep;

pub use attach::attach;
pub use buckets::StoredObject;
pub use budget::{Budget, BudgetTooSmall};
pub use cancel::{Cancelling, cancel};
pub use clients::{AwsContext, Place, StaticCredentials, Surroundings};
pub use clock::Clock;
pub use days::{DayRecord, days};
pub use emrys_core::catalog::Served;
pub use engine::{Drive, How};
pub use gc::{
    Collected, CollectedDays, Collection, Garbage, all_garbage, clear, collect_all_garbage,
    collect_garbage_of, garbage,
};
pub use interrupt::{Interrupt, InterruptSender, Interrupts};
pub use job::built_in_job;
pub use ledger::{Holder, LedgerError, UnknownEvent, Unlocked, unlock, user_id};
pub use listener::RunListener;
pub use managed::{ManagedError, apply, managed};
pub use observe::{NextPage, Pages, QueryRow, pages, served};
pub use plan::plan;
pub use publish::{Publication, publish};
pub use query::{Asked, QueryError, query};
pub use readback::{MetricValue, ObservedAlarm};
pub use removed::Removed;
pub use run::{drive_once, run};
#[cfg(feature = "breakable")]
pub use safeguards::Safeguards;
pub use session::{Driven, RunEnd, RunOptions};
pub use status::{RunStatus, status};
pub use stop::Stop;
pub use sweep::{Swept, SweptGuard, end_cluster, remove_guard, survey, survey_guards};
