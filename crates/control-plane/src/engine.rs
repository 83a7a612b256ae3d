//! The loop that drives a run: `decide` says what comes next, and here it happens.

mod publishing;

use std::time::Duration;

use bytes::Bytes;
use emrys_core::cluster_request::run_job_flow;
use emrys_core::record::{Actor, CallError, Effect, Event, LaunchIntent, Outcome, PinnedInputs, Recorded};
use emrys_core::run::{
    Action, Decision, Leave, Observation, Observations, Probe, WaitReason, decide, renewal_due,
};
use emrys_core::spec::Spec;
use jiff::Timestamp;

use crate::actions::{self, Launched};
use crate::budget::{Deadline, JITTER};
use crate::clients::AwsContext;
use crate::clock::later;
use crate::interrupt::{Interrupt, Interrupts};
use crate::ledger::Ledger;
use crate::ledger_error::LedgerError;
use crate::listener::RunListener;
use crate::patience::patiently;
use crate::status::whole_status;
use crate::stop::Stop;
use crate::{objects, observe};

/// How the driving of a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// The run is over.
    Closed(Outcome),
    /// The user stopped watching. The run goes on.
    StoppedWatching,
    /// The cluster is launched and recorded, and that was all that was asked for. The run goes on.
    Detached,
    /// AWS could not be watched any longer. The run goes on, where it had got so far.
    Left(Leave),
}

/// What one drive came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Drive {
    /// It ended, and there is nothing to wait for.
    Ended(How),
    /// Nothing is to be done until then, and it is too long to be sat out: the cluster is at work, or the budget is at
    /// its end. Whoever drives next may come at any time, by another process as well.
    WaitUntil {
        /// When there is something to do again, by the clock of who drove.
        at: Timestamp,
        /// What is waited for.
        why: WaitReason,
    },
}

/// A run that is driven, by who holds its lease.
pub(crate) struct Engine<'a, 'l> {
    aws: &'a AwsContext,
    spec: &'a Spec,
    ledger: &'a mut Ledger<'l>,
    observations: Observations,
    listener: &'a mut dyn RunListener,
    interrupts: &'a mut Interrupts,
    /// Whether to leave once the cluster is launched.
    pub(crate) detach: bool,
    /// Whether the catalog is observed when the run is over.
    pub(crate) reconciles: bool,
    /// Until when short waits are sat out.
    pub(crate) deadline: Deadline,
}

impl<'a, 'l> Engine<'a, 'l> {
    pub(crate) fn new(
        aws: &'a AwsContext,
        spec: &'a Spec,
        ledger: &'a mut Ledger<'l>,
        listener: &'a mut dyn RunListener,
        interrupts: &'a mut Interrupts,
    ) -> Self {
        Self {
            aws,
            spec,
            ledger,
            observations: Observations::default(),
            listener,
            interrupts,
            detach: false,
            reconciles: true,
            deadline: Deadline::NONE,
        }
    }

    /// Drives the run to its end, or until somebody or something stops it: drive after drive, with the lease in the
    /// hand. The waits between them are sat out.
    pub(crate) async fn drive_to_end(&mut self) -> Result<How, Stop> {
        loop {
            match self.drive().await? {
                Drive::Ended(how) => return Ok(how),
                Drive::WaitUntil { at, why } => {
                    if let Some(how) = self.sit_out(at, &why).await? {
                        return Ok(how);
                    }
                }
            }
        }
    }

    /// Drives the run until its next long wait, or its end. When it is over the catalog is observed, and put right,
    /// once: a publisher that was cut off, or woke up late, left it serving something else than the record says.
    pub(crate) async fn drive(&mut self) -> Result<Drive, Stop> {
        let drive = self.turns().await?;
        let is_over = matches!(drive, Drive::Ended(How::Closed(_)));
        if is_over && self.reconciles && self.has_drifted().await? { self.turns().await } else { Ok(drive) }
    }

    /// Says that the run is driven from here on.
    pub(crate) fn begin(&mut self) {
        self.listener.began(self.ledger.state());
    }

    /// Records that somebody wants a day that is over run again.
    pub(crate) async fn reopen(&mut self, by: Actor) -> Result<(), Stop> {
        self.append(vec![Event::Reopened { by }]).await
    }

    /// Whether the catalog serves something else than the record says; that is recorded, and so it becomes an action.
    async fn has_drifted(&mut self) -> Result<bool, Stop> {
        if !self.aws.safeguards.reconciliation() {
            return Ok(false);
        }
        let event = match observe::catalog_drift(self.aws, self.spec, self.ledger.state()).await {
            Ok(Some(event)) => event,
            Ok(None) => return Ok(false),
            Err(error) => {
                // Nothing rests on it: the next look asks again.
                tracing::warn!(%error, "could not look at what the catalog serves");
                return Ok(false);
            }
        };
        self.append(vec![event]).await?;
        Ok(true)
    }

    /// Turn after turn, until there is nothing left to do by the record, or a wait that is not sat out.
    async fn turns(&mut self) -> Result<Drive, Stop> {
        loop {
            if let Some(interrupt) = self.interrupts.pending()
                && let Some(how) = self.interrupted(interrupt).await?
            {
                return Ok(Drive::Ended(how));
            }
            let now = self.aws.clock.now();
            match decide(self.spec, self.ledger.state(), &self.observations, now, self.aws.pace()) {
                Decision::Observe(probes) => self.observe(&probes).await?,
                Decision::Record(events) => self.record(events).await?,
                Decision::Renew => self.ledger.renew().await?,
                Decision::Execute(Action::Launch(intent)) => self.launch(intent).await?,
                Decision::Execute(action) => self.execute(action).await?,
                Decision::Wait { why, .. } if self.may_detach(&why) => {
                    return Ok(Drive::Ended(How::Detached));
                }
                Decision::Wait { until, why } if self.is_handed_back(now, until, &why) => {
                    return Ok(Drive::WaitUntil { at: until, why });
                }
                Decision::Wait { until, why } => {
                    if let Some(how) = self.sit_out(until, &why).await? {
                        return Ok(Drive::Ended(how));
                    }
                }
                Decision::Leave(leave) => return Ok(Drive::Ended(How::Left(leave))),
                Decision::Done(outcome) => return Ok(Drive::Ended(How::Closed(outcome))),
            }
        }
    }

    /// Whether a wait is not sat out within a drive: what it is for takes as long as a cluster does, or it would end
    /// after the drive's time.
    fn is_handed_back(&self, now: Timestamp, until: Timestamp, why: &WaitReason) -> bool {
        let is_long = why.is_long() && !self.is_for_the_guard(until);
        is_long || !self.deadline.leaves_room_for(self.aws, until.duration_since(now))
    }

    /// Whether the guard's group could not be observed, and is then again: while the cluster is at work, and with
    /// nothing held up by it. It is given up by what one process remembers of its tries.
    fn is_for_the_guard(&self, until: Timestamp) -> bool {
        let failed = self.observations.guard_group.as_ref().filter(|observed| observed.value.is_err());
        failed.is_some_and(|observed| until == later(observed.at, self.aws.pace().backoff(observed.tries)))
    }

    /// Waits, and does what the user wants who comes in between; gives how the driving ended, if it did. The lease is
    /// renewed before the wait ends, where that is due: then the next turn waits on.
    async fn sit_out(&mut self, until: Timestamp, why: &WaitReason) -> Result<Option<How>, Stop> {
        let renewal = renewal_due(self.ledger.state(), self.aws.pace());
        let until = renewal.map_or(until, |due| until.min(due));
        match self.wait(until, why).await {
            Some(interrupt) => self.interrupted(interrupt).await,
            None => Ok(None),
        }
    }

    /// Whether there is nothing left to do for a run that is to be left: its cluster is known, and so is how it is.
    fn may_detach(&self, why: &WaitReason) -> bool {
        let attempt = self.ledger.state().attempt();
        self.detach
            && !matches!(why, WaitReason::CallFailed(_))
            && attempt.is_some_and(|attempt| attempt.cluster().is_some())
    }

    async fn observe(&mut self, probes: &[Probe]) -> Result<(), Stop> {
        for probe in probes {
            let mut observation = observe::observe(self.aws, self.spec, probe).await;
            self.without_safeguards(&mut observation);
            if let Err(error) = &observation {
                tracing::warn!(?probe, %error, "an observation failed");
            }
            self.listener.observed(probe, observation.as_ref());
            self.observations.absorb(probe, self.aws.clock.now(), observation);
        }
        if probes.iter().any(|probe| matches!(probe, Probe::Cluster { .. })) {
            self.look_for_a_cancel().await?;
        }
        Ok(())
    }

    /// Where a safeguard is switched off, so is the net that lies below it: what it shows is that the one is needed.
    fn without_safeguards(&self, observation: &mut Result<Observation, CallError>) {
        let safeguards = self.aws.safeguards;
        match observation {
            Ok(Observation::Launch { clusters }) if !safeguards.adoption() => clusters.clear(),
            Ok(Observation::LateLaunches { found })
                if !safeguards.adoption() || !safeguards.unrecorded_cluster() =>
            {
                found.clear();
            }
            _ => {}
        }
    }

    /// Somebody else may want the run to end; only who drives it can record that.
    async fn look_for_a_cancel(&mut self) -> Result<(), Stop> {
        let state = self.ledger.state();
        if state.cancel.is_some() || state.closed.is_some() {
            return Ok(());
        }
        let begun = begun(self.ledger.events());
        match observe::cancel_request(self.aws, self.spec).await {
            Ok(Some(request)) if request.is_about(&state.ledger, begun) => self.cancel(request.by).await,
            Ok(_) => Ok(()),
            Err(error) => {
                // The next look asks again.
                tracing::warn!(%error, "could not look for a request to cancel");
                Ok(())
            }
        }
    }

    async fn record(&mut self, mut events: Vec<Event>) -> Result<(), Stop> {
        for event in &mut events {
            match event {
                Event::Verified { verdict } if !self.aws.safeguards.verification() => {
                    verdict.problems.clear();
                }
                // First the document, then the event that says it is there. What follows on another attempt reads
                // what that one was to read.
                Event::AttemptStarted { inputs, retry: None, .. } => self.write_inputs(inputs).await?,
                Event::AttemptEnded { .. } => self.keep_cluster().await,
                _ => {}
            }
        }
        self.append(events).await
    }

    async fn append(&mut self, events: Vec<Event>) -> Result<(), Stop> {
        for recorded in self.ledger.append(events).await? {
            self.listener.recorded(&recorded, self.ledger.state());
        }
        Ok(())
    }

    /// Writes the document that names the input of an attempt.
    async fn write_inputs(&self, inputs: &PinnedInputs) -> Result<(), Stop> {
        let listing = self.observations.inputs.as_ref().and_then(|observed| observed.value.as_ref().ok());
        let listing = listing.filter(|listing| listing.pinned(self.spec) == *inputs).ok_or_else(|| {
            CallError::invalid(format!("the input that {} is to name was not looked at", inputs.uri))
        })?;
        let uri = self.spec.inputs_uri(&inputs.digest);
        let document = Bytes::from(listing.document(self.spec));
        patiently(self.aws, async || objects::put(self.aws, &uri, document.clone()).await).await?;
        Ok(())
    }

    /// Keeps what EMR says of the attempt's cluster, which EMR itself forgets after two months. It never fails a run.
    async fn keep_cluster(&self) {
        let Some(attempt) = self.ledger.state().attempt() else {
            return;
        };
        let Some(cluster) = attempt.cluster() else { return };
        let uri = self.spec.attempt_uri(attempt.number, "cluster.json");
        let keep = async || {
            let answers = observe::archive(self.aws, &cluster.id).await?;
            objects::put(self.aws, &uri, Bytes::from(format!("{answers:#}\n"))).await
        };
        if let Err(error) = patiently(self.aws, keep).await {
            tracing::warn!(%uri, %error, "what EMR says of the cluster could not be kept");
        }
    }

    /// Does what may be repeated. An error with it is remembered, and `decide` says when it is tried again.
    async fn execute(&mut self, action: Action) -> Result<(), Stop> {
        self.listener.executing(&action);
        let result = match &action {
            Action::Publish(intent) => self.publish(intent).await?,
            _ => actions::execute(self.aws, self.spec, self.ledger.state().attempt(), &action).await,
        };
        match result {
            Ok(()) => {
                self.observations.action_ended(&action, self.aws.clock.now(), Ok(()));
                // A launch is the one action without: see `Engine::launched`.
                let Some(effect) = action.effect() else { return Ok(()) };
                self.append(vec![Event::ActionFinished { effect }]).await
            }
            Err(error) => {
                self.action_met_error(&action, error);
                Ok(())
            }
        }
    }

    /// An action failed: `decide` says when it is tried again.
    fn action_met_error(&mut self, action: &Action, error: CallError) {
        tracing::warn!(action = action.label(), %error, "an action failed");
        self.listener.action_failed(action, &error);
        self.observations.action_ended(action, self.aws.clock.now(), Err(error));
    }

    /// Uploads what a launch names and is not there. Who takes an attempt up may have another job than who began it: it
    /// was edited since, or comes with another version of Emrys. Who began it has looked.
    async fn stage_the_job_of_now(&mut self) -> Result<(), CallError> {
        if self.observations.job.as_ref().is_some_and(|observed| observed.value.is_ok()) {
            return Ok(());
        }
        let observation = observe::observe(self.aws, self.spec, &Probe::Job).await?;
        if let Observation::Job { unstaged } = &observation
            && !unstaged.is_empty()
        {
            let stage = Action::StageJob { uris: unstaged.clone() };
            actions::execute(self.aws, self.spec, self.ledger.state().attempt(), &stage).await?;
        }
        self.observations.absorb(&Probe::Job, self.aws.clock.now(), Ok(observation));
        Ok(())
    }

    /// Launches a cluster: what is intended is recorded, then it is asked for, once, and what came of it is recorded.
    async fn launch(&mut self, intent: LaunchIntent) -> Result<(), Stop> {
        // Nobody looks at a cluster yet, which is when the request would be seen, and none should come to be.
        self.look_for_a_cancel().await?;
        if self.ledger.state().cancel.is_some() {
            return Ok(());
        }
        let action = Action::Launch(intent.clone());
        let Some(job) = self.spec.job() else {
            self.action_met_error(&action, observe::job_not_read());
            return Ok(());
        };
        if let Err(error) = self.stage_the_job_of_now().await {
            self.action_met_error(&action, error);
            return Ok(());
        }
        self.append(vec![Event::LaunchIntended(intent.clone())]).await?;
        let state = self.ledger.state();
        let (Some(inputs), Some(intended_at)) = (
            state.attempt().map(|attempt| attempt.inputs.clone()),
            self.ledger.events().last().map(|recorded| recorded.at),
        ) else {
            return Ok(());
        };
        let request = run_job_flow(self.spec, job, &intent, &inputs, intended_at);
        let limit = action_limit(self.aws);
        self.ledger.must_hold_for(limit).await?;
        self.listener.executing(&action);
        let event = match actions::launch(self.aws, &request, limit).await {
            Launched::Done { cluster } => return self.launched(&intent, cluster).await,
            Launched::Refused(error) => Event::LaunchRefused { error },
            Launched::Unclear(why) => Event::LaunchUnclear { why },
        };
        self.append(vec![event]).await
    }

    /// Records a cluster. One that cannot be recorded is left to be adopted, where the record may yet do that: its
    /// launch was recorded before it was made. All others would be nobody's, and are ended at once.
    async fn launched(&mut self, intent: &LaunchIntent, cluster: String) -> Result<(), Stop> {
        let event = Event::ActionFinished { effect: Effect::Launched { cluster: cluster.clone() } };
        let Err(stop) = self.append(vec![event]).await else {
            return Ok(());
        };
        if !self.aws.safeguards.unrecorded_cluster() {
            return Err(stop);
        }
        if self.may_be_adopted(intent, &cluster).await {
            tracing::warn!(%cluster, error = %stop, "the cluster cannot be recorded, and is left to who drives next");
            return Err(stop);
        }
        tracing::error!(%cluster, error = %stop, "the cluster cannot be recorded, and is ended");
        if let Err(error) = patiently(self.aws, async || actions::terminate(self.aws, &cluster).await).await {
            tracing::error!(%cluster, %error, "the cluster could not be ended: it ends after its steps");
        }
        Err(stop)
    }

    /// Whether the record, as it is by now, has accepted a cluster or may yet. Where it cannot be read, who drives next
    /// knows better.
    async fn may_be_adopted(&self, intent: &LaunchIntent, cluster: &str) -> bool {
        match whole_status(self.aws, self.spec).await {
            Ok(run) => run.is_some_and(|run| run.state.may_accept(&intent.nonce, cluster)),
            // A later version has written there, and launches are recorded by all of them.
            Err(Stop::Ledger(LedgerError::TooNew { .. })) => true,
            Err(Stop::Ledger(_)) => false,
            Err(_) => true,
        }
    }

    /// Waits, and listens to the user meanwhile. Nothing else listens, so no act is ever broken off.
    async fn wait(&mut self, until: Timestamp, why: &WaitReason) -> Option<Interrupt> {
        self.listener.waiting(until, why, self.ledger.state());
        let now = self.aws.clock.now();
        let until = later(until, until.duration_since(now).mul_f64(JITTER * self.aws.chance()));
        tokio::select! {
            biased;
            interrupt = self.interrupts.next() => Some(interrupt),
            () = self.aws.clock.sleep_until(until) => None,
        }
    }

    async fn interrupted(&mut self, interrupt: Interrupt) -> Result<Option<How>, Stop> {
        match interrupt {
            Interrupt::StopWatching => Ok(Some(How::StoppedWatching)),
            Interrupt::Cancel { by } => self.cancel(by).await.map(|()| None),
        }
    }

    async fn cancel(&mut self, by: String) -> Result<(), Stop> {
        let state = self.ledger.state();
        if state.cancel.is_some() || state.closed.is_some() {
            return Ok(());
        }
        self.append(vec![Event::CancelRequested { by: Actor(by) }]).await
    }
}

/// How long a launch may take, and the publishing of a table: a lease that was just renewed outlasts it by half.
pub(crate) fn action_limit(aws: &AwsContext) -> Duration {
    Duration::try_from(aws.pace().lease / 2).unwrap_or_default()
}

/// The event by which the run at hand began.
fn begun(events: &[Recorded]) -> u64 {
    let begin =
        |recorded: &&Recorded| matches!(recorded.event, Event::Opened { .. } | Event::Reopened { .. });
    events.iter().rev().find(begin).map_or(0, |recorded| recorded.seq)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_begins_when_its_day_is_opened_or_opened_again() {
        let at = "2024-10-21T03:00:00Z".parse().unwrap();
        let recorded = |(seq, event)| Recorded { seq, at, fence: 1, event };
        let by = Actor("ann".to_owned());
        let mut events = vec![
            recorded((1, Event::Opened { ledger: "1d".into() })),
            recorded((2, Event::CancelRequested { by: by.clone() })),
        ];
        assert_eq!(begun(&events), 1);
        events.push(recorded((3, Event::Closed { outcome: Outcome::Cancelled })));
        events.push(recorded((4, Event::Reopened { by })));
        assert_eq!(begun(&events), 4);
        assert_eq!(begun(&[]), 0);
    }
}
