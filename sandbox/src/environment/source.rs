//! The files of an instance, brought into a folder of their own.

use super::instance::Source;
use super::moment::Moment;
use super::plan::Made;
use crate::error::Error;
use flate2::read::GzDecoder;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Stdio;
use tokio::process::Command;

/// What tells equal sources from others: the commit of a repository, the hash of an archive or of a folder's files.
///
/// # Errors
/// When they cannot be read.
pub fn identity(source: &Source) -> std::io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    match source {
        Source::Git { from, commit } => return Ok(format!("{from} {commit}")),
        // Archives may be of gigabytes.
        Source::Archive(path) => hasher.update_reader(File::open(path)?)?,
        Source::Folder(path) => hasher.update(&super::pack::folder(path)?),
    };
    Ok(hasher.finalize().to_hex().to_string())
}

/// Bytes that the files of an archive may have: more is no repository.
const MOST: u64 = 8 << 30;

/// Times that packers write in place of any: cargo's, and hatch's.
const STAMPS: [i64; 2] = [1_153_704_088, 1_580_601_600];
/// Nothing that is packed today is older than 2000: what says so, npm's and others', is a stamp too.
const OLDEST: i64 = 946_684_800;

/// Brings the files of `source` into `folder`, which is empty, and gives when they were made. Nothing of a repository's
/// history comes along, so that no later commit can be looked at.
///
/// # Errors
/// When the sources cannot be had, with what was tried.
pub async fn fetch(source: &Source, folder: &Path) -> Result<Made, Error> {
    match source {
        Source::Archive(archive) => {
            let (archive, folder) = (archive.clone(), folder.to_owned());
            let unpacked = tokio::task::spawn_blocking(move || {
                unpack(&archive, &folder)?;
                newest(&folder).map_err(Error::at(folder))
            });
            let newest = unpacked.await.map_err(|error| Error::Source(error.to_string()))??;
            // What is packed is mostly a release.
            Ok(newest.map_or(Made::Published, Made::At))
        }
        Source::Folder(from) => {
            let (from, folder) = (from.clone(), folder.to_owned());
            let copied = tokio::task::spawn_blocking(move || copy(&from, &folder)).await;
            copied.map_err(|error| Error::Source(error.to_string()))??;
            Ok(Made::Unknown)
        }
        Source::Git { from, commit } => checkout(from, commit, folder).await,
    }
}

/// When the newest file was made; none where nobody has noted it.
fn newest(folder: &Path) -> std::io::Result<Option<Moment>> {
    let mut newest = None;
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next)? {
            let entry = entry?;
            let known = entry.metadata()?;
            if known.is_dir() {
                open.push(entry.path());
            } else if known.is_file() && known.mtime() > OLDEST && !STAMPS.contains(&known.mtime()) {
                newest = newest.max(Some(known.mtime()));
            }
        }
    }
    Ok(newest.map(Moment::of_seconds))
}

fn unpack(archive: &Path, folder: &Path) -> Result<(), Error> {
    let name = archive.to_string_lossy();
    let is_packed = [".tar.gz", ".tgz", ".crate"].iter().any(|end| name.ends_with(end));
    if !is_packed && !name.ends_with(".tar") {
        let what = format!("{name}: this is no archive that can be read: give a .tar, .tar.gz or .tgz");
        return Err(Error::Source(what));
    }
    let file = File::open(archive).map_err(Error::at(archive))?;
    let bytes: Box<dyn Read> = if is_packed {
        Box::new(GzDecoder::new(file))
    } else {
        Box::new(file)
    };
    let mut files = tar::Archive::new(bytes.take(MOST));
    // The library refuses paths and links that lead out of the folder.
    files.unpack(folder).map_err(Error::at(archive))?;
    lift(folder).map_err(Error::at(folder))
}

/// An archive of one folder is that folder.
fn lift(folder: &Path) -> std::io::Result<()> {
    let entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    let [only] = &entries[..] else { return Ok(()) };
    if !only.file_type()?.is_dir() {
        return Ok(());
    }
    // A name that no file inside can have.
    let aside = folder.join(".troupe-lifted-aside");
    fs::rename(only.path(), &aside)?;
    for entry in fs::read_dir(&aside)? {
        let entry = entry?;
        fs::rename(entry.path(), folder.join(entry.file_name()))?;
    }
    fs::remove_dir(&aside)
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    fs::create_dir_all(to).map_err(Error::at(to))?;
    for entry in fs::read_dir(from).map_err(Error::at(from))? {
        let entry = entry.map_err(Error::at(from))?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(Error::at(&path))?;
        if kind.is_dir() {
            if entry.file_name() != ".git" {
                copy(&path, &target)?;
            }
        } else if kind.is_symlink() {
            let aim = fs::read_link(&path).map_err(Error::at(&path))?;
            std::os::unix::fs::symlink(aim, &target).map_err(Error::at(&target))?;
        } else if kind.is_file() {
            fs::copy(&path, &target).map_err(Error::at(&path))?;
        }
    }
    Ok(())
}

async fn checkout(from: &str, commit: &str, folder: &Path) -> Result<Made, Error> {
    let bare = tempfile::tempdir().map_err(Error::at("a folder for a clone"))?;
    let repository = bare.path().join("repository");
    let repository_text = repository.to_string_lossy().into_owned();
    let fetched = async {
        git(&["init", "--quiet", "--bare", &repository_text]).await?;
        let at = [
            "-C",
            &repository_text,
            "fetch",
            "--quiet",
            "--depth",
            "1",
            "--",
            from,
            commit,
        ];
        git(&at).await
    };
    if fetched.await.is_err() {
        // Not every server gives a single commit, and not every commit is a whole name.
        fs::remove_dir_all(&repository).map_err(Error::at(&repository))?;
        git(&["clone", "--quiet", "--bare", "--", from, &repository_text]).await?;
        fs::write(repository.join("FETCH_HEAD"), "").map_err(Error::at(&repository))?;
    }
    let has_head = fs::read_to_string(repository.join("FETCH_HEAD")).is_ok_and(|text| !text.is_empty());
    let wanted = if has_head { "FETCH_HEAD" } else { commit };
    let tree = format!("--work-tree={}", folder.display());
    // Not `git archive`, which leaves out what a project keeps from its releases, often its tests.
    git(&[
        "-C",
        &repository_text,
        &tree,
        "checkout",
        "--quiet",
        "--force",
        wanted,
        "--",
        ".",
    ])
    .await?;
    let made = git(&["-C", &repository_text, "log", "-1", "--format=%cI", wanted, "--"]).await?;
    Ok(Moment::read(made.trim()).map_or(Made::Unknown, Made::At))
}

/// Runs git, and gives what it prints.
async fn git(arguments: &[&str]) -> Result<String, Error> {
    let ended = Command::new("git")
        .args(arguments)
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| Error::Source(format!("cannot start git: {error}; install it, or give an archive")))?;
    if ended.status.success() {
        return Ok(String::from_utf8_lossy(&ended.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    Err(Error::Source(format!("git {}: {}", arguments.join(" "), said.trim())))
}

#[cfg(test)]
mod tests;
