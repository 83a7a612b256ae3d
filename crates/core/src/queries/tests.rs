use super::*;
use crate::day::Day;

const JOB: &str = include_str!("../../../../spark-jobs/log_analysis/tables.py");

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn week() -> Days {
    Days::new(day("2024-10-20"), day("2024-10-26")).unwrap()
}

/// The number that the job's module gives a name.
fn constant(name: &str) -> &'static str {
    JOB.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = ")).unwrap()
}

#[test]
fn each_named_statement_names_one_table_and_the_days_of_it() {
    for named in NAMED {
        let sql = named.statement;
        assert_eq!(sql.matches("WHERE date BETWEEN ? AND ?").count(), 1, "{}", named.name);
        assert_eq!(marks(sql), 2, "{}", named.name);
        let tables: Vec<&str> = crate::catalog::table_names()
            .filter(|table| sql.contains(&format!("FROM {table}\n    WHERE date BETWEEN")))
            .collect();
        assert_eq!(tables.len(), 1, "{} prunes the partitions of the table that it names", named.name);
        assert!(!sql.contains(';') && sql.len() < 4_000, "{}", named.name);
        assert_eq!(find(named.name), Some(named));
    }
    assert_eq!(find("nothing"), None);
}

#[test]
fn percentiles_know_the_buckets_of_the_job() {
    let (base, zero) = (constant("BUCKET_BASE"), constant("ZERO_BUCKET"));
    let of_latency = NAMED.iter().filter(|named| named.statement.contains("FROM latency"));
    let mut count = 0;
    for named in of_latency {
        count += 1;
        let powers = named.statement.matches("power(").count();
        assert!(powers > 0);
        for value in [format!("power({base}e0, "), format!("= {zero} THEN 0e0"), "- 0.5e0)".to_owned()] {
            assert_eq!(named.statement.matches(&value).count(), powers, "{}: {value}", named.name);
        }
    }
    assert_eq!(count, 3);
}

#[test]
fn marks_in_texts_names_and_comments_are_no_parameters() {
    for (statement, count) in [
        ("SELECT 1", 0),
        ("WHERE date = ?", 1),
        ("date BETWEEN ? AND ?", 2),
        ("'?' || ?", 1),
        ("'it''s ?' = ?", 1),
        ("\"a?\"\"b?\" = ?", 1),
        ("-- what?\n? /* why? */ - ? / ?", 3),
        ("-- the end?", 0),
        ("'open ?", 0),
        ("/* open ?", 0),
        ("'größe?' = ?", 1),
    ] {
        assert_eq!(marks(statement), count, "{statement}");
    }
}

#[test]
fn a_day_fills_all_places_and_a_range_fills_them_in_turns() {
    let one = Days::one(day("2024-10-20"));
    let fill = |statement, asked| parameters(statement, asked, one);
    assert_eq!(fill("date = ?", Some(one)).unwrap(), ["'2024-10-20'"]);
    assert_eq!(fill("BETWEEN ? AND ?", None).unwrap(), ["'2024-10-20'", "'2024-10-20'"]);
    let twice = fill("BETWEEN ? AND ? OR BETWEEN ? AND ?", Some(week())).unwrap();
    assert_eq!(twice, ["'2024-10-20'", "'2024-10-26'", "'2024-10-20'", "'2024-10-26'"]);
    assert_eq!(fill("SELECT 1", None).unwrap(), Vec::<String>::new());
}

#[test]
fn days_that_have_no_place_are_refused() {
    let one = Days::one(day("2024-10-20"));
    assert_eq!(parameters("SELECT 1", Some(one), one), Err(ParameterError::NoMark));
    assert_eq!(parameters("date = ?", Some(week()), one), Err(ParameterError::OddMarks { marks: 1 }));
    let backwards = Days::new(day("2024-10-26"), day("2024-10-20")).unwrap_err();
    assert_eq!(backwards.to_string(), "there is no day from 2024-10-26 to 2024-10-20");
    assert_eq!([one.to_string(), week().to_string()], ["2024-10-20", "2024-10-20 to 2024-10-26"]);
}

#[test]
fn ten_megabytes_are_billed_at_least_and_then_full_ones() {
    let billed = [0, 1, 10_000_000, 10_000_001, 1_000_000_000_000].map(billed_bytes);
    assert_eq!(billed, [10_000_000, 10_000_000, 10_000_000, 11_000_000, 1_000_000_000_000]);
    assert!((cost_usd(1_000_000_000_000) - 5.0).abs() < 1e-9);
    assert!((cost_usd(0) - 0.000_05).abs() < 1e-12);
}

#[test]
fn a_failure_is_told_in_athena_s_words_with_what_can_be_done() {
    let failure = |category, retryable, message: &str| {
        explain(&Failure { category, kind: Some(1000), retryable, message: message.to_owned() })
    };
    let table = failure(Some(2), false, "TABLE_NOT_FOUND: line 1:15: Table 'x' does not exist");
    assert!(table.hint.unwrap().contains("emrys setup"), "{table:?}");
    assert_eq!(table.message, "TABLE_NOT_FOUND: line 1:15: Table 'x' does not exist");
    let limit = failure(None, false, "Query cancelled! : Bytes scanned limit was exceeded");
    assert!(limit.hint.unwrap().contains("scan-limit-gigabytes"), "{limit:?}");
    let stopped = failure(None, false, "Query cancelled by user");
    assert_eq!(stopped.hint, Some("somebody stopped it; ask again"));
    let own = failure(Some(1), true, "GENERIC_INTERNAL_ERROR: no worker");
    assert_eq!(own.message, "GENERIC_INTERNAL_ERROR: no worker (Athena's own fault)");
    assert_eq!(own.hint, Some("Athena says that asking again may help"));
    assert_eq!(
        failure(None, false, ""),
        Explanation { message: "Athena does not say why".into(), hint: None }
    );
}

#[test]
fn a_state_that_nobody_knows_is_no_end_and_what_failed_is_not_billed() {
    for name in ["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "PAUSED"] {
        let state = QueryState::of(name);
        assert_eq!(state.name(), name);
        assert_eq!(state.is_over(), ["SUCCEEDED", "FAILED", "CANCELLED"].contains(&name));
        let execution = Execution {
            id: "q".into(),
            state,
            statement_type: "DML".into(),
            scanned_bytes: 1,
            took: jiff::SignedDuration::ZERO,
            result: None,
            failure: None,
        };
        assert_eq!(execution.is_billed(), ["SUCCEEDED", "CANCELLED"].contains(&name));
        assert!(!Execution { statement_type: "UTILITY".into(), ..execution }.is_billed());
    }
}
