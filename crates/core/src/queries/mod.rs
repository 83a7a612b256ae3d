//! Questions to the published results: the ones that come with the product, their parameters, and what came of one.
//!
//! ```text
//! NAMED, find                 statements under a name; `emrys setup` puts them into Athena too
//! Days, parameters            which days: the literals for a statement's `?`
//! Execution, Outcome          a query as Athena tells of it
//!   |-> scan                  what it read, and what that costs
//!   `-> explanation           why it failed, and what can be done about it
//! ```
//!
//! Days are Athena's own execution parameters and not a notation of ours: the same statement then runs in its console
//! and through any SDK. A parameter stands in its place before the statement is planned, so that `date BETWEEN ? AND ?`
//! in the SELECT that names the table reads the partitions of these days and no other.

mod execution;
mod explanation;
mod parameters;
mod scan;
#[cfg(test)]
mod tests;

use serde::Serialize;

pub use execution::{Execution, Failure, Outcome, QueryColumn, QueryState};
pub use explanation::{Explanation, explain};
pub use parameters::{Days, ParameterError, marks, parameters};
pub use scan::{PRICE_PER_TERABYTE_USD, billed_bytes, cost_usd};

/// A statement that comes with the product. Its two `?` are the first and the last day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct NamedStatement {
    /// What it is asked for by.
    pub name: &'static str,
    /// What it answers, in one line.
    pub answers: &'static str,
    /// The SQL.
    pub statement: &'static str,
}

/// All statements that come with the product.
pub const NAMED: [NamedStatement; 8] = [
    NamedStatement {
        name: "status-codes",
        answers: "requests, their share and response times by day and status code",
        statement: include_str!("status-codes.sql"),
    },
    NamedStatement {
        name: "slow-endpoints",
        answers: "the 20 slowest routes by p99, with p50 and p95, over all the days together",
        statement: include_str!("slow-endpoints.sql"),
    },
    NamedStatement {
        name: "latency",
        answers: "how long requests took: p50, p90, p95, p99 and p99.9, over all the days together",
        statement: include_str!("latency.sql"),
    },
    NamedStatement {
        name: "latency-by-day",
        answers: "how long requests took on each day: p50, p95 and p99",
        statement: include_str!("latency-by-day.sql"),
    },
    NamedStatement {
        name: "error-share",
        answers: "requests that the server failed (status 500 and above), and their share, by hour",
        statement: include_str!("error-share.sql"),
    },
    NamedStatement {
        name: "top-errors",
        answers: "the 20 most frequent entries of the error logs",
        statement: include_str!("top-errors.sql"),
    },
    NamedStatement {
        name: "traffic-peaks",
        answers: "the busiest minute of each day, and the average of its minutes with requests",
        statement: include_str!("traffic-peaks.sql"),
    },
    NamedStatement {
        name: "rejects",
        answers: "lines that could not be understood, by day and reason, with samples",
        statement: include_str!("rejects.sql"),
    },
];

/// The statement of this name.
pub fn find(name: &str) -> Option<NamedStatement> {
    NAMED.into_iter().find(|statement| statement.name == name)
}
