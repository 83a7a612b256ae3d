//! The lines of a step's log that say why it failed.

/// How much a finding says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// The last lines, whatever they are.
    Tail,
    /// What follows on a failure, and does not cause one.
    Noise,
    /// A line that was logged as an error.
    ErrorLine,
    /// A Java exception.
    Java,
    /// A Python exception.
    Python,
}

/// What a log says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) rank: Rank,
    /// The exception, in one line.
    pub(super) summary: String,
    /// The lines that show it.
    pub(super) lines: Vec<String>,
}

/// How much of one line is kept: a Spark plan or a JSON document can be endless.
const LINE_CHARS: usize = 500;

/// Lines of a tail that no exception is in.
const TAIL: usize = 10;

/// What comes after the real failure, or stands for it without saying why.
const NOISE: [&str; 10] = [
    "Py4JNetworkError",
    "Answer from Java side is empty",
    "ConnectionRefusedError",
    "ConnectionResetError",
    "finished with failed status",
    "Command exiting with ret",
    "ClosedChannelException",
    "java.lang.InterruptedException",
    "User application exited with",
    "KeyboardInterrupt",
];

/// Exceptions that only carry another one, which says more.
const WRAPPERS: [&str; 3] =
    ["Py4JJavaError", "PythonException", "org.apache.spark.SparkException: Job aborted"];

/// The finding that says most; of several alike, the last.
pub(super) fn find(lines: &[String]) -> Option<Finding> {
    let lines: Vec<String> = lines.iter().map(|line| clip(line)).collect();
    let candidates = [tail(&lines), error_line(&lines), bare_exception(&lines)];
    let found = candidates.into_iter().flatten().chain(java(&lines)).chain(python(&lines));
    found.max_by_key(|finding| finding.rank)
}

/// Whether the step's own time limit ended it: `timeout` answers with 124, or 137 when it had to kill.
pub(super) fn ran_into_limit<'a>(mut logs: impl Iterator<Item = &'a [String]>, reason: &str) -> bool {
    let says = |text: &str| {
        [124, 137].iter().any(|code| {
            text.contains(&format!("exiting with ret '{code}'"))
                || ends_with_code(text, "exit code", *code)
                || ends_with_code(text, "exit status", *code)
        })
    };
    // Executors end with 137 too, when they are out of memory: only what is said of the command itself counts.
    says(reason)
        || logs.any(|lines| {
            let last = lines.iter().rev().take(5);
            last.filter(|line| !line.contains("ontainer")).any(|line| says(line))
        })
}

/// The exit code of the step's command, as the cluster's own log tells it.
pub(super) fn exit_code(lines: &[String]) -> Option<u32> {
    let code = |line: &String| {
        let (_, rest) = line.split_once("exit code ").or_else(|| line.split_once("exiting with ret '"))?;
        rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
    };
    lines.iter().rev().filter(|line| !line.contains("ontainer")).find_map(code)
}

/// Whether the text says `<words> <code>`, the code not being the beginning of a longer number.
fn ends_with_code(text: &str, words: &str, code: u32) -> bool {
    text.split(words).skip(1).any(|rest| {
        let number = rest.trim_start_matches([' ', ':', '=', '\'']);
        let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
        digits.parse() == Ok(code)
    })
}

/// Python tracebacks, each from its head to the exception's message.
fn python(lines: &[String]) -> impl Iterator<Item = Finding> {
    let heads =
        lines.iter().enumerate().filter(|(_, line)| line.contains("Traceback (most recent call last)"));
    heads.filter_map(|(head, _)| {
        let body = lines[head + 1..].iter().enumerate();
        let mut own = body.filter(|(_, line)| !is_logged(line) && !line.trim().is_empty());
        let (offset, exception) = own.find(|(_, line)| !line.starts_with([' ', '\t']))?;
        let end = head + 1 + offset;
        let mut summary = exception.trim().to_owned();
        let mut last = end;
        if WRAPPERS.iter().any(|wrapper| summary.contains(wrapper)) {
            // Java's own account follows; its root cause is the last one named.
            if let Some((at, cause)) = root_cause(lines, end) {
                summary = format!("{} ({})", cause, first_word(&summary));
                last = at;
            }
        }
        let rank = if is_noise(&summary) { Rank::Noise } else { Rank::Python };
        let mut shown: Vec<String> = lines[head..=end].to_vec();
        if last > end {
            shown.push(lines[last].clone());
        }
        Some(Finding { rank, summary, lines: keep_last(shown) })
    })
}

/// Java exceptions: the root cause of each chain, with the first frames under it.
fn java(lines: &[String]) -> impl Iterator<Item = Finding> {
    let named = lines.iter().enumerate().filter_map(|(at, line)| {
        let text = line.trim_start();
        let cause = text
            .strip_prefix("Caused by: ")
            .or_else(|| text.strip_prefix("Exception in thread \"main\" "))
            .or_else(|| text.strip_prefix(": ").filter(|rest| is_java_exception(rest)))?;
        Some((at, cause.to_owned()))
    });
    named.map(|(at, summary)| {
        let frames = lines[at + 1..].iter().take_while(|line| line.trim_start().starts_with("at ")).take(4);
        let shown = std::iter::once(&lines[at]).chain(frames).cloned().collect();
        let rank = if is_noise(&summary) { Rank::Noise } else { Rank::Java };
        Finding { rank, summary, lines: shown }
    })
}

fn root_cause(lines: &[String], after: usize) -> Option<(usize, String)> {
    let mut found = lines.iter().enumerate().skip(after + 1).filter_map(|(at, line)| {
        let text = line.trim_start();
        let cause = text
            .strip_prefix("Caused by: ")
            .or_else(|| text.strip_prefix(": ").filter(|rest| is_java_exception(rest)))?;
        Some((at, cause.to_owned()))
    });
    found.rfind(|(_, cause)| !is_noise(cause))
}

/// The last line logged as an error, or that a shell or a launcher complains with.
fn error_line(lines: &[String]) -> Option<Finding> {
    let at = lines.iter().rposition(|line| {
        !is_noise(line)
            && (line.contains(" ERROR ")
                || line.contains(" FATAL ")
                || line.starts_with("Error: ")
                || line.contains(": command not found")
                || line.contains("No such file or directory")
                || line.contains("Permission denied"))
    })?;
    let from = at.saturating_sub(2);
    let to = lines.len().min(at + 6);
    Some(Finding {
        rank: Rank::ErrorLine,
        summary: without_stamp(&lines[at]).to_owned(),
        lines: lines[from..to].to_vec(),
    })
}

/// A Python exception without a traceback: a script that cannot be parsed is told like this.
fn bare_exception(lines: &[String]) -> Option<Finding> {
    let at = lines.iter().rposition(|line| {
        let name = line.split(':').next().unwrap_or_default();
        let is_name = !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric());
        is_name && (name.ends_with("Error") || name.ends_with("Exception")) && !is_noise(line)
    })?;
    let shown = lines[at.saturating_sub(4)..=at].iter().filter(|line| !is_logged(line)).cloned().collect();
    Some(Finding { rank: Rank::Java, summary: lines[at].trim().to_owned(), lines: shown })
}

/// The last lines that are not those of every run: Spark logs its start and its end however the job went.
fn tail(lines: &[String]) -> Option<Finding> {
    let is_chatter = |line: &str| is_logged(line) && (line.contains(" INFO ") || line.contains(" WARN "));
    let said: Vec<&String> =
        lines.iter().filter(|line| !line.trim().is_empty() && !is_chatter(line)).collect();
    let summary = without_stamp(said.last()?).trim().to_owned();
    let shown = said[said.len().saturating_sub(TAIL)..].iter().map(|line| (*line).clone()).collect();
    Some(Finding { rank: Rank::Tail, summary, lines: shown })
}

/// Whether Spark's logger wrote the line: `24/10/20 03:00:01 INFO …`. Such lines stand between those of a traceback.
fn is_logged(line: &str) -> bool {
    let mut words = line.split(' ');
    let (date, time) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let is_number = |text: &str, at: char| {
        text.len() >= 8 && text.split(at).take(3).all(|part| part.starts_with(|c: char| c.is_ascii_digit()))
    };
    is_number(time, ':') && (is_number(date, '/') || is_number(date, '-'))
}

/// A logged line without its date and time.
fn without_stamp(line: &str) -> &str {
    if is_logged(line) { line.splitn(3, ' ').nth(2).unwrap_or(line) } else { line }
}

fn is_java_exception(text: &str) -> bool {
    let class = first_word(text);
    class.contains('.') && (class.contains("Exception") || class.contains("Error"))
}

/// The name before a colon or a blank.
fn first_word(text: &str) -> &str {
    text.split([':', ' ']).next().unwrap_or(text)
}

fn is_noise(text: &str) -> bool {
    NOISE.iter().any(|noise| text.contains(noise))
}

fn clip(line: &str) -> String {
    let line = line.trim_end();
    match line.char_indices().nth(LINE_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// A traceback's end says more than its begin.
fn keep_last(mut lines: Vec<String>) -> Vec<String> {
    let excess = lines.len().saturating_sub(super::LINES);
    lines.drain(..excess);
    lines
}
