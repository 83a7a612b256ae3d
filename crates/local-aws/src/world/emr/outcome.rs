//! What the end of a step does to its cluster.
//!
//! | the step's process | was it asked to end? | the step becomes |
//! | --- | --- | --- |
//! | exit code 0 | either | COMPLETED: a cancel "does not guarantee that a step will be canceled" |
//! | anything else | by CancelSteps, or because the cluster ends | CANCELLED |
//! | anything else | no | FAILED |
//! | ended with the core nodes under it | no | FAILED |
//! | gone with the daemon or the primary node | no | INTERRUPTED |
//!
//! Only FAILED triggers ActionOnFailure (a cancelled step does not), and with a StepConcurrencyLevel above 1 not even
//! that: there every action is CONTINUE. INTERRUPTED means here that the cluster went away under the step, which AWS
//! does not document.

use jiff::Timestamp;

use super::Emr;
use super::cluster::Cluster;
use super::state::{ClusterState, StepState};
use super::step::{ActionOnFailure, Step, Stopping};
use crate::world::context::{Effect, FailureDetails, ReasonCode, StepEnd, StepExit, WorldSettings};

impl Emr {
    pub(crate) fn step_ended(
        &mut self,
        cluster_id: &str,
        step_id: &str,
        end: StepEnd,
        now: Timestamp,
        settings: &WorldSettings,
        outbox: &mut Vec<Effect>,
    ) {
        let Some(cluster) = self.clusters.get_mut(cluster_id) else {
            return;
        };
        let Some(index) = cluster.steps.iter().position(|step| step.id == step_id) else {
            return;
        };
        if !cluster.steps[index].state.has_process() {
            return;
        }
        let end = cluster.reported_end(&cluster.steps[index].name, end);
        let step = &mut cluster.steps[index];
        step.end(end, now);
        if step.state == StepState::Failed {
            let action = step.on_failure;
            cluster.react(action, now, settings, outbox);
        }
        cluster.work_on(now, settings, outbox);
        cluster.advance(now, settings, outbox);
    }

    /// The daemon that ran the steps is gone, and their processes with it.
    pub(crate) fn restarted(&mut self, now: Timestamp, settings: &WorldSettings, outbox: &mut Vec<Effect>) {
        for cluster in self.clusters.values_mut() {
            let mut lost = false;
            for step in cluster.steps.iter_mut().filter(|step| step.state.has_process()) {
                if step.stopping.is_some_and(|why| why != Stopping::NodeLost) {
                    step.enter(StepState::Cancelled, now);
                } else {
                    step.enter(StepState::Interrupted, now);
                    lost = true;
                }
            }
            if lost && cluster.state != ClusterState::Terminating {
                let message =
                    "The primary node was lost: the embedded AWS was stopped while a step was running";
                cluster.terminate(ReasonCode::InternalError, message, now, &settings.pace, outbox);
            } else {
                cluster.work_on(now, settings, outbox);
            }
        }
    }
}

impl Step {
    fn end(&mut self, end: StepEnd, at: Timestamp) {
        let state = match (&end.exit, self.stopping) {
            (StepExit::Exited(0), _) => StepState::Completed,
            (_, None | Some(Stopping::NodeLost)) => StepState::Failed,
            (_, Some(Stopping::Cancelled(_) | Stopping::ClusterEnds)) => StepState::Cancelled,
        };
        if state == StepState::Failed {
            let unknown =
                || FailureDetails { reason: Some("Unknown Error.".to_owned()), ..Default::default() };
            self.failure = Some(end.failure.unwrap_or_else(unknown));
        }
        self.enter(state, at);
    }
}

impl Cluster {
    /// Does what a failed step asks for. The cluster has its last word afterwards, in [`Cluster::work_on`]: a cluster
    /// that is not kept alive and has nothing left to do ends there.
    fn react(
        &mut self,
        action: ActionOnFailure,
        at: Timestamp,
        settings: &WorldSettings,
        outbox: &mut Vec<Effect>,
    ) {
        if self.state != ClusterState::Running || self.concurrency > 1 {
            return;
        }
        match action {
            ActionOnFailure::Continue => {}
            // "If the cluster has termination protection enabled AND auto-terminate disabled, it will not terminate."
            ActionOnFailure::TerminateCluster | ActionOnFailure::TerminateJobFlow
                if !(self.protected && self.keep_alive) =>
            {
                self.terminate(
                    ReasonCode::StepFailure,
                    "Shut down as step failed",
                    at,
                    &settings.pace,
                    outbox,
                );
            }
            ActionOnFailure::TerminateCluster
            | ActionOnFailure::TerminateJobFlow
            | ActionOnFailure::CancelAndWait => self.cancel_pending_steps(at),
        }
    }
}
