//! One output that is good, and what each change to it is called.

use super::*;
use crate::manifest::{File, Table};
use crate::run::testing::{day, manifest, now};

fn expected() -> Expected {
    Expected {
        run: "a1-0011223344556677".to_owned(),
        day: day(),
        manifest: true,
        max_reject_ratio: 0.05,
        tables: Vec::new(),
        begun_at: now(),
    }
}

fn file(path: &str, size: u64) -> OutputFile {
    OutputFile { path: path.to_owned(), size, written_at: now() }
}

/// A manifest that names two files, and the folder that holds them.
fn good() -> (Manifest, Vec<OutputFile>) {
    let named = |path: &str, size| File { path: path.to_owned(), size };
    let tables = vec![Table {
        name: "traffic".to_owned(),
        rows: 7,
        files: vec![named("traffic/part-0.parquet", 10), named("traffic/part-1.parquet", 0)],
    }];
    let files = vec![
        file("traffic/part-0.parquet", 10),
        file("traffic/part-1.parquet", 0),
        file("manifest.json", 500),
    ];
    (Manifest { tables, ..manifest(&expected().run) }, files)
}

fn problems(change: impl FnOnce(&mut Manifest, &mut Vec<OutputFile>)) -> Vec<Problem> {
    let (mut manifest, mut files) = good();
    change(&mut manifest, &mut files);
    evaluate(&expected(), &Output { manifest: ObservedManifest::Present(Box::new(manifest)), files }).problems
}

#[test]
fn a_good_output_is_good_and_its_rows_are_known() {
    let (manifest, files) = good();
    let verdict = evaluate(
        &expected(),
        &Output { manifest: ObservedManifest::Present(Box::new(manifest.clone())), files },
    );
    assert!(verdict.is_good(), "{verdict:?}");
    assert_eq!((verdict.rows, verdict.counts), (Some(manifest.rows), Some(manifest.counts)));
    assert_eq!((verdict.files, verdict.bytes), (2, 10));
}

#[test]
fn every_difference_is_named() {
    let run = problems(|manifest, _| manifest.run = "a2-0000000000000000".to_owned());
    assert!(matches!(run.as_slice(), [Problem::OtherRun { .. }]), "{run:?}");
    let other_day = problems(|manifest, _| manifest.day = day().next());
    assert!(matches!(other_day.as_slice(), [Problem::OtherDay { .. }]), "{other_day:?}");
    let lost = problems(|manifest, _| manifest.rows.read += 1);
    assert!(matches!(lost.as_slice(), [Problem::RowsDoNotAddUp(_)]), "{lost:?}");
    let endless = problems(|manifest, _| manifest.rows.parsed = u64::MAX);
    assert!(matches!(endless.as_slice(), [Problem::RowsDoNotAddUp(_)]), "{endless:?}");
    assert_eq!(
        problems(|_, files| drop(files.remove(0))),
        [Problem::FileMissing { path: "traffic/part-0.parquet".to_owned() }]
    );
    assert_eq!(
        problems(|_, files| files.push(file("traffic/part-2.parquet", 1))),
        [Problem::FileUnexpected { path: "traffic/part-2.parquet".to_owned() }]
    );
    assert_eq!(
        problems(|_, files| files.push(file("traffic/_SUCCESS", 0))),
        [Problem::FileUnexpected { path: "traffic/_SUCCESS".to_owned() }]
    );
    assert_eq!(
        problems(|_, files| files[0].size = 9),
        [Problem::FileSize { path: "traffic/part-0.parquet".to_owned(), found: 9, expected: 10 }]
    );
    assert_eq!(
        problems(|manifest, _| {
            let twice = manifest.tables[0].files[0].clone();
            manifest.tables[0].files.push(twice);
        }),
        [Problem::FileTwice { path: "traffic/part-0.parquet".to_owned() }]
    );
}

#[test]
fn the_reject_ratio_is_a_limit_that_may_be_reached() {
    let rejected = |read, rejected| {
        problems(|manifest, _| manifest.rows = Rows { read, parsed: read - rejected, rejected })
    };
    assert_eq!(rejected(100, 5), []);
    assert!(matches!(rejected(100, 6).as_slice(), [Problem::TooManyRejects { .. }]));
    assert_eq!(rejected(0, 0), [], "no row is no reject");
}

#[test]
fn a_manifest_is_needed_where_the_job_leaves_one() {
    let (_, files) = good();
    let evaluated = |manifest| evaluate(&expected(), &Output { manifest, files: files.clone() });
    let absent = evaluated(ObservedManifest::Absent);
    assert_eq!((absent.problems, absent.rows), (vec![Problem::ManifestAbsent], None));
    let why = "no JSON".to_owned();
    let unreadable = evaluated(ObservedManifest::Unreadable { why: why.clone() });
    assert_eq!(unreadable.problems, [Problem::ManifestUnreadable { why }]);
}

#[test]
fn a_job_of_ones_own_has_to_write_something() {
    let expected = Expected { manifest: false, ..expected() };
    let evaluated = |files| evaluate(&expected, &Output { manifest: ObservedManifest::Absent, files });
    assert_eq!(evaluated(vec![]).problems, [Problem::NothingWritten]);
    assert_eq!(evaluated(vec![file("_SUCCESS", 0)]).problems, [Problem::NothingWritten]);
    let good = evaluated(vec![file("_SUCCESS", 0), file("part-0.csv", 5)]);
    assert!(good.is_good());
    assert_eq!(good.rows, None);
}

#[test]
fn a_manifest_that_nobody_asked_for_is_checked_all_the_same() {
    let expected = Expected { manifest: false, ..expected() };
    let (manifest, mut files) = good();
    files.remove(0);
    let verdict =
        evaluate(&expected, &Output { manifest: ObservedManifest::Present(Box::new(manifest)), files });
    assert!(!verdict.is_good());
}

#[test]
fn a_manifest_is_read_as_its_schema_says() {
    let good = serde_json::to_value(manifest("a1-0011223344556677")).unwrap();
    let read = |value: &serde_json::Value| crate::manifest::read(value.to_string().as_bytes());
    assert!(read(&good).is_ok());
    let mut more = good.clone();
    more["surprise"] = 1.into();
    assert!(read(&more).is_err_and(|why| why.contains("surprise")));
    let mut newer = more;
    newer["version"] = 2.into();
    assert!(read(&newer).is_err_and(|why| why.contains("version 2")));
    let mut less = good.clone();
    less.as_object_mut().unwrap().remove("rows");
    assert!(read(&less).is_err_and(|why| why.contains("rows")));
    assert!(crate::manifest::read(b"\xff").is_err());
    assert!(crate::manifest::read(b"[]").is_err());
}

#[test]
fn every_problem_is_told_with_what_it_is_about() {
    let told = Problem::FileSize { path: "a/b".to_owned(), found: 9, expected: 10 };
    assert_eq!(told.to_string(), "a/b has 9 bytes, and the manifest says 10");
    assert!(!told.hint().is_empty());
}

/// A ledger holds what a person reads. Of ten thousand files that went astray twenty say enough, and the number.
#[test]
fn many_problems_are_counted_and_not_listed() {
    let found = problems(|_, files| {
        for number in 0..10_000 {
            files.push(file(&format!("traffic/stray-{number:05}.parquet"), 1));
        }
    });
    assert_eq!(found.len(), PROBLEMS + 1);
    assert_eq!(found.last(), Some(&Problem::More { count: 9_980 }));
    let verdict = Verdict { problems: found, ..Verdict::default() };
    assert_eq!(verdict.problem_count(), 10_000);
    let diagnosis = crate::diagnosis::of_output(&verdict, "s3://b/out/");
    assert!(diagnosis.summary.contains("(and 9999 more)"), "{}", diagnosis.summary);
}

#[test]
fn a_table_of_an_own_job_has_a_file_with_content_that_the_attempt_wrote() {
    let tables =
        [("whole", ""), ("sums", "sums/")].map(|(table, folder)| (table.to_owned(), folder.to_owned()));
    let expected = Expected { manifest: false, tables: tables.to_vec(), ..expected() };
    let missing = |files: Vec<OutputFile>| {
        let output = Output { manifest: ObservedManifest::Absent, files };
        let problems = evaluate(&expected, &output).problems.into_iter();
        problems
            .map(|problem| match problem {
                Problem::TableNotWritten { table, .. } => table,
                other => format!("{other:?}"),
            })
            .collect::<Vec<_>>()
    };
    let old = |file: OutputFile| OutputFile {
        written_at: now().checked_sub(SignedDuration::from_mins(16)).unwrap(),
        ..file
    };
    assert_eq!(missing(vec![file("sums/part-0.csv", 3)]), [""; 0]);
    assert_eq!(missing(vec![file("part-0.csv", 3)]), ["sums"]);
    assert_eq!(missing(vec![file("part-0.csv", 3), file("sums/part-0.csv", 0)]), ["sums"]);
    assert_eq!(missing(vec![file("part-0.csv", 3), file("sums/_temporary/0/part-0.csv", 3)]), ["sums"]);
    assert_eq!(missing(vec![file("part-0.csv", 3), old(file("sums/part-0.csv", 3))]), ["sums"]);
    assert_eq!(missing(vec![file("_SUCCESS", 0)]), ["NothingWritten"]);
    assert_eq!(missing(vec![file("manifest.json", 9), file("_SUCCESS", 3)]), ["whole", "sums"]);
}
