//! The objects of a day, pinned: the job reads exactly those that were listed, and the record tells which.

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::record::PinnedInputs;
use crate::spec::Spec;

/// An object of the day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputObject {
    /// Its whole key.
    pub key: String,
    /// In bytes.
    pub size: u64,
    /// Without quotes.
    pub etag: String,
}

/// The objects of a day, in the order of their keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Folder markers are left out, and so are objects without content.
    pub objects: Vec<InputObject>,
    /// How many objects without content were left out, folder markers not counted. There is nothing in them to read,
    /// and some, such as `_SUCCESS`, are only signs.
    pub empty: u64,
}

impl Listing {
    /// From what S3 listed, over all pages.
    pub fn new(mut objects: Vec<InputObject>) -> Self {
        objects.retain(|object| !is_folder_marker(object));
        for object in &mut objects {
            object.etag = object.etag.trim_matches('"').to_owned();
        }
        objects.sort_by(|a, b| a.key.cmp(&b.key));
        objects.dedup_by(|a, b| a.key == b.key);
        let listed = objects.len();
        objects.retain(|object| object.size > 0);
        let empty = (listed - objects.len()).try_into().unwrap_or(u64::MAX);
        Self { objects, empty }
    }

    /// Whether the day has no object with content.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// The sizes of all objects together.
    pub fn bytes(&self) -> u64 {
        self.objects.iter().map(|object| object.size).sum()
    }

    /// The objects that Spark would skip without a word, take for a pattern, or look for under another name.
    ///
    /// Only what lies below the day's folder counts: the folder itself was chosen by name.
    pub fn unreadable(&self, spec: &Spec) -> Vec<&InputObject> {
        let folder = spec.source();
        self.objects
            .iter()
            .filter(|object| {
                let below = object.key.strip_prefix(folder.key()).unwrap_or(&object.key);
                below.split('/').any(is_unreadable_name) || below.chars().any(is_pattern_character)
            })
            .collect()
    }

    /// `inputs.json`, as the job reads it. The same objects always give the same bytes.
    pub fn document(&self, spec: &Spec) -> Vec<u8> {
        let source = spec.source();
        let objects: Vec<_> = self
            .objects
            .iter()
            .map(|object| {
                let uri = source.with_key(&object.key).to_string();
                json!({ "uri": uri, "size": object.size, "etag": object.etag })
            })
            .collect();
        let document = json!({
            "version": 1,
            "pipeline": spec.pipeline(),
            "day": spec.day,
            "source": source,
            "objects": objects,
        });
        document.to_string().into_bytes()
    }

    /// What is recorded of the listing: its document's digest and address.
    pub fn pinned(&self, spec: &Spec) -> PinnedInputs {
        let digest = hex::encode(Sha256::digest(self.document(spec)));
        PinnedInputs {
            uri: spec.inputs_uri(&digest).to_string(),
            digest,
            objects: self.objects.len().try_into().unwrap_or(u64::MAX),
            bytes: self.bytes(),
        }
    }
}

/// What consoles (`logs/`) and old Hadoop file systems (`logs_$folder$`) leave where they made a folder.
fn is_folder_marker(object: &InputObject) -> bool {
    object.key.ends_with('/') || (object.size == 0 && object.key.ends_with("_$folder$"))
}

/// Spark passes over hidden files and unfinished copies without a word, and over hidden folders unless it is given
/// each file in them: what one job reads another would miss. Hadoop folds `//` into `/`, which is another key.
fn is_unreadable_name(name: &str) -> bool {
    name.is_empty() || name.starts_with(['_', '.']) || name.ends_with("._COPYING_")
}

/// Hadoop reads these as patterns in a path that it is given, and `\` as their escape. A colon is none of them: such a
/// file is read when it is named, and Hadoop fails loudly where it has to match it against a pattern.
fn is_pattern_character(c: char) -> bool {
    matches!(c, '*' | '?' | '[' | ']' | '{' | '}' | '\\') || c.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::spec;

    const FOLDER: &str = "application-logs/2024/10/20/";

    fn object(name: &str) -> InputObject {
        InputObject { key: format!("{FOLDER}{name}"), size: 10, etag: "\"abc\"".to_owned() }
    }

    fn unreadable(name: &str) -> bool {
        !Listing::new(vec![object(name)]).unreadable(&spec()).is_empty()
    }

    #[test]
    fn names_that_spark_does_not_read_are_found() {
        for name in [
            "_b.log",
            ".c.log",
            "_temporary/a.log",
            "x/.hidden/a.log",
            "x//a.log",
            "/a.log",
            "d{1}.log",
            "e[x].log",
            "f?.log",
            "g*.log",
            "h\\.log",
            "i.log._COPYING_",
            "j\nk.log",
        ] {
            assert!(unreadable(name), "{name}");
        }
        for name in [
            "a.log",
            "a_b.log",
            "a.b.log",
            "x/y/a.log.gz",
            "with space.log",
            "größe.log",
            "50%.log",
            "a+b=c,d.log",
        ] {
            assert!(!unreadable(name), "{name}");
        }
    }

    #[test]
    fn only_what_is_below_the_folder_is_judged() {
        let elsewhere = crate::testing::spec_with(&[(
            "s3://my-log-bucket/application-logs/",
            "s3://my-log-bucket/_raw/",
        )]);
        let listing = Listing::new(vec![InputObject {
            key: "_raw/2024/10/20/a.log".to_owned(),
            size: 1,
            etag: String::new(),
        }]);
        assert!(listing.unreadable(&elsewhere).is_empty());
    }

    #[test]
    fn markers_are_no_objects_and_order_is_the_keys() {
        let mut marker = object("sub_$folder$");
        marker.size = 0;
        let listing = Listing::new(vec![
            object("b.log"),
            object(""),
            object("sub/"),
            marker,
            object("a.log"),
            object("a.log"),
        ]);
        let keys: Vec<_> =
            listing.objects.iter().map(|object| object.key.rsplit('/').next().unwrap()).collect();
        assert_eq!(keys, ["a.log", "b.log"]);
        assert_eq!(listing.bytes(), 20);
        assert!(Listing::new(vec![object("")]).is_empty());
    }

    #[test]
    fn empty_objects_are_left_out_and_counted() {
        let empty = |name: &str| InputObject { size: 0, ..object(name) };
        let listing = Listing::new(vec![
            empty("_SUCCESS"),
            object("a.log"),
            empty("b.log"),
            empty("b.log"),
            empty("x*.log"),
            empty("sub/"),
            empty("sub_$folder$"),
        ]);
        assert_eq!((listing.objects.len(), listing.empty), (1, 3));
        assert!(listing.unreadable(&spec()).is_empty(), "there is nothing in them to miss");
        assert!(Listing::new(vec![empty("a.log")]).is_empty());
        let without = Listing::new(vec![object("a.log")]);
        assert_eq!(listing.pinned(&spec()), without.pinned(&spec()), "what is pinned is what is read");
    }

    #[test]
    fn the_document_is_as_agreed_and_stable() {
        let listing = Listing::new(vec![object("b.log"), object("a.log")]);
        let document = String::from_utf8(listing.document(&spec())).unwrap();
        insta::assert_snapshot!(document, @r#"{"version":1,"pipeline":"web-logs","day":"2024-10-20","source":"s3://my-log-bucket/application-logs/2024/10/20/","objects":[{"uri":"s3://my-log-bucket/application-logs/2024/10/20/a.log","size":10,"etag":"abc"},{"uri":"s3://my-log-bucket/application-logs/2024/10/20/b.log","size":10,"etag":"abc"}]}"#);
        let again = Listing::new(vec![object("a.log"), object("b.log")]);
        assert_eq!(listing.pinned(&spec()), again.pinned(&spec()));
        let pinned = listing.pinned(&spec());
        insta::assert_json_snapshot!(pinned, @r#"
        {
          "digest": "dd4de80cd4267894774616d10fcbe0cc2ce27a4aa727935efbeae2fc14a5f07c",
          "uri": "s3://my-log-bucket/emrys/web-logs/2024-10-20/inputs-dd4de80cd4267894.json",
          "objects": 2,
          "bytes": 20
        }
        "#);
        let mut changed = object("a.log");
        changed.etag = "abd".to_owned();
        assert_ne!(Listing::new(vec![changed, object("b.log")]).pinned(&spec()).digest, pinned.digest);
    }
}
