//! What a reader sees of a day that is run, published, rolled back and cleared over and over, by processes that die at
//! random points: always one attempt in a table, whole, and never a missing day.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use emrys_control_plane::{Interrupts, attach, clear, publish, status};
use emrys_core::catalog::table_names;
use emrys_core::record::{Event, Recorded};
use emrys_core::run::{Attempt, State};
use emrys_core::spec::Spec;
use emrys_local_aws::world::{ScriptedFile, ScriptedStep, Scripts, WorldSettings};

use crate::publishing::{serving, set_up};
use crate::world::{Aws, holder, run_spec, spec_and};

const DAY: &str = "2024-10-20";
/// What happens where no other seed is asked for.
const SEED: u64 = 5;
/// How often the day is published, in one way or another.
const PUBLICATIONS: usize = 100;

/// A step that writes two files of each table, each row with its attempt, whose number has so many digits: the manifest
/// says how long the files are.
fn step(digits: usize) -> ScriptedStep {
    let line = "row of {run}\n";
    let size = line.len() - "{run}".len() + "a-0123456789abcdef".len() + digits;
    let files = || table_names().flat_map(|table| (0..2).map(move |part| format!("{table}/part-{part}.csv")));
    let tables: Vec<_> = table_names()
        .map(|table| {
            let files = files().filter(|path| path.starts_with(&format!("{table}/")));
            let files: Vec<_> = files.map(|path| serde_json::json!({ "path": path, "size": size })).collect();
            serde_json::json!({ "name": table, "rows": 2, "files": files })
        })
        .collect();
    let manifest = serde_json::json!({
        "version": 1, "job": {"name": "log_analysis", "version": "1.0.0"}, "spark_version": "3.5.6",
        "run": "{run}", "day": DAY, "format": "parquet",
        "started_at": "2024-10-21T03:10:00Z", "finished_at": "2024-10-21T03:12:00Z",
        "rows": {"read": 100, "parsed": 99, "rejected": 1},
        "counts": {"access": 98, "errors": 1, "error_responses": 2},
        "tables": tables,
    });
    let file = |path: &str, content: &str| ScriptedFile {
        uri: format!("{{output}}{path}"),
        content: content.to_owned(),
    };
    ScriptedStep {
        args: Some(format!(r"--output (?P<output>\S+) --run (?P<run>a\d{{{digits}}}-\S+)")),
        duration_ms: 120_000,
        files: files()
            .map(|path| file(&path, line))
            .chain([file("manifest.json", &manifest.to_string())])
            .collect(),
        ..ScriptedStep::default()
    }
}

/// What a reader has seen.
#[derive(Debug, Default)]
struct Observations {
    reads: usize,
    runs: BTreeSet<String>,
    mixed: usize,
    problems: Vec<String>,
}

/// Somebody who reads all tables, as a query does: the partition, and then what is in its folder.
struct Reader {
    glue: aws_sdk_glue::Client,
    s3: aws_sdk_s3::Client,
}

impl Reader {
    /// The attempts whose rows a table has for the day, and how many of each.
    async fn rows(&self, table: &str) -> Result<BTreeMap<String, usize>, String> {
        let get = self.glue.get_partition().database_name("logs").table_name(table).partition_values(DAY);
        let answer = get.send().await.map_err(|error| format!("{table} has no partition: {error:?}"))?;
        let location = answer.partition.and_then(|found| found.storage_descriptor?.location);
        let location = location.ok_or("no location")?;
        let (bucket, prefix) = location.trim_start_matches("s3://").split_once('/').ok_or("no folder")?;
        let list = self.s3.list_objects_v2().bucket(bucket).prefix(prefix).send().await;
        let keys = list.map_err(|error| format!("{error:?}"))?.contents.unwrap_or_default();
        let mut rows = BTreeMap::new();
        for key in keys.into_iter().filter_map(|object| object.key) {
            let object = self.s3.get_object().bucket(bucket).key(&key).send().await;
            let object = object.map_err(|error| format!("{key} went while it was read: {error:?}"))?;
            let bytes = object.body.collect().await.map_err(|error| error.to_string())?.into_bytes();
            for line in String::from_utf8_lossy(&bytes).lines() {
                let run = line.strip_prefix("row of ").ok_or_else(|| format!("{key} has {line}"))?;
                *rows.entry(run.to_owned()).or_default() += 1;
            }
        }
        Ok(rows)
    }

    /// Reads three of the tables: the one that moves first, one in the middle, and the one that moves last.
    async fn read(&self, seen: &Mutex<Observations>) {
        let mut all = Vec::new();
        for table in table_names().step_by(2).take(2).chain(table_names().last()) {
            match self.rows(table).await {
                // One attempt, and wholly.
                Ok(rows) if rows.len() == 1 && rows.values().all(|rows| *rows == 2) => all.extend(rows),
                Ok(rows) => seen.lock().unwrap().problems.push(format!("{table} has {rows:?}")),
                Err(why) => seen.lock().unwrap().problems.push(format!("{table}: {why}")),
            }
        }
        let mut seen = seen.lock().unwrap();
        let runs: BTreeSet<String> = all.into_iter().map(|(run, _)| run).collect();
        // Tables move one after the other: that is not promised away. Who filters on `run` sees of each table all rows
        // of the attempt, or none.
        seen.mixed += usize::from(runs.len() > 1);
        seen.runs.extend(runs);
        seen.reads += 1;
    }
}

/// Numbers that look random, and are the same for a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).unwrap()).unwrap()
    }
}

/// One of the things that become of a day: run again, another attempt published, or what is old removed. Says whether
/// who did it died.
async fn round(world: &Aws, spec: &Spec, state: &State, round: u32, dice: &mut Dice) -> bool {
    let (aws, who) = (world.connect(u64::from(round)).await, holder(round));
    let (listener, mut interrupts) = (&mut (), Interrupts::none());
    let requests = if dice.roll(2) == 0 { usize::MAX / 2 } else { 1 + dice.roll(90) };
    let is_kept = |attempt: &&Attempt| attempt.has_succeeded() && attempt.retention.is_kept();
    let kept: Vec<u32> = state.attempts.iter().filter(is_kept).map(|attempt| attempt.number).collect();
    match dice.roll(6) {
        0 => {}
        _ if state.closed.is_none() || kept.len() < 3 => {}
        1 if dice.roll(4) == 0 => {
            tokio::time::sleep(Duration::from_hours(30)).await;
            let clearing = clear(&aws, spec, &who, listener, &mut interrupts);
            return world.kill_after(requests, clearing).await.is_none();
        }
        _ => {
            let attempt = Some(kept[dice.roll(kept.len())]);
            let publishing = publish(&aws, spec, attempt, &who, listener, &mut interrupts);
            return world.kill_after(requests, publishing).await.is_none();
        }
    }
    world.kill_after(requests, run_spec(&aws, spec, round, &mut interrupts)).await.is_none()
}

#[tokio::test(start_paused = true)]
async fn a_reader_never_sees_a_missing_day_or_a_mixture_within_a_table() {
    // The same each time, for what is asserted at the end is how much happened, and not every seed lets enough happen.
    let seed = std::env::var("EMRYS_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    let scripts = Scripts { steps: vec![step(1), step(2)], clusters: Vec::new() };
    let world = Aws::with(WorldSettings { scripts, ..WorldSettings::default() });
    let spec = spec_and("[limits]\nmax-attempts = 90\n[catalog]\ndatabase = \"logs\"\n");
    let glue = set_up(&world, &spec).await;
    run_spec(&world.connect(0).await, &spec, 1, &mut Interrupts::none()).await.unwrap();

    let notes = Arc::new(Mutex::new(Observations::default()));
    let reader = Reader { glue, s3: world.s3_of_another_person() };
    let reading = {
        let (notes, world) = (Arc::clone(&notes), world.clone());
        tokio::spawn(async move {
            loop {
                // Asked before it reads: what changes meanwhile lets it read again.
                let changed = world.changed.notified();
                reader.read(&notes).await;
                tokio::select! { () = changed => {}, () = tokio::time::sleep(Duration::from_mins(30)) => {} }
            }
        })
    };
    let mut dice = Dice(seed);
    let (mut deaths, mut number, mut published) = (0, 1, 0);
    while published < PUBLICATIONS {
        let status = status(&world.connect(8).await, &spec).await.unwrap().unwrap();
        let is_publication = |recorded: &&Recorded| matches!(recorded.event, Event::PublishIntended { .. });
        published = status.events.iter().filter(is_publication).count();
        number += 1;
        deaths += u32::from(round(&world, &spec, &status.state, number, &mut dice).await);
    }
    reading.abort();
    let last = world.connect(7).await;
    let end = attach(&last, &spec, &holder(9_999), &mut (), &mut Interrupts::none()).await.unwrap().unwrap();
    let chosen = end.state.chosen().map(|chosen| chosen.number);
    assert_eq!(serving(&last, &spec, &end).await, vec![chosen; 6], "seed {seed}: after one look");
    let notes = notes.lock().unwrap();
    let Observations { reads, runs, mixed, problems } = &*notes;
    assert!(problems.is_empty(), "seed {seed}: {problems:#?}");
    let told =
        format!("seed {seed}: {reads} reads, {mixed} between tables, {deaths} deaths in {number} rounds");
    assert!(*reads > 250 && runs.len() > 5 && *mixed > 5 && deaths > 20, "{told}, {runs:?}");
}
