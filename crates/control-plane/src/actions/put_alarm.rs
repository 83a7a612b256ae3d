//! Writing the alarm.

use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, Statistic};
use emrys_core::alarm;
use emrys_core::record::CallError;
use emrys_core::spec::Spec;

use crate::clients::AwsContext;
use crate::errors;

/// Writes the alarm, over an earlier one of its name; its state stays.
pub(crate) async fn execute(aws: &AwsContext, spec: &Spec) -> Result<(), CallError> {
    let alarm = alarm::alarm(spec);
    let whole = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let (dimension, pipeline) = &alarm.dimension;
    let put = aws
        .cloudwatch
        .put_metric_alarm()
        .alarm_name(&alarm.name)
        .alarm_description(&alarm.description)
        .namespace(alarm.namespace)
        .metric_name(alarm.metric)
        .dimensions(Dimension::builder().name(*dimension).value(pipeline).build())
        .statistic(Statistic::from(alarm.statistic))
        .period(whole(alarm.period_seconds))
        .evaluation_periods(whole(alarm.evaluation_periods))
        .datapoints_to_alarm(whole(alarm.datapoints_to_alarm))
        .threshold(alarm.threshold)
        .comparison_operator(ComparisonOperator::from(alarm.comparison))
        .treat_missing_data(alarm.treat_missing_data)
        .set_alarm_actions(Some(alarm.actions.clone()).filter(|actions| !actions.is_empty()))
        .set_ok_actions(Some(alarm.actions.clone()).filter(|actions| !actions.is_empty()));
    let what = format!("could not write the alarm {}", alarm.name);
    put.send().await.map_err(|error| errors::call_error(&what, &error))?;
    Ok(())
}
