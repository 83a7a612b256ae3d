//! What outlives a run: made, changed and removed, among what is others'.

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration,
    LifecycleRule, LifecycleRuleAndOperator, LifecycleRuleFilter, NoncurrentVersionExpiration, Tag,
    Transition, TransitionDefaultMinimumObjectSize, TransitionStorageClass,
};
use emrys_control_plane::{AwsContext, ManagedError, apply, managed};
use emrys_core::managed::{Change, Goal, Plan, plan};
use emrys_core::spec::Spec;
use emrys_local_aws::world::WorldSettings;

use crate::world::{Aws, Fault, spec_and};

const BUCKET: &str = "my-log-bucket";
const RETENTION: &str = "\n[retention]\narchive-after-days = 30\nlogs-expire-after-days = 90\n";

/// Looks, plans, and does it.
pub(crate) async fn reconcile(aws: &AwsContext, spec: &Spec, goal: Goal) -> Result<Plan, ManagedError> {
    let planned = plan(spec, &managed(aws, spec).await?, goal);
    for step in &planned.steps {
        apply(aws, spec, step).await?;
    }
    Ok(planned)
}

fn filter() -> aws_sdk_s3::types::builders::LifecycleRuleFilterBuilder {
    LifecycleRuleFilter::builder()
}

fn rule(id: &str) -> aws_sdk_s3::types::builders::LifecycleRuleBuilder {
    LifecycleRule::builder().id(id).status(ExpirationStatus::Enabled)
}

/// Five kinds of rules that others have, in the form of today.
fn five_kinds() -> Vec<LifecycleRule> {
    let days = |days| LifecycleExpiration::builder().days(days).build();
    let tag = Tag::builder().key("keep").value("no").build().unwrap();
    let and = LifecycleRuleAndOperator::builder()
        .prefix("temporary/")
        .tags(tag.clone())
        .object_size_greater_than(1024);
    let to_ia = Transition::builder().days(45).storage_class(TransitionStorageClass::StandardIa).build();
    let versions =
        NoncurrentVersionExpiration::builder().noncurrent_days(9).newer_noncurrent_versions(2).build();
    let abort = AbortIncompleteMultipartUpload::builder().days_after_initiation(3).build();
    [
        rule("by prefix")
            .filter(filter().prefix("backups/").build())
            .transitions(to_ia)
            .expiration(days(400)),
        rule("by tag").filter(filter().tag(tag).build()).expiration(days(1)),
        rule("by all of it").filter(filter().and(and.build()).build()).expiration(days(7)),
        rule("old versions").filter(filter().prefix("").build()).noncurrent_version_expiration(versions),
        rule("uploads").filter(filter().prefix("uploads/").build()).abort_incomplete_multipart_upload(abort),
    ]
    .map(|rule| rule.build().unwrap())
    .to_vec()
}

/// Rules in the old form.
#[expect(deprecated, reason = "buckets have such rules")]
fn old_form() -> Vec<LifecycleRule> {
    let days = |days| LifecycleExpiration::builder().days(days).build();
    let off = ExpirationStatus::Disabled;
    [
        rule("old").prefix("backups/").expiration(days(400)),
        rule("off").prefix("application-logs/").status(off).expiration(days(7)),
    ]
    .map(|rule| rule.build().unwrap())
    .to_vec()
}

async fn put(s3: &aws_sdk_s3::Client, rules: Vec<LifecycleRule>) {
    let configuration = BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build().unwrap();
    let put = s3.put_bucket_lifecycle_configuration().bucket(BUCKET).lifecycle_configuration(configuration);
    let size = TransitionDefaultMinimumObjectSize::VariesByStorageClass;
    put.transition_default_minimum_object_size(size).send().await.unwrap();
}

async fn rules(s3: &aws_sdk_s3::Client) -> Vec<LifecycleRule> {
    match s3.get_bucket_lifecycle_configuration().bucket(BUCKET).send().await {
        Ok(answer) => answer.rules.unwrap_or_default(),
        Err(_) => Vec::new(),
    }
}

pub(crate) fn changing(world: &Aws) -> Vec<String> {
    let reads = ["Get", "Head", "List", "Describe", "BatchGet"];
    let operations = world.journal().into_iter().map(|entry| entry.operation);
    operations.filter(|operation| !reads.iter().any(|read| operation.starts_with(read))).collect()
}

#[tokio::test(start_paused = true)]
async fn others_rules_are_kept_in_both_forms_and_nothing_is_done_twice() {
    for others in [five_kinds(), old_form(), Vec::new()] {
        let world = Aws::with(WorldSettings::default());
        let (aws, spec) = (world.connect(1).await, spec_and(RETENTION));
        let s3 = world.s3_of_another_person();
        if !others.is_empty() {
            put(&s3, others.clone()).await;
        }
        let before = rules(&s3).await;

        let first = reconcile(&aws, &spec, Goal::Setup).await.unwrap();
        assert!(first.obstacles.is_empty(), "{first:#?}");
        let all = rules(&s3).await;
        assert_eq!(all[..before.len()], before[..], "others' rules, in their order");
        assert_eq!(all.len(), before.len() + 3);

        let calls = changing(&world);
        let second = reconcile(&aws, &spec, Goal::Setup).await.unwrap();
        assert!(second.has_nothing_to_do(), "{second:#?}");
        assert_eq!(changing(&world), calls, "a second setup makes no changing call");

        let end = reconcile(&aws, &spec, Goal::Destroy).await.unwrap();
        assert_eq!(end.steps.len(), 2, "{end:#?}");
        assert_eq!(rules(&s3).await, before);
        assert_eq!(world.done("DeleteBucketLifecycle"), usize::from(before.is_empty()));
        assert_eq!(world.done("DeleteAlarms"), 1);
        assert!(plan(&spec, &managed(&aws, &spec).await.unwrap(), Goal::Destroy).has_nothing_to_do());
    }
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_somebody_switched_off_is_told_as_such() {
    let world = Aws::with(WorldSettings::default());
    let (aws, spec) = (world.connect(1).await, spec_and(RETENTION));
    reconcile(&aws, &spec, Goal::Setup).await.unwrap();
    let s3 = world.s3_of_another_person();
    let mut touched = rules(&s3).await;
    touched[0].status = ExpirationStatus::Disabled;
    put(&s3, touched).await;
    let again = reconcile(&aws, &spec, Goal::Setup).await.unwrap();
    let changed: Vec<_> = again
        .items
        .iter()
        .filter(|item| matches!(item.change, Change::Update { drifted: Some(true), .. }))
        .collect();
    assert_eq!(changed.len(), 1, "{again:#?}");
    assert_eq!(rules(&s3).await[0].status, ExpirationStatus::Enabled);
}

#[tokio::test(start_paused = true)]
async fn a_rule_over_the_same_objects_stops_it_before_anything_is_done() {
    let world = Aws::with(WorldSettings::default());
    let (aws, spec) = (world.connect(1).await, spec_and(RETENTION));
    let s3 = world.s3_of_another_person();
    let days = LifecycleExpiration::builder().days(10).build();
    put(&s3, vec![rule("all").filter(filter().prefix("").build()).expiration(days).build().unwrap()]).await;
    let calls = changing(&world);
    let planned = reconcile(&aws, &spec, Goal::Setup).await.unwrap();
    assert!(planned.obstacles[0].message.contains("`all`"), "{planned:#?}");
    assert_eq!(changing(&world), calls);
}

#[tokio::test(start_paused = true)]
async fn what_somebody_writes_between_look_and_act_is_left_alone() {
    let world = Aws::with(WorldSettings::default());
    let (aws, spec) = (world.connect(1).await, spec_and(RETENTION));
    let planned = plan(&spec, &managed(&aws, &spec).await.unwrap(), Goal::Setup);
    let s3 = world.s3_of_another_person();
    put(&s3, five_kinds()).await;
    let before = rules(&s3).await;
    let stopped = apply(&aws, &spec, &planned.steps[0]).await;
    assert!(matches!(stopped, Err(ManagedError::ChangedMeanwhile { .. })), "{stopped:?}");
    assert_eq!(rules(&s3).await, before);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_changes_nothing_about_the_end() {
    let world = Aws::with(WorldSettings::default());
    let (aws, spec) =
        (world.connect(1).await, spec_and(&format!("{RETENTION}[catalog]\ndatabase = \"logs\"\n")));
    for call in ["PUT http://aws.test/my-log-bucket", "CreateTable", "CreateDatabase"] {
        world.fault(call, Fault::LoseReply);
    }
    reconcile(&aws, &spec, Goal::Setup).await.unwrap();
    let after = plan(&spec, &managed(&aws, &spec).await.unwrap(), Goal::Setup);
    assert!(after.has_nothing_to_do(), "{after:#?}");
    reconcile(&aws, &spec, Goal::Destroy).await.unwrap();
    let found = managed(&aws, &spec).await.unwrap();
    assert_eq!(found.catalog.unwrap().database, None);
    assert_eq!(world.done("DeleteDatabase"), 1);
}
