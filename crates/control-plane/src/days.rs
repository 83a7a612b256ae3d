//! All days of a pipeline, by what lies in its state folder. It only reads.

use emrys_core::day::Day;
use emrys_core::record::CallError;
use emrys_core::s3_uri::S3Uri;
use emrys_core::spec::Spec;
use futures::{StreamExt as _, TryStreamExt as _};

use crate::clients::AwsContext;
use crate::errors;
use crate::ledger_error::LedgerError;
use crate::patience::patiently;
use crate::status::{RunStatus, status};
use crate::stop::Stop;

/// How many ledgers are read at once.
const AT_ONCE: usize = 8;

/// A day that has a folder of its own.
#[derive(Debug)]
pub struct DayRecord {
    /// The day.
    pub day: Day,
    /// How its run stands, or why nobody can say.
    pub status: Result<RunStatus, LedgerError>,
}

/// All days of the pipeline of `spec` that were ever run, the latest first; of many, the latest `last`.
pub async fn days(aws: &AwsContext, spec: &Spec, last: Option<usize>) -> Result<Vec<DayRecord>, Stop> {
    let folder = spec.days_folder();
    let mut days = patiently(aws, async || list(aws, &folder).await).await?;
    days.sort_unstable();
    let latest = days.into_iter().rev().take(last.unwrap_or(usize::MAX));
    let records = futures::stream::iter(latest)
        .map(|day| record(aws, spec, day))
        .buffered(AT_ONCE)
        .try_filter_map(async |record| Ok(record));
    Box::pin(records.try_collect()).await
}

/// The record of a day; none where only other things lie in its folder.
async fn record(aws: &AwsContext, spec: &Spec, day: Day) -> Result<Option<DayRecord>, Stop> {
    // A day without a source address has no run either.
    let Ok(spec) = spec.on(day) else { return Ok(None) };
    match status(aws, &spec).await {
        Ok(None) => Ok(None),
        Ok(Some(status)) => Ok(Some(DayRecord { day, status: Ok(status) })),
        // One ledger that cannot be read hides none of the others.
        Err(Stop::Ledger(error)) => Ok(Some(DayRecord { day, status: Err(error) })),
        Err(stop) => Err(stop),
    }
}

/// The folders below a folder whose names are days.
async fn list(aws: &AwsContext, folder: &S3Uri) -> Result<Vec<Day>, CallError> {
    let list = aws.s3.list_objects_v2().bucket(folder.bucket()).prefix(folder.key()).delimiter("/");
    let mut pages = list.into_paginator().send();
    let mut days = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| errors::call_error(&format!("could not list {folder}"), &error))?;
        days.extend(page.common_prefixes.unwrap_or_default().into_iter().filter_map(|common| {
            let name = common.prefix.as_deref()?.strip_prefix(folder.key())?.strip_suffix('/')?.to_owned();
            name.parse::<Day>().ok()
        }));
    }
    Ok(days)
}
