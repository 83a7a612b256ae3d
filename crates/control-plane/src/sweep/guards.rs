//! Schedules of ours whose clusters nobody needs any more, or that are gone.

use aws_sdk_scheduler::operation::get_schedule::GetScheduleOutput;
use emrys_core::record::{CallError, ErrorClass};
use emrys_core::run::GUARD_GROUP;
use emrys_core::spec::Spec;
use emrys_core::sweep::{ClusterUsage, Foreign, GuardNote, Label, by_form, by_name, by_tags, evaluate_guard};
use serde::Deserialize;

use super::{Records, describe};
use crate::actions;
use crate::clients::AwsContext;
use crate::clock::timestamp;
use crate::errors::{self, Failure};
use crate::observe::GUARD_NOT_FOUND as NOT_FOUND;
use crate::patience::patiently;
use crate::stop::Stop;

/// A schedule in the group of the guards, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweptGuard {
    /// The schedule.
    pub guard: GuardNote,
    /// What the name of its cluster says, where it is one of this pipeline's.
    pub label: Option<Label>,
    /// How it stands.
    pub usage: ClusterUsage,
}

/// Looks at all schedules in the group of the guards, oldest first. It only reads. Without `[guard]` there is nothing
/// to look for, and no right to do so is needed.
///
/// As with the clusters the order matters: first the schedule, then its cluster, then the record. A guard is made after
/// its cluster is recorded.
pub async fn survey_guards(aws: &AwsContext, spec: &Spec) -> Result<Vec<SweptGuard>, Stop> {
    if spec.config.guard.is_none() {
        return Ok(Vec::new());
    }
    let mut records = Records::new(aws, spec);
    let mut swept = Vec::new();
    for name in patiently(aws, async || list(aws).await).await? {
        // One that has fired since it was listed is gone.
        if let Some(guard) = patiently(aws, async || get(aws, &name).await).await? {
            let (label, usage) = usage_of(&mut records, &guard).await?;
            swept.push(SweptGuard { guard, label, usage });
        }
    }
    swept.sort_by(|a, b| (a.guard.created_at, &a.guard.name).cmp(&(b.guard.created_at, &b.guard.name)));
    Ok(swept)
}

/// Removes a guard; one that is gone is as good.
pub async fn remove_guard(aws: &AwsContext, name: &str) -> Result<(), CallError> {
    patiently(aws, async || actions::remove_guard(aws, name).await).await
}

async fn usage_of(
    records: &mut Records<'_>,
    guard: &GuardNote,
) -> Result<(Option<Label>, ClusterUsage), Stop> {
    let (aws, spec) = (records.aws, records.spec);
    let foreign = |foreign: Foreign| Ok((None, ClusterUsage::Foreign(foreign)));
    let id = match by_form(guard) {
        Ok(id) => id,
        Err(why) => return foreign(why),
    };
    let cluster = match patiently(aws, async || describe(aws, id).await).await {
        Ok(cluster) => cluster,
        // EMR does not know it, or no more: nobody can say whose it was. The schedule fires, and goes away by that.
        Err(error) if error.class == ErrorClass::Invalid => {
            return Ok((None, ClusterUsage::Unclear(error.to_string())));
        }
        Err(error) => return Err(error.into()),
    };
    let label = match by_name(spec, &cluster.name) {
        Ok(label) => label,
        Err(why) => return foreign(why),
    };
    if let Err(why) = by_tags(spec, &label, &cluster.tags) {
        return foreign(why);
    }
    let usage = records.evaluate(&cluster, &label).await?;
    let usage = evaluate_guard(guard, &label, &cluster, usage);
    Ok((Some(label), usage))
}

/// The names of all schedules in the group, over all pages.
async fn list(aws: &AwsContext) -> Result<Vec<String>, CallError> {
    let mut summaries =
        aws.scheduler.list_schedules().group_name(GUARD_GROUP).into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(summary) = summaries.next().await {
        match summary {
            Ok(summary) => found.extend(summary.name),
            // No guard was ever made.
            Err(error) if Failure::of(&error).code == NOT_FOUND => return Ok(Vec::new()),
            Err(error) => return Err(errors::call_error("could not list the schedules of guards", &error)),
        }
    }
    Ok(found)
}

async fn get(aws: &AwsContext, name: &str) -> Result<Option<GuardNote>, CallError> {
    match aws.scheduler.get_schedule().group_name(GUARD_GROUP).name(name).send().await {
        Ok(schedule) => Ok(Some(note(name, schedule))),
        Err(error) => match Failure::of(&error) {
            failure if failure.code == NOT_FOUND => Ok(None),
            failure => {
                Err(failure.into_call_error(&format!("could not look at the schedule {GUARD_GROUP}/{name}")))
            }
        },
    }
}

/// The input of TerminateJobFlows.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    job_flow_ids: Vec<String>,
}

fn note(name: &str, schedule: GetScheduleOutput) -> GuardNote {
    let created = schedule.creation_date;
    let target = schedule.target.filter(|target| target.arn == actions::GUARD_TARGET);
    let input = target.and_then(|target| serde_json::from_str(target.input()?).ok());
    let cluster = input.and_then(|Input { job_flow_ids }| <[String; 1]>::try_from(job_flow_ids).ok());
    GuardNote {
        name: name.to_owned(),
        created_at: created.as_ref().and_then(timestamp),
        due: schedule.schedule_expression.unwrap_or_default(),
        cluster: cluster.map(|[id]| id),
    }
}
