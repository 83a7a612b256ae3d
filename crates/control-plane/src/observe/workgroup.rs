//! Is there a workgroup of this name?

use emrys_core::record::CallError;

use crate::clients::AwsContext;
use crate::errors;

/// Looks through the list: that a name is not there is no error of its own at Athena, only a sentence.
pub(crate) async fn is_there(aws: &AwsContext, name: &str) -> Result<bool, CallError> {
    let mut pages = aws.athena.list_work_groups().into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| errors::call_error("could not list the workgroups", &error))?;
        if page.work_groups().iter().any(|found| found.name() == Some(name)) {
            return Ok(true);
        }
    }
    Ok(false)
}
