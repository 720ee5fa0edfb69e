//! One command in a container, from its start to the reason of its end.

use super::container::Container;
use super::door::Door;
use super::memory;
use crate::capture::Capture;
use bollard::container::LogOutput;
use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use futures_util::StreamExt as _;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::time::{sleep, timeout};
use troupe_core::port::sandbox::{Deaf, Ended, Execution, Listener, Reason, Sandbox as _, Stream};
use troupe_core::port::{Error, ErrorKind};

/// How long to listen once a command has exited: what it left in the background may hold its outputs open for ever.
const SETTLE: Duration = Duration::from_millis(500);
/// How often a silent command is asked whether it has ended.
const ASK: Duration = Duration::from_secs(1);
/// How often the disk is looked at, at most; a look at many files takes long itself.
const LOOK: Duration = Duration::from_secs(2);
/// Times that a look's own duration is waited for before the next one.
const LOOK_SHARE: u32 = 20;

type Pieces = Pin<Box<dyn futures_util::Stream<Item = Result<LogOutput, bollard::errors::Error>> + Send>>;

pub(super) async fn execute(
    container: &Container,
    execution: Execution,
    listener: &mut dyn Listener,
) -> Result<Ended, Error> {
    if let Some(door) = &container.door {
        door.ready(container).await?;
    }
    let heard = run(container, execution, listener).await?;
    let reason = match heard.cut {
        Some(reason) => {
            container.halt().await?;
            reason
        }
        None => reason(container, &heard.id).await?,
    };
    let refused = container.door.as_ref().map(Door::refused).unwrap_or_default();
    Ok(Ended {
        reason,
        stdout: heard.out.into_text(),
        stderr: with_lines(heard.err.into_text(), &refused),
    })
}

/// A text with lines behind it: whoever reads what a command printed has to know which hosts it did not reach.
fn with_lines(mut text: String, lines: &[String]) -> String {
    for line in lines {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// A command that is over, or that has to end.
struct Heard {
    id: String,
    out: Capture,
    err: Capture,
    /// Why it has to end, where it does not do so by itself.
    cut: Option<Reason>,
}

async fn run(container: &Container, execution: Execution, listener: &mut dyn Listener) -> Result<Heard, Error> {
    let fault = |error| container.fault.of("cannot run a command in the sandbox", error);
    let most = execution.timeout;
    let mut heard = Heard {
        id: String::new(),
        out: Capture::new(execution.output_bytes),
        err: Capture::new(execution.output_bytes),
        cut: None,
    };
    let stdin = execution.stdin.clone();
    let created = container
        .client
        .create_exec(&container.id, config(&container.env, execution))
        .await
        .map_err(fault)?;
    heard.id = created.id;
    let options = StartExecOptions {
        output_capacity: Some(64 << 10),
        ..StartExecOptions::default()
    };
    let started = container
        .client
        .start_exec(&heard.id, Some(options))
        .await
        .map_err(fault)?;
    let StartExecResults::Attached { output, input } = started else {
        return Err(Error::new(
            ErrorKind::Other,
            "the engine does not let a command be heard",
        ));
    };
    {
        let Heard { id, out, err, cut } = &mut heard;
        let talk = async { tokio::join!(write(input, stdin), listen(output, out, err, listener)).1 };
        tokio::pin!(talk);
        tokio::select! {
            listened = &mut talk => listened.map_err(fault)?,
            () = over(most) => *cut = Some(Reason::Timeout),
            () = disk_full(container) => *cut = Some(Reason::DiskFull),
            () = ended(container, id) => {
                let _ = timeout(SETTLE, &mut talk).await;
            }
        }
    }
    Ok(heard)
}

fn config(common: &[String], execution: Execution) -> ExecConfig {
    let own = execution.env.iter().map(|(name, value)| format!("{name}={value}"));
    let env = common.iter().cloned().chain(own);
    ExecConfig {
        attach_stdin: Some(execution.stdin.is_some()),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        env: Some(env.collect()),
        cmd: Some(execution.arguments),
        ..ExecConfig::default()
    }
}

async fn write(mut input: Pin<Box<dyn AsyncWrite + Send>>, text: Option<Vec<u8>>) {
    if let Some(text) = text {
        // A program that stops reading is free to do so.
        let _ = input.write_all(&text).await;
        let _ = input.shutdown().await;
    }
}

async fn listen(
    mut output: Pieces,
    out: &mut Capture,
    err: &mut Capture,
    listener: &mut dyn Listener,
) -> Result<(), bollard::errors::Error> {
    while let Some(piece) = output.next().await {
        match piece? {
            LogOutput::StdErr { message } => {
                listener.hear(Stream::Err, &message);
                err.push(&message);
            }
            LogOutput::StdOut { message } | LogOutput::Console { message } => {
                listener.hear(Stream::Out, &message);
                out.push(&message);
            }
            LogOutput::StdIn { .. } => {}
        }
    }
    Ok(())
}

/// Waits until the time is over, if there is a limit.
async fn over(most: Option<Duration>) {
    match most {
        Some(most) => sleep(most).await,
        None => std::future::pending().await,
    }
}

/// Waits until the container's files take more than they may.
async fn disk_full(container: &Container) {
    let Some(most) = container.disk_bytes else {
        return std::future::pending().await;
    };
    let mut pause = LOOK;
    loop {
        sleep(pause).await;
        let began = Instant::now();
        if container.size().await.is_some_and(|size| size > most) {
            return;
        }
        pause = LOOK.max(began.elapsed() * LOOK_SHARE);
    }
}

/// Waits until the command itself has ended, whoever still holds its outputs.
async fn ended(container: &Container, id: &str) {
    loop {
        sleep(ASK).await;
        if let Ok(exec) = container.client.inspect_exec(id).await
            && exec.running == Some(false)
        {
            return;
        }
    }
}

/// Why a command that is over ended.
async fn reason(container: &Container, id: &str) -> Result<Reason, Error> {
    let code = loop {
        let exec = container.client.inspect_exec(id).await;
        let exec = exec.map_err(|error| container.fault.of("cannot learn how a command ended", error))?;
        match exec.exit_code {
            Some(code) if exec.running != Some(true) => break i32::try_from(code).unwrap_or(-1),
            // Its outputs close a moment before it is over.
            _ => sleep(Duration::from_millis(5)).await,
        }
    };
    if code != 0 && memory_ran_out(container).await {
        return Ok(Reason::OutOfMemory);
    }
    // A shell and the engine say so of one that a signal ended (POSIX, 2.8.2).
    Ok(match code {
        129..=159 => Reason::Signal(code - 128),
        code => Reason::Exited(code),
    })
}

/// Whether the kernel has killed for want of memory since it was last asked.
async fn memory_ran_out(container: &Container) -> bool {
    let count = Execution {
        arguments: ["sh", "-c", memory::COUNT].map(str::to_owned).to_vec(),
        timeout: Some(Duration::from_secs(10)),
        ..Execution::script("")
    };
    let Ok(heard) = Box::pin(run(container, count, &mut Deaf)).await else {
        return false;
    };
    let now = memory::killed(&heard.out.into_text());
    now > container.killed.swap(now, Ordering::Relaxed)
}
