//! What a call is about, for the journal: the name or id that a person would look for.

use serde_json::Value;

use crate::world::Service;

/// The resource of a call, from its input; empty where it is about nothing in particular.
pub(crate) fn resource(service: Service, operation: &str, input: &Value) -> String {
    let text = |name: &str| input[name].as_str().unwrap_or_default().to_owned();
    match (service, operation) {
        (Service::Emr, "RunJobFlow") | (Service::Athena, "CreateWorkGroup" | "CreateNamedQuery") => {
            text("Name")
        }
        (Service::Emr, "AddJobFlowSteps") => text("JobFlowId"),
        (Service::Emr, "TerminateJobFlows" | "SetTerminationProtection") => texts(&input["JobFlowIds"]),
        (Service::Emr, "AddTags" | "RemoveTags") => text("ResourceId"),
        (Service::Emr, "DescribeStep") => format!("{}/{}", text("ClusterId"), text("StepId")),
        (Service::Emr, _) => text("ClusterId"),
        (Service::CloudWatch, "PutMetricData") => metric(input),
        (Service::CloudWatch, "PutMetricAlarm") => text("AlarmName"),
        (Service::CloudWatch, "DeleteAlarms" | "DescribeAlarms") => texts(&input["AlarmNames"]),
        (Service::CloudWatch, "ListMetrics") => text("Namespace"),
        (Service::Scheduler, "ListSchedules") => text("GroupName"),
        (Service::Scheduler, "CreateSchedule" | "GetSchedule" | "DeleteSchedule") => {
            format!("{}/{}", input["GroupName"].as_str().unwrap_or("default"), text("Name"))
        }
        (Service::Scheduler, _) => text("Name"),
        (
            Service::Athena,
            "GetWorkGroup"
            | "UpdateWorkGroup"
            | "DeleteWorkGroup"
            | "StartQueryExecution"
            | "ListNamedQueries"
            | "ListQueryExecutions"
            | "ListPreparedStatements",
        ) => text("WorkGroup"),
        (Service::Athena, "ListTagsForResource") => text("ResourceARN"),
        (Service::Athena, "BatchGetQueryExecution") => texts(&input["QueryExecutionIds"]),
        (Service::Athena, "BatchGetNamedQuery") => texts(&input["NamedQueryIds"]),
        (Service::Athena, "GetNamedQuery" | "UpdateNamedQuery" | "DeleteNamedQuery") => text("NamedQueryId"),
        (Service::Athena, _) => text("QueryExecutionId"),
        (Service::Glue, _) => in_catalog(operation, input),
        _ => String::new(),
    }
}

fn texts(list: &Value) -> String {
    let texts = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    texts.collect::<Vec<_>>().join(",")
}

/// `<database>`, `<database>.<table>` or `<database>.<table>/<partition value>/…`.
fn in_catalog(operation: &str, input: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let of_table = |name: &Value| format!("{}.{}", text(&input["DatabaseName"]), text(name));
    let of_partition = |values: &Value| {
        let values: Vec<&str> = values.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        format!("{}/{}", of_table(&input["TableName"]), values.join("/"))
    };
    match operation {
        "CreateDatabase" => text(&input["DatabaseInput"]["Name"]),
        "GetDatabase" | "UpdateDatabase" | "DeleteDatabase" => text(&input["Name"]),
        "GetTables" => text(&input["DatabaseName"]),
        "CreateTable" | "UpdateTable" => of_table(&input["TableInput"]["Name"]),
        "GetTable" | "DeleteTable" => of_table(&input["Name"]),
        "CreatePartition" => of_partition(&input["PartitionInput"]["Values"]),
        "UpdatePartition" => of_partition(&input["PartitionValueList"]),
        "GetPartition" | "DeletePartition" => of_partition(&input["PartitionValues"]),
        "GetPartitions" | "BatchCreatePartition" | "BatchDeletePartition" => of_table(&input["TableName"]),
        _ => String::new(),
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
            assert_eq!(resource(service, operation, &input), expected, "{operation}");
        }
    }
}
