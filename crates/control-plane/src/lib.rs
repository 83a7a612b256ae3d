//! Drives AWS for Emrys. No other crate names the AWS SDK, and nothing here stands between it and the wire: what is
//! tested is tested against an endpoint.
//!
//! ```text
//! run, drive_once          to the run's end, or to its next long wait
//!  -> session              takes the lease, and gives it back whatever came of the run;  budget   its time
//!     -> engine            decide, and what it says: observe, record, renew, execute, wait
//!         |-> observe      one file per probe
//!         |-> actions      one file per action
//!         `-> ledger       events appended by compare-and-set, by one holder;  ledger_error   what is wrong with one
//! attach                   the same for a run in flight: drives it, or reads along while another does
//! publish                  another attempt of a day that is over
//! gc                       output that nobody needs any more, removed under the lease of its day;  removed   what went
//! plan, status, days       read only;  cancel   a request beside the ledger
//! query                    a query of Athena, from its start to its end
//! managed                  what outlives a run: found, made and removed, one file per action
//! sweep                    clusters that nobody needs any more, and their guards
//! buckets, readback        what a demo and its user want beside a run
//! listener, interrupt      what is reported while a run is driven; what a user wants meanwhile
//! stop                     why the control plane stopped before it had done what it was asked
//! clients                  the one factory: endpoint, credentials, time-outs, retries
//! errors, patience         the one classifier of what a failed call means; trying again what time may help
//! safeguards               what may never be switched off; a second package, for the simulation, can
//! objects, glue, job       S3 objects; Glue's words in those of the core; the built-in job
//! clock, skew              the one place that reads time; how far this machine's clock is from AWS's
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
mod holder;
mod interrupt;
mod job;
mod ledger;
mod ledger_error;
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

pub use actions::Asked;
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
pub use holder::{Holder, user_id};
pub use interrupt::{Interrupt, InterruptSender, Interrupts};
pub use job::built_in_job;
pub use ledger::{Unlocked, unlock};
pub use ledger_error::{LedgerError, UnknownEvent};
pub use listener::RunListener;
pub use managed::{ManagedError, apply, managed};
pub use observe::{NextPage, Pages, QueryRow, pages, served};
pub use plan::plan;
pub use publish::{Publication, publish};
pub use query::{QueryError, query};
pub use readback::{MetricValue, ObservedAlarm};
pub use removed::Removed;
pub use run::{drive_once, run};
#[cfg(feature = "breakable")]
pub use safeguards::Safeguards;
pub use session::{Driven, RunEnd, RunOptions};
pub use status::{RunStatus, status};
pub use stop::Stop;
pub use sweep::{Swept, SweptGuard, end_cluster, remove_guard, survey, survey_guards};
