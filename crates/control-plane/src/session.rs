//! A day in the hand of this process: the lease is taken, something is done under it, and it is given back whatever
//! came of that.
//!
//! `run`, `attach`, `publish` and `gc` differ in what they do under the lease, and in nothing else.

use emrys_core::record::Actor;
use emrys_core::report::{RunReport, report};
use emrys_core::run::State;
use emrys_core::spec::Spec;

use crate::budget::Deadline;
use crate::clients::AwsContext;
use crate::engine::{Drive, Engine, How};
use crate::holder::Holder;
use crate::interrupt::Interrupts;
use crate::ledger::{Ledger, Witness};
use crate::listener::RunListener;
use crate::stop::Stop;

/// How a day is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOptions {
    /// Who drives the run.
    pub holder: Holder,
    /// Whether a day whose run is over is run again. Otherwise its end is told once more.
    pub again: bool,
    /// Whether to leave the run as soon as its cluster is launched and recorded.
    pub detach: bool,
}

impl RunOptions {
    /// This process drives the run, for `who`, and again if the day was run before.
    pub fn new(who: &str) -> Self {
        Self { holder: Holder::this_process(who), again: true, detach: false }
    }

    /// A run that is driven to its end as it stands: a day that is over is not run again.
    pub(crate) fn as_it_stands(holder: &Holder) -> Self {
        Self { holder: holder.clone(), again: false, detach: false }
    }
}

/// How the driving of a run ended, and how the run stands.
#[derive(Debug, Clone, PartialEq)]
pub struct RunEnd {
    /// How it ended.
    pub how: How,
    /// The run, as its ledger tells it.
    pub report: RunReport,
    /// The state behind the report.
    pub state: State,
}

/// What one drive came to, and how the run stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Driven {
    /// What it came to.
    pub drive: Drive,
    /// The run, as its ledger tells it.
    pub report: RunReport,
    /// The state behind the report.
    pub state: State,
}

/// A day whose lease this process holds. It ends with [`Session::end`]: dropped, the lease has to run out.
#[must_use]
#[derive(Debug)]
pub(crate) struct Session<'a> {
    aws: &'a AwsContext,
    spec: &'a Spec,
    ledger: Ledger<'a>,
}

impl<'a> Session<'a> {
    /// Takes the lease of the day, and makes its ledger where there is none.
    pub(crate) async fn begin(
        aws: &'a AwsContext,
        spec: &'a Spec,
        holder: &Holder,
        listener: &mut dyn RunListener,
        interrupts: &mut Interrupts,
    ) -> Result<Self, Stop> {
        Self::begin_after(Witness::default(), aws, spec, holder, listener, interrupts).await
    }

    /// The same for someone who has watched the ledger before: the time that was waited counts.
    pub(crate) async fn begin_after(
        witness: Witness,
        aws: &'a AwsContext,
        spec: &'a Spec,
        holder: &Holder,
        listener: &mut dyn RunListener,
        interrupts: &mut Interrupts,
    ) -> Result<Self, Stop> {
        let ledger = Ledger::take(witness, aws, spec, holder, listener, interrupts).await?;
        Ok(Self { aws, spec, ledger })
    }

    /// What the recorded events tell.
    pub(crate) fn state(&self) -> &State {
        self.ledger.state()
    }

    /// The ledger, as long as the lease is held.
    pub(crate) fn ledger(&mut self) -> &mut Ledger<'a> {
        &mut self.ledger
    }

    /// What drives the run under this lease.
    pub(crate) fn engine<'s>(
        &'s mut self,
        listener: &'s mut dyn RunListener,
        interrupts: &'s mut Interrupts,
    ) -> Engine<'s, 'a> {
        Engine::new(self.aws, self.spec, &mut self.ledger, listener, interrupts)
    }

    /// Drives the run until its next long wait or its end, and gives the lease back.
    pub(crate) async fn drive_once(
        mut self,
        options: &RunOptions,
        deadline: Deadline,
        listener: &mut dyn RunListener,
        interrupts: &mut Interrupts,
    ) -> Result<Driven, Stop> {
        let again = self.again(options);
        let mut engine = self.engine(listener, interrupts);
        engine.detach = options.detach;
        engine.deadline = deadline;
        let drive = Box::pin(once(engine, again)).await;
        let (report, state) = self.told();
        self.end(drive.map(|drive| Driven { drive, report, state })).await
    }

    /// Drives the run to its end, and gives the lease back.
    pub(crate) async fn drive_to_end(
        mut self,
        options: &RunOptions,
        listener: &mut dyn RunListener,
        interrupts: &mut Interrupts,
    ) -> Result<RunEnd, Stop> {
        let again = self.again(options);
        let mut engine = self.engine(listener, interrupts);
        engine.detach = options.detach;
        let how = Box::pin(to_end(engine, again)).await;
        let (report, state) = self.told();
        self.end(how.map(|how| RunEnd { how, report, state })).await
    }

    /// Who wants a day that is over run again; nobody, where it is not over, or is driven as it stands.
    fn again(&self, options: &RunOptions) -> Option<Actor> {
        (options.again && self.state().closed.is_some()).then(|| Actor(options.holder.who.clone()))
    }

    fn told(&self) -> (RunReport, State) {
        let state = self.state().clone();
        (report(self.spec, &state, self.aws.clock.now()), state)
    }

    /// Gives the lease back, unless what was done under it ended because somebody else has it. What was done is handed
    /// through.
    pub(crate) async fn end<T>(self, done: Result<T, Stop>) -> Result<T, Stop> {
        match &done {
            Ok(_) => self.ledger.release().await,
            Err(stop) => self.ledger.release_unless_lost(stop).await,
        }
        done
    }
}

/// Before a day that is over is run again, what queries see of it is put right: they see it until the new attempt ends.
async fn to_end(mut engine: Engine<'_, '_>, again: Option<Actor>) -> Result<How, Stop> {
    if let Some(by) = again {
        match engine.drive_to_end().await? {
            How::Closed(_) => engine.reopen(by).await?,
            how => return Ok(how),
        }
    }
    engine.begin();
    engine.drive_to_end().await
}

/// The same for one drive.
async fn once(mut engine: Engine<'_, '_>, again: Option<Actor>) -> Result<Drive, Stop> {
    if let Some(by) = again {
        match engine.drive().await? {
            Drive::Ended(How::Closed(_)) => engine.reopen(by).await?,
            drive => return Ok(drive),
        }
    }
    engine.begin();
    engine.drive().await
}
