//! Holds what documents point to: links lead to files and headings that exist, and a file or folder of the repository
//! that a document names in code style exists.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use crate::files::{self, TextFile};
use crate::markdown::{self, Document};

/// The folders of the repository that a path in code style begins with when it is meant to exist.
const FOLDERS: [&str; 7] = ["crates/", "docs/", "spark-jobs/", "tests/", "config/", ".github/", ".cargo/"];

/// Marks of a path that stands for many, or for one that the reader makes.
const PLACEHOLDERS: [char; 8] = ['<', '>', '*', '…', '{', '}', '$', ' '];

/// Checks the repository; the error lists every dead link and path.
pub(crate) fn check(repository: &Path) -> Result<(), String> {
    let documents = files::documents(repository)?;
    let exists = |path: &str| repository.join(path).exists();
    let wrong = dead(&documents, &exists);
    if wrong.is_empty() { Ok(()) } else { Err(format!("{}\n{} findings", wrong.join("\n"), wrong.len())) }
}

fn dead(documents: &[TextFile], exists: &dyn Fn(&str) -> bool) -> Vec<String> {
    let read: BTreeMap<&str, Document> =
        documents.iter().map(|file| (file.path.as_str(), markdown::read(&file.text))).collect();
    let mut wrong = Vec::new();
    for (path, document) in &read {
        for link in &document.links {
            if let Some(why) = dead_link(path, &link.text, &read, exists) {
                wrong.push(format!("{path}:{}: `{}`: {why}", link.line, link.text));
            }
        }
        for code in &document.codes {
            if let Some(named) = named_path(&code.text)
                && !exists(named)
            {
                wrong.push(format!("{path}:{}: `{}` does not exist", code.line, code.text));
            }
        }
    }
    wrong
}

fn dead_link(
    from: &str,
    link: &str,
    documents: &BTreeMap<&str, Document>,
    exists: &dyn Fn(&str) -> bool,
) -> Option<&'static str> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = if target.is_empty() { from.to_owned() } else { resolve(from, target) };
    if !exists(&target) {
        return Some("no such file");
    }
    let document = documents.get(target.as_str());
    let known = anchor.is_empty()
        || document.is_none_or(|document| document.anchors.iter().any(|known| known == anchor));
    (!known).then_some("no such heading")
}

/// Where a relative link leads, from the root of the repository.
fn resolve(from: &str, target: &str) -> String {
    let mut path = Path::new(from).parent().unwrap_or(Path::new("")).to_owned();
    for part in Path::new(target).components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    slashes(&path)
}

fn slashes(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// The path in a text in code style, if it is that of a file or folder of the repository: `crates/a/b.rs::function`
/// names the file.
fn named_path(code: &str) -> Option<&str> {
    let path = code.split("::").next().unwrap_or(code);
    let path = path.split(':').next().unwrap_or(path).trim_end_matches('/');
    let known = FOLDERS.iter().any(|folder| code.starts_with(folder));
    (known && !code.contains(PLACEHOLDERS)).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dead_in(text: &str) -> Vec<String> {
        let file = |path: &str, text: &str| TextFile { path: path.to_owned(), text: text.to_owned() };
        let documents =
            [file("docs/a.md", text), file("docs/b.md", "# A heading\n"), file("README.md", "# Top")];
        let there = ["docs/a.md", "docs/b.md", "README.md", "crates/a/src/x.rs", "crates/a", "LICENSE"];
        dead(&documents, &|path| there.contains(&path))
    }

    #[test]
    fn what_exists_is_content() {
        let text = "# Own\n[a](b.md) [b](b.md#a-heading) [c](../README.md#top) [d](#own) [e](../LICENSE#x)
[f](https://example.com/x#y) `crates/a/src/x.rs::function` `crates/a/` `crates/<name>/y.rs` `x/y.rs` `cargo x`\n";
        assert_eq!(dead_in(text), [""; 0]);
    }

    #[test]
    fn what_does_not_exist_is_found() {
        let text = "[a](c.md)\n[b](b.md#other)\n[c](#own)\n[d](../docs/../crates/z)\n`crates/a/src/y.rs::function`\n";
        assert_eq!(
            dead_in(text),
            [
                "docs/a.md:1: `c.md`: no such file",
                "docs/a.md:2: `b.md#other`: no such heading",
                "docs/a.md:3: `#own`: no such heading",
                "docs/a.md:4: `../docs/../crates/z`: no such file",
                "docs/a.md:5: `crates/a/src/y.rs::function` does not exist",
            ]
        );
    }
}
