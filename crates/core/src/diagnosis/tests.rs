//! Logs as Spark leaves them, and what is to be found in them.

use super::*;
use crate::run::testing::log;

const LOGGED: &str = "24/10/21 03:10:00 INFO SparkContext: Running Spark version 3.5.6-amzn-2";

fn step(state: &str, message: &str) -> Step {
    Step {
        id: "s-1".to_owned(),
        name: "log-analysis".to_owned(),
        state: StepState::from(state.to_owned()),
        reason: Reason { message: message.to_owned(), ..Reason::default() },
    }
}

/// A cluster that ended so.
struct Ended {
    reason: Reason,
    terminated: Option<TerminateReason>,
    steps: Vec<Step>,
}

impl Ended {
    fn get(&self) -> EndedCluster<'_> {
        let Self { reason, terminated, steps } = self;
        EndedCluster { id: "j-1", reason, terminated: *terminated, steps }
    }
}

fn cluster(code: &str, message: &str) -> Ended {
    let reason = Reason { code: code.to_owned(), message: message.to_owned(), details: Vec::new() };
    Ended { reason, terminated: None, steps: Vec::new() }
}

fn diagnose(lines: &[&str]) -> Diagnosis {
    let log = log(lines);
    of_step(&step("FAILED", "Unknown Error."), cluster("STEP_FAILURE", "").get(), &[log], "s3://logs/")
}

#[test]
fn a_python_traceback_is_found_among_what_spark_logs() {
    let diagnosis = diagnose(&[
        LOGGED,
        "Traceback (most recent call last):",
        "  File \"/mnt/tmp/main.py\", line 7, in <module>",
        LOGGED,
        "    main()",
        "  File \"/mnt/tmp/main.py\", line 4, in main",
        "    raise ValueError(\"no such thing\")",
        "ValueError: no such thing",
        "24/10/21 03:10:09 INFO ShutdownHookManager: Shutdown hook called",
        "Command exiting with ret '1'",
    ]);
    assert_eq!(diagnosis.summary, "the step `log-analysis` failed: ValueError: no such thing");
    assert_eq!(diagnosis.lines.first().map(String::as_str), Some("Traceback (most recent call last):"));
    assert_eq!(diagnosis.lines.last().map(String::as_str), Some("ValueError: no such thing"));
    assert!(diagnosis.log.is_some_and(|log| log.ends_with("stderr.gz")));
}

#[test]
fn of_exceptions_that_follow_on_each_other_the_last_counts() {
    let diagnosis = diagnose(&[
        "Traceback (most recent call last):",
        "  File \"main.py\", line 2, in f",
        "KeyError: 'status_code'",
        "",
        "During handling of the above exception, another exception occurred:",
        "",
        "Traceback (most recent call last):",
        "  File \"main.py\", line 4, in <module>",
        "RuntimeError: the line has no status",
    ]);
    assert!(diagnosis.summary.ends_with("RuntimeError: the line has no status"), "{}", diagnosis.summary);
}

#[test]
fn what_follows_on_a_dead_jvm_is_not_its_cause() {
    let diagnosis = diagnose(&[
        "Traceback (most recent call last):",
        "  File \"main.py\", line 2, in f",
        "ValueError: the cause",
        "Traceback (most recent call last):",
        "  File \"py4j/clientserver.py\", line 516, in send_command",
        "py4j.protocol.Py4JNetworkError: Answer from Java side is empty",
        "Traceback (most recent call last):",
        "  File \"py4j/java_gateway.py\", line 539",
        "ConnectionRefusedError: [Errno 111] Connection refused",
    ]);
    assert!(diagnosis.summary.ends_with("ValueError: the cause"), "{}", diagnosis.summary);
}

#[test]
fn an_exception_that_only_carries_another_is_told_by_its_root() {
    let diagnosis = diagnose(&[
        "Traceback (most recent call last):",
        "  File \"main.py\", line 5, in <module>",
        "    df.write.csv(path)",
        "py4j.protocol.Py4JJavaError: An error occurred while calling o45.csv.",
        ": org.apache.spark.SparkException: Job aborted.",
        "\tat org.apache.spark.sql.X.y(X.scala:12)",
        "Caused by: org.apache.spark.SparkException: Task failed",
        "\tat org.apache.spark.sql.X.y(X.scala:12)",
        "Caused by: java.lang.OutOfMemoryError: Java heap space",
        "\tat java.base/java.util.Arrays.copyOf(Arrays.java:3745)",
        "\t... 10 more",
    ]);
    assert!(
        diagnosis
            .summary
            .contains("java.lang.OutOfMemoryError: Java heap space (py4j.protocol.Py4JJavaError)"),
        "{}",
        diagnosis.summary
    );
    assert!(diagnosis.hint.is_some_and(|hint| hint.contains("memory ran out")));
}

#[test]
fn an_error_in_a_python_worker_is_found_inside_the_java_one() {
    let diagnosis = diagnose(&[
        "Traceback (most recent call last):",
        "  File \"main.py\", line 5, in <module>",
        "pyspark.errors.exceptions.captured.PythonException: ",
        "  An exception was thrown from the Python worker. Please see the stack trace below.",
        "Traceback (most recent call last):",
        "  File \"worker.py\", line 1, in f",
        "ZeroDivisionError: division by zero",
    ]);
    assert!(diagnosis.summary.ends_with("ZeroDivisionError: division by zero"), "{}", diagnosis.summary);
}

#[test]
fn without_python_the_java_root_cause_counts() {
    let diagnosis = diagnose(&[
        "Exception in thread \"main\" org.apache.spark.SparkException: Application application_1 finished with failed status",
        "\tat org.apache.spark.deploy.yarn.Client.run(Client.scala:1342)",
        "Caused by: java.io.IOException: No space left on device",
        "\tat java.io.FileOutputStream.write(FileOutputStream.java:1)",
    ]);
    assert!(
        diagnosis.summary.contains("java.io.IOException: No space left on device"),
        "{}",
        diagnosis.summary
    );
    assert!(diagnosis.hint.is_some_and(|hint| hint.contains("disk is full")));
}

#[test]
fn each_of_these_has_a_hint() {
    let cases = [
        (
            "pyspark.errors.exceptions.captured.AnalysisException: [PATH_NOT_FOUND] Path does not exist: s3://b/x.",
            "{input}",
        ),
        (
            "pyspark.errors.exceptions.captured.AnalysisException: [PATH_ALREADY_EXISTS] Path s3://b/x already exists.",
            "{output}",
        ),
        ("ModuleNotFoundError: No module named 'pandas'", "py-files"),
        (
            "py4j.protocol.Py4JJavaError: com.amazonaws.services.s3.model.AmazonS3Exception: Access Denied",
            "right",
        ),
        (
            "pyspark.errors.exceptions.captured.AnalysisException: [UNRESOLVED_COLUMN.WITH_SUGGESTION] A column",
            "column names",
        ),
        ("SyntaxError: invalid syntax", "Python"),
    ];
    for (exception, expected) in cases {
        let diagnosis =
            diagnose(&["Traceback (most recent call last):", "  File \"main.py\", line 1", exception]);
        assert!(diagnosis.summary.contains(exception), "{diagnosis:?}");
        assert!(diagnosis.hint.as_ref().is_some_and(|hint| hint.contains(expected)), "{diagnosis:?}");
    }
}

#[test]
fn a_step_that_ran_into_its_limit_says_so() {
    for code in [124, 137] {
        for (lines, message) in [
            (vec!["Command exiting with ret '{}'"], ""),
            (vec![LOGGED], "the command ended with exit code {}"),
            (
                vec![
                    "Traceback (most recent call last):",
                    "  File \"x\"",
                    "KeyboardInterrupt",
                    "exit code: {}",
                ],
                "",
            ),
        ] {
            let fill = |text: &str| text.replace("{}", &code.to_string());
            let lines: Vec<String> = lines.iter().map(|line| fill(line)).collect();
            let log = StepLog { uri: "s3://logs/stderr.gz".to_owned(), lines };
            let diagnosis = of_step(
                &step("FAILED", &fill(message)),
                cluster("STEP_FAILURE", "").get(),
                &[log],
                "s3://logs/",
            );
            assert!(diagnosis.summary.contains("run-minutes"), "{diagnosis:?}");
        }
    }
    // An executor that was killed is no limit, and 1370 is not 137.
    for line in ["Container exited with exit code 137", "exit code 1370"] {
        assert!(!diagnose(&[line]).summary.contains("run-minutes"), "{line}");
    }
}

#[test]
fn a_log_without_an_exception_is_quoted_at_its_end() {
    let diagnosis = diagnose(&[LOGGED, "24/10/21 03:10:01 ERROR Client: the queue is closed", LOGGED]);
    assert!(diagnosis.summary.ends_with("ERROR Client: the queue is closed"), "{}", diagnosis.summary);
    let diagnosis = diagnose(&["one", "two", ""]);
    assert_eq!(
        (diagnosis.summary.as_str(), diagnosis.lines.len()),
        ("the step `log-analysis` failed: two", 2)
    );
    let diagnosis = diagnose(&["timeout: failed to run command 'spark-submit': No such file or directory"]);
    assert!(diagnosis.summary.contains("No such file or directory"));
    assert!(diagnose(&[]).summary.contains("Unknown Error."));
}

#[test]
fn a_diagnosis_stays_small_whatever_the_log_is() {
    let frames: Vec<String> = (0..400).map(|at| format!("  File \"main.py\", line {at}, in f")).collect();
    let long = format!("ValueError: {}", "ä".repeat(100_000));
    let mut lines = vec!["Traceback (most recent call last):"];
    lines.extend(frames.iter().map(String::as_str));
    lines.push(&long);
    let diagnosis = diagnose(&lines);
    assert!(diagnosis.lines.len() <= LINES);
    assert!(diagnosis.lines.iter().chain([&diagnosis.summary]).all(|line| line.chars().count() < 600));
}

#[test]
fn only_an_exception_ends_the_waiting_for_a_log() {
    assert!(says_why(&log(&["Traceback (most recent call last):", "  File \"x\"", "ValueError: x"])));
    assert!(says_why(&log(&["Caused by: java.io.IOException: x"])));
    assert!(!says_why(&log(&[LOGGED])));
    assert!(!says_why(&log(&["Traceback (most recent call last):", "  File \"x\""])), "it is cut off");
    assert!(!says_why(&log(&[])));
}

#[test]
fn a_cluster_that_ended_by_itself_is_told_by_emrs_code() {
    for code in [
        "VALIDATION_ERROR",
        "BOOTSTRAP_FAILURE",
        "INSTANCE_FLEET_TIMEOUT",
        "INTERNAL_ERROR",
        "INSTANCE_FAILURE",
        "USER_REQUEST",
        "STEP_FAILURE",
    ] {
        let diagnosis = of_cluster(cluster(code, "some message").get());
        assert!(
            diagnosis.summary.contains(code) && diagnosis.summary.contains("some message"),
            "{diagnosis:?}"
        );
        assert!(diagnosis.hint.is_some(), "{code}");
    }
    let unknown = of_cluster(cluster("A_LATER_CODE", "").get());
    assert!(unknown.summary.contains("A_LATER_CODE") && unknown.hint.is_none());
}

#[test]
fn a_step_whose_cluster_went_away_is_told_by_the_cluster() {
    let mut ended = cluster("USER_REQUEST", "Terminated by user request");
    ended.terminated = Some(TerminateReason::RunDeadline);
    let tail = log(&["still at work"]);
    let diagnosis = of_step(&step("INTERRUPTED", ""), ended.get(), std::slice::from_ref(&tail), "s3://logs/");
    assert!(diagnosis.summary.contains("run-minutes"), "{diagnosis:?}");
    assert_eq!(diagnosis.lines, ["still at work"]);
}

#[test]
fn of_several_logs_the_one_that_says_most_is_quoted() {
    let named = |name: &str, lines: &[&str]| StepLog { uri: format!("s3://logs/{name}.gz"), ..log(lines) };
    let logs = [
        named("stderr", &[LOGGED, "24/10/21 03:10:01 INFO ShutdownHookManager: Shutdown hook called"]),
        named(
            "stdout",
            &["Traceback (most recent call last):", "  File \"job.py\", line 2", "ValueError: x"],
        ),
        named("controller", &["WARN waitProcessCompletion ended with exit code 1"]),
    ];
    let diagnosis = of_step(&step("FAILED", ""), cluster("STEP_FAILURE", "").get(), &logs, "s3://logs/");
    assert_eq!(diagnosis.log.as_deref(), Some("s3://logs/stdout.gz"));
    assert!(diagnosis.summary.ends_with("ValueError: x"), "{diagnosis:?}");

    let logs = [named("stderr", &[LOGGED]), named("controller", &["WARN ended with exit code 124"])];
    let diagnosis = of_step(&step("FAILED", ""), cluster("STEP_FAILURE", "").get(), &logs, "s3://logs/");
    assert!(diagnosis.summary.contains("run-minutes"), "{diagnosis:?}");
}

#[test]
fn without_an_exception_the_exit_code_is_told_and_what_spark_always_logs_is_not() {
    let named = |name: &str, lines: &[&str]| StepLog { uri: format!("s3://logs/{name}.gz"), ..log(lines) };
    let stderr = named("stderr", &[LOGGED, "24/10/21 03:10:01 INFO ShutdownHookManager: Deleting directory"]);
    let controller = named("controller", &["WARN waitProcessCompletion ended with exit code 3"]);
    let of = |stdout: &[&str]| {
        let logs = [stderr.clone(), named("stdout", stdout), controller.clone()];
        of_step(&step("FAILED", ""), cluster("STEP_FAILURE", "").get(), &logs, "s3://logs/")
    };
    let exited = of(&["bye"]);
    assert!(exited.summary.ends_with("its command ended with exit code 3"), "{exited:?}");
    assert_eq!((exited.lines, exited.log.as_deref()), (vec!["bye".to_owned()], Some("s3://logs/stdout.gz")));

    let unparsed = of(&["  File \"job.py\", line 1", "    def f(:", "SyntaxError: invalid syntax"]);
    assert!(unparsed.summary.ends_with("SyntaxError: invalid syntax"), "{unparsed:?}");
    assert_eq!(unparsed.lines.len(), 3);
    assert!(!of(&[]).summary.contains("ShutdownHookManager"));
}

#[test]
fn the_secrets_of_a_log_are_not_told() {
    let diagnosis = diagnose(&[
        "Traceback (most recent call last):",
        "  File \"main.py\", line 7, in <module>",
        "    connect(password='hunter2')",
        "ConnectionError: cannot reach postgresql://ann:hunter2@db/logs",
    ]);
    let told = serde_json::to_string(&diagnosis).unwrap();
    assert!(!told.contains("hunter2"), "{told}");
    assert!(diagnosis.summary.ends_with("ConnectionError: cannot reach postgresql://ann:[redacted]@db/logs"));
    assert!(diagnosis.lines.iter().any(|line| line == "    connect(password='[redacted]')"), "{told}");
}
