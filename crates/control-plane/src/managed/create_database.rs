//! Making the database.

use aws_sdk_glue::types::DatabaseInput;
use emrys_core::catalog::marks;
use emrys_core::record::CallError;
use emrys_core::spec::Spec;

use crate::clients::AwsContext;
use crate::errors::{Failure, unless};
use crate::glue::EXISTS;

/// Makes the database, with a parameter that says whose it is. One that somebody has made meanwhile is fine.
pub(super) async fn execute(aws: &AwsContext, spec: &Spec, name: &str) -> Result<(), CallError> {
    let input = DatabaseInput::builder()
        .name(name)
        .description(format!("Results of the pipeline {}, made by Emrys", spec.pipeline()))
        .set_parameters(Some(marks(&spec.config).into_iter().collect()))
        .build()
        .expect("a name is all that a database needs");
    let done =
        aws.glue.create_database().database_input(input).send().await.map_err(|error| Failure::of(&error));
    unless(EXISTS, done, &format!("could not make the database {name}"))
}
