//! The lifecycle configuration of a bucket.

use s3s::service::S3Service;

use crate::s3::harness::{Answer, call, s3, store};

const SMALLEST: &str = "x-amz-transition-default-minimum-object-size";

async fn put(service: &S3Service, rules: &str, headers: &[(&str, &str)]) -> Answer {
    let body = format!("<LifecycleConfiguration>{rules}</LifecycleConfiguration>");
    call(service, ("PUT", "/logs", "lifecycle="), headers, &body).await
}

async fn get(service: &S3Service) -> Answer {
    call(service, ("GET", "/logs", "lifecycle="), &[], "").await
}

fn rule(id: &str, inner: &str) -> String {
    format!("<Rule><ID>{id}</ID><Status>Enabled</Status>{inner}</Rule>")
}

const EXPIRES: &str = "<Expiration><Days>60</Days></Expiration>";
const ALL: &str = "<Filter><Prefix></Prefix></Filter>";

fn moves(class: &str, days: i32) -> String {
    format!("<Transition><Days>{days}</Days><StorageClass>{class}</StorageClass></Transition>")
}

#[tokio::test]
async fn a_configuration_is_replaced_as_a_whole_and_deleted() {
    let service = s3(&store());
    get(&service).await.is_error(404, "NoSuchLifecycleConfiguration");
    let both = rule("a", &format!("{ALL}{EXPIRES}")) + &rule("b", &format!("<Filter/>{EXPIRES}"));
    let answer = put(&service, &both, &[]).await;
    assert_eq!((answer.status.as_u16(), answer.header(SMALLEST)), (200, "all_storage_classes_128K"));
    let found = get(&service).await;
    assert_eq!((found.elements("ID"), found.elements("Days")), (vec!["a", "b"], vec!["60", "60"]));
    assert_eq!(found.header(SMALLEST), "all_storage_classes_128K");

    let old = rule("c", &format!("<Prefix>raw/</Prefix>{}", moves("GLACIER", 0)));
    put(&service, &old, &[(SMALLEST, "varies_by_storage_class")]).await;
    let found = get(&service).await;
    assert_eq!((found.elements("ID"), found.elements("Prefix")), (vec!["c"], vec!["raw/"]));
    assert_eq!((found.element("Filter"), found.header(SMALLEST)), (None, "varies_by_storage_class"));
    // Who does not say it gets the default back.
    put(&service, &old, &[]).await;
    assert_eq!(get(&service).await.header(SMALLEST), "all_storage_classes_128K");

    let deleted = call(&service, ("DELETE", "/logs", "lifecycle="), &[], "").await;
    assert_eq!(deleted.status.as_u16(), 204);
    get(&service).await.is_error(404, "NoSuchLifecycleConfiguration");
    assert_eq!(call(&service, ("DELETE", "/logs", "lifecycle="), &[], "").await.status.as_u16(), 204);
    call(&service, ("GET", "/none", "lifecycle="), &[], "").await.is_error(404, "NoSuchBucket");
}

#[tokio::test]
async fn a_rule_without_a_name_is_given_one() {
    let service = s3(&store());
    let nameless = format!("<Rule><Status>Disabled</Status>{ALL}{EXPIRES}</Rule>");
    put(&service, &(nameless.clone() + &nameless), &[]).await;
    let found = get(&service).await;
    let ids = found.elements("ID");
    assert!(ids.len() == 2 && ids[0].len() == 48 && ids[0] != ids[1], "{ids:?}");
}

#[tokio::test]
async fn the_journal_has_the_rules_under_botocores_names() {
    let service = s3(&store());
    let inner = format!(
        "{ALL}{}<Transition><Date>2030-01-01T00:00:00.000Z</Date>\
        <StorageClass>GLACIER</StorageClass></Transition>",
        ""
    );
    let request = put(&service, &rule("a", &inner), &[]).await.request();
    let rule = &request["LifecycleConfiguration"]["Rules"][0];
    assert_eq!((&rule["ID"], &rule["Filter"]), (&"a".into(), &serde_json::json!({"Prefix": ""})));
    assert_eq!(rule["Transitions"][0]["StorageClass"], "GLACIER");
    assert!(rule["Transitions"][0]["Date"].as_str().unwrap().starts_with("2030-01-01T00:00:00"), "{rule}");
    assert_eq!(rule.get("Expiration"), None);
}

#[tokio::test]
async fn rules_that_s3_does_not_take_are_refused_and_change_nothing() {
    let service = s3(&store());
    put(&service, &rule("kept", &format!("{ALL}{EXPIRES}")), &[]).await;
    let all = |inner: &str| rule("x", &format!("{ALL}{inner}"));
    let tag = "<Tag><Key>a</Key><Value>b</Value></Tag>";
    let expires = |days: &str| format!("<Expiration><Days>{days}</Days></Expiration>");
    let abort = "<AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation>\
        </AbortIncompleteMultipartUpload>";
    let marker = "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>";
    let date = "<Expiration><Date>2030-01-01T00:00:00.000Z</Date></Expiration>";
    let table: Vec<(String, &str, &str)> = vec![
        (String::new(), "MalformedXML", ""),
        ((0..1001).map(|n| rule(&n.to_string(), &format!("{ALL}{EXPIRES}"))).collect(), "MalformedXML", ""),
        (all(EXPIRES) + &all(EXPIRES), "InvalidArgument", "Rule ID must be unique"),
        (rule(&"n".repeat(256), &format!("{ALL}{EXPIRES}")), "InvalidArgument", "ID length"),
        (all(""), "InvalidRequest", "At least one action"),
        (rule("x", EXPIRES), "MalformedXML", ""),
        (rule("x", &format!("<Filter><Prefix>a</Prefix>{tag}</Filter>{EXPIRES}")), "MalformedXML", ""),
        (rule("x", &format!("<Filter><And><Prefix>a</Prefix></And></Filter>{EXPIRES}")), "MalformedXML", ""),
        (
            all(EXPIRES) + &rule("y", &format!("<Prefix>a</Prefix>{EXPIRES}")),
            "InvalidRequest",
            "Base level prefix",
        ),
        (all(&expires("0")), "InvalidArgument", "positive integer"),
        (all(&expires("-1")), "InvalidArgument", "positive integer"),
        (all(&(expires("30") + &moves("GLACIER", 30))), "InvalidArgument", "must be greater than"),
        (all(&moves("STANDARD_IA", 29)), "InvalidArgument", "greater than or equal to 30"),
        (all(&moves("ONEZONE_IA", 0)), "InvalidArgument", "greater than or equal to 30"),
        (all(&moves("GLACIER", -1)), "InvalidArgument", "nonnegative"),
        (all(&moves("STANDARD", 30)), "MalformedXML", ""),
        (all(&(moves("GLACIER", 60) + &moves("DEEP_ARCHIVE", 60))), "InvalidArgument", "at least 1 more"),
        (all(&(moves("DEEP_ARCHIVE", 9) + &moves("GLACIER", 10))), "InvalidArgument", "at least 1 more"),
        (all(&(moves("STANDARD_IA", 30) + &moves("GLACIER", 59))), "InvalidArgument", "at least 30 more"),
        (all(&(moves("GLACIER", 1) + &moves("GLACIER", 2))), "InvalidRequest", "must be different"),
        (all(&(date.to_owned() + &moves("GLACIER", 1))), "InvalidRequest", "Found mixed"),
        (all(&date.replace("T00", "T01")), "InvalidArgument", "midnight"),
        (rule("x", &format!("<Filter>{tag}</Filter>{abort}")), "InvalidRequest", "with Tags"),
        (rule("x", &format!("<Filter>{tag}</Filter>{marker}")), "InvalidRequest", "with Tags"),
        (all(EXPIRES).replace("Enabled", "Maybe"), "MalformedXML", ""),
    ];
    for (rules, code, words) in table {
        let answer = put(&service, &rules, &[]).await;
        answer.is_error(400, code);
        assert!(answer.element("Message").unwrap_or_default().contains(words), "{}", answer.body);
    }
    let wrong = put(&service, &all(EXPIRES), &[(SMALLEST, "none")]).await;
    wrong.is_error(400, "InvalidRequest");
    assert_eq!(get(&service).await.elements("ID"), ["kept"]);
    for rules in [
        all(&(moves("STANDARD_IA", 30)
            + &moves("GLACIER", 60)
            + &moves("DEEP_ARCHIVE", 61)
            + &expires("62"))),
        all(date) + &rule("y", &format!("<Filter>{tag}</Filter>{EXPIRES}")),
        all(abort) + &rule("y", &format!("{ALL}{marker}")),
    ] {
        let answer = put(&service, &rules, &[]).await;
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
    }
}
