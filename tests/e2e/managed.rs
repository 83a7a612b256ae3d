//! What outlives a run, in a bucket where another team has rules of its own.

use serde_json::{Value, json};

use crate::support::{World, python};

const SECTIONS: &str =
    "[catalog]\ndatabase = \"logs\"\n[retention]\narchive-after-days = 30\nlogs-expire-after-days = 90\n";

/// Another team, that knows nothing of Emrys.
fn others(world: &World, what: &str, form: &str) -> Value {
    let ended = python("foreign_rules.py", &[what, form, "my-log-bucket"], &world.environment()).expect(0);
    serde_json::from_str(&ended.stdout).unwrap_or_default()
}

/// The calls since then that change something.
fn changing(world: &World, since: usize) -> Vec<String> {
    let reads = ["Get", "Head", "List", "Describe", "Batch"];
    let journal = world.journal();
    let operations = journal[since..].iter().map(|call| call["operation"].as_str().unwrap().to_owned());
    operations.filter(|operation| !reads.iter().any(|read| operation.starts_with(read))).collect()
}

#[test]
fn others_rules_are_kept_by_setup_and_by_destroy_in_both_forms() {
    for form in ["new", "old"] {
        let world = World::with(SECTIONS);
        others(&world, "put", form);
        let before = others(&world, "read", form);
        assert_eq!(
            before,
            json!({ "kept": true, "more": [], "minimum": "varies_by_storage_class" }),
            "{form}"
        );

        let since = world.journal().len();
        let shown = world.emrys(&["setup", "--dry-run", "--json"]).expect(0).json();
        assert_eq!((&shown["nothing_to_do"], changing(&world, since).len()), (&json!(false), 0), "{form}");
        world.emrys(&["setup", "--yes"]).expect(0);
        let after = others(&world, "read", form);
        assert_eq!((&after["kept"], &after["minimum"]), (&json!(true), &before["minimum"]), "{form}");
        let ours = after["more"].as_array().unwrap();
        assert_eq!(ours.len(), 3, "{form}: {after}");
        assert!(ours.iter().all(|id| id.as_str().unwrap().starts_with("emrys/web-logs/")), "{form}: {after}");

        // A second one has nothing to do, and does nothing.
        let since = world.journal().len();
        let again = world.emrys(&["setup", "--yes", "--json"]).expect(0).json();
        assert_eq!(
            (&again["nothing_to_do"], &again["done"]),
            (&json!(true), &json!([])),
            "{form}: {again:#}"
        );
        assert_eq!(changing(&world, since), Vec::<String>::new(), "{form}");
        assert!(world.journal().len() > since, "it observed the rules");

        world.emrys(&["destroy", "--yes"]).expect(0);
        assert_eq!(others(&world, "read", form), before, "{form}");
        let since = world.journal().len();
        world.emrys(&["destroy", "--yes"]).expect(0);
        assert_eq!(changing(&world, since), Vec::<String>::new(), "{form}");
    }
}

#[test]
fn destroy_leaves_a_bucket_without_rules_as_it_was_and_never_touches_data() {
    let world = World::published("[retention]\narchive-after-days = 30\n", &[]);
    world.run().expect(0);
    let objects = || {
        let mut found = walk(&world.bucket());
        found.retain(|path| !path.contains("/emrys/"));
        found
    };
    let before = objects();
    assert!(before.len() > 7, "{before:?}");
    world.emrys(&["destroy", "--yes"]).expect(0);
    assert_eq!(others(&world, "read", "new"), json!({ "error": "NoSuchLifecycleConfiguration" }));
    assert_eq!(objects(), before);
}

/// All files below a folder.
fn walk(folder: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(walk(&path));
        } else {
            found.push(path.display().to_string());
        }
    }
    found.sort();
    found
}
