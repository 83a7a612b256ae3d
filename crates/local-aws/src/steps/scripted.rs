//! Steps that follow a script: they wait on the clock and write what a real job would have written.

use tokio::sync::mpsc::UnboundedReceiver;

use super::{Outcome, RunnerConfig};
use crate::world::{KillHow, ScriptedWork, StepExit};

pub(super) async fn run(
    config: &RunnerConfig,
    work: &ScriptedWork,
    mut kills: UnboundedReceiver<KillHow>,
) -> Outcome {
    let duration = jiff::SignedDuration::from_millis(i64::try_from(work.duration_ms).unwrap_or(i64::MAX));
    let outcome = |exit, stderr: &str| Outcome {
        exit,
        stdout: work.stdout.clone().into_bytes(),
        stderr: stderr.to_owned().into_bytes(),
    };
    tokio::select! {
        biased;
        Some(how) = kills.recv() => return outcome(StepExit::Signalled(signal_of(how)), &work.stderr),
        () = config.clock.sleep(duration) => {}
    }
    for file in &work.files {
        if let Err(error) = super::logs::put(config, &file.uri, file.content.clone().into_bytes()).await {
            return outcome(
                StepExit::CouldNotStart(format!("cannot write {}: {error}", file.uri)),
                &work.stderr,
            );
        }
    }
    outcome(StepExit::Exited(work.exit_code), &work.stderr)
}

fn signal_of(how: KillHow) -> i32 {
    match how {
        KillHow::Interrupt | KillHow::ClusterEnds => 15,
        KillHow::Terminate => 9,
    }
}
