//! The Python environment for Spark steps.
