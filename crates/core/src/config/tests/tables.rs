//! `[[catalog.tables]]`: what a user's own job writes.

use super::{accepted, changed, errors, only};
use crate::config::TableFormat;

const JOB: &str = "\n[job]\nscript = \"report.py\"\nargs = [\"{output}\"]\n";

fn with(tables: &str) -> String {
    changed(&[], &format!("{JOB}\n[catalog]\ndatabase = \"logs\"\n{tables}"))
}

fn table(keys: &str) -> String {
    format!("[[catalog.tables]]\n{keys}\n")
}

#[test]
fn a_table_has_a_folder_of_its_name_and_columns_in_the_order_of_the_file() {
    let text = table(
        "name = \"status_codes\"\ncolumns = { status_code = \"int\", requests = \"BIGINT\", at = \"decimal(12, 2)\" }",
    );
    let config = accepted(&format!("{JOB}\n[catalog]\ndatabase = \"logs\"\n{text}"));
    let [table] = &config.catalog.unwrap().tables[..] else { panic!("one table") };
    assert_eq!((table.folder.as_str(), table.format), ("status_codes/", TableFormat::Parquet));
    let columns: Vec<_> = table.columns.iter().map(|c| (c.name.as_str(), c.kind.as_str())).collect();
    assert_eq!(columns, [("status_code", "int"), ("requests", "bigint"), ("at", "decimal(12,2)")]);
}

#[test]
fn the_output_folder_itself_may_be_a_table_alone() {
    let whole =
        table("name = \"a\"\nfolder = \".\"\nformat = \"csv-without-header\"\ncolumns = { n = \"int\" }");
    let config = accepted(&format!("{JOB}\n[catalog]\ndatabase = \"logs\"\n{whole}"));
    assert_eq!(config.catalog.unwrap().tables[0].folder, "");
    let second = table("name = \"b\"\ncolumns = { n = \"int\" }");
    insta::assert_snapshot!(only(&with(&(whole + &second))), @r#"
    emrys.toml:30:1: `catalog.tables[1]`: the folders of this table and of catalog.tables[0] lie in one another
      hint: Athena reads a folder with all that is below it: give each table one of its own
    "#);
}

#[test]
fn every_mistake_in_a_table_is_told_at_once() {
    let text = with(
        &(table("name = \"A-b\"\nfolder = \"x\"\ncolumns = { date = \"string\", n = \"integer\" }")
            + &table(
                "name = \"c\"\nfolder = \"_c/\"\nformat = \"csv-with-header\"\ncolumns = { at = \"timestamp\" }",
            )
            + &table("name = \"d\"\ncolumns = {}")
            + &table("name = \"e\"\nformat = \"json\"")),
    );
    insta::assert_snapshot!(errors(&text), @r#"
    emrys.toml:26:9: `catalog.tables[0].name`: `A-b` is no name for a table
      hint: up to 255 lower-case letters, digits and underscores: Athena and Spark take no others everywhere
    emrys.toml:27:11: `catalog.tables[0].folder`: `x` is not a folder
      hint: end it with a slash: `x/`; `.` is {output} itself
    emrys.toml:28:21: `catalog.tables[0].columns.date`: `date` is what all tables are partitioned by, and no column of the files
      hint: leave it out: queries see it, with the day; a column of the files needs another name
    emrys.toml:28:35: `catalog.tables[0].columns.n`: `integer` is no type of Athena's
      hint: `CREATE TABLE` says `int`
    emrys.toml:31:11: `catalog.tables[1].folder`: `_c/` is no folder below {output}
      hint: letters, digits, `_`, `-`, `.` and `=`, and no part that begins with `_` or `.`: Athena would pass over it
    emrys.toml:33:19: `catalog.tables[1].columns.at`: `timestamp` is no type of a column in CSV files
      hint: one of boolean, tinyint, smallint, int, bigint, float, double, string; Parquet has all types
    emrys.toml:36:1: `catalog.tables[2].columns`: a table has columns
      hint: name at least one
    emrys.toml:37:1: `catalog.tables[3].columns`: this key is missing
      hint: name columns and types: columns = { status_code = "int", requests = "bigint" }
    emrys.toml:39:11: `catalog.tables[3].format`: `json` has no meaning here
      hint: known here: `parquet`, `csv-with-header`, `csv-without-header`
    "#);
}

#[test]
fn two_tables_of_one_name_or_one_folder_are_one_too_many() {
    let one = table("name = \"a\"\ncolumns = { n = \"int\" }");
    insta::assert_snapshot!(only(&with(&(one.clone() + &one))), @r#"
    emrys.toml:29:1: `catalog.tables[1].name`: catalog.tables[0] has this name already
      hint: give each table its own
    "#);
    let within = table("name = \"b\"\nfolder = \"a/b/\"\ncolumns = { n = \"int\" }");
    insta::assert_snapshot!(only(&with(&(one + &within))), @r#"
    emrys.toml:30:1: `catalog.tables[1].folder`: the folders of this table and of catalog.tables[0] lie in one another
      hint: Athena reads a folder with all that is below it: give each table one of its own
    "#);
}

#[test]
fn tables_are_for_a_script_of_ones_own_that_is_told_where_to_write() {
    let tables = table("name = \"a\"\ncolumns = { n = \"int\" }");
    let built_in = changed(&[], &format!("\n[catalog]\ndatabase = \"logs\"\n{tables}"));
    insta::assert_snapshot!(only(&built_in), @r#"
    emrys.toml:21:1: `catalog.tables[0]`: these are for a script of your own: the built-in job's tables are known
      hint: leave them out, or name your script: [job]
    "#);
    let fixed = with(&tables).replace("args = [\"{output}\"]\n", "");
    insta::assert_snapshot!(only(&fixed), @r#"
    emrys.toml:24:1: `catalog.tables[0]`: the job writes to a fixed place, and a table serves the folder of one attempt
      hint: hand the folder over: args = ["{output}"], and let the script write below it
    "#);
}
