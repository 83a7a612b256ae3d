//! The world: the state of all services, and what calls, time and the ends of steps and queries do to it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::athena::Athena;
use super::cloudwatch::CloudWatch;
use super::context::{
    ApiError, CallContext, Effect, Ids, ListView, MadeCall, QueryEnd, Scope, StepEnd, WorldSettings,
};
use super::emr::Emr;
use super::glue::Glue;
use super::scheduler::{DueCall, Scheduler};
use super::sts;
use crate::services::{Operation, Service};

/// The whole state of the embedded AWS except for the objects in S3.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct World {
    settings: WorldSettings,
    ids: Ids,
    pub(super) emr: Emr,
    pub(super) cloudwatch: CloudWatch,
    #[serde(default)]
    scheduler: Scheduler,
    #[serde(default)]
    athena: Athena,
    #[serde(default)]
    pub(super) glue: Glue,
    /// The latest time so far: a clock that goes back does not take the world back.
    pub(super) clock: Timestamp,
    outbox: Vec<Effect>,
}

impl World {
    /// An empty world. Two worlds of one seed that get the same calls make the same ids.
    pub fn new(settings: WorldSettings, seed: u64) -> Self {
        Self {
            settings: settings.checked(),
            ids: Ids::new(seed),
            emr: Emr::default(),
            cloudwatch: CloudWatch::default(),
            scheduler: Scheduler::default(),
            athena: Athena::default(),
            glue: Glue::default(),
            clock: Timestamp::MIN,
            outbox: Vec::new(),
        }
    }

    /// The settings in force.
    pub fn settings(&self) -> &WorldSettings {
        &self.settings
    }

    /// Replaces the settings: a daemon that opens a persisted world gives it its own pace and scripts.
    pub fn set_settings(&mut self, settings: WorldSettings) {
        self.settings = settings.checked();
    }

    /// [`answer`](Self::answer) for an operation that is given by its name.
    pub fn call(
        &mut self,
        service: Service,
        operation: &str,
        input: &Value,
        context: &CallContext,
    ) -> Result<Value, ApiError> {
        match service.operation(operation) {
            Some(operation) => self.answer(operation, input, context),
            None => Err(ApiError::unknown_operation(service.name(), operation)),
        }
    }

    /// Answers one call. `input` and the output have the members of the service model, timestamps as seconds since
    /// 1970 (a number), blobs as base64. The input was already validated against the model: what is checked here is
    /// what a model cannot say.
    pub fn answer(
        &mut self,
        operation: Operation,
        input: &Value,
        context: &CallContext,
    ) -> Result<Value, ApiError> {
        self.advance_to(context.now);
        let context = &CallContext { now: self.clock, ..context.clone() };
        let settings = self.settings.with_view(context.view);
        let mut scope = Scope { settings: &settings, ids: &mut self.ids, context, outbox: &mut self.outbox };
        match operation {
            Operation::Emr(operation) => self.emr.call(operation, input, &mut scope),
            Operation::CloudWatch(operation) => self.cloudwatch.call(operation, input, &scope),
            Operation::Scheduler(operation) => self.scheduler.call(operation, input, &scope),
            Operation::Athena(operation) => self.athena.call(operation, input, &mut scope),
            Operation::Glue(operation) => self.glue.call(operation, input, &scope),
            Operation::Sts(operation) => Ok(sts::call(operation, context)),
        }
    }

    /// Runs everything that was due up to `now`, and hands out the effects that are waiting to be executed. A second
    /// call at the same time changes nothing and returns nothing.
    pub fn advance(&mut self, now: Timestamp) -> Vec<Effect> {
        self.advance_to(now);
        std::mem::take(&mut self.outbox)
    }

    /// When [`advance`](Self::advance) has something to do next, if ever. In the past or now when effects wait. Alarms
    /// do not count: only calls read their states, and a call evaluates first what was due before it.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        if !self.outbox.is_empty() {
            return Some(self.clock);
        }
        [self.emr.next_deadline(), self.scheduler.next_deadline(), self.athena.next_deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Records how a step's process ended, and what follows from it for the cluster. Unknown steps, and steps that
    /// are not running, are left alone.
    pub fn step_ended(&mut self, cluster_id: &str, step_id: &str, end: StepEnd, now: Timestamp) {
        self.advance_to(now);
        self.emr.step_ended(cluster_id, step_id, end, self.clock, &self.settings, &mut self.outbox);
    }

    /// To be called once when a saved world is opened again: the processes of running steps are gone with the daemon
    /// that ran them. To EMR that is a lost primary node: the step becomes INTERRUPTED and its cluster ends
    /// TERMINATED_WITH_ERRORS with INTERNAL_ERROR. A step that was being stopped becomes CANCELLED, and its cluster
    /// keeps its own reason.
    pub fn restarted(&mut self, now: Timestamp) {
        self.clock = self.clock.max(now);
        self.outbox.clear();
        self.athena.restarted(self.clock);
        self.emr.restarted(self.clock, &self.settings, &mut self.outbox);
        self.advance_to(now);
    }

    /// Records how a query ended. Unknown queries, and those that have ended already, are left alone.
    pub fn query_ended(&mut self, id: &str, end: QueryEnd, now: Timestamp) {
        self.advance_to(now);
        self.athena.query_ended(id, end, self.clock);
    }

    /// Whether a fault on purpose shows this state of a cluster or step.
    pub fn is_unknown_state(&self, state: &str) -> bool {
        self.emr.is_unknown_state(state)
    }

    /// Whether no cluster is alive, no log is outstanding and no query runs: nothing happens any more until somebody
    /// calls.
    pub fn is_idle(&self) -> bool {
        self.emr.is_idle() && self.athena.is_idle()
    }

    fn advance_to(&mut self, now: Timestamp) {
        let before = self.clock;
        self.clock = self.clock.max(now);
        while let Some(due) = self.scheduler.next_deadline().filter(|due| *due <= self.clock) {
            // What was due before its schedule was made, or before this call, is done now and not then.
            let at = due.max(before);
            self.emr.advance(at, &self.settings, &mut self.outbox);
            for call in self.scheduler.take_due(at) {
                self.make_call(call, at);
            }
        }
        self.emr.advance(self.clock, &self.settings, &mut self.outbox);
        self.cloudwatch.advance(self.clock);
        self.athena.advance(self.clock, || self.glue.catalog(), &mut self.outbox);
    }
}

impl World {
    /// Makes a call that a schedule is due to make.
    fn make_call(&mut self, call: DueCall, at: Timestamp) {
        let context = CallContext {
            now: at,
            region: call.region,
            account: call.account,
            access_key: String::new(),
            view: ListView::default(),
        };
        let mut scope = Scope {
            settings: &self.settings,
            ids: &mut self.ids,
            context: &context,
            outbox: &mut self.outbox,
        };
        let error = self.emr.call(call.operation, &call.input, &mut scope).err();
        self.outbox.push(Effect::Called(Box::new(MadeCall {
            at,
            by: "scheduler".to_owned(),
            service: Service::Emr,
            operation: call.operation,
            input: call.input,
            error,
        })));
    }
}
