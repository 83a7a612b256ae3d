//! `emrys plan`: the calls that a run would make.

use std::fmt::Write;
use std::path::PathBuf;

use clap::{Args, ValueHint};
use emrys_core::day::Day;
use emrys_core::plan::Plan;
use emrys_terminal::format::{bytes, plural};
use emrys_terminal::printer::{BOLD, DIM, HINT, Printer, WARN, styled};
use emrys_terminal::table::{Align, table};

use crate::error::CliError;
use crate::exit::Exit;
use crate::place;
use crate::settings::{self, Common};

/// Show which calls a run would make, in order, before any of them is made
///
/// Planning reads: which input is there, whether the job is staged, what the day's record says. It changes nothing.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  emrys plan                                   yesterday, in the pipeline's time zone
  emrys plan --day 2024-10-20 --json
  emrys --local plan --out plan.json           against the embedded AWS, and keep it")]
pub(crate) struct PlanArgs {
    /// The day whose logs are analysed [default: yesterday in the pipeline's time zone]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) day: Option<Day>,
    /// Also write the plan to a file, as JSON
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) out: Option<PathBuf>,
}

pub(crate) async fn run(args: PlanArgs, common: &Common, printer: &Printer) -> Result<Exit, CliError> {
    let PlanArgs { day, out } = args;
    let spec = settings::spec_with_job(common, day)?;
    let aws = place::connect(&spec.config, common, printer).await?;
    let plan = emrys_control_plane::plan(&aws, &spec).await?;
    if let Some(path) = out {
        let text = serde_json::to_string_pretty(&plan).map_err(std::io::Error::from)? + "\n";
        std::fs::write(&path, text).map_err(|source| CliError::Write { path, source })?;
    }
    if common.json {
        printer.json(&plan)?;
    } else {
        printer.data(&text(&plan))?;
    }
    Ok(Exit::Done)
}

/// An address in which a hash of 64 digits is cut short, for people.
fn without_long_hashes(resource: &str) -> String {
    let short = |part: &str| match part.get(..12) {
        Some(begin) if part.len() == 64 && part.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            format!("{begin}…")
        }
        _ => part.to_owned(),
    };
    resource.split('/').map(short).collect::<Vec<_>>().join("/")
}

/// The plan for people.
pub(crate) fn text(plan: &Plan) -> String {
    let mut text = styled(BOLD, format_args!("{} on {}", plan.pipeline, plan.day));
    if let Some(attempt) = plan.attempt {
        let _ = write!(text, ", attempt {attempt}");
    }
    text.push('\n');
    if let Some(inputs) = &plan.inputs {
        let objects = plural(inputs.objects, "object");
        let _ = writeln!(text, "  reads  {objects}, {}, from {}", bytes(inputs.bytes), inputs.source);
    }
    if let Some(output) = &plan.output {
        let _ = writeln!(text, "  writes {output}");
    }
    if let Some(refusal) = &plan.refusal {
        let _ = writeln!(text, "  {} {}", styled(WARN, "no attempt:"), refusal.summary);
        let _ = writeln!(text, "  {} {}", styled(HINT, "hint:"), refusal.hint);
    }
    if plan.calls.is_empty() {
        let _ = writeln!(text, "\nNo call changes AWS; the outcome is `{}`.", plan.outcome);
    } else {
        let _ = writeln!(text, "\nCalls that change AWS, in order:");
        let header = [
            ("", Align::Right),
            ("service", Align::Left),
            ("operation", Align::Left),
            ("resource", Align::Left),
        ];
        text += &table(
            header,
            plan.calls.iter().enumerate().map(|(index, call)| {
                [
                    (index + 1).to_string(),
                    call.service.name().to_owned(),
                    call.operation.to_owned(),
                    without_long_hashes(&call.resource),
                ]
            }),
        );
    }
    if !plan.guards.is_empty() {
        text.push_str("\nOnly when something goes wrong:\n");
        for guard in &plan.guards {
            let _ = writeln!(text, "  {} {} {}", guard.when, styled(DIM, "->"), guard.then);
        }
    }
    for remark in &plan.notes {
        let _ = writeln!(text, "\n{} {remark}", styled(DIM, "note:"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_hash_is_cut_short() {
        let hash = "6a397edd0e581ba114254f77832b3d016d55aa8da11684606523a5920e16ef87";
        assert_eq!(
            without_long_hashes(&format!("s3://b/jobs/{hash}/main.py")),
            "s3://b/jobs/6a397edd0e58…/main.py"
        );
        assert_eq!(without_long_hashes("emrys/web-logs/2024-10-20/a1"), "emrys/web-logs/2024-10-20/a1");
    }
}
