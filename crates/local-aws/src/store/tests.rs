//! The conformance suite over both backings, and what only a directory has.

use std::fs;
use std::sync::Barrier;

use super::conformance;
use super::*;
use crate::clock::Clock;

/// Runs each function of the suite over a store in memory and over one in a directory.
macro_rules! over_both_backings {
    ($($name:ident)*) => {
        mod memory {
            $(#[test] fn $name() {
                super::conformance::$name(&super::memory());
            })*
        }
        mod directory {
            $(#[test] fn $name() {
                let dir = tempfile::tempdir().unwrap();
                super::conformance::$name(&super::directory(dir.path()));
            })*
        }
    };
}

over_both_backings! {
    buckets_are_created_listed_and_deleted_when_empty
    a_lifecycle_configuration_belongs_to_its_bucket
    objects_are_written_read_and_deleted
    attributes_come_back_and_go_with_the_next_write
    conditions_are_checked_as_s3_checks_them
    of_many_writers_of_a_new_key_exactly_one_wins
    of_many_writers_of_the_same_revision_exactly_one_wins
    readers_never_see_half_an_object
    odd_keys_are_keys
    a_key_may_be_the_prefix_of_another
    keys_that_no_object_can_have_are_refused
    listings_are_in_byte_order
    listings_roll_up_at_the_delimiter
    pages_join_to_the_whole_listing
    a_marker_that_is_a_common_prefix_is_not_listed_again
    uploads_become_objects
    uploads_are_checked_part_by_part
    uploads_can_be_conditional
    uploads_are_listed_and_aborted
}

fn clock() -> Clock {
    Clock::stepped("2024-10-21T03:00:00Z".parse().unwrap())
}

fn memory() -> Store {
    Store::memory(clock())
}

fn directory(dir: &std::path::Path) -> Store {
    Store::directory(dir, clock()).unwrap()
}

/// A store in a directory, with a bucket, and the bucket's folder.
fn with_folder() -> (tempfile::TempDir, Store, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let store = directory(dir.path());
    store.create_bucket("logs").unwrap();
    let folder = store.bucket_dir("logs").unwrap();
    (dir, store, folder)
}

fn keys(store: &Store) -> Vec<String> {
    let request = ListRequest { limit: 1000, ..ListRequest::default() };
    store.list("logs", &request).unwrap().objects.into_iter().map(|object| object.key).collect()
}

fn md5(bytes: &[u8]) -> String {
    hex::encode(<md5::Md5 as md5::Digest>::digest(bytes))
}

#[test]
fn an_object_is_a_plain_file_and_a_plain_file_is_an_object() {
    let (_dir, store, folder) = with_folder();
    store.put("logs", "day/a.log", b"from s3").unwrap();
    assert_eq!(fs::read(folder.join("day/a.log")).unwrap(), b"from s3");

    fs::write(folder.join("day/b.log"), b"from spark").unwrap();
    assert_eq!(keys(&store), ["day/a.log", "day/b.log"]);
    assert_eq!(store.get("logs", "day/b.log").unwrap(), b"from spark");
    assert_eq!(store.head("logs", "day/b.log").unwrap().etag, md5(b"from spark"));
}

#[test]
fn what_is_recorded_holds_only_while_the_file_is_the_same() {
    let (_dir, store, folder) = with_folder();
    let attributes = Attributes { content_type: Some("text/plain".to_owned()), ..Attributes::default() };
    let mut body = store.spool().unwrap();
    body.write(b"first").unwrap();
    store.put_object("logs", "a", body, attributes.clone(), &Condition::default()).unwrap();
    assert_eq!(store.head("logs", "a").unwrap().attributes, attributes);

    fs::write(folder.join("a"), b"other").unwrap();
    let info = store.head("logs", "a").unwrap();
    assert_eq!(info.attributes, Attributes::default());
    assert_eq!(info.etag, md5(b"other"));
    assert!(matches!(
        store.put_if("logs", "a", b"late", &Condition::etag(md5(b"first"))),
        Err(StoreError::PreconditionFailed("If-Match"))
    ));
}

#[test]
fn everything_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (upload, multipart) = {
        let store = directory(dir.path());
        store.create_bucket("logs").unwrap();
        for key in ["a", "a/b", "a//c", "folder/"] {
            store.put("logs", key, key.as_bytes()).unwrap();
        }
        let done = store.create_upload("logs", "parts", Attributes::default()).unwrap();
        let mut body = store.spool().unwrap();
        body.write(b"part").unwrap();
        let part = store.put_part("logs", "parts", &done, 1, body).unwrap();
        let parts = [(1, part.etag)];
        let info = store.complete_upload("logs", "parts", &done, &parts, &Condition::default()).unwrap();
        let open = store.create_upload("logs", "open", Attributes::default()).unwrap();
        let mut body = store.spool().unwrap();
        body.write(b"half").unwrap();
        store.put_part("logs", "open", &open, 2, body).unwrap();
        (open, info)
    };
    let store = directory(dir.path());
    assert_eq!(keys(&store), ["a", "a/b", "a//c", "folder/", "parts"].map(String::from).to_sorted());
    for key in ["a", "a/b", "a//c", "folder/"] {
        assert_eq!(store.get("logs", key).unwrap(), key.as_bytes());
    }
    assert_eq!(store.head("logs", "parts").unwrap().etag, multipart.etag);
    assert_eq!(store.parts("logs", "open", &upload).unwrap()[0].size, 4);
    assert_eq!(store.bucket("logs").unwrap().created, clock().now());
}

#[test]
fn an_empty_folder_is_no_object_and_goes_with_its_last_one() {
    let (_dir, store, folder) = with_folder();
    fs::create_dir_all(folder.join("out/_temporary/0")).unwrap();
    let request = ListRequest { delimiter: "/".to_owned(), limit: 10, ..ListRequest::default() };
    let page = store.list("logs", &request).unwrap();
    assert!(page.objects.is_empty() && page.prefixes.is_empty(), "{page:?}");
    assert!(matches!(store.head("logs", "out"), Err(StoreError::NoSuchKey(_))));

    // The files of a running job are objects, as they are on S3.
    fs::write(folder.join("out/_temporary/0/part"), b"").unwrap();
    assert_eq!(keys(&store), ["out/_temporary/0/part"]);
    store.delete("logs", "out/_temporary/0/part", &Condition::default()).unwrap();
    assert!(!folder.join("out").exists());
    assert!(folder.exists());
    store.delete_bucket("logs").unwrap();
}

#[test]
fn a_bucket_with_a_file_that_no_key_can_name_is_not_deleted() {
    use std::os::unix::ffi::OsStrExt as _;
    let (_dir, store, folder) = with_folder();
    let name = std::ffi::OsStr::from_bytes(b"not-\xff-utf8");
    fs::write(folder.join(name), b"").unwrap();
    assert!(keys(&store).is_empty());
    assert!(matches!(store.delete_bucket("logs"), Err(StoreError::BucketNotEmpty(_))));
    assert!(folder.join(name).exists());
}

#[test]
fn no_key_and_no_link_leads_out_of_the_bucket() {
    let (dir, store, folder) = with_folder();
    fs::write(dir.path().join("secret"), b"secret").unwrap();
    std::os::unix::fs::symlink(dir.path(), folder.join("link")).unwrap();
    std::os::unix::fs::symlink(dir.path().join("secret"), folder.join("alias")).unwrap();
    for key in ["../../secret", "link/secret", "alias", "x/../../../secret", "/secret"] {
        assert!(matches!(store.get("logs", key), Err(StoreError::NoSuchKey(_))), "{key}");
        store.put("logs", key, b"mine").unwrap();
        assert_eq!(store.get("logs", key).unwrap(), b"mine");
        store.delete("logs", key, &Condition::default()).unwrap();
    }
    assert_eq!(fs::read(dir.path().join("secret")).unwrap(), b"secret");
    assert!(keys(&store).is_empty());
    for bucket in ["..", ".", "../s3-meta", "logs/../logs", ""] {
        assert!(matches!(store.get(bucket, "a"), Err(StoreError::NoSuchBucket(_))), "{bucket}");
        assert!(store.bucket_dir(bucket).is_none(), "{bucket}");
    }
}

#[test]
fn a_writer_that_knows_no_lock_is_not_overwritten_where_the_key_must_be_free() {
    let (_dir, store, folder) = with_folder();
    for round in 0..50 {
        let path = folder.join(format!("key-{round}"));
        let together = Barrier::new(2);
        let (ours, theirs) = std::thread::scope(|scope| {
            let ours = scope.spawn(|| {
                together.wait();
                store.put_if("logs", &format!("key-{round}"), b"ours", &Condition::absent()).is_ok()
            });
            together.wait();
            let theirs = fs::File::create_new(&path).is_ok();
            (ours.join().unwrap(), theirs)
        });
        assert!(ours != theirs, "exactly one wins: {ours} {theirs}");
    }
}

#[test]
fn nothing_is_left_of_a_body_that_was_not_put() {
    let (dir, store, _folder) = with_folder();
    let mut body = store.spool().unwrap();
    body.write(b"half a body").unwrap();
    drop(body);
    store.put("logs", "a", b"whole").unwrap();
    assert!(store.put_if("logs", "a", b"refused", &Condition::absent()).is_err());
    assert_eq!(fs::read_dir(dir.path().join("s3-meta/tmp")).unwrap().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_async_face_works_on_a_paused_current_thread_runtime() {
    let dir = tempfile::tempdir().unwrap();
    for store in [memory(), directory(dir.path())] {
        store.create_bucket("logs").unwrap();
        store.write("logs", "a", "text").await.unwrap();
        assert_eq!(store.read("logs", "a").await.unwrap(), b"text");
    }
}

/// Sorting where an expression is wanted.
trait Sorted {
    fn to_sorted(self) -> Self;
}

impl<const N: usize> Sorted for [String; N] {
    fn to_sorted(mut self) -> Self {
        self.sort();
        self
    }
}
