//! Publishing the metrics of an attempt.

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};
use emrys_core::metrics::{DIMENSION, Datapoint, NAMESPACE, datapoints};
use emrys_core::record::CallError;
use emrys_core::run::Attempt;
use emrys_core::spec::Spec;

use crate::clients::AwsContext;
use crate::errors;

/// Publishes the data points, all in one call. They carry the moment that they are about.
pub(super) async fn execute(aws: &AwsContext, spec: &Spec, attempt: &Attempt) -> Result<(), CallError> {
    let pipeline = Dimension::builder().name(DIMENSION).value(spec.pipeline()).build();
    let data = datapoints(spec, attempt).into_iter().map(|point| datum(&point, &pipeline)).collect();
    let put = aws.cloudwatch.put_metric_data().namespace(NAMESPACE).set_metric_data(Some(data));
    put.send().await.map_err(|error| errors::call_error("could not publish the metrics", &error))?;
    Ok(())
}

fn datum(point: &Datapoint, pipeline: &Dimension) -> MetricDatum {
    MetricDatum::builder()
        .metric_name(point.name)
        .dimensions(pipeline.clone())
        .timestamp(DateTime::from_millis(point.at.as_millisecond()))
        .value(point.value)
        .unit(StandardUnit::from(point.unit.name()))
        .build()
}
