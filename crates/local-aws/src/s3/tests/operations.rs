//! Every operation that S3 answers is called here and succeeds. The match is exhaustive: an operation that is added to
//! the service does not compile until it has a call here.

use s3s::service::S3Service;

use super::super::api::Operation;
use super::super::harness::{Answer, call, s3, store};

const RULES: &str = "<LifecycleConfiguration><Rule><ID>r</ID><Filter><Prefix>a/</Prefix></Filter>\
                     <Status>Enabled</Status><Expiration><Days>3</Days></Expiration></Rule></LifecycleConfiguration>";

/// For a bucket in the region of the harness.
const PLACE: &str = "<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint>\
                     </CreateBucketConfiguration>";

/// Begins an upload of one part, and gives the query that names it, and the part's tag.
async fn upload(service: &S3Service) -> (String, String) {
    let begun = call(service, ("POST", "/logs/big", "uploads="), &[], "").await;
    let id = begun.element("UploadId").unwrap().to_owned();
    let part = format!("partNumber=1&uploadId={id}");
    let tag = call(service, ("PUT", "/logs/big", &part), &[], "part").await.header("etag").to_owned();
    (format!("uploadId={id}"), tag)
}

async fn answer(service: &S3Service, operation: Operation) -> Answer {
    call(service, ("PUT", "/logs/a", ""), &[], "hello").await;
    call(service, ("PUT", "/logs", "lifecycle="), &[], RULES).await;
    let (upload, tag) = upload(service).await;
    let part = format!("partNumber=1&{upload}");
    let copy = [("x-amz-copy-source", "logs/a")];
    let completed = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{tag}</ETag></Part></CompleteMultipartUpload>"
    );
    let deleted = "<Delete><Object><Key>a</Key></Object></Delete>";
    let (line, headers, body): (_, &[(&str, &str)], &str) = match operation {
        Operation::list_buckets => (("GET", "/", ""), &[], ""),
        Operation::create_bucket => (("PUT", "/more", ""), &[], PLACE),
        Operation::head_bucket => (("HEAD", "/logs", ""), &[], ""),
        Operation::delete_bucket => {
            call(service, ("PUT", "/empty", ""), &[], PLACE).await;
            (("DELETE", "/empty", ""), &[], "")
        }
        Operation::get_bucket_location => (("GET", "/logs", "location="), &[], ""),
        Operation::put_bucket_lifecycle_configuration => (("PUT", "/logs", "lifecycle="), &[], RULES),
        Operation::get_bucket_lifecycle_configuration => (("GET", "/logs", "lifecycle="), &[], ""),
        Operation::delete_bucket_lifecycle => (("DELETE", "/logs", "lifecycle="), &[], ""),
        Operation::put_object => (("PUT", "/logs/b", ""), &[], "hello"),
        Operation::copy_object => (("PUT", "/logs/b", ""), &copy, ""),
        Operation::delete_object => (("DELETE", "/logs/a", ""), &[], ""),
        Operation::delete_objects => (("POST", "/logs", "delete="), &[], deleted),
        Operation::get_object => (("GET", "/logs/a", ""), &[], ""),
        Operation::head_object => (("HEAD", "/logs/a", ""), &[], ""),
        Operation::list_objects_v2 => (("GET", "/logs", "list-type=2"), &[], ""),
        Operation::list_objects => (("GET", "/logs", ""), &[], ""),
        Operation::create_multipart_upload => (("POST", "/logs/other", "uploads="), &[], ""),
        Operation::upload_part => (("PUT", "/logs/big", &part), &[], "part"),
        Operation::upload_part_copy => (("PUT", "/logs/big", &part), &copy, ""),
        Operation::complete_multipart_upload => (("POST", "/logs/big", &upload), &[], &completed),
        Operation::abort_multipart_upload => (("DELETE", "/logs/big", &upload), &[], ""),
        Operation::list_parts => (("GET", "/logs/big", &upload), &[], ""),
        Operation::list_multipart_uploads => (("GET", "/logs", "uploads="), &[], ""),
    };
    call(service, line, headers, body).await
}

#[tokio::test]
async fn every_operation_is_called() {
    for (operation, name) in Operation::ALL.iter().copied() {
        let answer = answer(&s3(&store()), operation).await;
        assert!(answer.status.is_success(), "{name}: {} {}", answer.status, answer.body);
        // s3s has the names of the model: `ListObjectsV2` for `list_objects_v2`.
        let called = answer.record.read().operation.to_lowercase();
        assert_eq!(called, name.replace('_', ""));
    }
}
