//! Tests of the names of packages.

use super::*;

#[test]
fn each_table_is_searched_by_what_is_missing() {
    let name = || "git".to_owned();
    assert_eq!(package(&Missing::Module(name())), Some("GitPython"));
    assert_eq!(package(&Missing::Program(name())), None);
    assert_eq!(package(&Missing::Header("zlib.h".to_owned())), Some("zlib1g-dev"));
    assert_eq!(package(&Missing::Library("z".to_owned())), Some("zlib1g-dev"));
}

#[test]
fn no_name_is_told_twice_and_each_differs_from_its_package_or_is_of_the_system() {
    for table in [PYTHON, PROGRAMS, HEADERS, LIBRARIES] {
        let mut names: Vec<&str> = table.iter().map(|(name, _)| *name).collect();
        assert!(names.is_sorted(), "a table is out of order: {names:?}");
        names.dedup();
        assert_eq!(names.len(), table.len());
    }
}
