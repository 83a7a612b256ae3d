//! What is observed and recorded once the cluster is gone: the check of the output, the cause of a failure, the
//! reports.

#![deny(clippy::wildcard_enum_match_arm)]

use super::super::attempt::Reporting;
use super::super::failure_policy::{Disposition, Failed, Failures, Moment, rule};
use super::super::retry::retry;
use super::{
    Attempt, AttemptResult, Cluster, Decision, Event, LaunchIntent, Launched, Observer, OrDecision, Outcome,
    Probe, WaitReason, diagnosis, later, record,
};
use crate::emr::{Step, StepState};
use crate::verify;

impl Observer<'_> {
    /// The cluster is gone: what came of it?
    pub(super) fn gone(&self, attempt: &Attempt, launched: &Launched) -> Decision {
        let Launched { intent, cluster, .. } = launched;
        if let Err(first) = self.nothing_is_left(attempt) {
            return first;
        }
        if cluster.are_steps_completed() {
            return self.verify(attempt, intent).unwrap_or_else(|first| first);
        }
        if self.state.cancel.is_some() {
            return record(Event::AttemptEnded { result: AttemptResult::Cancelled });
        }
        self.diagnose(attempt, cluster)
    }

    fn verify(&self, attempt: &Attempt, intent: &LaunchIntent) -> OrDecision<Decision> {
        let Some(verdict) = &attempt.verdict else {
            let folder = self.spec.output_folder(intent).to_string();
            let observed = self.observations.output.as_ref().filter(|observed| observed.of == folder);
            let output = self.value_of(observed, Probe::Output { folder })?;
            return Ok(record(Event::Verified {
                verdict: verify::check(self.spec, attempt.intent(), attempt.started_at, output),
            }));
        };
        if verdict.is_good() {
            return Ok(record(Event::AttemptEnded { result: AttemptResult::Succeeded }));
        }
        let folder = self.spec.output_folder(intent).to_string();
        Ok(fail(attempt, || diagnosis::of_output(verdict, &folder)))
    }

    /// The attempt failed. Emrys waits for a log that says why, for a limited time.
    fn diagnose(&self, attempt: &Attempt, cluster: &Cluster) -> Decision {
        let Some(step) = culprit(cluster).filter(|_| attempt.diagnosis.is_none()) else {
            return fail(attempt, || diagnosis::of_cluster(cluster.at_its_end()));
        };
        let probe = Probe::StepLog { cluster: cluster.id.clone(), step: step.id.clone() };
        let Some(observed) = self.observations.step_log.as_ref().filter(|observed| observed.of == step.id)
        else {
            return Decision::Observe(vec![probe]);
        };
        let logs = observed.value.as_deref().unwrap_or_default();
        let until = later(cluster.moved_at, self.pace.logs);
        let (is_over, pause, why) = match &observed.value {
            // An earlier upload may end before the error: it counts only when no better one comes in time.
            Ok(logs) => {
                let is_over = self.now >= until || logs.iter().any(diagnosis::says_why);
                (is_over, self.pace.poll_early, WaitReason::Logs)
            }
            Err(error) => {
                let rule = rule(Failed::ObserveStepLog, error.class);
                let lasting = self.now.duration_since(cluster.moved_at);
                let disposition = rule.disposition(Failures { times: observed.tries, lasting }, self.pace);
                let pause = rule.pause(observed.tries, self.pace);
                (disposition != Disposition::Retry, pause, WaitReason::CallFailed(error.clone()))
            }
        };
        if is_over {
            let folder = self.spec.log_uri().join(&format!("{}/steps/{}/", cluster.id, step.id));
            return fail(attempt, || {
                diagnosis::of_step(step, cluster.at_its_end(), logs, &folder.to_string())
            });
        }
        let next = later(observed.at, pause);
        if self.now >= next { Decision::Observe(vec![probe]) } else { self.wait(next.min(until), why) }
    }

    /// The attempt is over: metrics and alarm, and then the end. Neither fails a run.
    pub(super) fn report(&self, attempt: &Attempt, result: AttemptResult) -> Decision {
        if let Some(deferred) = self.deferred {
            return self.after_failed_action(deferred, Moment::Blocking);
        }
        if let Some(retry) = retry(self.spec, self.state, attempt) {
            // It reads the same input, as it was pinned, with the same job.
            return record(Event::AttemptStarted {
                attempt: attempt.number + 1,
                inputs: attempt.inputs.clone(),
                unstaged: attempt.unstaged.clone(),
                retry: Some(retry),
            });
        }
        if let Some(first) = self.publish(attempt) {
            return first;
        }
        if attempt.alarm == Reporting::Open {
            return match self.value_of(self.observations.alarm.as_ref(), Probe::Alarm) {
                Ok(current) => record(Event::AlarmChecked { current: *current }),
                Err(first) => first,
            };
        }
        record(Event::Closed {
            outcome: match result {
                AttemptResult::Succeeded if attempt.publishing.is_given_up() => Outcome::Failed,
                AttemptResult::Succeeded => Outcome::Succeeded,
                AttemptResult::Cancelled => Outcome::Cancelled,
                AttemptResult::Failed => Outcome::Failed,
            },
        })
    }
}

/// The end of an attempt that failed, with a diagnosis.
fn fail(attempt: &Attempt, diagnose: impl FnOnce() -> crate::record::Diagnosis) -> Decision {
    let ended = Event::AttemptEnded { result: AttemptResult::Failed };
    if attempt.diagnosis.is_some() {
        return record(ended);
    }
    Decision::Record(vec![Event::Diagnosed { diagnosis: diagnose() }, ended])
}

/// The step whose log says why the attempt failed.
fn culprit(cluster: &Cluster) -> Option<&Step> {
    let first = |state: &StepState| cluster.steps.iter().find(|step| step.state == *state);
    first(&StepState::Failed).or_else(|| first(&StepState::Interrupted))
}
