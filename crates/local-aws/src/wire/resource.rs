//! What a call is about, for the journal: the name or id that a person would look for.

use serde_json::Value;

use crate::services::{
    AthenaOperation, CloudWatchOperation, EmrOperation, GlueOperation, Operation, SchedulerOperation,
    StsOperation,
};

/// The resource of a call, from its input; empty where it is about nothing in particular.
pub(crate) fn resource(operation: Operation, input: &Value) -> String {
    match operation {
        Operation::Emr(operation) => in_emr(operation, input),
        Operation::CloudWatch(operation) => in_cloudwatch(operation, input),
        Operation::Scheduler(operation) => in_scheduler(operation, input),
        Operation::Athena(operation) => in_athena(operation, input),
        Operation::Glue(operation) => in_catalog(operation, input),
        Operation::Sts(StsOperation::GetCallerIdentity) => String::new(),
    }
}

/// A cluster's id, its name where it has no id yet, or `<cluster>/<step>`.
fn in_emr(operation: EmrOperation, input: &Value) -> String {
    use EmrOperation as Emr;
    match operation {
        Emr::RunJobFlow => text(&input["Name"]),
        Emr::AddJobFlowSteps => text(&input["JobFlowId"]),
        Emr::TerminateJobFlows | Emr::SetTerminationProtection => texts(&input["JobFlowIds"]),
        Emr::AddTags | Emr::RemoveTags => text(&input["ResourceId"]),
        Emr::DescribeStep => format!("{}/{}", text(&input["ClusterId"]), text(&input["StepId"])),
        Emr::ListClusters => String::new(),
        Emr::DescribeCluster
        | Emr::ListSteps
        | Emr::CancelSteps
        | Emr::ListInstances
        | Emr::ListInstanceFleets
        | Emr::GetAutoTerminationPolicy
        | Emr::PutAutoTerminationPolicy
        | Emr::RemoveAutoTerminationPolicy => text(&input["ClusterId"]),
    }
}

fn in_cloudwatch(operation: CloudWatchOperation, input: &Value) -> String {
    use CloudWatchOperation as CloudWatch;
    match operation {
        CloudWatch::PutMetricData => metric(input),
        CloudWatch::PutMetricAlarm => text(&input["AlarmName"]),
        CloudWatch::DeleteAlarms | CloudWatch::DescribeAlarms => texts(&input["AlarmNames"]),
        CloudWatch::ListMetrics => text(&input["Namespace"]),
        CloudWatch::GetMetricData => String::new(),
    }
}

/// `<group>/<schedule>`, or a group.
fn in_scheduler(operation: SchedulerOperation, input: &Value) -> String {
    use SchedulerOperation as Scheduler;
    match operation {
        Scheduler::CreateSchedule | Scheduler::GetSchedule | Scheduler::DeleteSchedule => {
            format!("{}/{}", input["GroupName"].as_str().unwrap_or("default"), text(&input["Name"]))
        }
        Scheduler::ListSchedules => text(&input["GroupName"]),
        Scheduler::CreateScheduleGroup | Scheduler::GetScheduleGroup | Scheduler::DeleteScheduleGroup => {
            text(&input["Name"])
        }
        Scheduler::ListScheduleGroups => String::new(),
    }
}

fn in_athena(operation: AthenaOperation, input: &Value) -> String {
    use AthenaOperation as Athena;
    match operation {
        Athena::CreateWorkGroup | Athena::CreateNamedQuery => text(&input["Name"]),
        Athena::GetWorkGroup
        | Athena::UpdateWorkGroup
        | Athena::DeleteWorkGroup
        | Athena::StartQueryExecution
        | Athena::ListNamedQueries
        | Athena::ListQueryExecutions
        | Athena::ListPreparedStatements => text(&input["WorkGroup"]),
        Athena::ListTagsForResource => text(&input["ResourceARN"]),
        Athena::BatchGetQueryExecution => texts(&input["QueryExecutionIds"]),
        Athena::BatchGetNamedQuery => texts(&input["NamedQueryIds"]),
        Athena::GetNamedQuery | Athena::UpdateNamedQuery | Athena::DeleteNamedQuery => {
            text(&input["NamedQueryId"])
        }
        Athena::GetQueryExecution | Athena::GetQueryResults | Athena::StopQueryExecution => {
            text(&input["QueryExecutionId"])
        }
        Athena::ListWorkGroups => String::new(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(list: &Value) -> String {
    let texts = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    texts.collect::<Vec<_>>().join(",")
}

/// `<database>`, `<database>.<table>` or `<database>.<table>/<partition value>/…`.
fn in_catalog(operation: GlueOperation, input: &Value) -> String {
    use GlueOperation as Glue;
    let of_table = |name: &Value| format!("{}.{}", text(&input["DatabaseName"]), text(name));
    let of_partition = |values: &Value| {
        let values: Vec<&str> = values.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        format!("{}/{}", of_table(&input["TableName"]), values.join("/"))
    };
    match operation {
        Glue::CreateDatabase => text(&input["DatabaseInput"]["Name"]),
        Glue::GetDatabase | Glue::UpdateDatabase | Glue::DeleteDatabase => text(&input["Name"]),
        Glue::GetDatabases => String::new(),
        Glue::GetTables => text(&input["DatabaseName"]),
        Glue::CreateTable | Glue::UpdateTable => of_table(&input["TableInput"]["Name"]),
        Glue::GetTable | Glue::DeleteTable => of_table(&input["Name"]),
        Glue::CreatePartition => of_partition(&input["PartitionInput"]["Values"]),
        Glue::UpdatePartition => of_partition(&input["PartitionValueList"]),
        Glue::GetPartition | Glue::DeletePartition => of_partition(&input["PartitionValues"]),
        Glue::GetPartitions | Glue::BatchCreatePartition | Glue::BatchDeletePartition => {
            of_table(&input["TableName"])
        }
    }
}

/// `<namespace> <dimension>=<value>,…`, with the dimensions of the first metric.
fn metric(input: &Value) -> String {
    let dimensions = input["MetricData"][0]["Dimensions"].as_array();
    let dimensions: Vec<String> = dimensions
        .into_iter()
        .flatten()
        .filter_map(|dimension| {
            Some(format!("{}={}", dimension["Name"].as_str()?, dimension["Value"].as_str()?))
        })
        .collect();
    let namespace = input["Namespace"].as_str().unwrap_or_default();
    format!("{namespace} {}", dimensions.join(",")).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::services::Service;

    #[test]
    fn a_call_is_about_what_a_person_would_look_for() {
        let put = json!({"Namespace": "Emrys", "MetricData": [
            {"MetricName": "RowsRead", "Dimensions": [{"Name": "Pipeline", "Value": "web"}]}]});
        let table = [
            (Service::Emr, "RunJobFlow", json!({"Name": "nightly"}), "nightly"),
            (Service::Emr, "TerminateJobFlows", json!({"JobFlowIds": ["j-1", "j-2"]}), "j-1,j-2"),
            (Service::Emr, "ListSteps", json!({"ClusterId": "j-1"}), "j-1"),
            (Service::Emr, "DescribeStep", json!({"ClusterId": "j-1", "StepId": "s-1"}), "j-1/s-1"),
            (Service::Emr, "ListClusters", json!({}), ""),
            (Service::CloudWatch, "PutMetricData", put, "Emrys Pipeline=web"),
            (Service::CloudWatch, "PutMetricData", json!({"Namespace": "Emrys"}), "Emrys"),
            (Service::CloudWatch, "DeleteAlarms", json!({"AlarmNames": ["a"]}), "a"),
            (Service::Scheduler, "GetSchedule", json!({"Name": "n", "GroupName": "emrys"}), "emrys/n"),
            (Service::Scheduler, "DeleteSchedule", json!({"Name": "n"}), "default/n"),
            (Service::Scheduler, "GetScheduleGroup", json!({"Name": "emrys"}), "emrys"),
            (Service::Glue, "GetDatabases", json!({}), ""),
            (Service::Glue, "CreateDatabase", json!({"DatabaseInput": {"Name": "web"}}), "web"),
            (Service::Glue, "GetTable", json!({"DatabaseName": "web", "Name": "hits"}), "web.hits"),
            (
                Service::Glue,
                "UpdatePartition",
                json!({"DatabaseName": "web", "TableName": "hits", "PartitionValueList": ["2024-10-20"]}),
                "web.hits/2024-10-20",
            ),
            (Service::Sts, "GetCallerIdentity", json!({}), ""),
        ];
        for (service, operation, input, expected) in table {
            let operation = service.operation(operation).unwrap();
            assert_eq!(resource(operation, &input), expected, "{}", operation.name());
        }
    }
}
