//! Athena: queries and their states, workgroups, named queries.

use super::*;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

#[expect(clippy::needless_pass_by_value, reason = "inputs are written where they are used: json!({..})")]
impl Rig {
    fn athena(&mut self, operation: &str, input: Value) -> Value {
        self.try_call(Service::Athena, operation, &input)
            .unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    /// The message of a call that Athena refuses.
    fn athena_refuses(&mut self, operation: &str, input: Value) -> String {
        let error = self.try_call(Service::Athena, operation, &input).expect_err(operation);
        assert_eq!((error.code.as_str(), error.status), ("InvalidRequestException", 400));
        error.message
    }

    fn start_query(&mut self) -> String {
        text(&self.athena("StartQueryExecution", query())["QueryExecutionId"])
    }

    fn execution(&mut self, id: &str) -> Value {
        self.athena("GetQueryExecution", json!({"QueryExecutionId": id}))["QueryExecution"].clone()
    }

    fn end_query(&mut self, id: &str, end: QueryEnd) {
        self.world.query_ended(id, end, self.now);
    }
}

fn query() -> Value {
    json!({
        "QueryString": "SELECT 1 AS n",
        "QueryExecutionContext": {"Database": "logs"},
        "ResultConfiguration": {"OutputLocation": "s3://results/athena"},
        "ExecutionParameters": ["'2024-10-20'"],
    })
}

fn done() -> QueryEnd {
    QueryEnd::Done { columns: vec![json!({"Name": "n", "Type": "integer"})], scanned: 1_234 }
}

#[test]
fn a_query_is_queued_runs_and_succeeds() {
    let mut rig = Rig::new();
    let id = rig.start_query();
    assert_eq!(rig.execution(&id)["Status"]["State"], "QUEUED");
    assert!(rig.queries.is_empty());
    assert!(!rig.world.is_idle());
    rig.pass_ms(50);
    assert_eq!(rig.execution(&id)["Status"]["State"], "RUNNING");
    let launch = &rig.queries[0];
    assert_eq!(launch.output, format!("s3://results/athena/{id}.csv"));
    assert_eq!((launch.database.as_deref(), launch.parameters[0].as_str()), (Some("logs"), "'2024-10-20'"));
    let early = rig.athena_refuses("GetQueryResults", json!({"QueryExecutionId": id}));
    assert_eq!(early, "Query has not yet finished. Current state: RUNNING");
    rig.pass_secs(2);
    rig.end_query(&id, done());
    let execution = rig.execution(&id);
    assert_eq!(execution["Status"]["State"], "SUCCEEDED");
    assert_eq!(execution["Statistics"]["DataScannedInBytes"], 1_234);
    assert_eq!(execution["Statistics"]["QueryQueueTimeInMillis"], 50);
    assert_eq!(execution["Statistics"]["EngineExecutionTimeInMillis"], 2_000);
    assert_eq!(execution["StatementType"], "DML");
    assert!(rig.world.is_idle());
    // The end of a query that has ended is nothing.
    rig.end_query(&id, QueryEnd::OverLimit { scanned: 1 });
    assert_eq!(rig.execution(&id)["Status"]["State"], "SUCCEEDED");
}

#[test]
fn a_failed_query_says_why() {
    let mut rig = Rig::new();
    let id = rig.start_query();
    rig.pass_secs(1);
    let message = "COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved";
    let error = json!({"ErrorCategory": 2, "ErrorType": 1000, "Retryable": false, "ErrorMessage": message});
    rig.end_query(&id, QueryEnd::Failed { error: error.clone() });
    let status = &rig.execution(&id)["Status"];
    assert_eq!((&status["State"], &status["AthenaError"]), (&json!("FAILED"), &error));
    assert_eq!(status["StateChangeReason"], message);
    let refused = rig.athena_refuses("GetQueryResults", json!({"QueryExecutionId": id}));
    assert_eq!(refused, "Query did not finish successfully. Final query state: FAILED");
}

#[test]
fn a_stopped_query_is_cancelled_and_its_process_is_stopped() {
    let mut rig = Rig::new();
    let (queued, running) = (rig.start_query(), rig.start_query());
    rig.athena("StopQueryExecution", json!({"QueryExecutionId": queued}));
    rig.pass_secs(1);
    rig.athena("StopQueryExecution", json!({"QueryExecutionId": running}));
    assert_eq!(rig.queries.len(), 1, "a query that was stopped in the queue never runs");
    assert_eq!(rig.stopped_queries, std::slice::from_ref(&running));
    rig.end_query(&running, done());
    for id in [queued, running] {
        assert_eq!(rig.execution(&id)["Status"]["State"], "CANCELLED");
    }
}

#[test]
fn one_token_starts_one_query() {
    let mut rig = Rig::new();
    let mut with_token = query();
    with_token["ClientRequestToken"] = json!(TOKEN);
    let first = rig.athena("StartQueryExecution", with_token.clone());
    assert_eq!(rig.athena("StartQueryExecution", with_token.clone()), first);
    with_token["QueryString"] = json!("SELECT 2");
    let refused = rig.athena_refuses("StartQueryExecution", with_token);
    assert_eq!(refused, "Idempotent parameters do not match");
    rig.pass_secs(1);
    assert_eq!(rig.queries.len(), 1);
}

#[test]
fn a_query_needs_an_output_location_and_an_enforced_workgroup_has_the_last_word() {
    let mut rig = Rig::new();
    let without = json!({"QueryString": "SELECT 1"});
    let refused = rig.athena_refuses("StartQueryExecution", without);
    assert!(refused.starts_with("No output location provided."), "{refused}");
    let output = json!({"OutputLocation": "s3://results/wg/"});
    let configuration = json!({"ResultConfiguration": output, "BytesScannedCutoffPerQuery": 10_000_000});
    rig.athena("CreateWorkGroup", json!({"Name": "logs", "Configuration": configuration}));
    let mut asked = query();
    asked["WorkGroup"] = json!("logs");
    rig.athena("StartQueryExecution", asked.clone());
    rig.pass_secs(1);
    let launch = rig.queries[0].clone();
    assert!(launch.output.starts_with("s3://results/wg/"), "{}", launch.output);
    assert_eq!(launch.cutoff, Some(10_000_000));
    rig.end_query(&launch.id, QueryEnd::OverLimit { scanned: 10_000_001 });
    let status = &rig.execution(&launch.id)["Status"];
    assert_eq!(status["State"], "CANCELLED");
    assert!(text(&status["StateChangeReason"]).contains("Bytes scanned limit was exceeded"));
    rig.athena("UpdateWorkGroup", json!({"WorkGroup": "logs", "State": "DISABLED"}));
    assert!(rig.athena_refuses("StartQueryExecution", asked).contains("is disabled"));
}

#[test]
fn workgroups_are_updated_listed_and_deleted() {
    let mut rig = Rig::new();
    rig.athena("CreateWorkGroup", json!({"Name": "logs", "Description": "of the web"}));
    assert_eq!(
        rig.athena_refuses("CreateWorkGroup", json!({"Name": "logs"})),
        "WorkGroup is already created"
    );
    let updates = json!({
        "BytesScannedCutoffPerQuery": 20_000_000,
        "ResultConfigurationUpdates": {"OutputLocation": "s3://b/r/"},
    });
    rig.athena("UpdateWorkGroup", json!({"WorkGroup": "logs", "ConfigurationUpdates": updates}));
    let group = rig.athena("GetWorkGroup", json!({"WorkGroup": "logs"}))["WorkGroup"].clone();
    assert_eq!(group["Configuration"]["ResultConfiguration"]["OutputLocation"], "s3://b/r/");
    assert_eq!(group["Configuration"]["BytesScannedCutoffPerQuery"], 20_000_000);
    assert_eq!(group["Configuration"]["EnforceWorkGroupConfiguration"], true);
    let remove = json!({"RemoveBytesScannedCutoffPerQuery": true});
    rig.athena("UpdateWorkGroup", json!({"WorkGroup": "logs", "ConfigurationUpdates": remove}));
    let group = rig.athena("GetWorkGroup", json!({"WorkGroup": "logs"}))["WorkGroup"].clone();
    assert_eq!(group["Configuration"].get("BytesScannedCutoffPerQuery"), None);
    let listed = rig.athena("ListWorkGroups", json!({}));
    let groups: Vec<String> =
        listed["WorkGroups"].as_array().unwrap().iter().map(|group| text(&group["Name"])).collect();
    assert_eq!(groups, ["logs", "primary"]);
    let named = json!({"Name": "n", "Database": "d", "QueryString": "SELECT 1", "WorkGroup": "logs"});
    rig.athena("CreateNamedQuery", named);
    assert!(rig.athena_refuses("DeleteWorkGroup", json!({"WorkGroup": "logs"})).contains("not empty"));
    rig.athena("DeleteWorkGroup", json!({"WorkGroup": "logs", "RecursiveDeleteOption": true}));
    assert_eq!(
        rig.athena_refuses("GetWorkGroup", json!({"WorkGroup": "logs"})),
        "WorkGroup logs is not found."
    );
    rig.athena_refuses("DeleteWorkGroup", json!({"WorkGroup": "primary"}));
}

#[test]
fn a_workgroup_s_tags_are_found_by_its_arn_and_it_has_no_prepared_statements() {
    let mut rig = Rig::new();
    let tags: Vec<Value> =
        (0..4).map(|n| json!({"Key": format!("k{n}"), "Value": format!("v{n}")})).collect();
    rig.athena("CreateWorkGroup", json!({"Name": "logs", "Tags": tags}));
    let arn = "arn:aws:athena:us-east-1:123456789012:workgroup/logs";
    let first = rig.athena("ListTagsForResource", json!({"ResourceARN": arn}));
    assert_eq!(first["Tags"], json!(tags[..3]));
    let next = json!({"ResourceARN": arn, "NextToken": first["NextToken"]});
    assert_eq!(rig.athena("ListTagsForResource", next), json!({"Tags": [tags[3]]}));
    let primary = json!({"ResourceARN": arn.replace("logs", "primary")});
    assert_eq!(rig.athena("ListTagsForResource", primary), json!({"Tags": []}));
    let none = json!({"ResourceARN": arn.replace("logs", "nope")});
    let none = rig.try_call(Service::Athena, "ListTagsForResource", &none).expect_err("no such workgroup");
    assert_eq!(none.code, "ResourceNotFoundException");
    rig.athena_refuses("ListTagsForResource", json!({"ResourceARN": "logs"}));
    let prepared = rig.athena("ListPreparedStatements", json!({"WorkGroup": "logs"}));
    assert_eq!(prepared, json!({"PreparedStatements": []}));
    rig.athena_refuses("ListPreparedStatements", json!({"WorkGroup": "nope"}));
}

#[test]
fn named_queries_are_kept_under_an_id() {
    let mut rig = Rig::new();
    let made = json!({"Name": "n", "Database": "d", "QueryString": "SELECT 1", "ClientRequestToken": TOKEN});
    let id = text(&rig.athena("CreateNamedQuery", made.clone())["NamedQueryId"]);
    assert_eq!(text(&rig.athena("CreateNamedQuery", made)["NamedQueryId"]), id);
    let update = json!({"NamedQueryId": id, "Name": "m", "QueryString": "SELECT 2", "Description": "two"});
    rig.athena("UpdateNamedQuery", update);
    let found = rig.athena("GetNamedQuery", json!({"NamedQueryId": id}))["NamedQuery"].clone();
    assert_eq!((text(&found["Name"]), text(&found["QueryString"])), ("m".to_owned(), "SELECT 2".to_owned()));
    let both = rig.athena("BatchGetNamedQuery", json!({"NamedQueryIds": [id, "nope"]}));
    assert_eq!(both["NamedQueries"][0], found);
    assert_eq!(both["UnprocessedNamedQueryIds"][0]["NamedQueryId"], "nope");
    assert_eq!(rig.athena("ListNamedQueries", json!({}))["NamedQueryIds"], json!([id]));
    rig.athena("DeleteNamedQuery", json!({"NamedQueryId": id}));
    rig.athena_refuses("GetNamedQuery", json!({"NamedQueryId": id}));
}

#[test]
fn executions_are_listed_newest_first_on_pages() {
    let mut rig = Rig::new();
    let ids: Vec<String> = (0..3).map(|_| rig.start_query()).collect();
    let first = rig.athena("ListQueryExecutions", json!({"MaxResults": 2}));
    assert_eq!(first["QueryExecutionIds"], json!([ids[2], ids[1]]));
    let rest = rig.athena("ListQueryExecutions", json!({"NextToken": first["NextToken"]}));
    assert_eq!(rest, json!({"QueryExecutionIds": [ids[0]]}));
    let batch = json!({"QueryExecutionIds": [ids[0], "nope"]});
    let batch = rig.athena("BatchGetQueryExecution", batch);
    assert_eq!(batch["QueryExecutions"].as_array().unwrap().len(), 1);
    assert_eq!(batch["UnprocessedQueryExecutionIds"][0]["QueryExecutionId"], "nope");
}

#[test]
fn a_query_that_was_running_when_the_daemon_ended_has_failed() {
    let mut rig = Rig::new();
    let (running, queued) = (rig.start_query(), rig.start_query());
    rig.world.advance(rig.now);
    rig.pass_secs(1);
    let late = rig.start_query();
    rig.world.restarted(rig.now);
    for id in [running, queued] {
        let status = rig.execution(&id)["Status"].clone();
        assert_eq!(
            (text(&status["State"]), &status["AthenaError"]["Retryable"]),
            ("FAILED".into(), &json!(true))
        );
    }
    rig.pass_secs(1);
    assert_eq!(rig.execution(&late)["Status"]["State"], "RUNNING");
}
