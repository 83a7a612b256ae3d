//! Faults of calls on purpose, chosen by a script or by a function.
//!
//! ```text
//! fault     the kinds of faults, and the errors that AWS answers with
//! plan      which call meets which fault: a function, or
//!   |-> script   the rules of a file
//! gate      the decision for one call; the endpoint carries it out
//! ```
//!
//! A file `faults.json` holds a [`FaultScript`]:
//!
//! ```json
//! {
//!   "calls": [
//!     { "service": "emr", "operation": "RunJobFlow", "kind": "cut", "when": "after", "times": 1 },
//!     { "service": "s3", "operation": "PutObject", "resource": "/ledger\\.json$", "kind": "throttle", "every": 3 },
//!     { "operation": "^Describe", "kind": "server_error", "first": 4, "for_ms": 20000 }
//!   ],
//!   "clusters": [{ "cluster": "/a1/", "kind": "no_capacity" }]
//! }
//! ```
//!
//! | member of a rule for calls | |
//! | --- | --- |
//! | `service` | `emr`, `s3`, `cloudwatch` …: the journal's name; left out: every service |
//! | `operation`, `resource` | patterns for what the journal calls so, searched for anywhere; left out: any |
//! | `first` | the first matching call that is hit, from 1 (left out: 1) |
//! | `every` | from there on each k-th matching call (left out: 1) |
//! | `times` | how many calls are hit (left out: no end) |
//! | `for_ms` | for how long calls are hit, from the first one that was (left out: no end) |
//! | `kind` | the fault, with its own members beside it: |
//!
//! | kind | what the call meets |
//! | --- | --- |
//! | `throttle` | `ThrottlingException` (S3: `SlowDown`), nothing done |
//! | `server_error` | HTTP 500 or `status`; `when`: `before` (default) or `after` the call was done |
//! | `cut` | a connection that ends without an answer; `when`: `before` (default) or `after` the call was done |
//! | `slow` | the call is done at once, its answer comes after `delay_ms` |
//! | `late` | the call is done only after `delay_ms`, even if its caller is gone by then |
//! | `access_denied`, `expired_token` | nothing done |
//! | `stale_list` | ListClusters answers as of `age_ms` ago |
//! | `hide_new` | ListClusters leaves out clusters that are younger than `age_ms` |
//! | `short_page` | a list gives at most `items` on a page; with 0 an empty page and a marker |
//!
//! The first rule that hits decides; every rule counts the calls that match it. Calls of steps count as well: they go
//! over the same wire. A call that AWS would refuse at once (invalid signature, unreadable request, unknown
//! operation) meets no fault. The rules for clusters stand at [`crate::world::cluster_faults`].
//!
//! The journal's line of a call that met a fault has a member `fault`. It holds the fault. If the call was done before
//! the fault, it also holds `effect`, the outcome that the caller did not get.

mod fault;
mod gate;
mod plan;
mod script;

pub use self::fault::{Fault, FaultRecord, When};
pub(crate) use self::gate::Gate;
pub(crate) use self::plan::Faults;
pub use self::plan::{CallView, FaultPlan};
pub use self::script::{CallRule, FaultScript, FaultScriptError};

#[cfg(test)]
mod tests;
