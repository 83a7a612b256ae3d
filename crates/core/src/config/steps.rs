//! `[[steps]]`: further steps of the cluster.

use super::problem::Wrong;
use super::reader::Section;
use super::values;
use crate::day::Day;
use crate::template::Template;

/// EMR takes so many characters in the strings of one step.
pub const STEP_CHARACTERS: usize = 10_240;

/// `[[steps]]`: a further step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomStep {
    /// `name`: shown wherever the step is; no two steps share it.
    pub name: String,
    /// `when`: `before` or `after` the job. Default `after`.
    pub when: When,
    /// `kind`: what runs.
    pub kind: StepKind,
    /// `args`: its arguments, with placeholders.
    pub args: Vec<Template>,
}

/// When a step runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Before the job.
    Before,
    /// After it.
    After,
}

/// What a step runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepKind {
    /// `spark`: `spark-submit` with `args`.
    Spark,
    /// `command`: the command in `args`, on the primary node.
    Command,
    /// `script`: the shell script at the address `file`, with `args`. It has no limit of time of its own in the
    /// cluster, as `spark`, `command` and `hive` have.
    Script {
        /// `file`: its address.
        file: Template,
    },
    /// `jar`: the Java archive at `file`, with `args`. It has no limit of time of its own in the cluster either.
    Jar {
        /// `file`: its address, or a path on the primary node.
        file: Template,
        /// `main-class`: the class to run; left out, the archive's own.
        main_class: Option<String>,
    },
    /// `hive`: the HiveQL script at the address `file`, with `args` handed to Hive.
    Hive {
        /// `file`: its address.
        file: Template,
    },
}

impl CustomStep {
    /// All texts with placeholders.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        self.file().into_iter().chain(&self.args)
    }

    fn file(&self) -> Option<&Template> {
        match &self.kind {
            StepKind::Spark | StepKind::Command => None,
            StepKind::Script { file } | StepKind::Jar { file, .. } | StepKind::Hive { file } => Some(file),
        }
    }

    /// What it runs, as far as that shows: its file, and arguments that end as programs do. Other arguments may be
    /// anything.
    pub(super) fn files(&self) -> impl Iterator<Item = &Template> {
        let is_program = |arg: &&Template| {
            let text = arg.on(Day::SAMPLE);
            [".py", ".jar", ".zip", ".egg", ".sh", ".sql"].iter().any(|ending| text.ends_with(ending))
        };
        self.file().into_iter().chain(self.args.iter().filter(is_program))
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Spark,
    Command,
    Script,
    Jar,
    Hive,
}

const KINDS: [(&str, Kind); 5] = [
    ("spark", Kind::Spark),
    ("command", Kind::Command),
    ("script", Kind::Script),
    ("jar", Kind::Jar),
    ("hive", Kind::Hive),
];

/// A step, as far as it could be read.
pub(super) struct StepDraft {
    /// Its path in the file.
    pub(super) path: String,
    pub(super) name: Option<String>,
    pub(super) is_hive: bool,
    pub(super) whole: Option<CustomStep>,
}

pub(super) fn read(root: &mut Section<'_, '_>) -> Vec<StepDraft> {
    root.sections("steps").into_iter().map(read_step).collect()
}

fn read_step(mut section: Section<'_, '_>) -> StepDraft {
    let name = section
        .require("name", "give the step a name: name = \"compact\"")
        .and_then(|entry| entry.parsed(values::step_name));
    let kind = section
        .require("kind", "one of spark, command, script, jar, hive")
        .and_then(|entry| entry.parsed(|text| values::one_of(text, &KINDS)));
    let when = section
        .parsed("when", |text| values::one_of(text, &[("before", When::Before), ("after", When::After)]));
    let args = section.arguments("args", values::argument);
    // Without a kind it is not known which keys belong to it; only those that belong to none are then unknown.
    let file_hint = "name its address: file = \"s3://my-log-bucket/steps/…\"";
    let address = |section: &mut Section<'_, '_>| {
        section.require("file", file_hint).and_then(|entry| entry.parsed(values::step_file))
    };
    let is_hive = matches!(kind, Some(Kind::Hive));
    let has_work = args.first().is_some_and(|first| !first.on(Day::SAMPLE).trim().is_empty());
    let work_hint = match kind {
        Some(Kind::Spark) => {
            Some("the script and its arguments: args = [\"s3://my-log-bucket/steps/compact.py\", \"{day}\"]")
        }
        Some(Kind::Command) => Some("the command: args = [\"bash\", \"-c\", \"echo {day}\"]"),
        _ => None,
    };
    let kind = match kind {
        Some(Kind::Spark) => has_work.then_some(StepKind::Spark),
        Some(Kind::Command) => has_work.then_some(StepKind::Command),
        Some(Kind::Script) => address(&mut section).map(|file| StepKind::Script { file }),
        Some(Kind::Hive) => address(&mut section).map(|file| StepKind::Hive { file }),
        Some(Kind::Jar) => {
            let file = section.require("file", file_hint).and_then(|entry| entry.parsed(values::argument));
            let main_class = section.parsed("main-class", values::main_class);
            file.map(|file| StepKind::Jar { file, main_class })
        }
        None => {
            section.take("file");
            section.take("main-class");
            None
        }
    };
    let (reader, path) = (section.reader(), section.path().to_owned());
    section.finish();
    if let Some(hint) = work_hint
        && !has_work
        && reader.is_certain(&format!("{path}.args"))
    {
        reader.wrong_at(&path, Wrong::new("this step has no `args`, and has nothing to run").hint(hint));
    }
    let whole = name.clone().zip(kind);
    let when = when.unwrap_or(When::After);
    let whole = whole.map(|(name, kind)| CustomStep { name, when, kind, args });
    StepDraft { path, name, is_hive, whole }
}
