//! What a merge does, by example.

use super::*;

pub(super) fn wanted_source(days: u32) -> WantedRule {
    WantedRule {
        role: "source",
        prefix: "raw/".to_owned(),
        archive: Some((days, "GLACIER")),
        expire: Some(400),
        abort_uploads: None,
    }
}

pub(super) fn foreign(id: &str, prefix: &str) -> Rule {
    Rule {
        id: Some(id.to_owned()),
        filter: Some(Filter { prefix: Some(prefix.to_owned()), ..Filter::default() }),
        status: "Enabled".to_owned(),
        expiration: Some(Expiration { days: Some(10), ..Expiration::default() }),
        ..Rule::default()
    }
}

fn of(rules: Vec<Rule>) -> Configuration {
    Configuration { rules, minimum_size: Some("varies_by_storage_class".to_owned()) }
}

fn written(merge: Merge) -> Configuration {
    match merge.write {
        Write::Put(configuration) => configuration,
        other => panic!("{other:?}"),
    }
}

#[test]
fn others_rules_stay_where_they_were() {
    let found = of(vec![foreign("b", "tmp/"), foreign("a", "other/")]);
    let merge = merge(&found, &[wanted_source(30)], "web-logs").unwrap();
    assert_eq!(merge.kept, 2);
    let written = written(merge);
    assert_eq!(written.rules[..2], found.rules[..]);
    assert_eq!(written.minimum_size, found.minimum_size);
    assert!(written.rules[2].id.as_deref().unwrap().starts_with("emrys/web-logs/source/"));
}

#[test]
fn a_changed_configuration_and_a_changed_rule_are_told_apart() {
    let first = written(merge(&of(vec![]), &[wanted_source(30)], "web-logs").unwrap());
    let again = merge(&first, &[wanted_source(60)], "web-logs").unwrap();
    let [RuleChange::Changed { from, to, drifted: false }] = &again.changes[..] else { panic!("{again:?}") };
    insta::assert_snapshot!(
        differences(from, to).iter().map(|d| format!("{}: {} -> {}", d.what, d.found, d.wanted)).collect::<Vec<_>>().join("\n"),
        @r#"to: GLACIER after 30 days -> GLACIER after 60 days"#
    );
    let mut touched = first.clone();
    touched.rules[0].status = "Disabled".to_owned();
    let again = merge(&touched, &[wanted_source(30)], "web-logs").unwrap();
    assert!(matches!(&again.changes[..], [RuleChange::Changed { drifted: true, .. }]), "{again:?}");
    assert_eq!(written(again), first);
}

#[test]
fn the_old_form_is_kept_to() {
    let old = Rule { prefix: Some("tmp/".to_owned()), filter: None, ..foreign("old", "") };
    let written = written(merge(&of(vec![old.clone()]), &[wanted_source(30)], "web-logs").unwrap());
    assert_eq!(written.rules[0], old);
    assert_eq!((written.rules[1].prefix.as_deref(), &written.rules[1].filter), (Some("raw/"), &None));
    let new = foreign("new", "other/");
    let mixed = merge(&of(vec![old, new]), &[wanted_source(30)], "web-logs");
    assert_eq!(mixed, Err(Obstacle::MixedForms));
}

#[test]
fn a_rule_over_the_same_objects_stops_it() {
    let stopped = |rule: Rule| merge(&of(vec![rule]), &[wanted_source(30)], "web-logs");
    for prefix in ["", "r", "raw/", "raw/2024/"] {
        let obstacle = stopped(foreign("theirs", prefix)).unwrap_err();
        assert!(matches!(&obstacle, Obstacle::Overlap { id, .. } if id == "theirs"), "{obstacle}");
    }
    insta::assert_snapshot!(stopped(foreign("theirs", "raw/2024/")).unwrap_err(), @r#"the rule `theirs`, which is not this pipeline's, moves or deletes objects under `raw/` too: objects under `raw/2024/`: deleted after 10 days"#);
    let harmless = [
        foreign("elsewhere", "rawer/"),
        Rule { status: "Disabled".to_owned(), ..foreign("off", "raw/") },
        Rule {
            expiration: None,
            abort_uploads: Some(AbortUploads { days: Some(3) }),
            ..foreign("uploads", "raw/")
        },
        Rule {
            filter: Some(Filter {
                tag: Some(Tag { key: "keep".to_owned(), value: "no".to_owned() }),
                ..Filter::default()
            }),
            ..foreign("tagged", "")
        },
        Rule {
            expiration: Some(Expiration { expired_markers: Some(true), ..Expiration::default() }),
            ..foreign("markers", "")
        },
    ];
    for rule in harmless {
        assert!(stopped(rule.clone()).is_ok(), "{rule:?}");
    }
    let uploads = WantedRule { archive: None, expire: None, abort_uploads: Some(7), ..wanted_source(30) };
    let found = of(vec![foreign("theirs", "raw/")]);
    assert!(merge(&found, &[uploads], "web-logs").is_ok(), "unfinished uploads are nobody's objects");
    assert_eq!(touching(&found, "web-logs", "raw/x/").len(), 1);
}

#[test]
fn s3s_limit_of_rules_is_kept() {
    let rules: Vec<Rule> = (0..MOST_RULES).map(|i| foreign(&i.to_string(), &format!("f{i}/"))).collect();
    let full = merge(&of(rules), &[wanted_source(30)], "web-logs");
    assert_eq!(full, Err(Obstacle::TooMany { count: MOST_RULES + 1 }));
}

#[test]
fn what_was_written_is_known_again() {
    let nameless = Rule { id: None, ..foreign("", "x/") };
    let written = of(vec![foreign("b", "b/"), nameless.clone(), foreign("a", "a/")]);
    let named = Rule { id: Some("made-up".to_owned()), ..nameless };
    let found = of(vec![foreign("a", "a/"), foreign("b", "b/"), named]);
    assert!(found.holds(&written));
    assert!(!of(found.rules[..2].to_vec()).holds(&written));
    assert!(!of([&found.rules[..], &[foreign("c", "c/")]].concat()).holds(&written));
}

#[test]
fn a_rule_is_told_in_words() {
    let rule = Rule {
        filter: Some(Filter {
            and: Some(And {
                prefix: Some("raw/".to_owned()),
                tags: vec![Tag { key: "team".to_owned(), value: "web".to_owned() }],
                larger_than: Some(1024),
                smaller_than: None,
            }),
            ..Filter::default()
        }),
        status: "Disabled".to_owned(),
        transitions: vec![Transition { days: Some(1), class: Some("GLACIER".to_owned()), date: None }],
        expiration: Some(Expiration {
            date: Some("2030-01-01T00:00:00Z".parse().unwrap()),
            ..Expiration::default()
        }),
        noncurrent_expiration: Some(NoncurrentExpiration { days: Some(3), newer_versions: Some(2) }),
        ..Rule::default()
    };
    insta::assert_snapshot!(in_words(&rule), @r#"objects under `raw/`, tagged team=web, larger than 1024 bytes: disabled, to GLACIER after 1 day, deleted on 2030-01-01, replaced versions deleted after 3 days but the newest 2"#);
}
