//! `emrys local`: the embedded AWS, for any AWS client.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand, ValueHint};
use emrys_local_aws::daemon::{self, Address, ServeOptions};
use emrys_local_aws::pyenv;
use emrys_terminal::printer::Printer;
use emrys_terminal::spinner::with_spinner;
use serde_json::{Map, Value, json};

use crate::error::CliError;
use crate::exit::Exit;
use crate::local;
use crate::settings::Common;

/// The embedded AWS, for any AWS client
///
/// S3, EMR, Glue, Athena, CloudWatch, EventBridge Scheduler and STS over their real protocols. EMR runs spark-submit
/// steps with a real PySpark, on the folders of its own S3. One daemon serves one directory.
#[derive(Debug, Args)]
pub(crate) struct LocalArgs {
    #[command(subcommand)]
    command: LocalCommand,
}

#[derive(Debug, Subcommand)]
enum LocalCommand {
    Serve(ServeArgs),
    Stop(StopArgs),
    Env(EnvArgs),
    Python(PythonArgs),
}

/// Serve in the foreground, and print the environment that a client needs
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  emrys local serve                            serve .emrys/local on a free port
  emrys local serve --local-dir /tmp/aws --port 4599
  emrys local serve --faults faults.json       rehearse what AWS may do; see docs/faults.md")]
struct ServeArgs {
    /// The port on the loopback interface; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
    /// End after so many minutes with no call and nothing alive
    #[arg(long, value_name = "N")]
    idle_minutes: Option<u64>,
    /// Faults that calls and clusters shall meet
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    faults: Option<PathBuf>,
}

/// Stop the daemon
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  emrys local stop
  emrys local stop --local-dir /tmp/aws")]
struct StopArgs {}

/// Print the environment that a client needs, and start the daemon if it is not there
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  eval \"$(emrys local env)\"                    for this shell
  aws s3 ls                                    and then any client")]
struct EnvArgs {}

/// Make the Python environment of Spark steps, and print its interpreter
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  emrys local python
  \"$(emrys local python)\" -m pytest spark-jobs")]
struct PythonArgs {}

pub(crate) async fn run(args: LocalArgs, common: &Common, printer: &Printer) -> Result<Exit, CliError> {
    match args.command {
        LocalCommand::Serve(args) => serve(&args, common, printer).await,
        LocalCommand::Stop(StopArgs {}) => stop(common, printer).await,
        LocalCommand::Env(EnvArgs {}) => {
            let address = local::connect(&common.local_dir, printer).await?;
            print_environment(&address, common, printer)?;
            Ok(Exit::Done)
        }
        LocalCommand::Python(PythonArgs {}) => python(common, printer).await,
    }
}

fn print_environment(address: &Address, common: &Common, printer: &Printer) -> Result<(), CliError> {
    if common.json {
        let variables: Map<String, Value> = local::environment(address)
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        printer.json(&json!({
            "environment": variables,
            "pid": address.pid,
            "directory": common.local_dir,
        }))?;
    } else {
        printer.data(&exports(&local::environment(address)))?;
    }
    Ok(())
}

/// Lines for a POSIX shell. What would win over them is unset.
fn exports(environment: &[(&'static str, String)]) -> String {
    let mut text = String::from("unset AWS_PROFILE AWS_SESSION_TOKEN\n");
    for (name, value) in environment {
        let _ = writeln!(text, "export {name}='{}'", value.replace('\'', r"'\''"));
    }
    text
}

async fn serve(args: &ServeArgs, common: &Common, printer: &Printer) -> Result<Exit, CliError> {
    let mut options = ServeOptions::new(common.local_dir.clone());
    options.port = args.port;
    options.idle = args.idle_minutes.map(|minutes| Duration::from_secs(minutes * 60));
    options.faults.clone_from(&args.faults);
    let announce = |address: &Address| {
        // Nobody may be listening to what a daemon in the background says.
        let _ = print_environment(address, common, printer);
        printer.info(&format!(
            "serving {} at {} (stop with Ctrl-C or `emrys local stop`)",
            common.local_dir.display(),
            address.endpoint_url
        ));
    };
    daemon::serve(options, announce).await.map_err(|source| failed(&common.local_dir, source))?;
    Ok(Exit::Done)
}

async fn stop(common: &Common, printer: &Printer) -> Result<Exit, CliError> {
    let dir = &common.local_dir;
    let stopped = daemon::stop(dir).await.map_err(|source| failed(dir, source))?;
    if common.json {
        printer.json(&json!({ "directory": dir, "stopped": stopped }))?;
    } else if stopped {
        printer.info(&format!("the embedded AWS in {} is stopped", dir.display()));
    } else {
        printer.info(&format!("no embedded AWS runs in {}", dir.display()));
    }
    Ok(Exit::Done)
}

async fn python(common: &Common, printer: &Printer) -> Result<Exit, CliError> {
    let environment = with_spinner(printer, "python", async |progress| {
        pyenv::ensure(|line: &str| progress.step(line)).await
    })
    .await?;
    if common.json {
        printer.json(&json!({
            "python": environment.python,
            "java_home": environment.java_home,
            "spark_version": environment.spark_version,
            "site_packages": environment.site_packages,
        }))?;
    } else {
        printer.data(&format!("{}\n", environment.python.display()))?;
    }
    Ok(Exit::Done)
}

fn failed(dir: &Path, source: daemon::DaemonError) -> CliError {
    CliError::Local { dir: PathBuf::from(dir), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_meant() {
        let text = exports(&[("AWS_REGION", "us-east-1".into()), ("AWS_SECRET_ACCESS_KEY", "a'b".into())]);
        assert_eq!(
            text,
            "unset AWS_PROFILE AWS_SESSION_TOKEN\n\
             export AWS_REGION='us-east-1'\n\
             export AWS_SECRET_ACCESS_KEY='a'\\''b'\n"
        );
    }
}
