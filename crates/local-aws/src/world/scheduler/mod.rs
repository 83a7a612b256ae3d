//! EventBridge Scheduler, API 2021-06-30, as far as a guard needs it: one-time schedules that end clusters.
//!
//! ```text
//! schedule     CreateSchedule, GetSchedule, DeleteSchedule, ListSchedules
//! group        the groups that schedules are in
//! expression   at(…): when
//! target       which call a schedule makes
//! ```
//!
//! What is refused by name: expressions other than `at(…)`, targets other than EMR's TerminateJobFlows, dead-letter
//! queues. What is simpler than at AWS:
//!
//! - A schedule makes its call at its very time (AWS: within 60 seconds), and once: what EMR refuses, such as to end a
//!   protected cluster, is not tried again.
//! - A time that has passed already is now (NV what AWS makes of it).
//! - A group that is deleted is gone at once, with its schedules (AWS: after a while in the state DELETING).
//! - The role is not assumed.
//!
//! The world makes the call on its own EMR, and hands out an [`Effect::Called`](crate::world::Effect) for the journal.

mod expression;
mod group;
mod schedule;
mod target;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::group::Group;
use self::schedule::Schedule;
use crate::services::{EmrOperation, SchedulerOperation};
use crate::world::context::{ApiError, Scope};

/// The group that is always there.
const DEFAULT_GROUP: &str = "default";

/// All groups by name, each with its schedules.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Scheduler {
    groups: BTreeMap<String, Group>,
}

/// A call to EMR that a schedule makes.
pub(crate) struct DueCall {
    pub(crate) operation: EmrOperation,
    pub(crate) input: Value,
    pub(crate) region: String,
    pub(crate) account: String,
}

impl Scheduler {
    pub(crate) fn call(
        &mut self,
        operation: SchedulerOperation,
        input: &Value,
        scope: &Scope<'_>,
    ) -> Result<Value, ApiError> {
        let Scope { context, settings, .. } = scope;
        match operation {
            SchedulerOperation::CreateSchedule => self.create_schedule(input, context),
            SchedulerOperation::GetSchedule => self.get_schedule(input),
            SchedulerOperation::DeleteSchedule => self.delete_schedule(input),
            SchedulerOperation::ListSchedules => self.list_schedules(input, settings),
            SchedulerOperation::CreateScheduleGroup => self.create_group(input, context),
            SchedulerOperation::GetScheduleGroup => self.get_group(input, context),
            SchedulerOperation::ListScheduleGroups => self.list_groups(input, context, settings),
            SchedulerOperation::DeleteScheduleGroup => self.delete_group(input),
        }
    }

    /// When a schedule is due next.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        self.schedules().filter_map(Schedule::due).min()
    }

    /// What schedules do that were due by `now`. Those that are to be deleted afterwards are.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Vec<DueCall> {
        let mut calls = Vec::new();
        for group in self.groups.values_mut() {
            group.schedules.retain(|_, schedule| {
                if schedule.due().is_none_or(|at| at > now) {
                    return true;
                }
                calls.push(schedule.make_call());
                !schedule.is_deleted_after()
            });
        }
        calls
    }

    fn schedules(&self) -> impl Iterator<Item = &Schedule> {
        self.groups.values().flat_map(|group| group.schedules.values())
    }
}

fn not_found(message: impl Into<String>) -> ApiError {
    ApiError::new("ResourceNotFoundException", message, 404)
}

fn conflict(message: impl Into<String>) -> ApiError {
    ApiError::new("ConflictException", message, 409)
}
