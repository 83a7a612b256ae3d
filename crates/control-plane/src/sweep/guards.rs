//! Schedules of ours whose clusters nobody needs any more, or that are gone.

use aws_sdk_scheduler::operation::get_schedule::GetScheduleOutput;
use emrys_core::run::{GUARD_GROUP, Trouble, TroubleKind};
use emrys_core::spec::Spec;
use emrys_core::sweep::{Foreign, GuardNote, Label, Standing, by_form, by_name, by_tags, judge_guard};
use serde::Deserialize;

use super::{Records, describe};
use crate::acts;
use crate::clients::ControlPlane;
use crate::clock::timestamp;
use crate::errors::{self, Failure};
use crate::looks::GUARD_NOT_FOUND as NOT_FOUND;
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
    pub standing: Standing,
}

/// Looks at all schedules in the group of the guards, oldest first. It only reads. Without `[guard]` there is nothing
/// to look for, and no right to do so is needed.
///
/// As with the clusters the order matters: first the schedule, then its cluster, then the record. A guard is made after
/// its cluster is recorded.
pub async fn survey_guards(cp: &ControlPlane, spec: &Spec) -> Result<Vec<SweptGuard>, Stop> {
    if spec.config.guard.is_none() {
        return Ok(Vec::new());
    }
    let mut records = Records::new(cp, spec);
    let mut swept = Vec::new();
    for name in patiently(cp, async || list(cp).await).await? {
        // One that has fired since it was listed is gone.
        if let Some(guard) = patiently(cp, async || get(cp, &name).await).await? {
            let (label, standing) = stand(&mut records, &guard).await?;
            swept.push(SweptGuard { guard, label, standing });
        }
    }
    swept.sort_by(|a, b| (a.guard.created_at, &a.guard.name).cmp(&(b.guard.created_at, &b.guard.name)));
    Ok(swept)
}

/// Removes a guard; one that is gone is as good.
pub async fn remove_guard(cp: &ControlPlane, name: &str) -> Result<(), Trouble> {
    patiently(cp, async || acts::remove_guard(cp, name).await).await
}

async fn stand(records: &mut Records<'_>, guard: &GuardNote) -> Result<(Option<Label>, Standing), Stop> {
    let (cp, spec) = (records.cp, records.spec);
    let foreign = |foreign: Foreign| Ok((None, Standing::Foreign(foreign)));
    let id = match by_form(guard) {
        Ok(id) => id,
        Err(why) => return foreign(why),
    };
    let cluster = match patiently(cp, async || describe(cp, id).await).await {
        Ok(cluster) => cluster,
        // EMR does not know it, or no more: nobody can say whose it was. The schedule fires, and goes away by that.
        Err(trouble) if trouble.kind == TroubleKind::Invalid => {
            return Ok((None, Standing::Unclear(trouble.to_string())));
        }
        Err(trouble) => return Err(trouble.into()),
    };
    let label = match by_name(spec, &cluster.name) {
        Ok(label) => label,
        Err(why) => return foreign(why),
    };
    if let Err(why) = by_tags(spec, &label, &cluster.tags) {
        return foreign(why);
    }
    let standing = records.judge(&cluster, &label).await?;
    let standing = judge_guard(guard, &label, &cluster, standing);
    Ok((Some(label), standing))
}

/// The names of all schedules in the group, over all pages.
async fn list(cp: &ControlPlane) -> Result<Vec<String>, Trouble> {
    let mut summaries = cp.scheduler.list_schedules().group_name(GUARD_GROUP).into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(summary) = summaries.next().await {
        match summary {
            Ok(summary) => found.extend(summary.name),
            // No guard was ever made.
            Err(error) if Failure::of(&error).code == NOT_FOUND => return Ok(Vec::new()),
            Err(error) => return Err(errors::trouble("could not list the schedules of guards", &error)),
        }
    }
    Ok(found)
}

async fn get(cp: &ControlPlane, name: &str) -> Result<Option<GuardNote>, Trouble> {
    match cp.scheduler.get_schedule().group_name(GUARD_GROUP).name(name).send().await {
        Ok(schedule) => Ok(Some(note(name, schedule))),
        Err(error) => match Failure::of(&error) {
            failure if failure.code == NOT_FOUND => Ok(None),
            failure => {
                Err(failure.into_trouble(&format!("could not look at the schedule {GUARD_GROUP}/{name}")))
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
    let target = schedule.target.filter(|target| target.arn == acts::GUARD_TARGET);
    let input = target.and_then(|target| serde_json::from_str(target.input()?).ok());
    let cluster = input.and_then(|Input { job_flow_ids }| <[String; 1]>::try_from(job_flow_ids).ok());
    GuardNote {
        name: name.to_owned(),
        created_at: created.as_ref().and_then(timestamp),
        due: schedule.schedule_expression.unwrap_or_default(),
        cluster: cluster.map(|[id]| id),
    }
}
