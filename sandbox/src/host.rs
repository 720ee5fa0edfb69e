//! Commands on the machine itself: the weak sandbox. It isolates **nothing**.
//!
//! A command sees the user's files, network and credentials, and can do whatever the user can. What this
//! runner does give is an end: each command leads a process group of its own, and the group is killed when
//! the command's program has exited or the future is dropped. A process that leaves its group (`setsid`, a
//! daemon) escapes even that.

use crate::capture::{Capture, end_line};
use crate::group::Group;
use async_trait::async_trait;
use nix::sys::signal::Signal;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin};
use tokio::time::timeout;
use troupe_core::effect::Command;
use troupe_core::input::Exit;
use troupe_core::port::process::ProcessRunner;
use troupe_core::port::{Error, ErrorKind};

/// The environment variable that carries the effect's key, the same for every repetition of one effect:
/// a command that must not act twice can remember it.
pub const EFFECT_KEY: &str = "TROUPE_EFFECT_KEY";

/// What a command inherits unless [`Options::environment`] says otherwise: enough to find programs, a home,
/// a language and a place for temporary files. Keys and tokens do not reach a command by accident.
pub const INHERITED: [&str; 11] = [
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TERM", "TMPDIR", "TZ",
];

/// How long to listen for output once the program itself has exited: what it left in the background may hold
/// its pipes open for ever.
const SETTLE: Duration = Duration::from_millis(500);

/// How commands are run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where commands start: the workflow's folder.
    pub directory: PathBuf,
    /// Environment variables of every command; a command's own and [`EFFECT_KEY`] are added to them.
    pub environment: BTreeMap<OsString, OsString>,
    /// Bytes kept of stdout, and as many of stderr.
    pub output_bytes: usize,
}

impl Options {
    /// Commands that start in `directory`, with the [`INHERITED`] variables of this process and 1 MiB of
    /// output a stream.
    pub fn in_directory(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            environment: INHERITED
                .iter()
                .filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)))
                .collect(),
            output_bytes: 1 << 20,
        }
    }
}

/// Runs commands on this machine.
#[derive(Debug, Clone)]
pub struct Host {
    options: Options,
}

impl Host {
    /// A runner with these options.
    pub fn new(options: Options) -> Self {
        Self { options }
    }

    fn spawn(&self, key: &str, command: &Command) -> Result<Child, Error> {
        let Some((program, arguments)) = command.arguments.split_first() else {
            return Err(Error::new(
                ErrorKind::Invalid,
                "the command is empty: give a program and its arguments",
            ));
        };
        refuse_impossible_variables(&command.env)?;
        tokio::process::Command::new(program)
            .args(arguments)
            .current_dir(&self.options.directory)
            .env_clear()
            .envs(&self.options.environment)
            .envs(command.env.iter().map(|(name, value)| (name, value)))
            .env(EFFECT_KEY, key)
            .stdin(if command.stdin.is_some() {
                Stdio::piped()
            } else {
                Stdio::null()
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| not_started(program, &self.options.directory, error))
    }
}

#[async_trait]
impl ProcessRunner for Host {
    async fn run(&self, key: &str, command: Command) -> Result<Exit, Error> {
        let mut child = self.spawn(key, &command)?;
        let group = Group::led_by(&child);
        let mut stdout = Capture::new(self.options.output_bytes);
        let mut stderr = Capture::new(self.options.output_bytes);
        let (input, out, err) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let status = {
            let talk = async {
                tokio::join!(write(input, command.stdin), stdout.read(out), stderr.read(err));
            };
            until_exit(&mut child, group, talk).await
        };
        let status = status.map_err(|error| {
            Error::new(
                ErrorKind::Other,
                format!("cannot learn how `{}` ended: {error}", command.arguments[0]),
            )
            .caused_by(error)
        })?;
        Ok(exit(status, stdout, stderr))
    }
}

/// Waits for the program while `talk` carries its input and output. Its exit ends the command: what it left
/// running may finish its sentence, and is then killed with `group`.
async fn until_exit(child: &mut Child, group: Group, talk: impl Future<Output = ()>) -> io::Result<ExitStatus> {
    tokio::pin!(talk);
    let mut silent = false;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status?,
            () = &mut talk, if !silent => silent = true,
        }
    };
    if !silent {
        silent = timeout(SETTLE, &mut talk).await.is_ok();
    }
    drop(group);
    if !silent {
        // Only a process that has left the group can still hold the pipes; it is not waited for.
        let _ = timeout(SETTLE, &mut talk).await;
    }
    Ok(status)
}

async fn write(stdin: Option<ChildStdin>, text: Option<String>) {
    if let (Some(mut stdin), Some(text)) = (stdin, text) {
        // A program that stops reading is free to do so: `head` is no failure.
        let _ = stdin.write_all(text.as_bytes()).await;
    }
}

fn exit(status: ExitStatus, stdout: Capture, stderr: Capture) -> Exit {
    let mut stderr = stderr.into_text();
    if let Some(number) = status.signal() {
        end_line(&mut stderr);
        let name = Signal::try_from(number).map_or("unknown", Signal::as_str);
        stderr.push_str(&format!("ended by signal {number} ({name})\n"));
    }
    Exit {
        code: status.code().unwrap_or(-1),
        stdout: stdout.into_text(),
        stderr,
        artifacts: None,
    }
}

/// An environment cannot hold these names; the system would take them in silently and wrongly.
fn refuse_impossible_variables(variables: &[(String, String)]) -> Result<(), Error> {
    match variables.iter().find(|(name, _)| name.is_empty() || name.contains('=')) {
        None => Ok(()),
        Some((name, _)) => Err(Error::new(
            ErrorKind::Invalid,
            format!("`{name}` cannot be an environment variable: a name is not empty and has no `=`"),
        )),
    }
}

fn not_started(program: &str, directory: &Path, error: io::Error) -> Error {
    let (kind, why) = match error.kind() {
        io::ErrorKind::NotFound => (ErrorKind::Missing, what_is_missing(program, directory)),
        io::ErrorKind::NotADirectory => (ErrorKind::Missing, format!("`{}` is not a folder", directory.display())),
        io::ErrorKind::PermissionDenied => (
            ErrorKind::Denied,
            "it may not be executed; check its permissions (`chmod +x`)".to_owned(),
        ),
        io::ErrorKind::InvalidInput => (
            ErrorKind::Invalid,
            "an argument or a variable holds a NUL character".to_owned(),
        ),
        io::ErrorKind::ArgumentListTooLong => (
            ErrorKind::Invalid,
            "its arguments are too long; pass them through `stdin` or a file".to_owned(),
        ),
        io::ErrorKind::WouldBlock | io::ErrorKind::OutOfMemory => (
            ErrorKind::Unavailable,
            format!("the machine has no room for another process: {error}"),
        ),
        _ => (ErrorKind::Other, error.to_string()),
    };
    Error::new(kind, format!("cannot start `{program}`: {why}")).caused_by(error)
}

/// The system says "not found" alike for a program, the interpreter in its first line and the folder.
fn what_is_missing(program: &str, directory: &Path) -> String {
    if !directory.is_dir() {
        format!("there is no folder `{}`", directory.display())
    } else if !program.contains('/') {
        "there is no such program on PATH; install it or give its path".to_owned()
    } else if directory.join(program).exists() {
        "the interpreter named in its first line does not exist".to_owned()
    } else {
        format!("there is no such file, seen from `{}`", directory.display())
    }
}

#[cfg(test)]
mod tests;
