//! Clusters with faults on purpose: what happens to them, and when.

use jiff::{SignedDuration, Timestamp};
use regex_lite::Regex;
use serde::{Deserialize, Serialize};

use super::Emr;
use super::cluster::{Cluster, ErrorDetail};
use super::state::StepState;
use super::step::Stopping;
use crate::world::context::{
    Effect, FaultPhase, KillHow, LogFaults, Node, ReasonCode, RuleFault, StateOf, StepEnd, StepExit,
    WorldSettings, after,
};

/// Something that will happen to a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PlannedFault {
    pub(crate) at: Timestamp,
    what: What,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum What {
    Lose(Node),
    EndPlainly,
    Call(StateOf, Option<String>),
    UploadLogs,
}

impl Emr {
    /// The faults of a new cluster of this name.
    pub(crate) fn faults_of(&self, name: &str, settings: &WorldSettings) -> Vec<RuleFault> {
        let scripted = settings.scripts.fault_for(name).map(RuleFault::from);
        let by_rules = settings.cluster_rules.iter().filter(|rule| rule.fits(name)).filter(|rule| {
            let before = self.clusters.values().filter(|cluster| rule.fits(&cluster.name)).count();
            rule.counts(u64::try_from(before).unwrap_or(u64::MAX).saturating_add(1))
        });
        scripted.into_iter().chain(by_rules.map(|rule| rule.fault.clone())).collect()
    }
}

impl Cluster {
    pub(crate) fn starts_endlessly(&self) -> bool {
        self.faults.contains(&RuleFault::EndlessStarting)
    }

    /// Ends the cluster in this phase where a fault says so.
    pub(crate) fn fail_in(
        &mut self,
        phase: FaultPhase,
        at: Timestamp,
        settings: &WorldSettings,
        outbox: &mut Vec<Effect>,
    ) -> bool {
        let fault = self.faults.iter().find(|fault| match fault {
            RuleFault::Fails { at, .. } => *at == phase,
            RuleFault::Terminated { at, .. } => *at == Some(phase),
            _ => false,
        });
        match fault.cloned() {
            Some(RuleFault::Fails { code, message, error_code, .. }) => {
                let detail = |code| ErrorDetail {
                    error_code: code,
                    error_data: Vec::new(),
                    error_message: message.clone(),
                };
                self.error_details = error_code.map(detail).into_iter().collect();
                self.terminate(code, &message, at, &settings.pace, outbox);
                true
            }
            Some(_) => {
                self.end_plainly(at, settings, outbox);
                true
            }
            None => false,
        }
    }

    /// What will happen to a cluster that begins to run.
    pub(crate) fn plan_faults(&mut self, at: Timestamp) {
        let mut planned = Vec::new();
        let mut add = |millis: u64, what: What| {
            let happens = after(at, SignedDuration::from_millis(i64::try_from(millis).unwrap_or(i64::MAX)));
            planned.push(PlannedFault { at: happens, what });
        };
        for fault in &self.faults {
            match fault {
                RuleFault::SpotLoss { node, after_ms } => add(*after_ms, What::Lose(*node)),
                RuleFault::Terminated { at: None, after_ms } => add(*after_ms, What::EndPlainly),
                RuleFault::UnknownState { of, state, after_ms, for_ms } => {
                    add(*after_ms, What::Call(*of, Some(state.clone())));
                    if let Some(for_ms) = for_ms {
                        add(after_ms.saturating_add(*for_ms), What::Call(*of, None));
                    }
                }
                _ => {}
            }
        }
        planned.sort_by_key(|planned| planned.at);
        self.planned_faults = planned;
    }

    /// Forgets what would have happened: the end has begun.
    pub(crate) fn forget_planned_faults(&mut self) {
        self.planned_faults.clear();
        (self.shown_state, self.shown_step_state) = (None, None);
    }

    /// What will happen to a cluster that has ended.
    pub(crate) fn plan_late_logs(&mut self, end: Timestamp) {
        let late = self.faults.iter().find_map(|fault| match fault {
            RuleFault::LateLogs { delay_ms } => Some(*delay_ms),
            _ => None,
        });
        if let Some(delay) = late {
            let delay = SignedDuration::from_millis(i64::try_from(delay).unwrap_or(i64::MAX));
            self.planned_faults = vec![PlannedFault { at: after(end, delay), what: What::UploadLogs }];
        }
    }

    /// Lets the next thing happen, if it is due by `at`.
    pub(crate) fn apply_planned_fault(
        &mut self,
        at: Timestamp,
        settings: &WorldSettings,
        outbox: &mut Vec<Effect>,
    ) -> bool {
        if self.planned_faults.first().is_none_or(|planned| planned.at > at) {
            return false;
        }
        match self.planned_faults.remove(0).what {
            // YARN runs its tasks again elsewhere: it takes longer, and that is all.
            What::Lose(Node::Task) => {}
            What::Lose(Node::Core) => self.lose_core(outbox),
            What::Lose(Node::Primary) => self.lose_primary(at, settings, outbox),
            What::EndPlainly => self.end_plainly(at, settings, outbox),
            What::Call(StateOf::Cluster, state) => self.shown_state = state,
            What::Call(StateOf::Step, state) => self.shown_step_state = state,
            What::UploadLogs => outbox.push(Effect::UploadLogs { cluster_id: self.id.clone() }),
        }
        true
    }

    /// Shuffle files and blocks are gone, and the running steps fail.
    fn lose_core(&mut self, outbox: &mut Vec<Effect>) {
        for step in self.steps.iter_mut().filter(|step| step.state == StepState::Running) {
            if step.stopping.is_none() {
                step.stopping = Some(Stopping::NodeLost);
                outbox.push(kill(&self.id, &step.id));
            }
        }
    }

    fn lose_primary(&mut self, at: Timestamp, settings: &WorldSettings, outbox: &mut Vec<Effect>) {
        for step in self.steps.iter_mut().filter(|step| step.state.has_process()) {
            outbox.push(kill(&self.id, &step.id));
            let state = if step.state == StepState::CancelPending {
                StepState::Cancelled
            } else {
                StepState::Interrupted
            };
            step.enter(state, at);
        }
        let message = "The master node was terminated: its spot instance was reclaimed";
        self.terminate(ReasonCode::InstanceFailure, message, at, &settings.pace, outbox);
    }

    fn end_plainly(&mut self, at: Timestamp, settings: &WorldSettings, outbox: &mut Vec<Effect>) {
        self.terminate_for(None, "", at, &settings.pace, outbox);
    }

    /// The end of a step as it is reported: a fault may turn success into failure.
    pub(crate) fn reported_end(&self, step_name: &str, end: StepEnd) -> StepEnd {
        let denied = self.faults.iter().any(|fault| match fault {
            RuleFault::UnknownError { step: None } => true,
            RuleFault::UnknownError { step: Some(pattern) } => {
                Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(step_name))
            }
            _ => false,
        });
        if denied && end.exit == StepExit::Exited(0) { StepEnd::exited(1) } else { end }
    }

    /// What becomes of its steps' logs.
    pub(crate) fn log_faults(&self) -> LogFaults {
        let has = |wanted: fn(&RuleFault) -> bool| self.faults.iter().any(wanted);
        LogFaults {
            late: has(|fault| matches!(fault, RuleFault::LateLogs { .. })),
            rotated: has(|fault| matches!(fault, RuleFault::RotatedLogs)),
            corrupt: has(|fault| matches!(fault, RuleFault::CorruptLogs)),
        }
    }

    /// What its steps' controller logs say about faults that leave no other trace.
    pub(crate) fn fault_remarks(&self) -> impl Iterator<Item = String> {
        self.faults.iter().filter_map(|fault| match fault {
            RuleFault::SpotLoss { node: Node::Task, after_ms } => Some(format!(
                "A spot instance of the task nodes is lost {after_ms} ms after the cluster began to run: on purpose."
            )),
            _ => None,
        })
    }
}

fn kill(cluster_id: &str, step_id: &str) -> Effect {
    Effect::KillStep {
        cluster_id: cluster_id.to_owned(),
        step_id: step_id.to_owned(),
        how: KillHow::Terminate,
    }
}
