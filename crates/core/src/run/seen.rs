//! What this process has seen of AWS. Memory only: it is lost with the process, and nothing is.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::action::Action;
use super::surplus::{LookedAgain, Straggler};
use crate::catalog::Table;
use crate::diagnosis::StepLog;
use crate::emr::ClusterSight;
use crate::inputs::Listing;
use crate::needs::Missing;
use crate::verify::Output;

/// A question about the world. Asking changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// Which objects has the day?
    Inputs,
    /// Which job files are not at their addresses?
    Job,
    /// Is everything there that a run needs, and that nothing else asks about?
    Needs,
    /// Is something in the folder that an unversioned job will write to?
    OutputFolder,
    /// Which clusters carry this nonce, over all pages and all states?
    LaunchedAs {
        /// The nonce.
        nonce: String,
        /// No earlier than this.
        since: Timestamp,
    },
    /// Which clusters have come of launches that were given up?
    Stragglers {
        /// The attempt that asks.
        attempt: u32,
        /// When it asks.
        when: LookedAgain,
        /// The launches' nonces.
        nonces: Vec<String>,
        /// No earlier than this.
        since: Timestamp,
    },
    /// Is a surplus cluster ours by its tag, and is its termination protection on?
    Protection {
        /// The cluster's id.
        cluster: String,
        /// The nonce that its tag has to name.
        nonce: String,
    },
    /// Is the group of the guards there?
    GuardGroup,
    /// Does the guard of a cluster still stand?
    Guard {
        /// Its name.
        name: String,
    },
    /// How are the cluster and its steps?
    Cluster {
        /// The cluster's id.
        id: String,
    },
    /// What does the manifest say, and what is in the output folder?
    Output {
        /// The folder of the attempt.
        folder: String,
    },
    /// What did a failed step write?
    StepLog {
        /// The cluster's id.
        cluster: String,
        /// The step's id.
        step: String,
    },
    /// Which of the tables that the pipeline publishes to are in the catalog?
    Catalog,
    /// Does the alarm stand as configured?
    Alarm,
}

/// The answer to a [`Query`].
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// To [`Query::Inputs`].
    Inputs(Listing),
    /// To [`Query::Job`]: addresses without their file.
    Job {
        /// The addresses that have no file yet.
        unstaged: Vec<String>,
    },
    /// To [`Query::Needs`]: what is not there.
    Needs(Vec<Missing>),
    /// To [`Query::OutputFolder`].
    OutputFolder {
        /// Whether something is in it.
        taken: bool,
    },
    /// To [`Query::LaunchedAs`]: cluster ids, oldest first.
    LaunchedAs {
        /// The ids.
        clusters: Vec<String>,
    },
    /// To [`Query::Stragglers`], oldest first.
    Stragglers {
        /// The clusters.
        found: Vec<Straggler>,
    },
    /// To [`Query::Protection`].
    Protection {
        /// Whether both is so.
        protected: bool,
    },
    /// To [`Query::GuardGroup`].
    GuardGroup {
        /// Whether it is there.
        there: bool,
    },
    /// To [`Query::Guard`].
    Guard {
        /// Whether it stands.
        standing: bool,
    },
    /// To [`Query::Cluster`].
    Cluster(ClusterSight),
    /// To [`Query::Output`].
    Output(Output),
    /// To [`Query::StepLog`]: its logs, the one that says most about a failure first; none while none has arrived.
    StepLog(Vec<StepLog>),
    /// To [`Query::Catalog`]: the tables of these names that are there.
    Catalog(Vec<Table>),
    /// To [`Query::Alarm`].
    Alarm {
        /// Whether it stands as configured.
        current: bool,
    },
}

/// Why a look, or an act that may be repeated, brought nothing. It is never trouble with the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{}{message}", if .code.is_empty() { String::new() } else { format!("{}: ", .code) })]
pub struct Trouble {
    /// Of which kind.
    pub kind: TroubleKind,
    /// The error code, where there was an answer.
    pub code: String,
    /// What was tried, and what came of it.
    pub message: String,
}

impl Trouble {
    /// What Emrys itself finds wrong: there is no code of AWS.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self { kind: TroubleKind::Invalid, code: String::new(), message: message.into() }
    }
}

/// Kinds of [`Trouble`], by what helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TroubleKind {
    /// Too many calls: time helps.
    Throttled,
    /// No answer, or a server error: time may help.
    Unreachable,
    /// Missing or expired credentials, or no right to do this: only a person helps.
    Access,
    /// AWS takes no calls that are signed by this machine's clock: only a person helps, who sets it.
    Clock,
    /// A bucket that is not there, a request that AWS calls wrong: only another configuration helps.
    Invalid,
}

/// The latest look of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting<T> {
    /// What was looked at: a cluster's or a step's id, a nonce, a folder; empty where there is only one.
    pub of: String,
    /// When the answer came.
    pub at: Timestamp,
    /// The answer, or the trouble with it.
    pub value: Result<T, Trouble>,
    /// How many tries in a row met trouble.
    pub tries: u32,
    /// When the first of them did.
    pub trouble_since: Timestamp,
}

impl<T> Sighting<T> {
    fn after(previous: Option<&Self>, of: &str, at: Timestamp, value: Result<T, Trouble>) -> Self {
        let previous = previous.filter(|before| before.of == of && before.value.is_err());
        let (tries, trouble_since) = match (&value, previous) {
            (Ok(_), _) => (0, at),
            (Err(_), Some(before)) => (before.tries.saturating_add(1), before.trouble_since),
            (Err(_), None) => (1, at),
        };
        Self { of: of.to_owned(), at, value, tries, trouble_since }
    }

    /// The trouble that the look met.
    pub fn trouble(&self) -> Option<&Trouble> {
        self.value.as_ref().err()
    }

    /// The time since the first of the tries that met trouble.
    pub fn troubled_for(&self, now: Timestamp) -> SignedDuration {
        now.duration_since(self.trouble_since)
    }
}

/// All that this process has seen.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    /// See [`Query::Inputs`].
    pub inputs: Option<Sighting<Listing>>,
    /// See [`Query::Job`].
    pub job: Option<Sighting<Vec<String>>>,
    /// See [`Query::Needs`].
    pub needs: Option<Sighting<Vec<Missing>>>,
    /// See [`Query::OutputFolder`].
    pub output_taken: Option<Sighting<bool>>,
    /// See [`Query::LaunchedAs`].
    pub launched: Option<Sighting<Vec<String>>>,
    /// The nonce that was last looked for, and when complete looks found no cluster of it.
    pub absent: (String, Vec<Timestamp>),
    /// See [`Query::Stragglers`].
    pub stragglers: Option<Sighting<Vec<Straggler>>>,
    /// See [`Query::Protection`].
    pub protection: Option<Sighting<bool>>,
    /// See [`Query::GuardGroup`].
    pub guard_group: Option<Sighting<bool>>,
    /// See [`Query::Guard`].
    pub guard: Option<Sighting<bool>>,
    /// See [`Query::Cluster`].
    pub cluster: Option<Sighting<ClusterSight>>,
    /// See [`Query::Output`].
    pub output: Option<Sighting<Output>>,
    /// See [`Query::StepLog`].
    pub step_log: Option<Sighting<Vec<StepLog>>>,
    /// See [`Query::Catalog`].
    pub catalog: Option<Sighting<Vec<Table>>>,
    /// See [`Query::Alarm`].
    pub alarm: Option<Sighting<bool>>,
    /// The latest act, when it met trouble; an [`Ok`] never stands here. Forgotten with the next act that meets
    /// none, and of no meaning for another act.
    pub act: Option<(Action, Sighting<()>)>,
}

impl Query {
    /// What is asked about, where there are several of a kind.
    pub(super) fn of(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            Self::Inputs
            | Self::Job
            | Self::Needs
            | Self::OutputFolder
            | Self::Catalog
            | Self::Alarm
            | Self::GuardGroup => "",
            Self::LaunchedAs { nonce, .. } => nonce,
            Self::Stragglers { attempt, when, .. } => return format!("{attempt} {when:?}").into(),
            Self::Protection { cluster, .. } => cluster,
            Self::Guard { name } => name,
            Self::Cluster { id } => id,
            Self::Output { folder } => folder,
            Self::StepLog { step, .. } => step,
        })
    }
}

impl Seen {
    /// Takes in the answer to a look.
    pub fn absorb(&mut self, query: &Query, at: Timestamp, answer: Result<Answer, Trouble>) {
        if let Query::LaunchedAs { nonce, .. } = query {
            if self.absent.0 != *nonce {
                self.absent = (nonce.clone(), Vec::new());
            }
            if let Ok(Answer::LaunchedAs { clusters }) = &answer
                && clusters.is_empty()
            {
                self.absent.1.push(at);
            }
        }
        macro_rules! take {
            ($field:ident, $pattern:pat => $value:expr) => {
                self.$field = Some(Sighting::after(
                    self.$field.as_ref(),
                    &query.of(),
                    at,
                    match answer {
                        Ok($pattern) => Ok($value),
                        Ok(other) => Err(mismatch(query, &other)),
                        Err(trouble) => Err(trouble),
                    },
                ))
            };
        }
        match query {
            Query::Inputs => take!(inputs, Answer::Inputs(listing) => listing),
            Query::Job => take!(job, Answer::Job { unstaged } => unstaged),
            Query::Needs => take!(needs, Answer::Needs(missing) => missing),
            Query::OutputFolder => take!(output_taken, Answer::OutputFolder { taken } => taken),
            Query::LaunchedAs { .. } => take!(launched, Answer::LaunchedAs { clusters } => clusters),
            Query::Stragglers { .. } => take!(stragglers, Answer::Stragglers { found } => found),
            Query::Protection { .. } => take!(protection, Answer::Protection { protected } => protected),
            Query::GuardGroup => take!(guard_group, Answer::GuardGroup { there } => there),
            Query::Guard { .. } => take!(guard, Answer::Guard { standing } => standing),
            Query::Cluster { .. } => take!(cluster, Answer::Cluster(sight) => sight),
            Query::Output { .. } => take!(output, Answer::Output(output) => output),
            Query::StepLog { .. } => take!(step_log, Answer::StepLog(logs) => logs),
            Query::Catalog => take!(catalog, Answer::Catalog(tables) => tables),
            Query::Alarm => take!(alarm, Answer::Alarm { current } => current),
        }
    }

    /// Takes in how an act went that may be repeated. A launch is not among them: its outcome is an event.
    pub fn acted(&mut self, action: &Action, at: Timestamp, result: Result<(), Trouble>) {
        let before = self.act.take().filter(|(earlier, _)| earlier == action).map(|(_, sighting)| sighting);
        if result.is_err() {
            self.act = Some((action.clone(), Sighting::after(before.as_ref(), "", at, result)));
        }
    }
}

/// An answer to another question than was asked: a mistake in the caller, kept as trouble so that it is shown.
fn mismatch(query: &Query, answer: &Answer) -> Trouble {
    Trouble::invalid(format!("asked {query:?}, and was answered {answer:?}"))
}
