//! Whoever clears away is stopped by a signal: after what was begun, and the next one goes on.

use std::future::Future;

use emrys_control_plane::{
    Collection, Interrupt, InterruptSender, Interrupts, Removed, RunListener, RunOptions, Stop, clear,
    collect_garbage_of,
};
use emrys_core::day::Day;
use emrys_core::record::Removal;
use emrys_core::run::RetentionState;

use crate::garbage::{gone, pass, retention, superseded_on, superseded_with_many_objects};
use crate::publishing::{published, set_up};
use crate::world::{Aws, good_step, holder};

/// Sends what a user says when so many deletions were made, and polls on.
async fn saying<T>(
    world: &Aws,
    (deletions, sender, what): (usize, InterruptSender, &Interrupt),
    work: impl Future<Output = T>,
) -> T {
    let (mut work, wanted) = (Box::pin(work), world.done("DeleteObjects") + deletions);
    let mut is_said = false;
    std::future::poll_fn(move |context| {
        if world.done("DeleteObjects") >= wanted && !is_said {
            is_said = true;
            sender.send(what.clone());
        }
        work.as_mut().poll(context)
    })
    .await
}

/// A signal in the middle of one day is the end of all: the days after it are left as they are. The first Ctrl-C is a
/// cancel, and here is nothing to cancel: it means the same.
#[tokio::test(start_paused = true)]
async fn a_signal_ends_the_clearing_of_all_days() {
    for what in [Interrupt::StopWatching, Interrupt::Cancel { by: "ann".to_owned() }] {
        the_clearing_of_all_days_ends(&what).await;
    }
}

async fn the_clearing_of_all_days_ends(what: &Interrupt) {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, published());
    set_up(&world, &spec).await;
    let days = ["2024-10-18", "2024-10-19", "2024-10-20"];
    let old = superseded_on(&world, &aws, &spec, &days).await;
    pass(48).await;
    let (sender, mut interrupts) = Interrupts::channel();
    let days: Vec<Day> = days.iter().map(|day| day.parse().unwrap()).collect();
    let who = holder(5);
    let mut nobody = |_| Box::new(()) as Box<dyn RunListener>;
    let clearing = collect_garbage_of(&aws, &spec, &days, &who, &mut nobody, &mut interrupts);
    let collected = saying(&world, (1, sender, what), clearing).await;
    assert!(matches!(collected[0].1, Ok(Collection::Done(_))), "{collected:?}");
    assert_eq!(world.keys(&old[0]).await.len(), 0);
    assert_eq!((world.keys(&old[1]).await.len(), world.keys(&old[2]).await.len()), (2, 2), "{collected:?}");
    assert!(collected.len() < 3, "{collected:?}");
}

/// What a user is told of the tidying after a run.
#[derive(Debug, Default)]
struct Told {
    collected: Vec<String>,
    stopped: usize,
}

impl RunListener for Told {
    fn collected(&mut self, day: Day, removed: &[Removed]) {
        self.collected.extend(removed.iter().map(|removed| format!("{day} {}", removed.objects)));
    }

    fn garbage_collection_failed(&mut self, stop: &Stop) {
        assert!(matches!(stop, Stop::Interrupted), "{stop:?}");
        self.stopped += 1;
    }
}

/// The run is over and has succeeded when Ctrl-C comes: it ends the tidying, and not the run.
#[tokio::test(start_paused = true)]
async fn the_first_ctrl_c_in_the_tidying_after_a_run_ends_the_tidying() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, published());
    set_up(&world, &spec).await;
    let old = superseded_on(&world, &aws, &spec, &["2024-10-17", "2024-10-18", "2024-10-19"]).await;
    pass(48).await;
    let (sender, mut interrupts) = Interrupts::channel();
    let mut told = Told::default();
    let options = RunOptions { holder: holder(1), again: true, detach: false };
    let running = emrys_control_plane::run(&aws, &spec, &options, &mut told, &mut interrupts);
    let cancel = Interrupt::Cancel { by: "ann".to_owned() };
    let end = saying(&world, (1, sender, &cancel), running).await.unwrap();
    assert_eq!(end.report.outcome, Some("succeeded"));
    assert_eq!((told.collected, told.stopped), (vec!["2024-10-17 2".to_owned()], 1));
    let left =
        [world.keys(&old[0]).await.len(), world.keys(&old[1]).await.len(), world.keys(&old[2]).await.len()];
    assert_eq!(left, [0, 2, 2]);
}

/// A folder of many objects is stopped between two pages, and the next one goes on.
#[tokio::test(start_paused = true)]
async fn a_signal_ends_the_clearing_of_a_large_folder_after_the_page_at_hand() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, published());
    let first = superseded_with_many_objects(&world, &aws, &spec).await;
    let (sender, mut interrupts) = Interrupts::channel();
    let (who, mut nobody) = (holder(5), ());
    let clearing = clear(&aws, &spec, &who, &mut nobody, &mut interrupts);
    let done = saying(&world, (1, sender, &Interrupt::StopWatching), clearing).await.unwrap();
    let Collection::Done(done) = done else { panic!("{done:?}") };
    assert!(done.stopped && done.removed.is_empty(), "{done:?}");
    assert_eq!((world.done("DeleteObjects"), world.keys(&first).await.len()), (1, 1_101));
    assert_eq!(gone(&aws, &spec).await, [(1, Removal::Superseded)]);
    assert!(matches!(retention(&aws, &spec, 1).await, RetentionState::Deleted { objects: 1_101, .. }));
}
