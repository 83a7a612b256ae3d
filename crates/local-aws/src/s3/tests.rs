//! The service over real, signed HTTP requests, in process.

mod lifecycle;
mod operations;

use http::{Request, StatusCode};
use jiff::SignedDuration;
use s3s::Body;
use serde_json::json;

use super::harness::{REGION, SECRET, call, clock, s3, send, signed, store};
use super::{Settings, service, service_with};
use crate::clock::Clock;
use crate::store::{ListRequest, Store};

#[tokio::test]
async fn who_does_not_sign_with_the_secret_is_refused() {
    let service = s3(&store());
    let mut unsigned = Request::new(Body::empty());
    *unsigned.uri_mut() = "/logs/a".parse().unwrap();
    unsigned.headers_mut().insert("host", "localhost".parse().unwrap());
    let answer = send(&service, unsigned).await;
    answer.is_error(403, "AccessDenied");
    assert_eq!(answer.record.read().operation, "GetObject");

    let wrong = signed(("GET", "/logs/a", ""), &[], "UNSIGNED-PAYLOAD", Body::empty(), "another");
    send(&service, wrong).await.is_error(403, "SignatureDoesNotMatch");
    call(&service, ("GET", "/logs/a", ""), &[], "").await.is_error(404, "NoSuchKey");
}

#[tokio::test]
async fn a_request_of_another_time_is_refused_where_it_matters() {
    let strict = |now: &str| {
        let settings = Settings {
            secret: SECRET.to_owned(),
            region: REGION.to_owned(),
            page: 2,
            skew: Some(SignedDuration::from_mins(15)),
        };
        service_with(store(), Clock::stepped(now.parse().unwrap()), settings)
    };
    let late = strict("2024-10-21T03:16:00Z");
    call(&late, ("GET", "/logs", "list-type=2"), &[], "").await.is_error(403, "RequestTimeTooSkewed");
    let answer = call(&strict("2024-10-21T02:50:00Z"), ("GET", "/logs", "list-type=2"), &[], "").await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn what_is_put_comes_back_with_its_headers() {
    let service = s3(&store());
    let headers = [
        ("content-encoding", "aws-chunked,gzip"),
        ("content-type", "text/plain"),
        ("x-amz-meta-origin", "web"),
    ];
    let put = call(&service, ("PUT", "/logs/day/a%20b.txt", ""), &headers, "hello").await;
    assert_eq!((put.status, put.header("etag")), (StatusCode::OK, "\"5d41402abc4b2a76b9719d911017c592\""));
    let recorded = put.record.read();
    assert_eq!(
        (recorded.operation.as_str(), recorded.resource.as_str()),
        ("PutObject", "s3://logs/day/a b.txt")
    );
    let expected = json!({
        "Bucket": "logs", "Key": "day/a b.txt", "ContentLength": 5, "ContentType": "text/plain",
        "ContentEncoding": "aws-chunked,gzip", "Metadata": {"origin": "web"},
    });
    assert_eq!(put.request(), expected);

    for method in ["GET", "HEAD"] {
        let answer = call(&service, (method, "/logs/day/a%20b.txt", ""), &[], "").await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("content-length"), "5");
        assert_eq!(answer.header("content-type"), "text/plain");
        assert_eq!(answer.header("content-encoding"), "gzip");
        assert_eq!(answer.header("x-amz-meta-origin"), "web");
        assert_eq!(answer.header("last-modified"), "Mon, 21 Oct 2024 03:00:00 GMT");
        assert_eq!(answer.body, if method == "GET" { "hello" } else { "" });
    }
}

#[tokio::test]
async fn reads_can_be_partial_and_conditional() {
    let store = store();
    let etag = format!("\"{}\"", store.put("logs", "a", b"0123456789").unwrap().etag);
    let dir = tempfile::tempdir().unwrap();
    let on_disk = Store::directory(dir.path(), clock()).unwrap();
    on_disk.create_bucket("logs").unwrap();
    on_disk.put("logs", "a", b"0123456789").unwrap();
    for service in [s3(&store), s3(&on_disk)] {
        let get = async |name: &str, value: &str| {
            call(&service, ("GET", "/logs/a", ""), &[(name, value)], "").await
        };
        for (range, content, bytes) in [
            ("bytes=2-4", "bytes 2-4/10", "234"),
            ("bytes=8-20", "bytes 8-9/10", "89"),
            ("bytes=-1", "bytes 9-9/10", "9"),
        ] {
            let answer = get("range", range).await;
            assert_eq!(answer.status, StatusCode::PARTIAL_CONTENT);
            assert_eq!((answer.header("content-range"), answer.body.as_str()), (content, bytes));
        }
        get("range", "bytes=10-").await.is_error(416, "InvalidRange");
        get("if-match", "\"0\"").await.is_error(412, "PreconditionFailed");
        assert_eq!(get("if-match", &etag).await.body, "0123456789");
        assert_eq!(get("if-none-match", &etag).await.status, StatusCode::NOT_MODIFIED);
        assert_eq!(
            get("if-modified-since", "Mon, 21 Oct 2024 03:00:00 GMT").await.status,
            StatusCode::NOT_MODIFIED
        );
        get("if-unmodified-since", "Mon, 21 Oct 2024 02:59:59 GMT").await.is_error(412, "PreconditionFailed");
    }
}

#[tokio::test]
async fn a_head_of_nothing_looks_the_same_with_and_without_a_body() {
    let service = s3(&store());
    for (path, code) in
        [("/logs/none", "NoSuchKey"), ("/none/none", "NoSuchBucket"), ("/none", "NoSuchBucket")]
    {
        let answer = call(&service, ("HEAD", path, ""), &[], "").await;
        answer.is_error(404, "NotFound");
        assert_eq!(answer.record.read().error.as_deref(), Some(code));
    }
}

#[tokio::test]
async fn conditional_writes_and_deletes() {
    let service = s3(&store());
    let path = ("PUT", "/logs/ledger.json", "");
    call(&service, path, &[("if-match", "\"0\"")], "x").await.is_error(404, "NoSuchKey");
    let first = call(&service, path, &[("if-none-match", "*")], "1").await;
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(first.request()["IfNoneMatch"], "*");
    let etag = first.header("etag").to_owned();
    call(&service, path, &[("if-none-match", "*")], "x").await.is_error(412, "PreconditionFailed");
    call(&service, path, &[("if-none-match", "\"0\"")], "x").await.is_error(501, "NotImplemented");
    let second = call(&service, path, &[("if-match", &etag)], "2").await;
    assert_eq!(second.request()["IfMatch"], etag);
    call(&service, path, &[("if-match", &etag)], "x").await.is_error(412, "PreconditionFailed");

    let delete = ("DELETE", "/logs/ledger.json", "");
    call(&service, delete, &[("if-match", &etag)], "").await.is_error(412, "PreconditionFailed");
    let deleted = call(&service, delete, &[("if-match", second.header("etag"))], "").await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    assert_eq!(call(&service, delete, &[], "").await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn bodies_are_checked_against_their_checksums() {
    let store = store();
    let service = s3(&store);
    let put = async |name: &str, value: &str| {
        call(&service, ("PUT", "/logs/a", ""), &[(name, value)], "hello").await
    };
    put("content-md5", "XUFAKrxLKna5cZ2REBfFkg==").await;
    put("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==").await.is_error(400, "BadDigest");
    put("content-md5", "short").await.is_error(400, "InvalidDigest");
    put("x-amz-checksum-crc32", "AAAAAA==").await.is_error(400, "BadDigest");
    put("x-amz-checksum-sha256", "AAAA").await.is_error(400, "BadDigest");
    assert_eq!(put("x-amz-checksum-crc32", "NhCmhg==").await.header("x-amz-checksum-crc32"), "NhCmhg==");

    let get = call(&service, ("GET", "/logs/a", ""), &[("x-amz-checksum-mode", "ENABLED")], "").await;
    assert_eq!(get.header("x-amz-checksum-crc32"), "NhCmhg==");
    let headers = [("range", "bytes=0-1"), ("x-amz-checksum-mode", "ENABLED")];
    let get = call(&service, ("GET", "/logs/a", ""), &headers, "").await;
    assert_eq!(get.header("x-amz-checksum-crc32"), "", "it is of the whole object");
}

#[tokio::test]
async fn chunked_bodies_are_checked_against_their_trailers() {
    let store = store();
    let service = s3(&store);
    let put = async |checksum: &str| {
        let body = format!("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:{checksum}\r\n\r\n");
        let length = body.len().to_string();
        let headers = [
            ("content-encoding", "aws-chunked"),
            ("content-length", length.as_str()),
            ("x-amz-decoded-content-length", "5"),
            ("x-amz-trailer", "x-amz-checksum-crc32"),
        ];
        let line = ("PUT", "/logs/a", "");
        send(&service, signed(line, &headers, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", body, SECRET)).await
    };
    put("AAAAAA==").await.is_error(400, "BadDigest");
    assert!(store.get("logs", "a").is_err());
    assert_eq!(put("NhCmhg==").await.status, StatusCode::OK);
    assert_eq!(store.get("logs", "a").unwrap(), b"hello");
    let attributes = store.head("logs", "a").unwrap().attributes;
    assert_eq!(attributes.content_encoding, None, "aws-chunked is no encoding of the object");
    assert_eq!(attributes.checksums["crc32"], "NhCmhg==");
}

#[tokio::test]
async fn a_client_that_reads_only_the_first_page_misses_keys() {
    let store = store();
    for number in 0..10 {
        store.put("logs", &format!("day/{number}"), b"x").unwrap();
    }
    let service = s3(&store);
    let first = call(&service, ("GET", "/logs", "list-type=2&prefix=day%2F"), &[], "").await;
    assert_eq!(first.elements("Key").len(), super::DEFAULT_PAGE);
    assert_eq!((first.element("IsTruncated"), first.element("KeyCount")), (Some("true"), Some("7")));
    let expected = json!({"Bucket": "logs", "Prefix": "day/"});
    assert_eq!(first.request(), expected);
    let token = first.element("NextContinuationToken").unwrap();
    let query = format!("continuation-token={token}&list-type=2&prefix=day%2F");
    let second = call(&service, ("GET", "/logs", &query), &[], "").await;
    assert_eq!(second.elements("Key"), ["day/7", "day/8", "day/9"]);
    assert_eq!(second.element("IsTruncated"), Some("false"));

    let all = call(&service, ("GET", "/logs", "list-type=2&max-keys=1000"), &[], "").await;
    assert_eq!(all.elements("Key").len(), 10);
    let none = call(&service, ("GET", "/logs", "list-type=2&max-keys=0"), &[], "").await;
    assert_eq!((none.elements("Key").len(), none.element("IsTruncated")), (0, Some("false")));
    let wrong = "continuation-token=wrong&list-type=2";
    call(&service, ("GET", "/logs", wrong), &[], "").await.is_error(400, "InvalidArgument");
    call(&service, ("GET", "/none", "list-type=2"), &[], "").await.is_error(404, "NoSuchBucket");
}

#[tokio::test]
async fn folders_and_odd_keys_are_listed() {
    let store = store();
    for key in ["a/1", "a/2", "b&c<d>", "top"] {
        store.put("logs", key, b"x").unwrap();
    }
    let service = s3(&store);
    let answer =
        call(&service, ("GET", "/logs", "delimiter=%2F&encoding-type=url&list-type=2"), &[], "").await;
    assert_eq!(answer.elements("Key"), ["b%26c%3Cd%3E", "top"]);
    assert_eq!(answer.element("CommonPrefixes"), Some("<Prefix>a/</Prefix>"));
    let answer = call(&service, ("GET", "/logs", "delimiter=%2F&max-keys=1"), &[], "").await;
    assert_eq!(answer.element("NextMarker"), Some("a/"));
    let answer = call(&service, ("GET", "/logs", "delimiter=%2F&marker=a%2F&max-keys=1"), &[], "").await;
    assert_eq!(answer.elements("Key"), ["b&amp;c&lt;d&gt;"]);
}

#[tokio::test]
async fn many_objects_are_deleted_at_once() {
    let store = store();
    for key in ["a", "b", "c"] {
        store.put("logs", key, b"x").unwrap();
    }
    let service = s3(&store);
    let body = "<Delete><Object><Key>a</Key></Object><Object><Key>b</Key><ETag>0</ETag></Object></Delete>";
    let answer = call(&service, ("POST", "/logs", "delete="), &[], body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert!(answer.element("Deleted").unwrap().contains("<Key>a</Key>"));
    assert!(answer.element("Error").unwrap().contains("<Code>PreconditionFailed</Code>"));
    let left = store.list("logs", &ListRequest { limit: 9, ..ListRequest::default() }).unwrap();
    assert_eq!(left.objects.len(), 2);
    let objects = json!([{"Key": "a"}, {"Key": "b", "ETag": "\"0\""}]);
    assert_eq!(answer.request(), json!({"Bucket": "logs", "Delete": {"Objects": objects}}));
}

#[tokio::test]
async fn copies_keep_or_replace_what_their_source_says() {
    let store = store();
    let service = s3(&store);
    call(&service, ("PUT", "/logs/a", ""), &[("content-type", "text/csv")], "x").await;
    let copy = async |to: &str, headers: &[(&str, &str)]| {
        let headers: Vec<_> = headers.iter().copied().chain([("x-amz-copy-source", "logs/a")]).collect();
        call(&service, ("PUT", to, ""), &headers, "").await
    };
    let answer = copy("/logs/b", &[]).await;
    assert_eq!(answer.request()["CopySource"], "logs/a");
    assert_eq!(store.head("logs", "b").unwrap().attributes.content_type.as_deref(), Some("text/csv"));
    copy("/logs/c", &[("content-type", "text/plain"), ("x-amz-metadata-directive", "REPLACE")]).await;
    assert_eq!(store.head("logs", "c").unwrap().attributes.content_type.as_deref(), Some("text/plain"));
    copy("/logs/b", &[("if-none-match", "*")]).await.is_error(412, "PreconditionFailed");
    copy("/logs/d", &[("x-amz-copy-source-if-match", "\"0\"")]).await.is_error(412, "PreconditionFailed");
    copy("/logs/a", &[]).await.is_error(400, "InvalidRequest");
}

#[tokio::test]
async fn a_multipart_upload_from_its_beginning_to_its_end() {
    let store = store();
    let service = s3(&store);
    let begun = call(&service, ("POST", "/logs/big", "uploads="), &[("content-type", "text/csv")], "").await;
    let id = begun.element("UploadId").unwrap();
    let mut parts = Vec::new();
    for (number, content) in [(1, "hello "), (2, "world")] {
        let query = format!("partNumber={number}&uploadId={id}");
        let part = call(&service, ("PUT", "/logs/big", &query), &[], content).await;
        let etag = part.header("etag");
        parts.push(format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"));
    }
    let query = format!("uploadId={id}");
    let listed = call(&service, ("GET", "/logs/big", &query), &[], "").await;
    assert_eq!(listed.elements("PartNumber"), ["1", "2"]);
    let uploads = call(&service, ("GET", "/logs", "uploads="), &[], "").await;
    assert_eq!((uploads.element("Key"), uploads.element("UploadId")), (Some("big"), Some(id)));

    let body = format!("<CompleteMultipartUpload>{}</CompleteMultipartUpload>", parts.concat());
    let done = call(&service, ("POST", "/logs/big", &query), &[("if-none-match", "*")], &body).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    assert_eq!(done.request()["MultipartUpload"]["Parts"][1]["PartNumber"], 2);
    let get = call(&service, ("GET", "/logs/big", ""), &[], "").await;
    assert_eq!((get.body.as_str(), get.header("content-type")), ("hello world", "text/csv"));
    assert!(get.header("etag").ends_with("-2\""));
    call(&service, ("POST", "/logs/big", &query), &[], &body).await.is_error(404, "NoSuchUpload");
    call(&service, ("DELETE", "/logs/big", &query), &[], "").await.is_error(404, "NoSuchUpload");
}

#[tokio::test]
async fn buckets_are_created_where_the_endpoint_is() {
    let service = s3(&store());
    call(&service, ("PUT", "/new", ""), &[], "").await.is_error(400, "IllegalLocationConstraintException");
    let constraint = format!(
        "<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
    );
    let made = call(&service, ("PUT", "/new", ""), &[], &constraint).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.body);
    call(&service, ("PUT", "/new", ""), &[], &constraint).await.is_error(409, "BucketAlreadyOwnedByYou");
    assert_eq!(call(&service, ("GET", "/", ""), &[], "").await.elements("Name"), ["logs", "new"]);
    let location = call(&service, ("GET", "/new", "location="), &[], "").await;
    assert!(location.body.contains(REGION), "{}", location.body);
    assert_eq!(call(&service, ("HEAD", "/new", ""), &[], "").await.header("x-amz-bucket-region"), REGION);
    call(&service, ("PUT", "/new/a", ""), &[], "x").await;
    call(&service, ("DELETE", "/new", ""), &[], "").await.is_error(409, "BucketNotEmpty");
    call(&service, ("DELETE", "/new/a", ""), &[], "").await;
    assert_eq!(call(&service, ("DELETE", "/new", ""), &[], "").await.status, StatusCode::NO_CONTENT);
    call(&service, ("PUT", "/new/a", ""), &[], "x").await.is_error(404, "NoSuchBucket");
}

#[tokio::test]
async fn in_the_oldest_region_creating_a_bucket_again_is_no_error() {
    let service = service(store(), clock(), SECRET, "us-east-1");
    assert_eq!(call(&service, ("PUT", "/logs", ""), &[], "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_is_not_known_is_an_error_and_is_noted() {
    let service = s3(&store());
    let answer = call(&service, ("GET", "/logs", "versioning="), &[], "").await;
    answer.is_error(501, "NotImplemented");
    assert_eq!(answer.record.read().operation, "GetBucketVersioning");
    assert_eq!(answer.request(), json!({"Bucket": "logs"}));
    call(&service, ("PUT", "/logs/a", ""), &[("x-amz-tagging", "a=b")], "x")
        .await
        .is_error(501, "NotImplemented");
}
