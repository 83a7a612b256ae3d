//! Whatever a file says, it is read or refused with a reason.

use crate::pipeline_file::read;

/// What `read` promises whatever it is given: a configuration, or at least one problem that lies in the file.
fn keeps_its_promise(text: &str) -> Result<(), proptest::test_runner::TestCaseError> {
    let Err(errors) = read("emrys.toml", text) else {
        return Ok(());
    };
    proptest::prop_assert!(!errors.problems.is_empty(), "refused without a problem:\n{text}");
    let lines = text.matches('\n').count() + 1;
    for problem in &errors.problems {
        proptest::prop_assert!((1..=lines).contains(&problem.line), "{errors}");
        proptest::prop_assert!(!problem.message.is_empty());
        proptest::prop_assert!(problem.hint.as_ref().is_some_and(|hint| !hint.is_empty()), "{errors}");
    }
    proptest::prop_assert!(errors.problems.is_sorted_by_key(|problem| (problem.line, problem.column)));
    Ok(())
}

const EVERYTHING: &str = include_str!("../../../../config/everything.toml");

proptest::proptest! {
    #[test]
    fn a_line_less_never_goes_by_in_silence(gone in proptest::collection::vec(0..130usize, 1..4)) {
        let kept = EVERYTHING.lines().enumerate().filter(|(index, _)| !gone.contains(index));
        keeps_its_promise(&kept.map(|(_, line)| line).collect::<Vec<_>>().join("\n"))?;
    }

    #[test]
    fn another_value_never_goes_by_in_silence(at in 0..130usize, value in "(7|2\\.5|true|\"\"|\" \"|\"x\"|\\[\\]|\\[7\\]|\\{\\}|\\{ a = 1 \\}|\\[\\[\\]\\]|\"\\{\"|\"é\\{day\\}\")") {
        let changed = EVERYTHING.lines().enumerate().map(|(index, line)| match line.split_once(" = ") {
            Some((key, _)) if index == at => format!("{key} = {value}"),
            _ => line.to_owned(),
        });
        keeps_its_promise(&changed.collect::<Vec<_>>().join("\n"))?;
    }

    #[test]
    fn no_text_is_too_strange(text in "(pipeline|source|\\[|\\]|\\{|\\}|=|\"|'|\n|\\.|#|é|7|\\\\| ){0,40}") {
        keeps_its_promise(&text)?;
    }
}
