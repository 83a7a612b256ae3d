//! An operator that drives in steps, as a function does that a schedule and events start. At every long wait it gives
//! the lease back, and what it remembers is gone. It comes back at the time that it was handed, or at a heartbeat.

use std::time::Duration;

use emrys_control_plane::{Budget, Drive, Driven, Holder, How, Interrupts, RunOptions, Stop, drive_once};
use emrys_core::record::Outcome;
use jiff::{SignedDuration, Timestamp};

use crate::actors::Ready;
use crate::process::Process;
use crate::run::{Stage, holder};

/// How long a drive may last: a function may run for fifteen minutes.
const BUDGET: SignedDuration = SignedDuration::from_mins(14);
/// Between two heartbeats.
const HEARTBEAT: Duration = Duration::from_mins(5);

/// When the operator comes back.
enum Next {
    /// The run is over.
    Over(Outcome),
    /// When there is something to do again, by its own clock.
    At(Timestamp),
    /// At the next heartbeat.
    Heartbeat,
}

/// Drives until the run is over, the operator is dead, or its time is up; the outcome, if it got to know one.
pub(crate) async fn begin(stage: &Stage, ready: Ready, until: Duration) -> Option<Outcome> {
    let Ready { number, plan, aws, control } = ready;
    let budget = match Budget::new(&aws, BUDGET) {
        Ok(budget) => budget,
        Err(error) => unreachable!("{error}"),
    };
    // Nobody can tell whether a function is dead.
    let holder = Holder { boot: String::new(), started: String::new(), ..holder(number, plan.host) };
    let options = RunOptions { holder, again: plan.again, detach: false };
    for step in 0_u32.. {
        stage.trace.say(number, "begins a drive");
        let mut listener = stage.listener(number, None);
        let mut interrupts = Interrupts::none();
        let drive = drive_once(&aws, &stage.spec, &options, budget, &mut listener, &mut interrupts);
        let Some(driven) = Process::new(control.clone(), drive).await else {
            stage.trace.say(number, "is dead");
            return None;
        };
        let wait = match next(stage, number, driven) {
            Next::Over(outcome) => return Some(outcome),
            // An event may wake it at that time, and need not.
            Next::At(at) if step.is_multiple_of(2) => {
                Duration::try_from(at.duration_since(aws.clock().now())).unwrap_or_default()
            }
            Next::At(_) | Next::Heartbeat => until_heartbeat(stage.origin.elapsed()),
        };
        tokio::time::sleep(wait).await;
        if control.is_dead() || stage.origin.elapsed() >= until {
            break;
        }
    }
    stage.trace.say(number, "comes no more");
    None
}

fn next(stage: &Stage, number: usize, driven: Result<Driven, Stop>) -> Next {
    let (text, next) = match driven {
        Ok(Driven { drive: Drive::WaitUntil { at, why }, .. }) => {
            let kind = if why.is_long() { "left at a long wait" } else { "left at the budget's end" };
            stage.network.inject(kind);
            (format!("hands back until {at}: {why:?}"), Next::At(at))
        }
        Ok(Driven { drive: Drive::Ended(How::Closed(outcome)), .. }) => {
            (format!("ends: {}", outcome.name()), Next::Over(outcome))
        }
        Ok(Driven { drive: Drive::Ended(how), .. }) => (format!("leaves: {how:?}"), Next::Heartbeat),
        Err(stop) => (format!("stops: {stop}"), Next::Heartbeat),
    };
    stage.trace.say(number, &text);
    next
}

fn until_heartbeat(now: Duration) -> Duration {
    let since = Duration::from_secs(now.as_secs() % HEARTBEAT.as_secs())
        + Duration::from_nanos(now.subsec_nanos().into());
    HEARTBEAT.saturating_sub(since)
}
