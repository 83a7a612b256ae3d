//! The failure policy, as maintainers read it.

use super::*;
use crate::record::{Choice, LaunchIntent};

/// Where maintainers read it.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/internals/failure-policy.md");

const CLASSES: [(ErrorClass, &str); 5] = [
    (ErrorClass::Throttled, "throttled"),
    (ErrorClass::Unreachable, "unreachable"),
    (ErrorClass::Access, "access"),
    (ErrorClass::Clock, "clock"),
    (ErrorClass::Invalid, "invalid"),
];

/// All rules, as a table in Markdown: one row for what failed and all classes that have the same rule.
fn table() -> String {
    let mut rows = vec![
        "| what failed | class | what happens | rests on |".to_owned(),
        "| --- | --- | --- | --- |".to_owned(),
    ];
    for failed in Failed::ALL {
        let mut rules: Vec<(Rule, Vec<&str>)> = Vec::new();
        for (class, name) in CLASSES {
            let rule = rule(*failed, class);
            match rules.iter_mut().find(|(known, _)| *known == rule) {
                Some((_, names)) => names.push(name),
                None => rules.push((rule, vec![name])),
            }
        }
        for (rule, names) in rules {
            let classes = if names.len() == CLASSES.len() { "any".to_owned() } else { names.join(", ") };
            let rests_on = match rule.rests_on {
                RestsOn::Memory => "memory",
                RestsOn::Record => "record",
            };
            let row = format!("| {} | {classes} | {} | {rests_on} |", failed.label(), words(rule));
            assert!(row.len() <= 120, "a line of the docs has 120 columns at most: {row}");
            rows.push(row);
        }
    }
    rows.push(String::new());
    rows.join("\n")
}

/// What a rule does, with the times that hold at AWS.
fn words(rule: Rule) -> String {
    let pace = Pace::AWS;
    let then = match rule.then {
        Disposition::Retry => "retry",
        Disposition::Leave => "leave the run",
        Disposition::GiveUp(GiveUp::Guard) => "record the guard as given up",
        Disposition::GiveUp(GiveUp::Publishing) => "record publishing as given up",
        Disposition::GiveUp(GiveUp::Report(Reported::Metrics)) => "record the metrics as given up",
        Disposition::GiveUp(GiveUp::Report(Reported::Alarm)) => "record the alarm as given up",
        Disposition::EndAttempt => "end the attempt as failed",
        Disposition::GoOn => "go on without it",
    };
    let then = match rule.until {
        Limit::Never => then.to_owned(),
        Limit::AtOnce => format!("at once: {then}"),
        Limit::Sure => format!("after {SURE} in a row: {then}"),
        Limit::Patience => format!("after {:#}: {then}", pace.patience),
        Limit::ReportPatience => format!("after {:#}: {then}", pace.report_patience),
        Limit::SureOrReportPatience => {
            format!("after {SURE} in a row or {:#}: {then}", pace.report_patience)
        }
        Limit::Logs => format!("{:#} after the cluster's end: {then}", pace.logs),
    };
    match rule.pause {
        Pause::Backoff => then,
        Pause::Short => format!("{then}; the next process retries after {:#}", pace.retry),
        Pause::Guard => format!("{then} every {:#}", pace.guard),
    }
}

#[test]
fn the_page_for_maintainers_shows_the_rules() {
    let page = std::fs::read_to_string(PAGE).expect("the page");
    let begin = page.find("| what failed |").expect("a table");
    let end = page[begin..].find("\n\n").map_or(page.len(), |at| begin + at + 1);
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        let page = format!("{}{}{}", &page[..begin], table(), &page[end..]);
        std::fs::write(PAGE, page).expect("the page can be written");
    } else {
        assert_eq!(&page[begin..end], table(), "`INSTA_UPDATE=always` writes the table anew");
    }
}

#[test]
fn every_action_is_retried_with_growing_pauses() {
    // So `decide` need not know the rule to say when an action is tried again.
    let intent = || LaunchIntent { attempt: 1, nonce: String::new(), choice: Choice::default() };
    let (cluster, because) = (String::new(), TerminateReason::Idle);
    let actions = [
        Action::StageJob { uris: Vec::new() },
        Action::Launch(intent()),
        Action::Terminate { cluster: cluster.clone(), because },
        Action::Unprotect { cluster: cluster.clone(), because: TerminateReason::Duplicate },
        Action::CreateGuard { name: String::new(), cluster, until: jiff::Timestamp::MIN, group: true },
        Action::RemoveGuard { name: String::new() },
        Action::Publish(intent()),
        Action::PublishMetrics,
        Action::PutAlarm,
    ];
    for action in actions {
        for moment in [Moment::Meanwhile, Moment::Blocking, Moment::Closed] {
            for (class, _) in CLASSES {
                assert_eq!(rule(Failed::action(&action, moment), class).pause, Pause::Backoff, "{action:?}");
            }
        }
    }
}

#[test]
fn a_report_is_given_up_before_a_run_is_left() {
    for pace in [Pace::AWS, Pace::LOOPBACK] {
        assert!(pace.report_patience <= pace.patience);
    }
}

#[test]
fn only_what_time_does_not_help_ends_soon() {
    let minutes = SignedDuration::from_mins;
    let after = |class, times, lasting| {
        rule(Failed::ObserveCluster, class).disposition(Failures { times, lasting }, &Pace::AWS)
    };
    assert_eq!(after(ErrorClass::Throttled, 1_000, minutes(10_000)), Disposition::Retry);
    assert_eq!(after(ErrorClass::Unreachable, 1_000, minutes(14)), Disposition::Retry);
    assert_eq!(after(ErrorClass::Unreachable, 2, minutes(15)), Disposition::Leave);
    assert_eq!(after(ErrorClass::Access, 2, minutes(15)), Disposition::Retry);
    assert_eq!(after(ErrorClass::Access, 3, minutes(0)), Disposition::Leave);
}
