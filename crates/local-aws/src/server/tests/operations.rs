//! Every operation that the world answers is called here over its real protocol, and succeeds.
//!
//! The loop goes over the table of operations, and the inputs come from exhaustive matches. An operation that is added
//! to the table does not compile until it has a call here. The endpoint checks each answer against the service model.

use super::*;
use crate::models::Model;
use crate::services::{
    AthenaOperation, CloudWatchOperation, EmrOperation, GlueOperation, Operation, SchedulerOperation,
    StsOperation,
};
use crate::world::QueryEnd;

/// An endpoint with what the operations need.
struct Bench {
    endpoint: Endpoint,
    clock: Clock,
}

impl Bench {
    fn new() -> Self {
        let clock = Clock::stepped(start());
        Self { endpoint: endpoint(&clock, None).0, clock }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Calls an operation in the protocol of its service, and gives the answer; CBOR and XML as text.
    async fn call(&self, operation: impl Into<Operation>, input: Value) -> Value {
        let operation = operation.into();
        let request = request(operation, &input, self.now());
        let response = self.endpoint.handle_bytes(request).await;
        let (head, body) = response.into_parts();
        let text = String::from_utf8_lossy(&body).into_owned();
        assert_eq!(head.status, StatusCode::OK, "{} {input}: {text}", operation.name());
        let last = self.endpoint.journal().entries().unwrap().pop().unwrap();
        assert_eq!(
            (last.service.as_str(), last.operation.as_str(), last.is_ok()),
            (operation.service().name(), operation.name(), true)
        );
        if body.is_empty() { json!({}) } else { serde_json::from_str(&text).unwrap_or(json!(text)) }
    }

    /// The text of a member of an answer.
    async fn text(&self, operation: impl Into<Operation>, input: Value, pointer: &str) -> String {
        let answer = self.call(operation, input).await;
        answer.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// A cluster that waits for steps.
    async fn cluster(&self) -> String {
        let mut asked = launch();
        asked["Instances"]["KeepJobFlowAliveWhenNoSteps"] = json!(true);
        asked["AutoTerminationPolicy"] = json!({"IdleTimeout": 3_600});
        asked["Tags"] = json!([{"Key": "a", "Value": "b"}]);
        let id = self.text(EmrOperation::RunJobFlow, asked, "/JobFlowId").await;
        self.clock.advance(SignedDuration::from_secs(2));
        id
    }

    /// A cluster and its step.
    async fn step(&self) -> (String, String) {
        let cluster = self.cluster().await;
        let step = self.text(EmrOperation::ListSteps, json!({"ClusterId": cluster}), "/Steps/0/Id").await;
        (cluster, step)
    }

    async fn emr(&self, operation: EmrOperation) -> Value {
        use EmrOperation as Emr;
        let input = match operation {
            Emr::RunJobFlow => launch(),
            Emr::DescribeCluster
            | Emr::ListClusters
            | Emr::ListSteps
            | Emr::ListInstances
            | Emr::ListInstanceFleets
            | Emr::GetAutoTerminationPolicy
            | Emr::RemoveAutoTerminationPolicy => {
                let id = self.cluster().await;
                if operation == Emr::ListClusters { json!({}) } else { json!({"ClusterId": id}) }
            }
            Emr::DescribeStep => {
                let (cluster, step) = self.step().await;
                json!({"ClusterId": cluster, "StepId": step})
            }
            Emr::AddJobFlowSteps => json!({"JobFlowId": self.cluster().await, "Steps": launch()["Steps"]}),
            Emr::CancelSteps => {
                let (cluster, step) = self.step().await;
                json!({"ClusterId": cluster, "StepIds": [step]})
            }
            Emr::TerminateJobFlows => json!({"JobFlowIds": [self.cluster().await]}),
            Emr::SetTerminationProtection => {
                json!({"JobFlowIds": [self.cluster().await], "TerminationProtected": true})
            }
            Emr::AddTags => json!({"ResourceId": self.cluster().await, "Tags": [{"Key": "c", "Value": "d"}]}),
            Emr::RemoveTags => json!({"ResourceId": self.cluster().await, "TagKeys": ["a"]}),
            Emr::PutAutoTerminationPolicy => {
                json!({"ClusterId": self.cluster().await, "AutoTerminationPolicy": {"IdleTimeout": 60}})
            }
        };
        self.call(operation, input).await
    }

    async fn put_metric(&self) {
        let data = json!([{"MetricName": "Rows", "Value": 7.5, "Dimensions": [{"Name": "Pipeline", "Value": "web"}]}]);
        self.call(CloudWatchOperation::PutMetricData, json!({"Namespace": "Emrys", "MetricData": data}))
            .await;
    }

    async fn put_alarm(&self) -> Value {
        let alarm = json!({
            "AlarmName": "late", "Namespace": "Emrys", "MetricName": "Rows", "Statistic": "Sum", "Period": 60,
            "EvaluationPeriods": 1, "Threshold": 1.5, "ComparisonOperator": "LessThanThreshold",
            "Dimensions": [{"Name": "Pipeline", "Value": "web"}], "TreatMissingData": "breaching",
        });
        let answer = self.call(CloudWatchOperation::PutMetricAlarm, alarm).await;
        self.clock.advance(SignedDuration::from_secs(1));
        answer
    }

    async fn cloudwatch(&self, operation: CloudWatchOperation) -> Value {
        use CloudWatchOperation as CloudWatch;
        self.put_metric().await;
        let input = match operation {
            CloudWatch::PutMetricData => return json!({}),
            CloudWatch::PutMetricAlarm => return self.put_alarm().await,
            CloudWatch::GetMetricData => {
                let from = self.now().as_second();
                let metric = json!({
                    "Namespace": "Emrys", "MetricName": "Rows",
                    "Dimensions": [{"Name": "Pipeline", "Value": "web"}],
                });
                json!({
                    "StartTime": from - 60, "EndTime": from + 60,
                    "MetricDataQueries": [
                        {"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"}},
                    ],
                })
            }
            CloudWatch::ListMetrics => json!({"Namespace": "Emrys"}),
            CloudWatch::DescribeAlarms | CloudWatch::DeleteAlarms => {
                self.put_alarm().await;
                json!({"AlarmNames": ["late"]})
            }
        };
        self.call(operation, input).await
    }

    async fn scheduler(&self, operation: SchedulerOperation) -> Value {
        use SchedulerOperation as Scheduler;
        let group = json!({"Name": "emrys"});
        let made = self.call(Scheduler::CreateScheduleGroup, group.clone()).await;
        let schedule = json!({
            "Name": "guard", "GroupName": "emrys",
            "ScheduleExpression": "at(2024-10-21T09:00:00)", "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {
                "Arn": "arn:aws:scheduler:::aws-sdk:emr:terminateJobFlows",
                "RoleArn": "arn:aws:iam::123456789012:role/guard",
                "Input": "{\"JobFlowIds\":[\"j-1\"]}",
            },
        });
        let scheduled = self.call(Scheduler::CreateSchedule, schedule).await;
        let named = json!({"Name": "guard", "GroupName": "emrys"});
        let input = match operation {
            Scheduler::CreateScheduleGroup => return made,
            Scheduler::CreateSchedule => return scheduled,
            Scheduler::GetSchedule | Scheduler::DeleteSchedule => named,
            Scheduler::ListSchedules => json!({"GroupName": "emrys"}),
            Scheduler::GetScheduleGroup | Scheduler::DeleteScheduleGroup => group,
            Scheduler::ListScheduleGroups => json!({}),
        };
        self.call(operation, input).await
    }

    async fn start_query(&self) -> String {
        let input =
            json!({"QueryString": "SELECT 1", "ResultConfiguration": {"OutputLocation": "s3://results/q/"}});
        self.text(AthenaOperation::StartQueryExecution, input, "/QueryExecutionId").await
    }

    /// A query that has succeeded, with its result.
    async fn query(&self) -> String {
        let id = self.start_query().await;
        self.clock.advance(SignedDuration::from_secs(1));
        self.call(AthenaOperation::GetQueryExecution, json!({"QueryExecutionId": id})).await;
        let columns = vec![json!({"Name": "n", "Type": "integer"})];
        self.endpoint
            .turn(crate::server::endpoint::Turn::Event, |world, now| {
                world.query_ended(&id, QueryEnd::Done { columns, scanned: 1 }, now);
            })
            .unwrap();
        self.endpoint.0.store.create_bucket("results").unwrap();
        self.endpoint.0.store.put("results", &format!("q/{id}.csv"), b"\"n\"\n\"1\"\n").unwrap();
        id
    }

    async fn named_query(&self) -> String {
        let input =
            json!({"Name": "latency", "Database": "logs", "QueryString": "SELECT 1", "Description": "d"});
        self.text(AthenaOperation::CreateNamedQuery, input, "/NamedQueryId").await
    }

    async fn workgroup(&self) -> Value {
        let input = json!({
            "Name": "logs", "Description": "d", "Tags": [{"Key": "a", "Value": "b"}],
            "Configuration": {"ResultConfiguration": {"OutputLocation": "s3://results/"}},
        });
        self.call(AthenaOperation::CreateWorkGroup, input).await
    }

    async fn athena(&self, operation: AthenaOperation) -> Value {
        use AthenaOperation as Athena;
        let input = match operation {
            Athena::StartQueryExecution => return json!({"QueryExecutionId": self.start_query().await}),
            Athena::CreateNamedQuery => return json!({"NamedQueryId": self.named_query().await}),
            Athena::CreateWorkGroup => return self.workgroup().await,
            Athena::StopQueryExecution => json!({"QueryExecutionId": self.start_query().await}),
            Athena::GetQueryExecution | Athena::GetQueryResults => {
                json!({"QueryExecutionId": self.query().await})
            }
            Athena::BatchGetQueryExecution => {
                let unknown = "01234567-89ab-4def-8123-456789abcdef";
                json!({"QueryExecutionIds": [self.query().await, unknown]})
            }
            Athena::ListQueryExecutions => {
                self.query().await;
                json!({})
            }
            Athena::GetWorkGroup | Athena::DeleteWorkGroup => {
                self.workgroup().await;
                json!({"WorkGroup": "logs"})
            }
            Athena::UpdateWorkGroup => {
                self.workgroup().await;
                json!({"WorkGroup": "logs", "State": "DISABLED"})
            }
            Athena::ListWorkGroups => json!({}),
            Athena::GetNamedQuery | Athena::DeleteNamedQuery => {
                json!({"NamedQueryId": self.named_query().await})
            }
            Athena::UpdateNamedQuery => {
                json!({"NamedQueryId": self.named_query().await, "Name": "other", "QueryString": "SELECT 2"})
            }
            Athena::BatchGetNamedQuery => {
                let unknown = "01234567-89ab-4def-8123-456789abcdef";
                json!({"NamedQueryIds": [self.named_query().await, unknown]})
            }
            Athena::ListNamedQueries => {
                self.named_query().await;
                json!({})
            }
            Athena::ListTagsForResource => {
                self.workgroup().await;
                json!({"ResourceARN": "arn:aws:athena:us-east-1:123456789012:workgroup/logs"})
            }
            Athena::ListPreparedStatements => json!({"WorkGroup": "primary"}),
        };
        self.call(operation, input).await
    }

    async fn glue(&self, operation: GlueOperation) -> Value {
        use GlueOperation as Glue;
        let columns = json!([{"Name": "path", "Type": "string"}]);
        let storage = json!({"Columns": columns, "Location": "s3://b/hits/"});
        let table = json!({
            "Name": "hits", "PartitionKeys": [{"Name": "date", "Type": "string"}], "StorageDescriptor": storage,
        });
        let day = |day: &str| json!({"Values": [day], "StorageDescriptor": storage});
        self.call(Glue::CreateDatabase, json!({"DatabaseInput": {"Name": "web"}})).await;
        self.call(Glue::CreateTable, json!({"DatabaseName": "web", "TableInput": table})).await;
        let of = |members: Value| {
            let mut input = json!({"DatabaseName": "web", "TableName": "hits"});
            input.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
            input
        };
        let known = "2024-10-20";
        let created = self.call(Glue::CreatePartition, of(json!({"PartitionInput": day(known)}))).await;
        let input = match operation {
            Glue::CreateDatabase | Glue::CreateTable | Glue::CreatePartition => return created,
            Glue::GetDatabase | Glue::DeleteDatabase => json!({"Name": "web"}),
            Glue::UpdateDatabase => json!({"Name": "web", "DatabaseInput": {"Name": "web"}}),
            Glue::GetDatabases => json!({}),
            Glue::GetTable | Glue::DeleteTable => json!({"DatabaseName": "web", "Name": "hits"}),
            Glue::GetTables => json!({"DatabaseName": "web"}),
            Glue::UpdateTable => json!({"DatabaseName": "web", "TableInput": table}),
            Glue::GetPartition | Glue::DeletePartition => of(json!({"PartitionValues": [known]})),
            Glue::GetPartitions => of(json!({})),
            Glue::UpdatePartition => of(json!({"PartitionValueList": [known], "PartitionInput": day(known)})),
            // One that is there already is among the errors of the answer.
            Glue::BatchCreatePartition => of(json!({"PartitionInputList": [day(known), day("2024-10-21")]})),
            Glue::BatchDeletePartition => {
                of(json!({"PartitionsToDelete": [{"Values": [known]}, {"Values": ["2024-10-19"]}]}))
            }
        };
        self.call(operation, input).await
    }
}

/// A signed request in the protocol of the operation's service.
fn request(operation: Operation, input: &Value, now: Timestamp) -> Request<Bytes> {
    let (service, name) = (operation.service(), operation.name());
    let post = |body: Vec<u8>, header: (&'static str, String)| {
        (Request::post("http://127.0.0.1:4599/").header(header.0, header.1), body)
    };
    let (builder, body) = match operation {
        Operation::Emr(_) | Operation::Glue(_) | Operation::Athena(_) => {
            let prefix = Model::of(service).unwrap().target_prefix().unwrap();
            post(input.to_string().into_bytes(), ("x-amz-target", format!("{prefix}.{name}")))
        }
        Operation::CloudWatch(_) => {
            let mut body = Vec::new();
            ciborium::into_writer(input, &mut body).unwrap();
            let path =
                format!("http://127.0.0.1:4599/service/GraniteServiceVersion20100801/operation/{name}");
            (Request::post(path).header("smithy-protocol", "rpc-v2-cbor"), body)
        }
        Operation::Scheduler(_) => rest(operation, input),
        Operation::Sts(StsOperation::GetCallerIdentity) => {
            let body = format!("Action={name}&Version=2011-06-15").into_bytes();
            post(body, ("content-type", "application/x-www-form-urlencoded".to_owned()))
        }
    };
    let mut head = builder.header("host", "127.0.0.1:4599").body(()).unwrap().into_parts().0;
    Verifier::new(SECRET, None).sign(&mut head, &body, ("AKID", "us-east-1", service.name()), now);
    Request::from_parts(head, Bytes::from(body))
}

/// Method, path and query as the model says, and the other members in the body.
fn rest(operation: Operation, input: &Value) -> (http::request::Builder, Vec<u8>) {
    let model = Model::of(operation.service()).unwrap();
    let of = model.operation(operation.name()).unwrap();
    let http = of.http.as_ref().unwrap();
    let shape = model.shape(of.input.as_ref().unwrap()).unwrap();
    let (mut path, mut query, mut body) = (http.request_uri.clone(), String::new(), json!({}));
    for (name, value) in input.as_object().unwrap() {
        let member = &shape.members[name];
        let there = member.location_name.as_deref().unwrap_or(name);
        match (member.location.as_deref(), value.as_str()) {
            (Some("uri"), Some(text)) => path = path.replace(&format!("{{{there}}}"), text),
            (Some("querystring"), Some(text)) => query = format!("?{there}={text}"),
            _ => body[name] = value.clone(),
        }
    }
    let uri = format!("http://127.0.0.1:4599{path}{query}");
    (Request::builder().method(http.method.as_str()).uri(uri), body.to_string().into_bytes())
}

fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty)
}

#[tokio::test]
async fn every_operation_is_called_and_its_answer_fits_the_model() {
    for operation in Operation::all() {
        let bench = Bench::new();
        let answer = match operation {
            Operation::Emr(operation) => bench.emr(operation).await,
            Operation::CloudWatch(operation) => bench.cloudwatch(operation).await,
            Operation::Scheduler(operation) => bench.scheduler(operation).await,
            Operation::Athena(operation) => bench.athena(operation).await,
            Operation::Glue(operation) => bench.glue(operation).await,
            Operation::Sts(operation @ StsOperation::GetCallerIdentity) => {
                bench.call(operation, json!({})).await
            }
        };
        // An answer without content would fit any model. Prepared statements cannot be made here.
        let is_bare =
            |answer: &Value| answer.as_object().is_some_and(|members| members.values().all(is_empty));
        let may_be_bare = operation.is_write() || operation == AthenaOperation::ListPreparedStatements.into();
        assert!(may_be_bare || !is_bare(&answer), "{} answers {answer}", operation.name());
        let calls = bench.endpoint.journal().entries().unwrap();
        let is_called = calls.iter().any(|call| {
            call.operation == operation.name() && call.service == operation.service().name() && call.is_ok()
        });
        assert!(is_called, "{} was not called", operation.name());
    }
}
