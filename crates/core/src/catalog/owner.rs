//! Whose a database, a table or a partition is: the pipeline's, and of one that is deployed twice, that deployment's.

use std::collections::BTreeMap;

use crate::config::Config;

/// The parameter that names the pipeline.
pub const OWNER: &str = "emrys:pipeline";
/// The parameter that names its state folder: one pipeline may be deployed twice, in one account and with one database.
pub const STATE: &str = "emrys:state";

/// Whose something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// This pipeline's, with this state folder.
    Us,
    /// It bears no mark: Emrys did not make it.
    Nobody,
    /// Another pipeline's, which is named, or this one's with another state folder, which is named too.
    Another(String),
}

/// The marks of what a pipeline makes.
pub fn marks(config: &Config) -> BTreeMap<String, String> {
    BTreeMap::from([
        (OWNER.to_owned(), config.pipeline.clone()),
        (STATE.to_owned(), config.state.uri.to_string()),
    ])
}

/// Whose something is, by its parameters and our marks. What names no state folder was made before that was marked.
pub fn owner<'f>(ours: &BTreeMap<String, String>, found: impl Fn(&str) -> Option<&'f String>) -> Owner {
    let Some(pipeline) = found(OWNER) else { return Owner::Nobody };
    if Some(pipeline) != ours.get(OWNER) {
        return Owner::Another(pipeline.clone());
    }
    match found(STATE).filter(|state| Some(*state) != ours.get(STATE)) {
        Some(state) => Owner::Another(format!("{pipeline} with its state in {state}")),
        None => Owner::Us,
    }
}
