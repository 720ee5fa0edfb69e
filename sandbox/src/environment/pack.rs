//! A folder as an archive that is the same for the same files, whoever packs them and when.

use std::io;
use std::path::Path;

/// The files of a folder, in order, owned by root, without their times. Links stay links.
///
/// # Errors
/// When a file cannot be read.
pub(super) fn folder(folder: &Path) -> io::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    builder.mode(tar::HeaderMode::Deterministic);
    builder.follow_symlinks(false);
    append(&mut builder, folder, Path::new(""))?;
    builder.into_inner()
}

fn append(builder: &mut tar::Builder<Vec<u8>>, folder: &Path, inside: &Path) -> io::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder.join(inside))?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = inside.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if entry.file_name() != ".git" {
                builder.append_dir(&name, entry.path())?;
                append(builder, folder, &name)?;
            }
        } else if kind.is_file() || kind.is_symlink() {
            builder.append_path_with_name(entry.path(), &name)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_files_are_the_same_archive() {
        let pack = || {
            let place = tempfile::tempdir().unwrap();
            std::fs::create_dir_all(place.path().join("b/c")).unwrap();
            std::fs::create_dir_all(place.path().join(".git")).unwrap();
            std::fs::write(place.path().join(".git/HEAD"), "secret").unwrap();
            std::fs::write(place.path().join("b/c/file"), "text").unwrap();
            std::os::unix::fs::symlink("b/c/file", place.path().join("a")).unwrap();
            folder(place.path()).unwrap()
        };
        let packed = pack();
        assert_eq!(packed, pack());
        let mut archive = tar::Archive::new(&packed[..]);
        let names: Vec<String> = archive
            .entries()
            .unwrap()
            .map(|it| it.unwrap().path().unwrap().display().to_string())
            .collect();
        assert_eq!(names, ["a", "b", "b/c", "b/c/file"]);
    }
}
