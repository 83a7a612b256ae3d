//! The outer half of the embedded Athena: its SQL engine, and the rows of results.
//!
//! ```text
//! engine/    Python: a gate of Trino's rules, then sqlglot and DuckDB over the catalog's partitions; one process a query
//!   catalog         Glue's tables and partitions, and the local files behind them
//!   lexical, structure, typing_rules    the gate: words, names, types
//!   sources, rewrites, execute          views over the partitions, what DuckDB means otherwise, the run
//!   output, show, trouble               Athena's texts of values, SHOW and DESCRIBE, errors
//! rows       GetQueryResults reads the result's object when it is asked for
//! ```
//!
//! Workgroups, named queries and the states of queries are the world's ([`crate::world`]); [`crate::steps`] runs the
//! engine.

pub(crate) mod rows;

/// The files of the engine.
pub(crate) const ENGINE: [(&str, &str); 12] = [
    ("__main__.py", include_str!("engine/__main__.py")),
    ("catalog.py", include_str!("engine/catalog.py")),
    ("execute.py", include_str!("engine/execute.py")),
    ("functions.py", include_str!("engine/functions.py")),
    ("lexical.py", include_str!("engine/lexical.py")),
    ("output.py", include_str!("engine/output.py")),
    ("rewrites.py", include_str!("engine/rewrites.py")),
    ("show.py", include_str!("engine/show.py")),
    ("sources.py", include_str!("engine/sources.py")),
    ("structure.py", include_str!("engine/structure.py")),
    ("trouble.py", include_str!("engine/trouble.py")),
    ("typing_rules.py", include_str!("engine/typing_rules.py")),
];
