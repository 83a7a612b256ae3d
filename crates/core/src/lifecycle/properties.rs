//! What holds of every merge.

use proptest::prelude::*;

use super::tests::{foreign, wanted_source};
use super::*;

/// Rules of others, of many kinds, in one form. None moves or deletes what the wanted rules do.
fn others() -> impl Strategy<Value = Vec<Rule>> {
    let kind = (0..6_u8, 0..4_u8, any::<bool>(), 1..4000_i32);
    (prop::collection::vec(kind, 0..12), any::<bool>()).prop_map(|(kinds, old)| {
        let rule = |(index, (kind, place, enabled, days)): (usize, (u8, u8, bool, i32))| {
            let base = Rule {
                status: if enabled { "Enabled" } else { "Disabled" }.to_owned(),
                expiration: Some(Expiration { days: Some(days), ..Expiration::default() }),
                ..foreign(&format!("rule {index}"), &format!("other-{place}/"))
            };
            let class = || Some("A_CLASS_OF_TOMORROW".to_owned());
            let rule = match kind {
                0 => base,
                1 => Rule {
                    transitions: vec![Transition { days: Some(days), class: class(), date: None }],
                    ..base
                },
                2 => Rule {
                    expiration: None,
                    noncurrent_transitions: vec![NoncurrentTransition {
                        days: Some(days),
                        class: class(),
                        newer_versions: Some(2),
                    }],
                    ..base
                },
                3 => Rule {
                    expiration: None,
                    noncurrent_expiration: Some(NoncurrentExpiration {
                        days: Some(days),
                        newer_versions: None,
                    }),
                    ..base
                },
                4 => {
                    Rule { expiration: None, abort_uploads: Some(AbortUploads { days: Some(days) }), ..base }
                }
                _ => Rule { id: Some(format!("emrys/web-logs-{index}/source/0123")), ..base },
            };
            let prefix = rule.meant_prefix().to_owned();
            if old { Rule { prefix: Some(prefix), filter: None, ..rule } } else { rule }
        };
        kinds.into_iter().enumerate().map(rule).collect()
    })
}

fn wishes() -> impl Strategy<Value = Vec<WantedRule>> {
    let logs = |days| WantedRule {
        role: "logs",
        prefix: "emrys/emr-logs/".to_owned(),
        archive: None,
        expire: Some(days),
        abort_uploads: None,
    };
    (prop::option::of(1..1000_u32), prop::option::of(1..1000_u32))
        .prop_map(move |(source, days)| source.map(wanted_source).into_iter().chain(days.map(logs)).collect())
}

fn after(found: &Configuration, merge: &Merge) -> Configuration {
    match &merge.write {
        Write::Nothing => found.clone(),
        Write::Put(written) => written.clone(),
        Write::Delete => Configuration { rules: Vec::new(), minimum_size: found.minimum_size.clone() },
    }
}

proptest! {
    #[test]
    fn others_rules_survive_any_merges(rules in others(), wishes in prop::collection::vec(wishes(), 1..4)) {
        let original = Configuration { rules, minimum_size: Some("all_storage_classes_128K".to_owned()) };
        let mut bucket = original.clone();
        for wanted in wishes {
            let step = merge(&bucket, &wanted, "web-logs").unwrap();
            prop_assert_eq!(step.kept, original.rules.len());
            bucket = after(&bucket, &step);
            let kept: Vec<Rule> = bucket.rules.iter().filter(|rule| original.rules.contains(rule)).cloned().collect();
            prop_assert_eq!(&kept, &original.rules);
            prop_assert_eq!(bucket.rules.len(), original.rules.len() + wanted.len());
            let again = merge(&bucket, &wanted, "web-logs").unwrap();
            prop_assert_eq!(again.write, Write::Nothing);
        }
        let end = merge(&bucket, &[], "web-logs").unwrap();
        prop_assert_eq!(after(&bucket, &end), original);
    }
}
