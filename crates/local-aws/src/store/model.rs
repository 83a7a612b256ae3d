//! Random operations on both backings, against the simplest thing that could be a store.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::clock::Clock;

#[derive(Clone, Debug)]
enum Operation {
    Put { key: String, content: Vec<u8>, condition: Guard },
    Delete { key: String, condition: Guard },
    Get { key: String },
    List { prefix: String, delimiter: String, after: Option<String>, limit: usize },
}

#[derive(Clone, Copy, Debug)]
enum Guard {
    None,
    Absent,
    /// The ETag that the object has, or one that no object has.
    Current,
    Stale,
}

impl Guard {
    fn condition(self, current: Option<&Vec<u8>>) -> Condition {
        match self {
            Self::None => Condition::default(),
            Self::Absent => Condition::absent(),
            Self::Current => Condition::etag(current.map(|content| etag(content)).unwrap_or_default()),
            Self::Stale => Condition::etag("stale"),
        }
    }

    fn holds(self, current: Option<&Vec<u8>>) -> bool {
        match self {
            Self::None => true,
            Self::Absent => current.is_none(),
            Self::Current => current.is_some(),
            Self::Stale => false,
        }
    }
}

fn etag(content: &[u8]) -> String {
    hex::encode(<md5::Md5 as md5::Digest>::digest(content))
}

/// Few segments, so that keys meet, contain and obstruct each other.
fn key() -> impl Strategy<Value = String> {
    let segment = prop::sample::select(vec!["a", "b", "a-", "a0", "", ".", "..", "é"]);
    prop::collection::vec(segment, 1..4)
        .prop_map(|segments| segments.join("/"))
        .prop_filter("no object has an empty key", |key| !key.is_empty())
}

fn operation() -> impl Strategy<Value = Operation> {
    let guard =
        || prop::sample::select(vec![Guard::None, Guard::None, Guard::Absent, Guard::Current, Guard::Stale]);
    let content = prop::collection::vec(any::<u8>(), 0..8);
    let delimiter = prop::sample::select(vec!["", "/", "-", "a/"]).prop_map(str::to_owned);
    prop_oneof![
        4 => (key(), content, guard()).prop_map(|(key, content, condition)| Operation::Put { key, content, condition }),
        2 => (key(), guard()).prop_map(|(key, condition)| Operation::Delete { key, condition }),
        1 => key().prop_map(|key| Operation::Get { key }),
        2 => (prop_oneof![Just(String::new()), key()], delimiter, prop::option::of(key()), 1..5_usize)
            .prop_map(|(prefix, delimiter, after, limit)| Operation::List { prefix, delimiter, after, limit }),
    ]
}

/// All of a listing, computed the slow way.
fn expected(
    model: &BTreeMap<String, Vec<u8>>,
    prefix: &str,
    delimiter: &str,
    after: Option<&str>,
) -> (Vec<String>, Vec<String>) {
    let (mut objects, mut prefixes) = (Vec::new(), Vec::new());
    for key in
        model.keys().filter(|key| key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after))
    {
        let rest = &key[prefix.len()..];
        match rest.find(delimiter).filter(|_| !delimiter.is_empty()) {
            Some(at) => {
                let rolled = &key[..prefix.len() + at + delimiter.len()];
                if after != Some(rolled) && prefixes.last().is_none_or(|last| last != rolled) {
                    prefixes.push(rolled.to_owned());
                }
            }
            None => objects.push(key.clone()),
        }
    }
    (objects, prefixes)
}

fn check(store: &Store, operations: &[Operation]) {
    let mut model: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    store.create_bucket("logs").unwrap();
    for operation in operations {
        match operation {
            Operation::Put { key, content, condition } => {
                let current = model.get(key);
                let put = store.put_if("logs", key, content, &condition.condition(current));
                assert_eq!(put.is_ok(), condition.holds(current), "{put:?}");
                if let Ok(info) = put {
                    assert_eq!(info.etag, etag(content));
                    model.insert(key.clone(), content.clone());
                }
            }
            Operation::Delete { key, condition } => {
                let current = model.get(key);
                let deleted = store.delete("logs", key, &condition.condition(current));
                // Under `If-None-Match: *` only what is not there can be deleted; no client asks for it.
                assert_eq!(deleted.is_ok(), condition.holds(current), "{deleted:?}");
                if deleted.is_ok() {
                    model.remove(key);
                }
            }
            Operation::Get { key } => {
                assert_eq!(store.get("logs", key).ok().as_ref(), model.get(key));
            }
            Operation::List { prefix, delimiter, after, limit } => {
                let (mut objects, mut prefixes) = (Vec::new(), Vec::new());
                let mut from = Some(after.clone().map_or(Position::Start, Position::After));
                while let Some(position) = from {
                    let request = ListRequest {
                        prefix: prefix.clone(),
                        delimiter: delimiter.clone(),
                        from: position,
                        limit: *limit,
                    };
                    let page = store.list("logs", &request).unwrap();
                    for object in page.objects {
                        assert_eq!(
                            Some(&object.etag),
                            model.get(&object.key).map(|content| etag(content)).as_ref()
                        );
                        objects.push(object.key);
                    }
                    prefixes.extend(page.prefixes);
                    from = page.next;
                }
                assert_eq!((objects, prefixes), expected(&model, prefix, delimiter, after.as_deref()));
            }
        }
    }
}

fn clock() -> Clock {
    Clock::stepped("2024-10-21T03:00:00Z".parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn memory_does_as_the_model(operations in prop::collection::vec(operation(), 1..60)) {
        check(&Store::memory(clock()), &operations);
    }

    #[test]
    fn a_directory_does_as_the_model(operations in prop::collection::vec(operation(), 1..60)) {
        let dir = tempfile::tempdir().unwrap();
        check(&Store::directory(dir.path(), clock()).unwrap(), &operations);
    }
}
