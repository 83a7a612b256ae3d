//! What time does to clusters: whatever was due happens at the instant at which it was due.

use jiff::{SignedDuration, Timestamp};

use super::Emr;
use super::cluster::{Cluster, Reason};
use super::state::{ClusterState, StepState};
use crate::world::context::{Effect, FaultPhase, ReasonCode, StepLaunch, WorldSettings, after};

/// EMR forgets a terminated cluster after two months.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 61);

impl Emr {
    pub(crate) fn advance(&mut self, now: Timestamp, settings: &WorldSettings, outbox: &mut Vec<Effect>) {
        for cluster in self.clusters.values_mut() {
            cluster.advance(now, settings, outbox);
        }
        self.clusters.retain(|_, cluster| cluster.ended.is_none_or(|ended| after(ended, REMEMBERED) > now));
    }
}

impl Cluster {
    pub(crate) fn advance(&mut self, now: Timestamp, settings: &WorldSettings, outbox: &mut Vec<Effect>) {
        while self.pass_deadline(now, settings, outbox) {}
    }

    /// Lets the next thing happen that was due by `now`; false if nothing was due.
    fn pass_deadline(&mut self, now: Timestamp, settings: &WorldSettings, outbox: &mut Vec<Effect>) -> bool {
        let Some(at) = self.next_deadline().filter(|at| *at <= now) else {
            return false;
        };
        if self.apply_planned_fault(at, settings, outbox) {
            return true;
        }
        let state = self.state;
        match state {
            ClusterState::Starting if self.fail_in(FaultPhase::Starting, at, settings, outbox) => {}
            ClusterState::Starting => {
                self.enter(ClusterState::Bootstrapping, None, "Running bootstrap actions", at);
                self.due = Some(after(at, settings.pace.bootstrapping));
            }
            ClusterState::Bootstrapping if self.fail_in(FaultPhase::Bootstrapping, at, settings, outbox) => {}
            ClusterState::Bootstrapping => {
                self.enter(ClusterState::Running, None, "Running step", at);
                self.due = None;
                self.ready = Some(at);
                self.plan_faults(at);
                self.work_on(at, settings, outbox);
            }
            ClusterState::Waiting => {
                // The API has no code of its own for this; NV which one a real cluster shows.
                let message = "Terminated by the auto-termination policy: the cluster was idle";
                self.terminate(ReasonCode::AllStepsCompleted, message, at, &settings.pace, outbox);
            }
            ClusterState::Terminating => self.finish(at),
            ClusterState::Running | ClusterState::Terminated | ClusterState::TerminatedWithErrors => {
                self.due = None;
                return false;
            }
        }
        true
    }

    /// Starts what may start, and where nothing is left to do, waits or ends.
    pub(crate) fn work_on(&mut self, at: Timestamp, settings: &WorldSettings, outbox: &mut Vec<Effect>) {
        if !matches!(self.state, ClusterState::Running | ClusterState::Waiting) {
            return;
        }
        self.start_pending_steps(at, outbox);
        if self.active_steps() > 0 {
            if self.state == ClusterState::Waiting {
                self.enter(ClusterState::Running, None, "Running step", at);
            }
        } else if self.keep_alive {
            self.wait_for_steps(at);
        } else {
            let message = if self.steps.iter().any(|step| step.state == StepState::Failed) {
                "Steps completed with errors"
            } else {
                "Steps completed"
            };
            self.terminate(ReasonCode::AllStepsCompleted, message, at, &settings.pace, outbox);
        }
    }

    fn wait_for_steps(&mut self, at: Timestamp) {
        if self.state == ClusterState::Waiting {
            return;
        }
        let message = match self.steps.last().map(|step| step.state) {
            None => "Cluster ready to run steps.",
            Some(StepState::Completed) => "Cluster ready after last step completed.",
            Some(StepState::Cancelled) => "Cluster ready after last step cancelled.",
            Some(_) => "Cluster ready after last step failed.",
        };
        self.enter(ClusterState::Waiting, None, message, at);
        self.idle_since = Some(at);
    }

    fn start_pending_steps(&mut self, at: Timestamp, outbox: &mut Vec<Effect>) {
        let free = self.concurrency.saturating_sub(self.running_steps());
        let next: Vec<usize> =
            (0..self.steps.len()).filter(|&i| self.steps[i].is_pending()).take(free).collect();
        for index in next {
            self.steps[index].enter(StepState::Running, at);
            outbox.push(Effect::StartStep(Box::new(self.launch_of(index))));
        }
    }

    fn launch_of(&self, index: usize) -> StepLaunch {
        let step = &self.steps[index];
        StepLaunch {
            cluster_id: self.id.clone(),
            cluster_name: self.name.clone(),
            step_id: step.id.clone(),
            name: step.name.clone(),
            work: step.work.clone(),
            log_uri: step.log_uri.clone().or_else(|| self.requested("LogUri").map(str::to_owned)),
            release_label: self.requested("ReleaseLabel").unwrap_or_default().to_owned(),
            spark: self.has_application("Spark"),
            spark_defaults: self.configuration("spark-defaults"),
            logs: self.log_faults(),
            remarks: self.remarks(step),
        }
    }

    /// TERMINATING is over: no process is left, and its time has passed.
    fn finish(&mut self, due: Timestamp) {
        let last_end = self.steps.iter().filter_map(|step| step.ended).max();
        let at = last_end.map_or(due, |last_end| due.max(last_end));
        let Reason { code, message } = self.reason.clone();
        // Only a fault on purpose gives no code, and that end is not an error.
        let state = code.map_or(ClusterState::Terminated, ClusterState::final_for);
        self.enter(state, code, &message, at);
        self.due = None;
        self.ended = Some(at);
        self.plan_late_logs(at);
    }
}
