//! One cluster.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::faults::PlannedFault;
use super::state::ClusterState;
use super::step::{Step, Stopping};
use crate::world::context::{Effect, KillHow, Pace, ReasonCode, RuleFault, after};

/// A cluster. What RunJobFlow gave and nobody changes afterwards stays in `request`, and DescribeCluster copies it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cluster {
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) request: Map<String, Value>,
    pub(crate) region: String,

    pub(crate) state: ClusterState,
    pub(crate) reason: Reason,
    /// The states before this one, each with the time at which it ended: what a stale list shows.
    #[serde(default)]
    pub(crate) past: Vec<Past>,
    pub(crate) error_details: Vec<ErrorDetail>,
    pub(crate) created: Timestamp,
    pub(crate) ready: Option<Timestamp>,
    pub(crate) ended: Option<Timestamp>,
    /// When the present phase is over, where it is a matter of time.
    pub(crate) due: Option<Timestamp>,
    /// Since when there is nothing to do; set while WAITING.
    pub(crate) idle_since: Option<Timestamp>,

    pub(crate) keep_alive: bool,
    pub(crate) protected: bool,
    pub(crate) concurrency: usize,
    pub(crate) idle_timeout: Option<SignedDuration>,
    pub(crate) tags: BTreeMap<String, String>,
    /// In the order of their submission.
    pub(crate) steps: Vec<Step>,

    /// Its faults on purpose.
    #[serde(default, rename = "troubles")]
    pub(crate) faults: Vec<RuleFault>,
    /// What they will do, in order.
    #[serde(default, rename = "happenings")]
    pub(crate) planned_faults: Vec<PlannedFault>,
    /// What its state is shown_state instead of its name.
    #[serde(default, rename = "called")]
    pub(crate) shown_state: Option<String>,
    /// What the state of its running steps is shown_state instead of its name.
    #[serde(default, rename = "steps_called")]
    pub(crate) shown_step_state: Option<String>,
}

/// A state that a cluster has left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Past {
    pub(crate) until: Timestamp,
    pub(crate) state: ClusterState,
    pub(crate) reason: Reason,
}

/// Why a cluster is in its state. Ordinary states have a message only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reason {
    pub(crate) code: Option<ReasonCode>,
    pub(crate) message: String,
}

/// An entry of `Status.ErrorDetails`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_field_names, reason = "the API's own names")]
pub(crate) struct ErrorDetail {
    pub(crate) error_code: String,
    pub(crate) error_data: Vec<BTreeMap<String, String>>,
    pub(crate) error_message: String,
}

impl Cluster {
    /// Goes to the next state. The table of states is the law: an illegal transition is a bug of this module.
    pub(crate) fn enter(
        &mut self,
        next: ClusterState,
        code: Option<ReasonCode>,
        message: &str,
        at: Timestamp,
    ) {
        debug_assert!(self.state.may_become(next), "{:?} -> {next:?} ({})", self.state, self.id);
        let reason = std::mem::replace(&mut self.reason, Reason { code, message: message.to_owned() });
        self.past.push(Past { until: at, state: self.state, reason });
        self.state = next;
        if next != ClusterState::Waiting {
            self.idle_since = None;
        }
    }

    /// Begins the end: steps that wait are cancelled, running ones are stopped, and when the time is over and no
    /// process is left, the state of `code` follows.
    pub(crate) fn terminate(
        &mut self,
        code: ReasonCode,
        message: &str,
        at: Timestamp,
        pace: &Pace,
        outbox: &mut Vec<Effect>,
    ) {
        self.terminate_for(Some(code), message, at, pace, outbox);
    }

    /// The same for a reason that may have no code.
    pub(crate) fn terminate_for(
        &mut self,
        code: Option<ReasonCode>,
        message: &str,
        at: Timestamp,
        pace: &Pace,
        outbox: &mut Vec<Effect>,
    ) {
        self.enter(ClusterState::Terminating, code, message, at);
        self.forget_planned_faults();
        self.due = Some(after(at, pace.terminating));
        for step in &mut self.steps {
            if step.state.has_process() {
                step.stopping = Some(Stopping::ClusterEnds);
                outbox.push(Effect::KillStep {
                    cluster_id: self.id.clone(),
                    step_id: step.id.clone(),
                    how: KillHow::ClusterEnds,
                });
            }
        }
        self.cancel_pending_steps(at);
    }

    /// Every step that has not begun becomes CANCELLED.
    pub(crate) fn cancel_pending_steps(&mut self, at: Timestamp) {
        for step in self.steps.iter_mut().filter(|step| step.is_pending()) {
            step.cancel_unstarted(at);
        }
    }

    pub(crate) fn running_steps(&self) -> usize {
        self.steps.iter().filter(|step| step.state.has_process()).count()
    }

    /// Steps that wait or run: what the limit of 256 counts.
    pub(crate) fn active_steps(&self) -> usize {
        self.steps.iter().filter(|step| !step.state.is_terminal()).count()
    }

    /// When an idle cluster with an auto-termination policy ends.
    pub(crate) fn idle_deadline(&self) -> Option<Timestamp> {
        Some(after(self.idle_since?, self.idle_timeout?))
    }

    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        let phase = match self.state {
            // A cluster that waits for a process to end is moved by that end, not by time.
            ClusterState::Terminating if self.running_steps() > 0 => None,
            ClusterState::Waiting => self.idle_deadline(),
            _ => self.due,
        };
        let planned = self.planned_faults.first().map(|planned| planned.at);
        [phase, planned].into_iter().flatten().min()
    }

    /// The cluster as it was at an earlier time, as far as a list tells; `None` when it was not there yet.
    pub(crate) fn as_of(&self, at: Timestamp) -> Option<Cow<'_, Self>> {
        if self.created > at {
            return None;
        }
        let Some(past) = self.past.iter().find(|past| past.until > at) else {
            return Some(Cow::Borrowed(self));
        };
        let earlier = |time: Option<Timestamp>| time.filter(|time| *time <= at);
        let mut was = self.clone();
        (was.state, was.reason) = (past.state, past.reason.clone());
        (was.ready, was.ended) = (earlier(self.ready), earlier(self.ended));
        was.shown_state = None;
        if !was.state.is_ending() {
            was.error_details.clear();
        }
        Some(Cow::Owned(was))
    }

    /// A text member of the request.
    pub(crate) fn requested(&self, member: &str) -> Option<&str> {
        self.request.get(member).and_then(Value::as_str)
    }
}
