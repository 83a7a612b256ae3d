//! `emrys plan`: the calls that a run would make.

use std::fmt::Write;
use std::path::PathBuf;

use clap::{Args, ValueHint};
use emrys_core::day::Day;
use emrys_core::plan::Plan;

use crate::error::CliError;
use crate::exit::Exit;
use crate::format::{bytes, plural};
use crate::place;
use crate::printer::{BOLD, DIM, HINT, Printer, WARN, styled};
use crate::settings::{Common, PlanSettings};
use crate::table::{Align, table};

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
    let settings = PlanSettings::resolve(args, common)?;
    let control_plane = place::connect(&settings.spec.config, common, printer).await?;
    let plan = emrys_control_plane::plan(&control_plane, &settings.spec).await?;
    if let Some(path) = settings.out {
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

/// The plan for people.
pub(crate) fn text(plan: &Plan) -> String {
    let mut text = styled(BOLD, format_args!("{} on {}", plan.pipeline, plan.day));
    if let Some(attempt) = plan.attempt {
        let _ = write!(text, ", attempt {attempt}");
    }
    text.push('\n');
    if let Some(inputs) = &plan.inputs {
        let objects = plural(inputs.objects, "object");
        let _ = writeln!(
            text,
            "  reads  {objects}, {}, from {}",
            bytes(inputs.bytes),
            inputs.source
        );
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
                    call.resource.clone(),
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
    for note in &plan.notes {
        let _ = writeln!(text, "\n{} {note}", styled(DIM, "note:"));
    }
    text
}
