//! What every backing must do, as functions of a store.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

const BUCKET: &str = "logs";

fn list(store: &Store, prefix: &str, delimiter: &str, from: Position, limit: usize) -> ListPage {
    let request = ListRequest { prefix: prefix.to_owned(), delimiter: delimiter.to_owned(), from, limit };
    store.list(BUCKET, &request).unwrap()
}

fn keys(page: &ListPage) -> Vec<&str> {
    page.objects.iter().map(|object| object.key.as_str()).collect()
}

fn fill(store: &Store, keys: &[&str]) {
    store.create_bucket(BUCKET).unwrap();
    for key in keys {
        store.put(BUCKET, key, key.as_bytes()).unwrap();
    }
}

fn spool(store: &Store, bytes: &[u8]) -> Spool {
    let mut body = store.spool().unwrap();
    body.write(bytes).unwrap();
    body
}

pub(super) fn buckets_are_created_listed_and_deleted_when_empty(store: &Store) {
    assert!(matches!(store.bucket(BUCKET), Err(StoreError::NoSuchBucket(_))));
    assert!(matches!(store.put(BUCKET, "a", b""), Err(StoreError::NoSuchBucket(_))));
    assert!(matches!(store.delete_bucket(BUCKET), Err(StoreError::NoSuchBucket(_))));
    store.create_bucket(BUCKET).unwrap();
    store.create_bucket("another").unwrap();
    assert!(matches!(store.create_bucket(BUCKET), Err(StoreError::BucketExists(_))));
    assert!(matches!(store.create_bucket("No_Name"), Err(StoreError::InvalidBucketName(_))));
    let names: Vec<_> = store.buckets().unwrap().into_iter().map(|bucket| bucket.name).collect();
    assert_eq!(names, ["another", BUCKET]);

    for key in ["plain", "odd//key"] {
        store.put(BUCKET, key, b"").unwrap();
        assert!(matches!(store.delete_bucket(BUCKET), Err(StoreError::BucketNotEmpty(_))));
        store.delete(BUCKET, key, &Condition::default()).unwrap();
    }
    store.delete_bucket(BUCKET).unwrap();
    assert!(matches!(store.get(BUCKET, "plain"), Err(StoreError::NoSuchBucket(_))));
}

pub(super) fn a_lifecycle_configuration_belongs_to_its_bucket(store: &Store) {
    assert!(matches!(store.lifecycle(BUCKET), Err(StoreError::NoSuchBucket(_))));
    assert!(matches!(store.set_lifecycle(BUCKET, Some("{}")), Err(StoreError::NoSuchBucket(_))));
    store.create_bucket(BUCKET).unwrap();
    store.create_bucket("another").unwrap();
    assert_eq!(store.lifecycle(BUCKET).unwrap(), None);
    store.set_lifecycle(BUCKET, None).unwrap();
    store.set_lifecycle(BUCKET, Some("old")).unwrap();
    store.set_lifecycle(BUCKET, Some("new")).unwrap();
    assert_eq!(store.lifecycle(BUCKET).unwrap().as_deref(), Some("new"));
    assert_eq!(store.lifecycle("another").unwrap(), None);
    assert!(keys(&list(store, "", "", Position::Start, 10)).is_empty());
    store.delete_bucket(BUCKET).unwrap();
    store.create_bucket(BUCKET).unwrap();
    assert_eq!(store.lifecycle(BUCKET).unwrap(), None, "it goes with its bucket");
    store.set_lifecycle(BUCKET, Some("again")).unwrap();
    store.set_lifecycle(BUCKET, None).unwrap();
    assert_eq!(store.lifecycle(BUCKET).unwrap(), None);
}

pub(super) fn objects_are_written_read_and_deleted(store: &Store) {
    store.create_bucket(BUCKET).unwrap();
    let info = store.put(BUCKET, "a/b.txt", b"hello").unwrap();
    assert_eq!((info.size, info.etag.as_str()), (5, "5d41402abc4b2a76b9719d911017c592"));
    assert_eq!(store.head(BUCKET, "a/b.txt").unwrap(), info);
    assert_eq!(store.get(BUCKET, "a/b.txt").unwrap(), b"hello");
    assert_eq!(store.open(BUCKET, "a/b.txt").unwrap().read(1..3).unwrap(), b"el");
    assert!(matches!(store.get(BUCKET, "a"), Err(StoreError::NoSuchKey(_))));
    assert!(matches!(store.get(BUCKET, "a/"), Err(StoreError::NoSuchKey(_))));

    // What is open stays readable when the key gets another object, or none.
    let before = store.open(BUCKET, "a/b.txt").unwrap();
    store.put(BUCKET, "a/b.txt", b"").unwrap();
    assert_eq!(store.get(BUCKET, "a/b.txt").unwrap(), b"");
    assert_eq!(before.read(0..5).unwrap(), b"hello");
    store.delete(BUCKET, "a/b.txt", &Condition::default()).unwrap();
    store.delete(BUCKET, "a/b.txt", &Condition::default()).unwrap();
    assert!(matches!(store.get(BUCKET, "a/b.txt"), Err(StoreError::NoSuchKey(_))));
}

pub(super) fn attributes_come_back_and_go_with_the_next_write(store: &Store) {
    store.create_bucket(BUCKET).unwrap();
    let attributes = Attributes {
        content_type: Some("application/json".to_owned()),
        cache_control: Some("no-store".to_owned()),
        metadata: [("origin".to_owned(), "straße".to_owned())].into(),
        checksums: [("crc32".to_owned(), "AAAAAA==".to_owned())].into(),
        ..Attributes::default()
    };
    for key in ["plain", "odd/"] {
        let body = spool(store, b"{}");
        store.put_object(BUCKET, key, body, attributes.clone(), &Condition::default()).unwrap();
        assert_eq!(store.head(BUCKET, key).unwrap().attributes, attributes);
        store.put(BUCKET, key, b"{}").unwrap();
        assert_eq!(store.head(BUCKET, key).unwrap().attributes, Attributes::default());
    }
}

pub(super) fn conditions_are_checked_as_s3_checks_them(store: &Store) {
    store.create_bucket(BUCKET).unwrap();
    let any = Condition { if_match: Some(Expected::Any), if_none_match: None };
    for key in ["ledger.json", "odd//ledger.json"] {
        // A condition on an object that is not there: no such key.
        for condition in [Condition::etag("0"), any.clone()] {
            assert!(matches!(store.put_if(BUCKET, key, b"x", &condition), Err(StoreError::NoSuchKey(_))));
            assert!(matches!(store.delete(BUCKET, key, &condition), Err(StoreError::NoSuchKey(_))));
        }
        let first = store.put_if(BUCKET, key, b"1", &Condition::absent()).unwrap();
        let refused = store.put_if(BUCKET, key, b"x", &Condition::absent());
        assert!(matches!(refused, Err(StoreError::PreconditionFailed("If-None-Match"))));
        let second = store.put_if(BUCKET, key, b"2", &Condition::etag(&first.etag)).unwrap();
        let refused = store.put_if(BUCKET, key, b"x", &Condition::etag(&first.etag));
        assert!(matches!(refused, Err(StoreError::PreconditionFailed("If-Match"))));
        assert_eq!(store.get(BUCKET, key).unwrap(), b"2");
        let refused = store.delete(BUCKET, key, &Condition::etag(&first.etag));
        assert!(matches!(refused, Err(StoreError::PreconditionFailed("If-Match"))));
        store.delete(BUCKET, key, &Condition::etag(&second.etag)).unwrap();
        store.put_if(BUCKET, key, b"3", &Condition::absent()).unwrap();
        store.put_if(BUCKET, key, b"4", &any).unwrap();
    }
}

/// Lets many writers go at once, and counts who won.
fn winners(writers: usize, write: impl Fn(usize) -> Result<ObjectInfo, StoreError> + Sync) -> usize {
    let together = Barrier::new(writers);
    let attempt = |writer| {
        together.wait();
        match write(writer) {
            Ok(_) => 1,
            Err(StoreError::PreconditionFailed(_)) => 0,
            Err(error) => panic!("writer {writer}: {error}"),
        }
    };
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..writers).map(|writer| scope.spawn(move || attempt(writer))).collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).sum()
    })
}

pub(super) fn of_many_writers_of_a_new_key_exactly_one_wins(store: &Store) {
    store.create_bucket(BUCKET).unwrap();
    for round in 0..20 {
        for key in [format!("deep/{round}/ledger.json"), format!("odd//{round}")] {
            let won = winners(8, |writer| {
                store.put_if(BUCKET, &key, format!("writer {writer}").as_bytes(), &Condition::absent())
            });
            assert_eq!(won, 1, "{key}");
        }
    }
}

pub(super) fn of_many_writers_of_the_same_revision_exactly_one_wins(store: &Store) {
    store.create_bucket(BUCKET).unwrap();
    let mut etag = store.put(BUCKET, "ledger.json", b"begin").unwrap().etag;
    for round in 0..20 {
        let won = winners(8, |writer| {
            let content = format!("round {round} writer {writer}");
            store.put_if(BUCKET, "ledger.json", content.as_bytes(), &Condition::etag(&etag))
        });
        assert_eq!(won, 1, "round {round}");
        etag = store.head(BUCKET, "ledger.json").unwrap().etag;
    }
}

pub(super) fn readers_never_see_half_an_object(store: &Store) {
    store.create_bucket(BUCKET).unwrap();
    // Long and short by turns, so that a mixture would show.
    let contents = [vec![b'a'; 100_000], vec![b'b'; 10]];
    store.put(BUCKET, "way/key", &contents[0]).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..100 {
                store.put(BUCKET, "way/key", &contents[round % 2]).unwrap();
            }
            done.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) {
            let object = store.open(BUCKET, "way/key").unwrap();
            let bytes = object.read(0..object.info.size).unwrap();
            assert!(contents.contains(&bytes), "{} bytes", bytes.len());
            assert_eq!(keys(&list(store, "", "", Position::Start, 10)), ["way/key"]);
        }
    });
}

/// Keys that a file system cannot hold as they are, or not beside each other.
const ODD: [&str; 14] = [
    "/",
    "//",
    "/leading",
    "a//b",
    "trailing/",
    "..",
    "../up",
    "a/../b",
    "./here",
    "a/./b",
    "nul\0",
    "tab\tline\n",
    "ünï/ço∂é",
    "%2F+ &?#\"'<>\\*",
];

pub(super) fn odd_keys_are_keys(store: &Store) {
    let long = "n".repeat(300);
    let mut all: Vec<&str> = ODD.into_iter().chain([long.as_str()]).collect();
    fill(store, &all);
    all.sort_unstable();
    assert_eq!(keys(&list(store, "", "", Position::Start, 1000)), all);
    for key in &all {
        assert_eq!(store.get(BUCKET, key).unwrap(), key.as_bytes(), "{key:?}");
        store.delete(BUCKET, key, &Condition::default()).unwrap();
        assert!(matches!(store.get(BUCKET, key), Err(StoreError::NoSuchKey(_))), "{key:?}");
    }
    store.delete_bucket(BUCKET).unwrap();
}

pub(super) fn a_key_may_be_the_prefix_of_another(store: &Store) {
    let all = ["a", "a/b", "a/b/c", "d/e/f", "d/e", "d"];
    fill(store, &all);
    for key in all {
        assert_eq!(store.get(BUCKET, key).unwrap(), key.as_bytes());
    }
    // Whatever gave way stays where it is when the way is free, and moves with its next write.
    store.delete(BUCKET, "a", &Condition::default()).unwrap();
    assert_eq!(store.get(BUCKET, "a/b").unwrap(), b"a/b");
    store.put(BUCKET, "a/b", b"again").unwrap();
    assert_eq!(store.get(BUCKET, "a/b").unwrap(), b"again");
    assert_eq!(keys(&list(store, "", "", Position::Start, 10)), ["a/b", "a/b/c", "d", "d/e", "d/e/f"]);
    store.delete(BUCKET, "a/b", &Condition::default()).unwrap();
    assert_eq!(store.get(BUCKET, "a/b/c").unwrap(), b"a/b/c");
    assert_eq!(keys(&list(store, "a", "", Position::Start, 10)), ["a/b/c"]);
}

pub(super) fn keys_that_no_object_can_have_are_refused(store: &Store) {
    store.create_bucket(BUCKET).unwrap();
    let longest = format!("{}/{}", "f".repeat(200), "k".repeat(823));
    store.put(BUCKET, &longest, b"").unwrap();
    for key in [String::new(), format!("{longest}k")] {
        assert!(matches!(store.put(BUCKET, &key, b""), Err(StoreError::InvalidKey(_))));
    }
}

pub(super) fn listings_are_in_byte_order(store: &Store) {
    // `!` and `-` come before `/`, and `0` after it: a folder's keys are not where its name would be.
    let all = ["a", "a!b", "a-b", "a/b", "a/b-c", "a/b/c", "a0", "aa", "é", "日本", "\u{1f600}"];
    let mut shuffled = all;
    shuffled.reverse();
    fill(store, &shuffled);
    assert!(all.is_sorted());
    assert_eq!(keys(&list(store, "", "", Position::Start, 1000)), all);
    assert_eq!(keys(&list(store, "a/", "", Position::Start, 1000)), ["a/b", "a/b-c", "a/b/c"]);
    assert_eq!(keys(&list(store, "a/b", "", Position::Start, 1000)), ["a/b", "a/b-c", "a/b/c"]);
    assert_eq!(keys(&list(store, "a", "", Position::After("a-z".to_owned()), 2)), ["a/b", "a/b-c"]);
    assert!(keys(&list(store, "b", "", Position::Start, 1000)).is_empty());
    assert!(list(store, "", "", Position::Start, all.len()).next.is_none());
}

pub(super) fn listings_roll_up_at_the_delimiter(store: &Store) {
    fill(store, &["a", "a/", "a/b", "a/c/d", "b//c", "b/d", "c-1-x", "c-1-y", "c-2"]);
    let check = |prefix: &str, delimiter: &str, objects: &[&str], prefixes: &[&str]| {
        let page = list(store, prefix, delimiter, Position::Start, 1000);
        assert_eq!(keys(&page), objects, "{prefix:?} {delimiter:?}");
        assert_eq!(page.prefixes, prefixes, "{prefix:?} {delimiter:?}");
    };
    check("", "/", &["a", "c-1-x", "c-1-y", "c-2"], &["a/", "b/"]);
    check("a/", "/", &["a/", "a/b"], &["a/c/"]);
    check("b/", "/", &["b/d"], &["b//"]);
    check("c", "-1-", &["c-2"], &["c-1-"]);
}

pub(super) fn pages_join_to_the_whole_listing(store: &Store) {
    fill(store, &["a", "a/b", "a/c", "b/1", "b/2", "b/3/4", "c//d", "c/e", "d", "e/"]);
    for delimiter in ["", "/"] {
        let whole = list(store, "", delimiter, Position::Start, 1000);
        for limit in 1..6 {
            let (mut objects, mut prefixes, mut from) = (Vec::new(), Vec::new(), Some(Position::Start));
            while let Some(position) = from {
                let page = list(store, "", delimiter, position, limit);
                assert!(page.objects.len() + page.prefixes.len() <= limit);
                objects.extend(page.objects);
                prefixes.extend(page.prefixes);
                from = page.next;
            }
            assert_eq!((&objects, &prefixes), (&whole.objects, &whole.prefixes), "{delimiter:?} {limit}");
        }
    }
}

pub(super) fn a_marker_that_is_a_common_prefix_is_not_listed_again(store: &Store) {
    fill(store, &["a/1", "a/2", "b/1"]);
    let page = list(store, "", "/", Position::After("a/".to_owned()), 10);
    assert_eq!(page.prefixes, ["b/"]);
    let page = list(store, "", "", Position::After("a/".to_owned()), 10);
    assert_eq!(keys(&page), ["a/1", "a/2", "b/1"]);
}

pub(super) fn uploads_become_objects(store: &Store) {
    store.create_bucket(BUCKET).unwrap();
    let attributes = Attributes { content_type: Some("text/csv".to_owned()), ..Attributes::default() };
    for key in ["big.csv", "big.csv/odd"] {
        let id = store.create_upload(BUCKET, key, attributes.clone()).unwrap();
        let second = store.put_part(BUCKET, key, &id, 2, spool(store, b"world")).unwrap();
        let replaced = store.put_part(BUCKET, key, &id, 1, spool(store, b"bye ")).unwrap();
        let first = store.put_part(BUCKET, key, &id, 1, spool(store, b"hello ")).unwrap();
        assert_ne!(replaced.etag, first.etag);
        assert_eq!(store.parts(BUCKET, key, &id).unwrap(), [first.clone(), second.clone()]);
        assert!(matches!(store.get(BUCKET, key), Err(StoreError::NoSuchKey(_))));

        let parts = [(1, first.etag), (2, second.etag)];
        let info = store.complete_upload(BUCKET, key, &id, &parts, &Condition::default()).unwrap();
        // The MD5 of the parts' MD5s, as S3 makes it.
        assert_eq!(info.etag, "e09e4fd6265b36115fe3db32df945d84-2");
        assert_eq!(info.attributes, attributes);
        assert_eq!(store.get(BUCKET, key).unwrap(), b"hello world");
        assert_eq!(store.head(BUCKET, key).unwrap(), info);
        assert_eq!(list(store, key, "", Position::Start, 1).objects[0].etag, info.etag);
        let again = store.complete_upload(BUCKET, key, &id, &parts, &Condition::default());
        assert!(matches!(again, Err(StoreError::NoSuchUpload(_))));
    }
}

pub(super) fn uploads_are_checked_part_by_part(store: &Store) {
    store.create_bucket(BUCKET).unwrap();
    let id = store.create_upload(BUCKET, "a", Attributes::default()).unwrap();
    let one = store.put_part(BUCKET, "a", &id, 1, spool(store, b"1")).unwrap().etag;
    let two = store.put_part(BUCKET, "a", &id, 2, spool(store, b"2")).unwrap().etag;
    let complete =
        |parts: &[(u32, String)]| store.complete_upload(BUCKET, "a", &id, parts, &Condition::default());
    assert!(matches!(complete(&[(1, two.clone())]), Err(StoreError::InvalidPart(1))));
    assert!(matches!(complete(&[(3, two.clone())]), Err(StoreError::InvalidPart(3))));
    assert!(matches!(complete(&[(2, two.clone()), (1, one)]), Err(StoreError::InvalidPartOrder)));
    for (key, id) in [("b", id.as_str()), ("a", "unknown"), ("a", "../..")] {
        let part = store.put_part(BUCKET, key, id, 1, spool(store, b"x"));
        assert!(matches!(part, Err(StoreError::NoSuchUpload(_))));
    }
    // Not all parts have to be named.
    complete(&[(2, two)]).unwrap();
    assert_eq!(store.get(BUCKET, "a").unwrap(), b"2");
}

pub(super) fn uploads_can_be_conditional(store: &Store) {
    store.create_bucket(BUCKET).unwrap();
    let uploads: Vec<_> = (0..4_u8)
        .map(|writer| {
            let id = store.create_upload(BUCKET, "a", Attributes::default()).unwrap();
            let part = store.put_part(BUCKET, "a", &id, 1, spool(store, &[writer])).unwrap();
            (id, [(1, part.etag)])
        })
        .collect();
    let won = winners(4, |writer| {
        let (id, parts) = &uploads[writer];
        store.complete_upload(BUCKET, "a", id, parts, &Condition::absent())
    });
    assert_eq!(won, 1);
    // Who lost still has the upload.
    let left = store.uploads(BUCKET).unwrap();
    assert_eq!(left.len(), 3);
    let (id, parts) = uploads.iter().find(|(id, _)| *id == left[0].id).unwrap();
    let etag = store.head(BUCKET, "a").unwrap().etag;
    store.complete_upload(BUCKET, "a", id, parts, &Condition::etag(etag)).unwrap();
}

pub(super) fn uploads_are_listed_and_aborted(store: &Store) {
    store.create_bucket(BUCKET).unwrap();
    let b = store.create_upload(BUCKET, "b", Attributes::default()).unwrap();
    let a = store.create_upload(BUCKET, "a", Attributes::default()).unwrap();
    let listed: Vec<_> =
        store.uploads(BUCKET).unwrap().into_iter().map(|upload| (upload.key, upload.id)).collect();
    assert_eq!(listed, [("a".to_owned(), a.clone()), ("b".to_owned(), b)]);
    assert!(keys(&list(store, "", "", Position::Start, 10)).is_empty());
    store.abort_upload(BUCKET, "a", &a).unwrap();
    assert!(matches!(store.abort_upload(BUCKET, "a", &a), Err(StoreError::NoSuchUpload(_))));
    assert_eq!(store.uploads(BUCKET).unwrap().len(), 1);
    // An unfinished upload does not keep a bucket.
    store.delete_bucket(BUCKET).unwrap();
    store.create_bucket(BUCKET).unwrap();
    assert!(store.uploads(BUCKET).unwrap().is_empty());
}
