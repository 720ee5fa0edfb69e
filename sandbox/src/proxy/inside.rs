//! The program of ours in a sandbox: it listens where programs look for a proxy, and hands every connection on to the
//! socket. It decides nothing, so a sandbox that ends it or goes past it gains nothing.

use super::{DOOR, PORT, SOCKET};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, UnixStream};
use troupe_core::port::sandbox::Mount;

/// Where a sandbox sees the program.
const PROGRAM: &str = "/run/troupe/program";
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
        let program = std::env::current_exe()?;
        let mut mounts = vec![mount(&program, "troupe")];
        let mut loader = None;
        for library in libraries()? {
            for name in names(&library) {
                if name.starts_with("ld-") {
                    loader = Some(format!("{PROGRAM}/{name}"));
                }
                mounts.push(mount(&library, &name));
            }
        }
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

/// The libraries that this process has loaded (proc(5), `maps`), the loader among them.
fn libraries() -> std::io::Result<Vec<PathBuf>> {
    let maps = fs::read_to_string("/proc/self/maps")?;
    let paths = maps
        .lines()
        .filter_map(|line| line.find('/').map(|at| PathBuf::from(&line[at..])));
    let is_library = |path: &PathBuf| {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        name.ends_with(".so") || name.contains(".so.")
    };
    let mut libraries: Vec<PathBuf> = paths.filter(is_library).collect();
    libraries.sort();
    libraries.dedup();
    Ok(libraries)
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
