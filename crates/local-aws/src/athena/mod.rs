//! The outer half of the embedded Athena: its SQL engine, and the rows of results.
//!
//! ```text
//! engine/    Python, one process a query: Trino's rules first, then sqlglot and DuckDB over the catalog's partitions
//!   catalog         Glue's tables and partitions, and the local files behind them
//!   lexical, structure, typing_rules    Trino's rules: words, names, types
//!   sources, rewrites, execute          views over the partitions, what DuckDB means otherwise, the run
//!   output, show, errors                Athena's texts of values, SHOW and DESCRIBE, errors
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
    ("errors.py", include_str!("engine/errors.py")),
    ("typing_rules.py", include_str!("engine/typing_rules.py")),
];
