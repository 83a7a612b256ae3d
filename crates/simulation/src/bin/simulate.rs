//! Simulates runs of Emrys, and says what does not hold.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use emrys_control_plane::Safeguards;
use emrys_simulation::campaign::{self, Summary};
use emrys_simulation::chaos::Among;
use emrys_simulation::exhaustive;
use emrys_simulation::run::{self, Report};
use emrys_simulation::scenario::Scenario;

const USAGE: &str = "\
Usage: cargo xtask simulate [--seeds N] [--from S] [--singles] [--pairs] [--without SAFEGUARD] [--steps]
                            [--digest] [--projection]

  --seeds N            so many random seeds (1000 where nothing else is asked for)
  --from S             the first of them (1)
  --singles            a crash before and after every call of a run, and of what people do to a day that was run
  --pairs              a crash before and after every call that changes something, and another in what follows
  --without SAFEGUARD  take something away, and see what breaks: adoption, repeated-absence, unrecorded-cluster,
                       fence, launch-once, verification, guards, table-lease, reconciliation,
                       live-catalog-check, deleted-last, withdrawal
  --steps              all operators of the seeds drive in steps: they leave at every long wait, and come back
  --digest             print the digest of each seed, by which two runs of it can be compared
  --projection         print the projection of each scenario: a digest of what was asked of AWS, when, by whom, and what
                       came of it. Two versions that behave alike print the same
";

/// How many failures are told with everything that happened.
const SHOWN: usize = 3;

#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
struct Options {
    seeds: Option<u64>,
    from: u64,
    singles: bool,
    pairs: bool,
    steps: bool,
    digest: bool,
    projection: bool,
    safeguards: Safeguards,
}

fn main() -> ExitCode {
    let options = match options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(wrong) => {
            say(&format!("{wrong}\n\n{USAGE}"));
            return ExitCode::from(2);
        }
    };
    let random = |seed: &u64| {
        let scenario = Scenario::random(*seed).without(options.safeguards);
        if options.steps { scenario.in_steps() } else { scenario }
    };
    let given = |scenario: &Scenario| scenario.clone().without(options.safeguards);
    let mut written_out = Vec::new();
    if options.singles {
        written_out.extend(singles());
    }
    if options.pairs {
        written_out.push(("pairs", exhaustive::pairs()));
    }
    let none = u64::from(!options.singles && !options.pairs) * 1000;
    let seeds: Vec<u64> = (options.from..).take(to_usize(options.seeds.unwrap_or(none))).collect();
    if options.projection {
        for (what, scenarios) in &written_out {
            print_projections(what, &campaign::projections(scenarios, given));
        }
        print_projections("seed", &campaign::projections(&seeds, random));
        return ExitCode::SUCCESS;
    }
    let mut is_good = true;
    for (what, scenarios) in &written_out {
        is_good &= campaign(what, scenarios, given);
    }
    if options.digest {
        for seed in &seeds {
            print(&format!("{seed} {}", run::run(&random(seed)).digest));
        }
    } else if !seeds.is_empty() {
        is_good &= campaign("seeds", &seeds, random);
    }
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Something happens at every call of a run, and of what people do to a day that was run.
fn singles() -> [(&'static str, Vec<Scenario>); 7] {
    [
        ("singles", exhaustive::singles()),
        ("attached", exhaustive::attached(Among::All)),
        ("operator actions", exhaustive::operator_actions(Among::All)),
        ("expiries", exhaustive::expiries(Among::All)),
        ("sleepers", exhaustive::sleepers()),
        ("sleepers at expiry", exhaustive::sleepers_at_expiry(Among::All)),
        ("sleepers until expiry", exhaustive::sleepers_until_expiry()),
    ]
}

fn print_projections(what: &str, projections: &[String]) {
    for (index, projection) in projections.iter().enumerate() {
        print(&format!("{what} {} {projection}", index + 1));
    }
}

fn options(arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options {
        seeds: None,
        from: 1,
        singles: false,
        pairs: false,
        steps: false,
        digest: false,
        projection: false,
        safeguards: Safeguards::ALL,
    };
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        let number = |value: String| value.parse::<u64>().map_err(|error| format!("{value}: {error}"));
        match argument.as_str() {
            "--seeds" => options.seeds = Some(number(value()?)?),
            "--from" => options.from = number(value()?)?,
            "--singles" => options.singles = true,
            "--pairs" => options.pairs = true,
            "--steps" => options.steps = true,
            "--digest" => options.digest = true,
            "--projection" => options.projection = true,
            "--without" => {
                let name = value()?;
                let unknown = || format!("there is no safeguard {name}");
                options.safeguards = Safeguards::without(&name).ok_or_else(unknown)?;
            }
            _ => return Err(format!("what is {argument}?")),
        }
    }
    Ok(options)
}

/// Plays scenarios and prints how it went.
fn campaign<S: Sync>(what: &str, plans: &[S], scenario: impl Fn(&S) -> Scenario + Sync) -> bool {
    let (begin, printed) = (now(), AtomicUsize::new(0));
    let summary = campaign::play(plans, scenario, |summary| {
        for report in &summary.failures[printed.swap(summary.failures.len(), Ordering::Relaxed)..] {
            say(&format!("{what}: {} failed", report.name));
        }
        if summary.runs.is_multiple_of(100) || summary.runs == plans.len() {
            say(&format!("{what}: {} of {}, {} failed", summary.runs, plans.len(), summary.failures.len()));
        }
    });
    for report in summary.failures.iter().take(SHOWN) {
        print_failure(report);
    }
    for report in summary.failures.iter().skip(SHOWN) {
        let broken: BTreeSet<_> = report.violations.iter().map(|violation| violation.invariant).collect();
        print(&format!("FAILED {}: {broken:?}", report.name));
    }
    print(&table(what, &summary, begin.elapsed().as_secs_f64()));
    summary.failures.is_empty()
}

/// A failure, with everything that happened.
fn print_failure(report: &Report) {
    print(&format!("FAILED {}", report.name));
    for violation in &report.violations {
        print(&format!("  {:?}: {}", violation.invariant, violation.what));
    }
    print("what the operators did and met:");
    for line in &report.trace {
        print(&format!("  {line}"));
    }
    print("what AWS was asked:");
    for entry in &report.journal {
        print(&format!("  {}", serde_json::to_string(entry).unwrap_or_default()));
    }
}

#[expect(clippy::cast_precision_loss, reason = "averages for people")]
fn table(what: &str, summary: &Summary, seconds: f64) -> String {
    let runs = summary.runs.max(1) as f64;
    let mut lines = vec![
        format!("{what}: {} runs, {} failed", summary.runs, summary.failures.len()),
        format!("  {:<28} {:>10.1}", "runs a second", runs / seconds),
        format!("  {:<28} {:>10.1}", "calls a run", summary.calls as f64 / runs),
        format!("  {:<28} {:>10.2}", "clusters a run", summary.clusters as f64 / runs),
        format!("  {:<28} {:>10.1}", "virtual hours a run", summary.time.as_secs_f64() / 3600.0 / runs),
    ];
    lines.extend(summary.outcomes.iter().map(|(outcome, count)| format!("  {outcome:<28} {count:>10}")));
    lines.push("  injected:".to_owned());
    lines.extend(summary.injected.iter().map(|(kind, count)| format!("    {kind:<26} {count:>10}")));
    lines.join("\n")
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[expect(
    clippy::disallowed_methods,
    reason = "how fast it went is printed for a person, and decides nothing"
)]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::print_stderr, reason = "progress, for a person")]
fn say(text: &str) {
    eprintln!("{text}");
}

fn print(text: &str) {
    // Who reads no further than the first lines has read enough.
    let _ = writeln!(std::io::stdout(), "{text}");
}
