//! The folder on disk: patterns, bounds, refusals.

use super::*;

#[test]
fn a_folder_reads_and_matches_and_refuses() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join("corpus/deep/er")).unwrap();
    fs::write(home.path().join("corpus/deep/er/a.md"), "text").unwrap();
    let folder = Folder::new(home.path());
    let matches = |pattern| folder.any_match(pattern).unwrap();
    assert!(matches("corpus/**/*.md"));
    assert!(matches("./corpus/**/*.md"));
    assert!(matches("corpus/deep/er/a.md"));
    assert!(matches("**/*.{md,txt}"));
    assert!(!matches("corpus/*.md"), "one star stays in its folder");
    assert!(!matches("corpus/**/*.txt"));
    assert!(!matches("nowhere/**"));
    assert!(matches!(folder.any_match("corpus/[z"), Err(FileError::Pattern(_))));
    assert_eq!(folder.read("corpus/deep/er/a.md").unwrap(), b"text");
    assert_eq!(folder.read("corpus/none.md"), Err(FileError::NotFound));
    assert_eq!(folder.read("corpus"), Err(FileError::NotAFile));
}

#[test]
fn a_huge_file_is_refused_by_its_size() {
    let home = tempfile::tempdir().unwrap();
    let file = fs::File::create(home.path().join("huge.txt")).unwrap();
    file.set_len(100 << 20).unwrap();
    assert_eq!(
        Folder::new(home.path()).read("huge.txt"),
        Err(FileError::TooLarge { bytes: 100 << 20 })
    );
}
