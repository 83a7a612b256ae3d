//! Why a command could not do what it was asked, as a person and as a program read it.

use std::io;
use std::path::PathBuf;

use emrys_control_plane::{ManagedError, QueryError, Stop};
use emrys_core::day::Day;
use emrys_core::queries::ParameterError;
use emrys_core::record::{CallError, ErrorClass};
use emrys_core::spec::Spec;
#[cfg(feature = "local")]
use emrys_local_aws::daemon::DaemonError;
use emrys_terminal::printer::Printer;

use crate::error_report::ErrorReport;
use crate::exit::Exit;
use crate::holder::holder_json;
use crate::invocation::invocation;
use crate::settings::{Common, SettingsError};
use crate::stop;

/// An error of a command. A run that failed is no error of the command that drove it: its report says so.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The pipeline file cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The environment names an endpoint that is not a URL.
    #[error("`{variable}` is not a valid endpoint URL: `{value}`")]
    Endpoint {
        /// The variable.
        variable: &'static str,
        /// What it says.
        value: String,
    },
    /// The control plane stopped.
    #[error("{0}")]
    Stop(#[from] Stop),
    /// A managed resource could not be observed or changed.
    #[error(transparent)]
    Managed(#[from] ManagedError),
    /// There is nothing to query.
    #[error("the pipeline has no `[catalog]`: its results are files, and no tables")]
    NoCatalog,
    /// A statement that comes with the product, for tables that the pipeline does not have.
    #[error("`{name}` asks the tables of the built-in job, and this pipeline has a job of its own")]
    NamedElsewhere {
        /// The statement's name.
        name: String,
    },
    /// The days do not fit the statement.
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    /// How a query ended is not known.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The result of a query that has succeeded cannot be read.
    #[error("{0}")]
    Rows(CallError),
    /// Ctrl-C while rows were read.
    #[error("stopped before all rows were read")]
    RowsInterrupted,
    /// A run could not be driven, or watched, any longer.
    #[error("{stop}")]
    Run {
        /// Why.
        #[source]
        stop: Stop,
        /// The command that attaches to it.
        attach: String,
    },
    /// The day was never run.
    #[error("{pipeline} was not run on {day} yet")]
    NotRun {
        /// The pipeline.
        pipeline: String,
        /// The day.
        day: Day,
    },
    /// A command that asks for confirmation, without a terminal.
    #[error("{what}, and there is no terminal to ask for confirmation")]
    NeedsYes {
        /// What the command does.
        what: &'static str,
    },
    /// The build has no embedded AWS.
    #[cfg(not(feature = "local"))]
    #[error("this build of emrys has no embedded AWS")]
    NoLocal,
    /// The embedded AWS.
    #[cfg(feature = "local")]
    #[error("the embedded AWS in `{}`", dir.display())]
    Local {
        /// Its directory.
        dir: PathBuf,
        /// What is wrong.
        source: DaemonError,
    },
    /// The Python environment of the embedded AWS.
    #[cfg(feature = "local")]
    #[error("the Python environment for Spark")]
    Python(#[from] emrys_local_aws::pyenv::PyEnvError),
    /// The demo.
    #[cfg(feature = "local")]
    #[error(transparent)]
    Demo(#[from] emrys_demo::DemoError),
    /// A file that was to be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The command itself cannot go on.
    #[error("cannot start")]
    Start(#[source] io::Error),
    /// Standard output, for another reason than that its reader is gone.
    #[error("cannot write to standard output")]
    Output(#[from] io::Error),
}

impl CliError {
    /// Of a run that this command drove or watched.
    pub(crate) fn run(stop: Stop, spec: &Spec, common: &Common) -> Self {
        Self::Run { stop, attach: invocation(common, &format!("attach {}", spec.day)) }
    }

    /// Of a day without a record.
    pub(crate) fn not_run(spec: &Spec) -> Self {
        Self::NotRun { pipeline: spec.pipeline().to_owned(), day: spec.day }
    }

    /// What kind of error it is, for programs.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Settings(_) | Self::Endpoint { .. } => "config",
            Self::Stop(stop) | Self::Run { stop, .. } => stop::kind(stop),
            Self::Managed(ManagedError::CallError(error)) => stop::error_class_name(error.class),
            Self::Managed(_) => "managed",
            Self::NoCatalog | Self::NamedElsewhere { .. } => "config",
            Self::RowsInterrupted => "stopped",
            Self::Parameters(_) => "usage",
            Self::Query(QueryError::NotStarted(error) | QueryError::OutOfSight { error, .. })
            | Self::Rows(error) => stop::error_class_name(error.class),
            Self::Query(QueryError::NoWorkgroup { .. }) => "no_workgroup",
            Self::Query(QueryError::NotYetStopped { .. }) => "stopped_watching",
            Self::NotRun { .. } => "not_run",
            Self::NeedsYes { .. } => "usage",
            #[cfg(not(feature = "local"))]
            Self::NoLocal => "usage",
            #[cfg(feature = "local")]
            Self::Local { .. } | Self::Python(_) => "local",
            #[cfg(feature = "local")]
            Self::Demo(_) => "demo",
            Self::Write { .. } | Self::Start(_) | Self::Output(_) => "io",
        }
    }

    /// How the command ends.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Stop(stop) | Self::Run { stop, .. } => stop::exit(stop),
            Self::Managed(ManagedError::CallError(error))
            | Self::Query(QueryError::NotStarted(error) | QueryError::OutOfSight { error, .. })
            | Self::Rows(error) => stop::error_exit(error.class),
            Self::Query(QueryError::NotYetStopped { .. }) => Exit::StoppedWatching,
            Self::RowsInterrupted => Exit::RunFailed,
            #[cfg(feature = "local")]
            Self::Local { source, .. } => local_exit(source),
            #[cfg(feature = "local")]
            Self::Python(_) => Exit::Aws,
            #[cfg(not(feature = "local"))]
            Self::NoLocal => Exit::Usage,
            #[cfg(feature = "local")]
            Self::Demo(_) => Exit::RunFailed,
            Self::Settings(_)
            | Self::Endpoint { .. }
            | Self::Managed(_)
            | Self::NoCatalog
            | Self::NamedElsewhere { .. }
            | Self::Parameters(_)
            | Self::Query(QueryError::NoWorkgroup { .. })
            | Self::NotRun { .. }
            | Self::NeedsYes { .. }
            | Self::Write { .. }
            | Self::Start(_)
            | Self::Output(_) => Exit::Usage,
        }
    }

    /// What a person can do about it.
    pub(crate) fn hint(&self, common: &Common) -> Option<String> {
        match self {
            Self::Stop(Stop::CallError(error))
            | Self::Managed(ManagedError::CallError(error))
            | Self::Run { stop: Stop::CallError(error), .. } => stop::error_hint(error, common),
            Self::Endpoint { .. } => Some(
                "use a URL such as `http://127.0.0.1:4566`, or unset the variable to use AWS itself"
                    .to_owned(),
            ),
            Self::Settings(error) => error.hint(),
            Self::Stop(stop) => stop.hint().map(str::to_owned),
            Self::Managed(error) => error.hint().map(str::to_owned),
            Self::NoCatalog => {
                Some("name a database, `[catalog] database = \"logs\"`, and run `emrys setup`".to_owned())
            }
            Self::NamedElsewhere { .. } => {
                Some("write a statement: `emrys query \"SHOW TABLES\"` lists the tables".to_owned())
            }
            Self::Parameters(error) => Some(error.hint().to_owned()),
            Self::Query(error) => query_hint(error),
            Self::Run { stop: Stop::Held { .. } | Stop::Lost { .. } | Stop::Interrupted, attach } => {
                Some(format!("`{attach}` watches it to its end"))
            }
            Self::Run { stop, .. } => stop.hint().map(str::to_owned),
            Self::NotRun { .. } => Some("`emrys runs` lists the days that were".to_owned()),
            Self::NeedsYes { .. } => Some("confirm with `--yes`".to_owned()),
            #[cfg(not(feature = "local"))]
            Self::NoLocal => Some("leave out `--local`, or build with the feature `local`".to_owned()),
            #[cfg(feature = "local")]
            Self::Local { source, .. } => local_hint(source),
            #[cfg(feature = "local")]
            Self::Python(error) => error.hint(),
            #[cfg(feature = "local")]
            Self::Demo(error) => error.hint(),
            Self::Rows(_) | Self::RowsInterrupted => {
                Some("the result stays at Athena: see the history of the workgroup".to_owned())
            }
            Self::Write { .. } | Self::Start(_) | Self::Output(_) => None,
        }
    }

    /// The error and its causes in one sentence.
    pub(crate) fn message(&self) -> String {
        let mut message = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let text = error.to_string();
            // Errors that show their cause themselves would say it twice.
            if !message.ends_with(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            cause = error.source();
        }
        message
    }

    /// The error for programs and for people.
    pub(crate) fn report(&self, common: &Common) -> ErrorReport {
        let report = ErrorReport::new(self.kind(), self.message()).with_hint(self.hint(common));
        match self {
            Self::Settings(error) => match error.mistakes() {
                Some(errors) => {
                    report.with_field("problems", &errors.problems).with_details(format!("\n{errors}"))
                }
                None => report,
            },
            Self::Run { stop: Stop::Held { holder, since }, attach } => {
                report.with_field("holder", holder_json(holder, *since)).with_field("attach", attach)
            }
            _ => report,
        }
    }

    /// Prints it for people, and with `--json` for programs.
    pub(crate) fn print(&self, printer: &Printer, common: &Common) {
        let report = self.report(common);
        report.print(printer);
        if common.json {
            // Without stdout nobody reads it.
            let _ = printer.json(&report.document(self.exit()));
        }
    }
}

fn query_hint(error: &QueryError) -> Option<String> {
    let hint = match error {
        QueryError::NoWorkgroup { .. } => {
            "`emrys setup` makes the workgroup, the tables and the named queries"
        }
        QueryError::NotStarted(error) if error.class == ErrorClass::Unreachable => {
            "it may have been started all the same: see Athena's history of the workgroup"
        }
        QueryError::NotStarted(error) => return Stop::CallError(error.clone()).hint().map(str::to_owned),
        QueryError::OutOfSight { .. } | QueryError::NotYetStopped { .. } => {
            "it can be seen and stopped in Athena's history of the workgroup"
        }
    };
    Some(hint.to_owned())
}

/// A place where the daemon cannot run is a mistake in usage. A daemon that fails is an AWS that cannot be reached.
#[cfg(feature = "local")]
fn local_exit(error: &DaemonError) -> Exit {
    match error {
        DaemonError::File { .. }
        | DaemonError::AlreadyRunning { .. }
        | DaemonError::Listen { .. }
        | DaemonError::World(_)
        | DaemonError::Store(_)
        | DaemonError::Scripts(_)
        | DaemonError::Faults { .. } => Exit::Usage,
        _ => Exit::Aws,
    }
}

#[cfg(feature = "local")]
fn local_hint(error: &DaemonError) -> Option<String> {
    let hint = match error {
        DaemonError::AlreadyRunning { .. } => {
            "`emrys local env` prints what its clients need, `emrys local stop` ends it"
        }
        DaemonError::Listen { .. } => "name another port with `--port N`; 0 takes a free one",
        DaemonError::World(_) | DaemonError::Store(_) => {
            "remove the directory to begin afresh, or name another with `--local-dir DIR`"
        }
        DaemonError::Faults { .. } => "docs/faults.md says what a file of faults may hold",
        _ => return None,
    };
    Some(hint.to_owned())
}
