//! Requests as the SDKs write them, and what a client reads in the answers. The world is a closure here.

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use serde_json::{Value, json};

use super::*;
use crate::journal::CallRecord;
use crate::services::{EmrOperation, Operation, Service};
use crate::world::ApiError;

const SECRET: &str = "secret";
const NOW: &str = "2024-10-21T03:00:00Z";

/// A request without a signature.
fn request(path: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::post(path).header("host", "127.0.0.1:4599");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn signed(path: &str, headers: &[(&str, &str)], body: &[u8]) -> Parts {
    let mut head = request(path, headers);
    verifier().sign(&mut head, body, ("AKID", "eu-west-1", "any"), NOW.parse().unwrap());
    head
}

fn verifier() -> Verifier {
    Verifier::new(SECRET, None)
}

fn send(
    head: &Parts,
    body: &[u8],
    world: impl FnOnce(&Call) -> Result<Value, ApiError>,
) -> (Answer, CallRecord) {
    let record = CallRecord::new();
    let received = Received { head, body, now: NOW.parse().unwrap(), request_id: "id-1" };
    let answer = match open(received, route(head), &verifier(), &record) {
        Opened::Valid(request) => request.answer(world(&request.call)),
        Opened::Refused(answer) => answer,
    };
    (answer, record)
}

fn unreached(call: &Call) -> Result<Value, ApiError> {
    panic!("the world must not see {call:?}")
}

fn header<'r>(response: &'r Response<Bytes>, name: &str) -> &'r str {
    response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

fn json_of(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

fn emr(operation: &str, body: &[u8]) -> Parts {
    let target = format!("ElasticMapReduce.{operation}");
    signed("/", &[("x-amz-target", &target), ("content-type", "application/x-amz-json-1.1")], body)
}

fn cloudwatch(operation: &str, headers: &[(&str, &str)], body: &[u8]) -> Parts {
    let path = format!("/service/GraniteServiceVersion20100801/operation/{operation}");
    let mut all = vec![("smithy-protocol", "rpc-v2-cbor"), ("content-type", "application/cbor")];
    all.extend(headers);
    signed(&path, &all, body)
}

fn cbor(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

#[test]
fn the_head_of_a_request_says_where_it_goes() {
    let json = |prefix: &str| request("/", &[("x-amz-target", &format!("{prefix}.Do"))]);
    let world = |service, operation: &str, protocol| {
        Route::World(Target { service, operation: operation.to_owned(), protocol })
    };
    assert_eq!(route(&json("ElasticMapReduce")), world(Service::Emr, "Do", Protocol::AwsJson11));
    let boto3 = request(
        "/",
        &[
            ("x-amz-target", "GraniteServiceVersion20100801.Do"),
            ("content-type", "application/x-amz-json-1.0"),
        ],
    );
    assert_eq!(route(&boto3), world(Service::CloudWatch, "Do", Protocol::AwsJson10));
    assert_eq!(route(&cloudwatch("Do", &[], b"")), world(Service::CloudWatch, "Do", Protocol::RpcV2Cbor));
    let form = request("/", &[("content-type", "application/x-www-form-urlencoded; charset=utf-8")]);
    assert_eq!(route(&form), Route::Query);
    // Whatever else has no service in its signature, or S3's, is for S3: a bucket may be called `service` too.
    assert_eq!(route(&request("/service/key", &[])), Route::S3);

    let other = route(&json("AmazonSQS"));
    assert!(matches!(&other, Route::Unknown { service, .. } if service == "AmazonSQS"), "{other:?}");
    let of = |service: &str| {
        format!(
            "AWS4-HMAC-SHA256 Credential=AK/20241021/us-east-1/{service}/aws4_request, SignedHeaders=host, \
             Signature=00"
        )
    };
    let scheduler = route(&request("/schedules/one", &[("authorization", &of("scheduler"))]));
    assert_eq!(scheduler, world(Service::Scheduler, "CreateSchedule", Protocol::RestJson1));
    let unknown = route(&request("/tags/one", &[("authorization", &of("scheduler"))]));
    assert!(matches!(&unknown, Route::Unknown { service, .. } if service == "scheduler"), "{unknown:?}");
    let lambda = route(&request("/functions/one", &[("authorization", &of("lambda"))]));
    assert!(matches!(&lambda, Route::Unknown { service, .. } if service == "lambda"), "{lambda:?}");
}

#[test]
fn a_json_call_reaches_the_world_with_who_made_it() {
    let body = br#"{"ClusterId": "j-1", "Marker": null, "Extra": 1}"#;
    let (answer, record) = send(&emr("ListSteps", body), body, |call| {
        assert_eq!(call.operation, Operation::Emr(EmrOperation::ListSteps));
        assert_eq!(call.input, json!({"ClusterId": "j-1"}));
        assert_eq!((call.caller.access_key.as_str(), call.caller.region.as_str()), ("AKID", "eu-west-1"));
        Ok(json!({"Steps": []}))
    });
    assert_eq!((answer.service.as_str(), answer.error), ("emr", None));
    assert_eq!(answer.response.status(), 200);
    assert_eq!(header(&answer.response, "content-type"), "application/x-amz-json-1.1");
    assert_eq!(header(&answer.response, "x-amzn-requestid"), "id-1");
    assert_eq!(json_of(&answer.response), json!({"Steps": []}));
    let recorded = record.read();
    assert_eq!((recorded.operation.as_str(), recorded.resource.as_str()), ("ListSteps", "j-1"));
    assert_eq!(recorded.request.unwrap()["Extra"], 1, "the journal has what was really sent");
    assert_eq!(recorded.warnings, ["Extra is not a member of the model: AWS ignores it"]);
}

#[test]
fn an_operation_without_output_answers_nothing() {
    let body = br#"{"JobFlowIds": ["j-1"]}"#;
    let (answer, _) = send(&emr("TerminateJobFlows", body), body, |_| Ok(json!({})));
    assert_eq!((answer.response.status().as_u16(), answer.response.body().len()), (200, 0));
}

#[test]
fn json_errors_have_the_members_that_clients_read() {
    let body = br#"{"ClusterId": "j-1"}"#;
    let refused = |_: &Call| Err(ApiError::invalid_request("Cluster id 'j-1' is not valid."));
    let (answer, _) = send(&emr("DescribeCluster", body), body, refused);
    assert_eq!(answer.error.as_deref(), Some("InvalidRequestException"));
    assert_eq!(answer.response.status(), 400);
    assert_eq!(header(&answer.response, "x-amzn-errortype"), "InvalidRequestException");
    // The model of this error spells its member `Message`; undeclared errors have `message`.
    assert_eq!(
        json_of(&answer.response),
        json!({"__type": "InvalidRequestException", "Message": "Cluster id 'j-1' is not valid."})
    );
    let (answer, _) = send(&emr("DescribeCluster", b"{}"), b"{}", unreached);
    assert_eq!(
        json_of(&answer.response),
        json!({
            "__type": "ValidationException",
            "message": "1 validation error detected: Value null at 'clusterId' failed to satisfy constraint: \
                        Member must not be null",
        })
    );
}

#[test]
fn what_cannot_be_read_is_a_serialization_exception() {
    for body in [&b"{"[..], b"[]", b"7", br#"{"ClusterId": 7}"#] {
        let (answer, _) = send(&emr("DescribeCluster", body), body, unreached);
        assert_eq!(answer.error.as_deref(), Some("SerializationException"), "{body:?}");
        assert_eq!(answer.response.status(), 400);
    }
}

#[test]
fn an_unknown_operation_is_an_error_in_every_protocol() {
    let form = b"Action=AssumeRole&Version=2011-06-15";
    let form_head = || signed("/", &[("content-type", "application/x-www-form-urlencoded")], form);
    let old_form = b"Action=ListMetrics&Version=2010-08-01";
    let old_head = || signed("/", &[("content-type", "application/x-www-form-urlencoded")], old_form);
    let other = signed("/", &[("x-amz-target", "AmazonSQS.StartQueryExecution")], b"{}");
    let requests: [(Parts, &[u8], &str); 6] = [
        (emr("CreateStudio", b"{}"), b"{}", "emr"),
        (cloudwatch("PutDashboard", &[], b""), b"", "cloudwatch"),
        (form_head(), form, "sts"),
        (old_head(), old_form, "any"),
        (other, b"{}", "AmazonSQS"),
        (request("/service/Other/operation/Do", &[("smithy-protocol", "rpc-v2-cbor")]), b"", "Other"),
    ];
    for (head, body, service) in requests {
        let (answer, record) = send(&head, body, unreached);
        assert_eq!(answer.error.as_deref(), Some("UnknownOperationException"), "{service}");
        assert_eq!((answer.service.as_str(), answer.response.status().as_u16()), (service, 400));
        assert!(!record.read().operation.is_empty(), "{service}");
        assert!(!answer.response.body().is_empty(), "{service}");
    }
}

#[test]
fn without_a_good_signature_nothing_is_done() {
    let body = br#"{"JobFlowIds": ["j-1"]}"#;
    let head = request("/", &[("x-amz-target", "ElasticMapReduce.TerminateJobFlows")]);
    let (answer, _) = send(&head, body, unreached);
    assert_eq!(answer.error.as_deref(), Some("MissingAuthenticationTokenException"));
    assert_eq!(answer.response.status(), 403);

    let (answer, _) = send(&emr("TerminateJobFlows", b"another body"), body, unreached);
    assert_eq!(answer.error.as_deref(), Some("InvalidSignatureException"));
}

#[test]
fn cloudwatch_speaks_cbor_packed_or_not() {
    use std::io::Write as _;
    let input = json!({"Namespace": "Emrys", "MetricData": [{"MetricName": "RowsRead", "Value": 7.0}]});
    let plain = cbor(&input);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&plain).unwrap();
    let packed = encoder.finish().unwrap();
    let gzip: &[(&str, &str)] = &[("content-encoding", "gzip")];
    for (headers, body) in [(&[][..], plain), (gzip, packed)] {
        let (answer, record) = send(&cloudwatch("PutMetricData", headers, &body), &body, |call| {
            assert_eq!(call.input, input);
            Ok(json!({}))
        });
        assert_eq!(answer.error, None);
        assert_eq!(header(&answer.response, "smithy-protocol"), "rpc-v2-cbor");
        assert_eq!(record.read().resource, "Emrys");
    }
    let (answer, _) = send(&cloudwatch("PutMetricData", gzip, b"no gzip"), b"no gzip", unreached);
    assert_eq!(answer.error.as_deref(), Some("SerializationException"));
}

#[test]
fn cloudwatch_speaks_json_as_well() {
    let body = br#"{"AlarmNames": ["a"]}"#;
    let target = ("x-amz-target", "GraniteServiceVersion20100801.DeleteAlarms");
    let head = signed("/", &[target, ("content-type", "application/x-amz-json-1.0")], body);
    let (answer, record) = send(&head, body, |call| {
        assert_eq!(call.input, json!({"AlarmNames": ["a"]}));
        Err(ApiError::new("ResourceNotFound", "no alarm a", 404))
    });
    assert_eq!(header(&answer.response, "content-type"), "application/x-amz-json-1.0");
    assert_eq!(answer.response.status(), 404);
    assert_eq!(json_of(&answer.response), json!({"__type": "ResourceNotFound", "message": "no alarm a"}));
    assert_eq!(record.read().resource, "a");
}

#[test]
fn cloudwatch_errors_have_their_old_codes_for_clients_that_ask() {
    let body = cbor(&json!({"AlarmNames": ["a"]}));
    let head = cloudwatch("DeleteAlarms", &[("x-amzn-query-mode", "true")], &body);
    let (answer, _) = send(&head, &body, |_| Err(ApiError::invalid_value("no")));
    // The Rust SDK matches on the header's code, boto3 shows it; both fall back on `__type`.
    assert_eq!(header(&answer.response, "x-amzn-query-error"), "InvalidParameterValue;Sender");
    let told: Value = ciborium::from_reader(answer.response.body().as_ref()).unwrap();
    assert_eq!(told, json!({"__type": "InvalidParameterValueException", "message": "no"}));

    let head = cloudwatch("DeleteAlarms", &[], &body);
    let (answer, _) = send(&head, &body, |_| Err(ApiError::invalid_value("no")));
    assert_eq!(header(&answer.response, "x-amzn-query-error"), "");
}

#[test]
fn sts_speaks_xml() {
    let form = b"Action=GetCallerIdentity&Version=2011-06-15";
    let content_type = ("content-type", "application/x-www-form-urlencoded");
    let output =
        json!({"UserId": "A<B", "Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/local"});
    let (answer, _) = send(&signed("/", &[content_type], form), form, |_| Ok(output));
    assert_eq!(
        std::str::from_utf8(answer.response.body()).unwrap(),
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <UserId>A&lt;B</UserId><Account>123456789012</Account><Arn>arn:aws:iam::123456789012:user/local</Arn>\
         </GetCallerIdentityResult><ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata>\
         </GetCallerIdentityResponse>"
    );
    let (answer, _) = send(&request("/", &[content_type]), form, unreached);
    let xml = std::str::from_utf8(answer.response.body()).unwrap();
    assert!(xml.contains("<Type>Sender</Type><Code>MissingAuthenticationToken</Code>"), "{xml}");
    assert_eq!(answer.response.status(), 403);
}
