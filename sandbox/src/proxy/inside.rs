//! The program of ours in a sandbox: it listens where programs look for a proxy, and hands every connection on to the
//! socket. It decides nothing, so a sandbox that ends it or goes past it gains nothing.

use super::{DOOR, PORT, SOCKET};
use std::collections::BTreeSet;
use std::fs;
use std::io::{Error, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, UnixStream};
use troupe_core::port::sandbox::Mount;

/// Where a sandbox sees the program.
const PROGRAM: &str = "/run/troupe/program";
/// What stands behind the path of a file that is not there any more (proc(5), `maps`).
const REPLACED: &str = " (deleted)";
/// What it prints when it listens.
pub(crate) const READY: &str = "troupe: the proxy listens";

/// The program that hands connections on: the one that runs now, with the loader and the libraries that it has here.
/// So it runs in any image of the same architecture, whatever that has itself.
#[derive(Debug, Clone)]
pub struct Forwarder {
    arguments: Vec<String>,
}

impl Forwarder {
    /// This program, which calls [`forward`] when it is given these arguments.
    pub fn new(arguments: &[&str]) -> Self {
        Self {
            arguments: arguments.iter().map(|it| (*it).to_owned()).collect(),
        }
    }

    /// What a sandbox has to see, and how the program is called there.
    pub(crate) fn program(&self) -> std::io::Result<(Vec<Mount>, Vec<String>)> {
        let program = there(std::env::current_exe()?)?;
        let mut mounts = vec![mount(&program, "troupe")];
        let mut loader = None;
        for library in libraries(&fs::read_to_string("/proc/self/maps")?) {
            let library = there(library)?;
            for name in names(&library) {
                if name.starts_with("ld-") {
                    loader = Some(format!("{PROGRAM}/{name}"));
                }
                mounts.push(mount(&library, &name));
            }
        }
        // The loader takes the first of one name, and the engine takes none that is there twice.
        let mut seen = BTreeSet::new();
        mounts.retain(|mount| seen.insert(mount.inside.clone()));
        let loader = loader
            .into_iter()
            .flat_map(|it| [it, "--library-path".into(), PROGRAM.into()]);
        let own = [format!("{PROGRAM}/troupe")]
            .into_iter()
            .chain(self.arguments.iter().cloned());
        Ok((mounts, loader.chain(own).collect()))
    }
}

fn mount(host: &Path, name: &str) -> Mount {
    Mount {
        host: host.to_owned(),
        inside: format!("{PROGRAM}/{name}"),
    }
}

/// Where a file of this process is now. The kernel marks one that was replaced or removed since it was opened: an update
/// leaves another version at its place, which does the same.
fn there(path: PathBuf) -> std::io::Result<PathBuf> {
    let text = path.to_string_lossy();
    let Some(place) = text.strip_suffix(REPLACED).filter(|_| !path.exists()) else {
        return Ok(path);
    };
    let place = PathBuf::from(place);
    match place.exists() {
        true => Ok(place),
        false => Err(Error::new(
            ErrorKind::NotFound,
            format!("{} was removed while this program runs: start it anew", place.display()),
        )),
    }
}

/// The libraries that a process has loaded, by its memory (proc(5), `maps`), the loader among them.
fn libraries(maps: &str) -> Vec<PathBuf> {
    let paths = maps
        .lines()
        .filter_map(|line| line.find('/').map(|at| PathBuf::from(&line[at..])));
    let is_library = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.strip_suffix(REPLACED).unwrap_or(&name);
        // What lies in memory alone has a name too.
        let is_file = path.parent().is_some_and(|folder| folder != Path::new("/"));
        is_file && (name.ends_with(".so") || name.contains(".so."))
    };
    let libraries: BTreeSet<PathBuf> = paths.filter(is_library).collect();
    libraries.into_iter().collect()
}

/// The names of a library: its own, and those of links to it beside it, by which programs ask for it.
fn names(library: &Path) -> Vec<String> {
    let own = library
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let stem: String = own.chars().take_while(|letter| letter.is_alphabetic()).collect();
    let mut names = vec![own];
    let beside = library.parent().and_then(|folder| fs::read_dir(folder).ok());
    for entry in beside.into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        if is_link && name.starts_with(&stem) && entry.path().canonicalize().is_ok_and(|path| path == library) {
            names.push(name);
        }
    }
    names
}

/// Hands connections on for ever.
///
/// # Errors
/// When nothing can listen.
pub fn forward() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", PORT)).await?;
        {
            let mut out = std::io::stdout().lock();
            writeln!(out, "{READY}")?;
            out.flush()?;
        }
        loop {
            let Ok((mut inner, _)) = listener.accept().await else {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                continue;
            };
            tokio::spawn(async move {
                if let Ok(mut outer) = UnixStream::connect(format!("{DOOR}/{SOCKET}")).await {
                    let _ = copy_bidirectional(&mut inner, &mut outer).await;
                }
            });
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_those_of_the_memory_once_each() {
        let maps = "\
55d0-55d1 r-xp 00000000 08:01 12 /usr/bin/troupe
7f00-7f01 r--p 00000000 08:01 13 /usr/lib/x86_64-linux-gnu/libc.so.6
7f01-7f02 r-xp 00001000 08:01 13 /usr/lib/x86_64-linux-gnu/libc.so.6
7f02-7f03 rw-p 00000000 00:00 0
7f03-7f04 r-xp 00000000 08:01 14 /usr/lib/x86_64-linux-gnu/libm.so.6 (deleted)
7f04-7f05 rwxp 00000000 00:01 15 /memfd:compiled.so (deleted)
7f05-7f06 r--p 00000000 08:01 16 /usr/lib/locale/C.utf8/LC_CTYPE
7f06-7f07 r-xp 00000000 08:01 17 /usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2
7ffc-7ffd r-xp 00000000 00:00 0 [vdso]
";
        let libraries = libraries(maps);
        let shown: Vec<_> = libraries.iter().map(|it| it.display().to_string()).collect();
        let folder = "/usr/lib/x86_64-linux-gnu";
        assert_eq!(
            shown,
            [
                format!("{folder}/ld-linux-x86-64.so.2"),
                format!("{folder}/libc.so.6"),
                format!("{folder}/libm.so.6 (deleted)")
            ]
        );
    }

    #[test]
    fn a_file_that_was_replaced_is_found_at_its_place() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        fs::write(at("new"), "").unwrap();
        fs::write(at("odd (deleted)"), "").unwrap();
        assert_eq!(there(at("new")).unwrap(), at("new"));
        assert_eq!(there(at("new (deleted)")).unwrap(), at("new"));
        assert_eq!(there(at("odd (deleted)")).unwrap(), at("odd (deleted)"));
        let gone = there(at("gone (deleted)")).unwrap_err().to_string();
        assert!(
            gone.ends_with("gone was removed while this program runs: start it anew"),
            "{gone}"
        );
    }

    #[test]
    fn nothing_is_mounted_twice() {
        let (mounts, called) = Forwarder::new(&["x"]).program().unwrap();
        let places: BTreeSet<_> = mounts.iter().map(|it| &it.inside).collect();
        assert_eq!(places.len(), mounts.len());
        assert_eq!(called.last().map(String::as_str), Some("x"));
    }
}
