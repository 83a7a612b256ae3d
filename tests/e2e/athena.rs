//! A table of Glue and SQL on it, as a stranger's SDK asks.

use serde_json::json;

use crate::support::{World, python};

#[test]
fn a_query_as_people_write_it_is_answered_over_the_catalog_s_partitions() {
    let world = World::with("");
    let seen = python("athena_query.py", &["my-log-bucket"], &world.environment()).expect(0).json();
    assert_eq!(seen["state"], "SUCCEEDED", "{seen:#}");
    assert_eq!(seen["header"], json!(["status_code", "avg_response_time"]));
    assert_eq!(seen["rows"], json!([["200", "10.0"], ["404", "3.0"]]));
    assert!(seen["scanned"].as_u64().unwrap() > 0, "{seen:#}");
    let csv = seen["csv"].as_str().unwrap();
    assert!(csv.starts_with("\"status_code\",\"avg_response_time\"\n"), "{csv}");
    assert_eq!(seen["empty_day"], json!([["_col0"], ["0"]]));
    assert_eq!(seen["error"]["ErrorCategory"], 2);
    let message = seen["error"]["ErrorMessage"].as_str().unwrap();
    assert!(message.starts_with("COLUMN_NOT_FOUND: line 1:64: Column 's' cannot be resolved"), "{message}");
}
