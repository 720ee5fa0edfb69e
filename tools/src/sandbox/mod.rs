//! The tools in a sandbox: one file a tool, one line here.

mod apply_patch;
mod patch;
mod read_file;
mod shell;
mod write_file;

use crate::arguments::Arguments;
use async_trait::async_trait;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use troupe_core::effect::Place;
use troupe_core::input::Exit;
use troupe_core::message::ToolOutput;
use troupe_core::port::room::{Found, Rooms};
use troupe_core::port::sandbox::Execution;
use troupe_core::port::tool::{Invocation, Tool, ToolSpec};
use troupe_core::port::{Error, ErrorKind};

static TOOLS: [&dyn Kind; 4] = [
    &shell::Shell,
    &read_file::ReadFile,
    &write_file::WriteFile,
    &apply_patch::ApplyPatch,
];

/// How long a command of a tool may take that says nothing else.
const USUAL: Duration = Duration::from_secs(300);
/// How long a command of a tool may take.
const MOST: Duration = Duration::from_secs(3_600);
/// Bytes kept of each output of a command.
const OUTPUT_BYTES: usize = 4 << 20;
/// Bytes of an output that a model is shown.
const SHOWN_BYTES: usize = 16 << 10;

/// All plain names, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    TOOLS.iter().map(|kind| kind.name())
}

/// One tool by its plain name, shown as `prefix` and that name; none when there is no such tool.
pub fn tool(rooms: Arc<dyn Rooms>, name: &str, prefix: &str) -> Option<Arc<dyn Tool>> {
    let kind = TOOLS.iter().copied().find(|kind| kind.name() == name)?;
    let spec = ToolSpec {
        name: format!("{prefix}{name}"),
        ..kind.spec()
    };
    Some(Arc::new(Placed { kind, spec, rooms }))
}

/// What a tool is and does.
#[async_trait]
trait Kind: Send + Sync {
    /// Its plain name.
    fn name(&self) -> &'static str;

    /// How it is presented; the name is put in by whoever knows it.
    fn spec(&self) -> ToolSpec;

    /// A call as it should be, for those that are of no use.
    fn example(&self) -> &'static str;

    /// Answers a call.
    async fn answer(&self, bench: &Bench<'_>, arguments: &Arguments<'_>) -> Result<ToolOutput, Error>;
}

/// A tool with the sandboxes that it works in.
struct Placed {
    kind: &'static dyn Kind,
    spec: ToolSpec,
    rooms: Arc<dyn Rooms>,
}

#[async_trait]
impl Tool for Placed {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn timeout_ms(&self) -> u64 {
        // Its commands are given up one by one, each told as what it is.
        10 * MOST.as_secs() * 1_000
    }

    async fn call(&self, invocation: Invocation) -> Result<ToolOutput, Error> {
        let Some(place) = &invocation.place else {
            let message = format!("`{}` works in a sandbox, and it was not said in which", self.spec.name);
            return Err(Error::new(ErrorKind::Other, message));
        };
        let bench = Bench {
            rooms: self.rooms.as_ref(),
            key: &invocation.key,
            place,
            lacks: Mutex::new(None),
        };
        let arguments = Arguments::new(&invocation.arguments, &self.spec.name, self.kind.example());
        let answer = self.kind.answer(&bench, &arguments).await;
        let lacks = bench.lacks.into_inner().unwrap_or_else(PoisonError::into_inner);
        // Whoever has worked in it before has to know, whatever else is said.
        match (answer, lacks) {
            (answer, None) => answer,
            (Ok(mut output), Some(lacks)) => {
                output.text.push_str(&lacks);
                Ok(output)
            }
            (Err(mut error), Some(lacks)) => {
                error.message.push_str(&lacks);
                Err(error)
            }
        }
    }
}

/// Where a call works.
struct Bench<'a> {
    rooms: &'a dyn Rooms,
    key: &'a str,
    place: &'a Place,
    /// What its first command did not find, in words.
    lacks: Mutex<Option<String>>,
}

/// What is told of a sandbox in which not all is there that earlier commands left.
fn lacks(found: Found, place: &Place) -> Option<String> {
    let Place { image, directory, .. } = place;
    match found {
        Found::Files => None,
        Found::Nothing => Some("\n(The sandbox is new: nothing of earlier commands is in it.)".to_owned()),
        Found::Directory => Some(format!(
            "\n(The sandbox is new, made of {image}: of earlier commands it has what is in {directory}, and nothing else.)"
        )),
    }
}

impl Bench<'_> {
    /// Runs a command of `sh`, with arguments from `$1` on and what it reads.
    async fn run(
        &self,
        script: &str,
        arguments: &[&str],
        stdin: Option<String>,
        timeout: Duration,
    ) -> Result<Exit, Error> {
        let words = ["sh", "-c", script, "sh"].into_iter().chain(arguments.iter().copied());
        let execution = Execution {
            arguments: words.map(str::to_owned).collect(),
            env: Vec::new(),
            stdin: stdin.map(String::into_bytes),
            timeout: Some(timeout),
            output_bytes: OUTPUT_BYTES,
        };
        let executed = self.rooms.execute(self.key, self.place, execution).await?;
        if let Some(told) = lacks(executed.found, self.place) {
            *self.lacks.lock().unwrap_or_else(PoisonError::into_inner) = Some(told);
        }
        Ok(executed.ended.into_exit(&self.place.resources))
    }

    /// The text of a file.
    async fn read(&self, path: &str) -> Result<String, Error> {
        match self.look(path).await? {
            Some(text) => Ok(text),
            None => Err(Error::new(ErrorKind::Missing, format!("there is no file `{path}`"))),
        }
    }

    /// The text of a file, if there is one.
    async fn look(&self, path: &str) -> Result<Option<String>, Error> {
        const ABSENT: i32 = 66;
        let script = "test -e \"$1\" || exit 66; exec cat -- \"$1\"";
        let exit = self.run(script, &[path], None, USUAL).await?;
        match exit.code {
            ABSENT => Ok(None),
            0 if exit.stdout.contains('\0') => {
                let message = format!("`{path}` is no text: look at it with a command such as `file` or `xxd`");
                Err(Error::new(ErrorKind::Invalid, message))
            }
            0 if exit.stdout.len() >= OUTPUT_BYTES => {
                let message = format!(
                    "`{path}` has more than {} MiB: look at parts of it with a command such as `sed -n 1,200p`",
                    OUTPUT_BYTES >> 20
                );
                Err(Error::new(ErrorKind::Invalid, message))
            }
            0 => Ok(Some(exit.stdout)),
            _ => Err(failed(&format!("`{path}` cannot be read"), &exit)),
        }
    }

    /// Puts a file's whole text in its place; folders that are not there are made.
    async fn write(&self, path: &str, text: String) -> Result<(), Error> {
        let script = "mkdir -p -- \"$(dirname -- \"$1\")\" && exec cat > \"$1\"";
        let exit = self.run(script, &[path], Some(text), USUAL).await?;
        match exit.code {
            0 => Ok(()),
            _ => Err(failed(&format!("`{path}` cannot be written"), &exit)),
        }
    }

    /// Puts drafts in the places of files, and removes files: four words for each, `write`, the file, its draft and
    /// whose rights it takes where it is new; or `remove`, the file and nothing twice.
    async fn place(&self, steps: &[String]) -> Result<(), Error> {
        const SCRIPT: &str = "set -e
while [ $# -gt 0 ]; do
  case $1 in
    write) if [ -n \"$4\" ]; then cp -p -- \"$4\" \"$2\"; fi; cat -- \"$3\" > \"$2\" ;;
    remove) rm -- \"$2\" ;;
  esac
  shift 4
done";
        // What a new name is like has to be there still: files are removed last.
        let (mut ordered, removals): (Vec<_>, Vec<_>) = steps.chunks(4).partition(|step| step[0] == "write");
        ordered.extend(removals);
        let words: Vec<&str> = ordered.into_iter().flatten().map(String::as_str).collect();
        let exit = self.run(SCRIPT, &words, None, USUAL).await?;
        match exit.code {
            0 => Ok(()),
            _ => Err(failed(
                "not all of it could be put in place: look at what stands",
                &exit,
            )),
        }
    }

    /// Takes drafts away; what cannot be taken away does no harm.
    async fn sweep(&self, drafts: &[String]) {
        let words: Vec<&str> = drafts.iter().map(String::as_str).collect();
        let _ = self.run("exec rm -f -- \"$@\"", &words, None, USUAL).await;
    }
}

fn failed(what: &str, exit: &Exit) -> Error {
    Error::new(ErrorKind::Other, format!("{what}: {}", exit.stderr.trim_end()))
}

/// The head and the tail of a text that is longer than models are shown.
fn shown(text: &str) -> String {
    if text.len() <= SHOWN_BYTES {
        return text.to_owned();
    }
    let head = text.floor_char_boundary(SHOWN_BYTES / 2);
    let tail = text.ceil_char_boundary(text.len() - SHOWN_BYTES / 2);
    let left_out = tail - head;
    format!("{}\n… {left_out} bytes left out …\n{}", &text[..head], &text[tail..])
}

/// An answer that retrieves nothing.
fn output(text: String, result: troupe_core::Value) -> ToolOutput {
    ToolOutput {
        text,
        result,
        ..ToolOutput::default()
    }
}

#[cfg(test)]
mod tests;
