//! Athena: queries and their states, workgroups, named queries.

use super::*;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

#[expect(clippy::needless_pass_by_value, reason = "inputs are written where they are used: json!({..})")]
impl Harness {
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
    let mut harness = Harness::new();
    let id = harness.start_query();
    assert_eq!(harness.execution(&id)["Status"]["State"], "QUEUED");
    assert!(harness.queries.is_empty());
    assert!(!harness.world.is_idle());
    harness.pass_ms(50);
    assert_eq!(harness.execution(&id)["Status"]["State"], "RUNNING");
    let launch = &harness.queries[0];
    assert_eq!(launch.output, format!("s3://results/athena/{id}.csv"));
    assert_eq!((launch.database.as_deref(), launch.parameters[0].as_str()), (Some("logs"), "'2024-10-20'"));
    let early = harness.athena_refuses("GetQueryResults", json!({"QueryExecutionId": id}));
    assert_eq!(early, "Query has not yet finished. Current state: RUNNING");
    harness.pass_secs(2);
    harness.end_query(&id, done());
    let execution = harness.execution(&id);
    assert_eq!(execution["Status"]["State"], "SUCCEEDED");
    assert_eq!(execution["Statistics"]["DataScannedInBytes"], 1_234);
    assert_eq!(execution["Statistics"]["QueryQueueTimeInMillis"], 50);
    assert_eq!(execution["Statistics"]["EngineExecutionTimeInMillis"], 2_000);
    assert_eq!(execution["StatementType"], "DML");
    assert!(harness.world.is_idle());
    // The end of a query that has ended is nothing.
    harness.end_query(&id, QueryEnd::OverLimit { scanned: 1 });
    assert_eq!(harness.execution(&id)["Status"]["State"], "SUCCEEDED");
}

#[test]
fn a_failed_query_says_why() {
    let mut harness = Harness::new();
    let id = harness.start_query();
    harness.pass_secs(1);
    let message = "COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved";
    let error = json!({"ErrorCategory": 2, "ErrorType": 1000, "Retryable": false, "ErrorMessage": message});
    harness.end_query(&id, QueryEnd::Failed { error: error.clone() });
    let status = &harness.execution(&id)["Status"];
    assert_eq!((&status["State"], &status["AthenaError"]), (&json!("FAILED"), &error));
    assert_eq!(status["StateChangeReason"], message);
    let refused = harness.athena_refuses("GetQueryResults", json!({"QueryExecutionId": id}));
    assert_eq!(refused, "Query did not finish successfully. Final query state: FAILED");
}

#[test]
fn a_stopped_query_is_cancelled_and_its_process_is_stopped() {
    let mut harness = Harness::new();
    let (queued, running) = (harness.start_query(), harness.start_query());
    harness.athena("StopQueryExecution", json!({"QueryExecutionId": queued}));
    harness.pass_secs(1);
    harness.athena("StopQueryExecution", json!({"QueryExecutionId": running}));
    assert_eq!(harness.queries.len(), 1, "a query that was stopped in the queue never runs");
    assert_eq!(harness.stopped_queries, std::slice::from_ref(&running));
    harness.end_query(&running, done());
    for id in [queued, running] {
        assert_eq!(harness.execution(&id)["Status"]["State"], "CANCELLED");
    }
}

#[test]
fn one_token_starts_one_query() {
    let mut harness = Harness::new();
    let mut with_token = query();
    with_token["ClientRequestToken"] = json!(TOKEN);
    let first = harness.athena("StartQueryExecution", with_token.clone());
    assert_eq!(harness.athena("StartQueryExecution", with_token.clone()), first);
    with_token["QueryString"] = json!("SELECT 2");
    let refused = harness.athena_refuses("StartQueryExecution", with_token);
    assert_eq!(refused, "Idempotent parameters do not match");
    harness.pass_secs(1);
    assert_eq!(harness.queries.len(), 1);
}

#[test]
fn a_query_needs_an_output_location_and_an_enforced_workgroup_has_the_last_word() {
    let mut harness = Harness::new();
    let without = json!({"QueryString": "SELECT 1"});
    let refused = harness.athena_refuses("StartQueryExecution", without);
    assert!(refused.starts_with("No output location provided."), "{refused}");
    let output = json!({"OutputLocation": "s3://results/wg/"});
    let configuration = json!({"ResultConfiguration": output, "BytesScannedCutoffPerQuery": 10_000_000});
    harness.athena("CreateWorkGroup", json!({"Name": "logs", "Configuration": configuration}));
    let mut asked = query();
    asked["WorkGroup"] = json!("logs");
    harness.athena("StartQueryExecution", asked.clone());
    harness.pass_secs(1);
    let launch = harness.queries[0].clone();
    assert!(launch.output.starts_with("s3://results/wg/"), "{}", launch.output);
    assert_eq!(launch.cutoff, Some(10_000_000));
    harness.end_query(&launch.id, QueryEnd::OverLimit { scanned: 10_000_001 });
    let status = &harness.execution(&launch.id)["Status"];
    assert_eq!(status["State"], "CANCELLED");
    assert!(text(&status["StateChangeReason"]).contains("Bytes scanned limit was exceeded"));
    harness.athena("UpdateWorkGroup", json!({"WorkGroup": "logs", "State": "DISABLED"}));
    assert!(harness.athena_refuses("StartQueryExecution", asked).contains("is disabled"));
}

#[test]
fn workgroups_are_updated_listed_and_deleted() {
    let mut harness = Harness::new();
    harness.athena("CreateWorkGroup", json!({"Name": "logs", "Description": "of the web"}));
    assert_eq!(
        harness.athena_refuses("CreateWorkGroup", json!({"Name": "logs"})),
        "WorkGroup is already created"
    );
    let updates = json!({
        "BytesScannedCutoffPerQuery": 20_000_000,
        "ResultConfigurationUpdates": {"OutputLocation": "s3://b/r/"},
    });
    harness.athena("UpdateWorkGroup", json!({"WorkGroup": "logs", "ConfigurationUpdates": updates}));
    let group = harness.athena("GetWorkGroup", json!({"WorkGroup": "logs"}))["WorkGroup"].clone();
    assert_eq!(group["Configuration"]["ResultConfiguration"]["OutputLocation"], "s3://b/r/");
    assert_eq!(group["Configuration"]["BytesScannedCutoffPerQuery"], 20_000_000);
    assert_eq!(group["Configuration"]["EnforceWorkGroupConfiguration"], true);
    let remove = json!({"RemoveBytesScannedCutoffPerQuery": true});
    harness.athena("UpdateWorkGroup", json!({"WorkGroup": "logs", "ConfigurationUpdates": remove}));
    let group = harness.athena("GetWorkGroup", json!({"WorkGroup": "logs"}))["WorkGroup"].clone();
    assert_eq!(group["Configuration"].get("BytesScannedCutoffPerQuery"), None);
    let listed = harness.athena("ListWorkGroups", json!({}));
    let groups: Vec<String> =
        listed["WorkGroups"].as_array().unwrap().iter().map(|group| text(&group["Name"])).collect();
    assert_eq!(groups, ["logs", "primary"]);
    let named = json!({"Name": "n", "Database": "d", "QueryString": "SELECT 1", "WorkGroup": "logs"});
    harness.athena("CreateNamedQuery", named);
    assert!(harness.athena_refuses("DeleteWorkGroup", json!({"WorkGroup": "logs"})).contains("not empty"));
    harness.athena("DeleteWorkGroup", json!({"WorkGroup": "logs", "RecursiveDeleteOption": true}));
    assert_eq!(
        harness.athena_refuses("GetWorkGroup", json!({"WorkGroup": "logs"})),
        "WorkGroup logs is not found."
    );
    harness.athena_refuses("DeleteWorkGroup", json!({"WorkGroup": "primary"}));
}

#[test]
fn a_workgroup_s_tags_are_found_by_its_arn_and_it_has_no_prepared_statements() {
    let mut harness = Harness::new();
    let tags: Vec<Value> =
        (0..4).map(|n| json!({"Key": format!("k{n}"), "Value": format!("v{n}")})).collect();
    harness.athena("CreateWorkGroup", json!({"Name": "logs", "Tags": tags}));
    let arn = "arn:aws:athena:us-east-1:123456789012:workgroup/logs";
    let first = harness.athena("ListTagsForResource", json!({"ResourceARN": arn}));
    assert_eq!(first["Tags"], json!(tags[..3]));
    let next = json!({"ResourceARN": arn, "NextToken": first["NextToken"]});
    assert_eq!(harness.athena("ListTagsForResource", next), json!({"Tags": [tags[3]]}));
    let primary = json!({"ResourceARN": arn.replace("logs", "primary")});
    assert_eq!(harness.athena("ListTagsForResource", primary), json!({"Tags": []}));
    let none = json!({"ResourceARN": arn.replace("logs", "nope")});
    let none =
        harness.try_call(Service::Athena, "ListTagsForResource", &none).expect_err("no such workgroup");
    assert_eq!(none.code, "ResourceNotFoundException");
    harness.athena_refuses("ListTagsForResource", json!({"ResourceARN": "logs"}));
    let prepared = harness.athena("ListPreparedStatements", json!({"WorkGroup": "logs"}));
    assert_eq!(prepared, json!({"PreparedStatements": []}));
    harness.athena_refuses("ListPreparedStatements", json!({"WorkGroup": "nope"}));
}

#[test]
fn named_queries_are_kept_under_an_id() {
    let mut harness = Harness::new();
    let made = json!({"Name": "n", "Database": "d", "QueryString": "SELECT 1", "ClientRequestToken": TOKEN});
    let id = text(&harness.athena("CreateNamedQuery", made.clone())["NamedQueryId"]);
    assert_eq!(text(&harness.athena("CreateNamedQuery", made)["NamedQueryId"]), id);
    let update = json!({"NamedQueryId": id, "Name": "m", "QueryString": "SELECT 2", "Description": "two"});
    harness.athena("UpdateNamedQuery", update);
    let found = harness.athena("GetNamedQuery", json!({"NamedQueryId": id}))["NamedQuery"].clone();
    assert_eq!((text(&found["Name"]), text(&found["QueryString"])), ("m".to_owned(), "SELECT 2".to_owned()));
    let both = harness.athena("BatchGetNamedQuery", json!({"NamedQueryIds": [id, "nope"]}));
    assert_eq!(both["NamedQueries"][0], found);
    assert_eq!(both["UnprocessedNamedQueryIds"][0]["NamedQueryId"], "nope");
    assert_eq!(harness.athena("ListNamedQueries", json!({}))["NamedQueryIds"], json!([id]));
    harness.athena("DeleteNamedQuery", json!({"NamedQueryId": id}));
    harness.athena_refuses("GetNamedQuery", json!({"NamedQueryId": id}));
}

#[test]
fn executions_are_listed_newest_first_on_pages() {
    let mut harness = Harness::new();
    let ids: Vec<String> = (0..3).map(|_| harness.start_query()).collect();
    let first = harness.athena("ListQueryExecutions", json!({"MaxResults": 2}));
    assert_eq!(first["QueryExecutionIds"], json!([ids[2], ids[1]]));
    let rest = harness.athena("ListQueryExecutions", json!({"NextToken": first["NextToken"]}));
    assert_eq!(rest, json!({"QueryExecutionIds": [ids[0]]}));
    let batch = json!({"QueryExecutionIds": [ids[0], "nope"]});
    let batch = harness.athena("BatchGetQueryExecution", batch);
    assert_eq!(batch["QueryExecutions"].as_array().unwrap().len(), 1);
    assert_eq!(batch["UnprocessedQueryExecutionIds"][0]["QueryExecutionId"], "nope");
}

#[test]
fn a_query_that_was_running_when_the_daemon_ended_has_failed() {
    let mut harness = Harness::new();
    let (running, queued) = (harness.start_query(), harness.start_query());
    harness.world.advance(harness.now);
    harness.pass_secs(1);
    let late = harness.start_query();
    harness.world.restarted(harness.now);
    for id in [running, queued] {
        let status = harness.execution(&id)["Status"].clone();
        assert_eq!(
            (text(&status["State"]), &status["AthenaError"]["Retryable"]),
            ("FAILED".into(), &json!(true))
        );
    }
    harness.pass_secs(1);
    assert_eq!(harness.execution(&late)["Status"]["State"], "RUNNING");
}
