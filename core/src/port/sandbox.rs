//! Places apart in which commands run.

mod hosts;
mod inner;

pub use hosts::{HostPattern, Hosts};
pub use inner::is_inner;

use super::Error;
use crate::input::Exit;
use async_trait::async_trait;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

/// What a sandbox starts from and what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blueprint {
    /// The image that it starts from.
    pub image: String,
    /// What it may reach.
    pub network: Network,
    /// What its commands may do to it.
    pub rights: Rights,
    /// What it may use.
    pub resources: Resources,
    /// Folders and files of the machine that it sees, never to be written.
    pub mounts: Vec<Mount>,
    /// Environment variables of all its commands.
    pub env: BTreeMap<String, String>,
    /// Where its commands start; made when it is not there.
    pub directory: String,
    /// Whom it belongs to, such as a run: found again on what it leaves.
    pub owner: String,
    /// The run that it is kept for, where it stays from one command to the next.
    pub room: Option<Room>,
}

/// A name by which a sandbox is found again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// The run that it is kept for.
    pub run: String,
    /// The run's name, a `/`, and its name in the run.
    pub name: String,
    /// Whose run it is, where several keep theirs beside one engine: a folder of this machine.
    pub workspace: String,
}

impl Blueprint {
    /// A sandbox of `image` that reaches nothing and has the least rights; its commands start in `directory`.
    pub fn new(image: impl Into<String>, directory: impl Into<String>, owner: impl Into<String>) -> Self {
        Self {
            image: image.into(),
            network: Network::None,
            rights: Rights::Least,
            resources: Resources::default(),
            mounts: Vec::new(),
            env: BTreeMap::new(),
            directory: directory.into(),
            owner: owner.into(),
            room: None,
        }
    }
}

/// What a sandbox may reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// Nothing but itself.
    None,
    /// Hosts by name, through a proxy of ours and in no other way.
    Hosts(Hosts),
    /// Whatever the machine reaches.
    All,
}

/// What commands may do to their sandbox. None gains rights by starting another program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rights {
    /// None beyond those of the files.
    #[default]
    Least,
    /// Those that package managers take: to own, to change and to act as others.
    Install,
}

/// What a sandbox may use; none is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resources {
    /// Thousandths of a processor.
    pub cpu_thousandths: Option<u32>,
    /// MiB of memory, swap included.
    pub memory_mb: Option<u32>,
    /// MiB that its own files may take.
    pub disk_mb: Option<u32>,
    /// Processes at once.
    pub pids: Option<u32>,
}

impl Default for Resources {
    /// Memory, disk and processes enough for most builds; processors as the machine has.
    fn default() -> Self {
        Self {
            cpu_thousandths: None,
            memory_mb: Some(4_096),
            disk_mb: Some(16_384),
            pids: Some(1_024),
        }
    }
}

/// A folder or a file of the machine, seen in a sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Where it lies on the machine.
    pub host: PathBuf,
    /// Where it is seen.
    pub inside: String,
}

/// A command in a sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// Program and arguments.
    pub arguments: Vec<String>,
    /// Environment variables added to the sandbox's.
    pub env: Vec<(String, String)>,
    /// What it reads.
    pub stdin: Option<Vec<u8>>,
    /// When it is ended, with everything that runs in the sandbox.
    pub timeout: Option<Duration>,
    /// Bytes kept of each of its outputs.
    pub output_bytes: usize,
}

impl Execution {
    /// A bash script, without limit of time, with 16 MiB of output kept.
    pub fn script(text: impl Into<String>) -> Self {
        Self {
            arguments: vec!["bash".into(), "-c".into(), text.into()],
            env: Vec::new(),
            stdin: None,
            timeout: None,
            output_bytes: 16 << 20,
        }
    }
}

/// How a command in a sandbox ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Why.
    pub reason: Reason,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl Ended {
    /// Whether it exited with code 0 by itself.
    pub fn succeeded(&self) -> bool {
        self.reason == Reason::Exited(0)
    }

    /// As a process tells it: a reason that is no exit code stands on a last line of stderr, with the limit that
    /// was passed.
    pub fn into_exit(self, resources: &Resources) -> Exit {
        let Self {
            reason,
            stdout,
            mut stderr,
        } = self;
        let mebibytes = |most: Option<u32>| most.map(|most| format!(" of {most} MiB")).unwrap_or_default();
        let (memory, disk) = (mebibytes(resources.memory_mb), mebibytes(resources.disk_mb));
        let why = match reason {
            Reason::Exited(code) => {
                return Exit {
                    code,
                    stdout,
                    stderr,
                    artifacts: None,
                };
            }
            Reason::Signal(signal) => format!("ended by signal {signal}"),
            Reason::Timeout => "ended: it took too long".to_owned(),
            Reason::OutOfMemory => format!("ended: it wanted more than its memory{memory}"),
            Reason::DiskFull => format!("ended: it wrote more than its disk{disk}"),
        };
        if !stderr.is_empty() && !stderr.ends_with('\n') {
            stderr.push('\n');
        }
        stderr.push_str(&why);
        stderr.push('\n');
        Exit {
            code: -1,
            stdout,
            stderr,
            artifacts: None,
        }
    }
}

/// Bytes in pieces, in order.
pub type Pieces<'a> = Pin<Box<dyn futures_core::Stream<Item = Result<Vec<u8>, Error>> + Send + 'a>>;

/// Why a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// By itself, with this exit code.
    Exited(i32),
    /// By this signal.
    Signal(i32),
    /// It took longer than it may.
    Timeout,
    /// It, or a process that it started, wanted more memory than there is.
    OutOfMemory,
    /// The sandbox's files took more room than they may.
    DiskFull,
}

/// Which output something was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Stdout.
    Out,
    /// Stderr.
    Err,
}

/// Hears what a command writes while it runs.
pub trait Listener: Send {
    /// The next bytes of an output.
    fn hear(&mut self, stream: Stream, bytes: &[u8]);
}

/// Listens to nothing.
#[derive(Debug, Clone, Copy)]
pub struct Deaf;

impl Listener for Deaf {
    fn hear(&mut self, _: Stream, _: &[u8]) {}
}

/// Something that a process of Troupe made in the engine and did not remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// The engine's name for it.
    pub id: String,
    /// Whom it belonged to.
    pub owner: String,
    /// The image that it started from.
    pub image: String,
    /// The process that made it, where it can be told.
    pub process: Option<u32>,
}

/// Makes sandboxes.
#[async_trait]
pub trait SandboxEngine: Send + Sync {
    /// Makes a sandbox and starts it.
    async fn create(&self, blueprint: &Blueprint) -> Result<Box<dyn Sandbox>, Error>;

    /// The digest of an image, if it is there.
    async fn image(&self, name: &str) -> Result<Option<String>, Error>;

    /// Bytes of an image with all that it stands on, where the engine tells.
    async fn image_bytes(&self, _name: &str) -> Result<Option<u64>, Error> {
        Ok(None)
    }

    /// Removes a name of an image, and the image with its last name. One that is not there is no error; one that a
    /// sandbox stands on is an [`ErrorKind::Conflict`](super::ErrorKind::Conflict).
    async fn remove_image(&self, name: &str) -> Result<(), Error>;

    /// Sandboxes whose makers are gone, without those that are kept for runs.
    async fn leftovers(&self) -> Result<Vec<Leftover>, Error>;

    /// Removes a sandbox by the engine's name for it. One that is not there is no error.
    async fn remove(&self, id: &str) -> Result<(), Error>;
}

/// A place apart. Dropping it leaves it to [`SandboxEngine::leftovers`]; [`Sandbox::remove`] does away with it.
#[async_trait]
pub trait Sandbox: Send + Sync {
    /// The engine's name for it.
    fn id(&self) -> &str;

    /// Runs a command to its end. Where it is ended from outside, everything in the sandbox ends with it. A command
    /// that starts and fails is [`Ended`], not an error.
    async fn execute(&self, execution: Execution, listener: &mut dyn Listener) -> Result<Ended, Error>;

    /// Unpacks a tar archive in a folder, which has to be there.
    async fn put(&self, folder: &str, archive: Vec<u8>) -> Result<(), Error>;

    /// A file or a folder as a tar archive, in pieces. The first name of each path in it is the last one of `path`; links
    /// are links. `Missing` where there is no such file.
    fn take(&self, path: &str) -> Pieces<'_>;

    /// Paths that were made, changed or removed since it began.
    async fn changes(&self) -> Result<Vec<String>, Error>;

    /// Keeps its files as an image of this name (`REPOSITORY:TAG`), and gives its digest.
    async fn commit(&self, name: &str) -> Result<String, Error>;

    /// Ends everything that runs in it; its files stay as they are, and commands can run in it again.
    async fn halt(&self) -> Result<(), Error>;

    /// Ends everything in it and removes it.
    async fn remove(&self) -> Result<(), Error>;
}
