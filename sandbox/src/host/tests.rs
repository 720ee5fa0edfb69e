//! Real processes: how they end, what they say, and that nothing of them stays.

use super::{EFFECT_KEY, Host, Options};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use troupe_core::effect::Command;
use troupe_core::input::Exit;
use troupe_core::port::process::ProcessRunner;
use troupe_core::port::{Error, ErrorKind};

/// Far more than any test needs: reached only by a process that should be dead.
const HUNG: Duration = Duration::from_secs(60);

fn command(arguments: &[&str]) -> Command {
    Command {
        arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
        ..Command::default()
    }
}

fn shell(script: &str) -> Command {
    command(&["sh", "-c", script])
}

async fn run_in(folder: &Path, command: Command) -> Result<Exit, Error> {
    let host = Host::new(Options::in_directory(folder));
    timeout(HUNG, host.run("run-1/step/1", command))
        .await
        .expect("the command ends")
}

async fn run(command: Command) -> Result<Exit, Error> {
    run_in(TempDir::new().unwrap().path(), command).await
}

fn exit(code: i32, stdout: &str, stderr: &str) -> Exit {
    Exit {
        code,
        stdout: stdout.to_owned(),
        stderr: stderr.to_owned(),
        artifacts: None,
    }
}

#[tokio::test]
async fn a_failing_command_is_an_exit() {
    let ended = run(shell("echo out; echo err >&2; exit 3")).await.unwrap();
    assert_eq!(ended, exit(3, "out\n", "err\n"));
}

#[tokio::test]
async fn success_is_zero_and_arguments_arrive_as_they_are() {
    let ended = run(command(&["printf", "%s|", "a b", "$HOME", "", "*"])).await.unwrap();
    assert_eq!(ended, exit(0, "a b|$HOME||*|", ""));
}

#[tokio::test]
async fn a_signal_is_minus_one_and_said() {
    let ended = run(shell("printf half >&2; kill -TERM $$")).await.unwrap();
    assert_eq!(ended, exit(-1, "", "half\nended by signal 15 (SIGTERM)\n"));
}

#[tokio::test]
async fn stdin_larger_than_a_pipe_goes_through_while_output_comes_back() {
    let text = "all of it\n".repeat(50_000);
    let ended = run(Command {
        stdin: Some(text.clone()),
        ..command(&["cat"])
    })
    .await
    .unwrap();
    assert_eq!(ended.stdout.len(), text.len());
    assert_eq!(ended.code, 0);
}

#[tokio::test]
async fn a_program_may_ignore_its_stdin() {
    let ended = run(Command {
        stdin: Some("x".repeat(10 << 20)),
        ..command(&["true"])
    })
    .await
    .unwrap();
    assert_eq!(ended, exit(0, "", ""));
}

#[tokio::test]
async fn without_stdin_a_reader_sees_the_end() {
    assert_eq!(run(command(&["cat"])).await.unwrap(), exit(0, "", ""));
}

#[tokio::test]
async fn big_output_is_cut_and_the_command_still_ends() {
    let ended = run(shell(
        "head -c 3000000 /dev/zero | tr '\\0' o; head -c 2000000 /dev/zero | tr '\\0' e >&2",
    ))
    .await
    .unwrap();
    assert_eq!(ended.code, 0);
    let note = |total| format!("\n[output cut: the first 1048576 of {total} bytes are kept]\n");
    assert_eq!(ended.stdout, "o".repeat(1 << 20) + &note(3_000_000));
    assert_eq!(ended.stderr, "e".repeat(1 << 20) + &note(2_000_000));
}

#[tokio::test]
async fn output_that_is_not_utf8_is_replaced() {
    let ended = run(shell("printf 'a\\377b'")).await.unwrap();
    assert_eq!(ended.stdout, "a\u{fffd}b");
}

#[tokio::test]
async fn the_environment_is_the_given_one_the_commands_own_and_the_key() {
    let folder = TempDir::new().unwrap();
    let mut options = Options::in_directory(folder.path());
    options.environment.insert("GIVEN".into(), "1".into());
    options.environment.insert("REPLACED".into(), "old".into());
    let asked = Command {
        env: vec![("REPLACED".into(), "new".into()), (EFFECT_KEY.into(), "forged".into())],
        ..shell("echo $GIVEN $REPLACED $TROUPE_EFFECT_KEY ${CARGO_MANIFEST_DIR-absent} ${PATH:+path}")
    };
    let ended = Host::new(options).run("run-1/step/1", asked).await.unwrap();
    // Cargo sets CARGO_MANIFEST_DIR for this test: it stands for every variable that must not leak.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    assert_eq!(ended, exit(0, "1 new run-1/step/1 absent path\n", ""));
}

#[tokio::test]
async fn it_starts_in_the_workflows_folder() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("here.txt"), "found").unwrap();
    let ended = run_in(folder.path(), command(&["cat", "here.txt"])).await.unwrap();
    assert_eq!(ended.stdout, "found");
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let folder = TempDir::new().unwrap();
    let script = folder.path().join("script");
    std::fs::write(&script, "#!/no/such/interpreter\n").unwrap();
    let with_variable = Command {
        env: vec![("A=B".into(), "c".into())],
        ..command(&["true"])
    };
    let locked = run_in(folder.path(), command(&["./script"])).await;
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
    let cases = [
        (
            run(command(&["no-such-program"])).await,
            ErrorKind::Missing,
            "`no-such-program`",
        ),
        (run(command(&["./nothing"])).await, ErrorKind::Missing, "no such file"),
        (
            run_in(folder.path(), command(&["./script"])).await,
            ErrorKind::Missing,
            "interpreter",
        ),
        (
            run_in(&folder.path().join("gone"), command(&["true"])).await,
            ErrorKind::Missing,
            "no folder",
        ),
        (run_in(&script, command(&["true"])).await, ErrorKind::Missing, "folder"),
        (locked, ErrorKind::Denied, "permissions"),
        (run(command(&[])).await, ErrorKind::Invalid, "empty"),
        (run(command(&["true", "a\0b"])).await, ErrorKind::Invalid, "NUL"),
        (run(with_variable).await, ErrorKind::Invalid, "`A=B`"),
    ];
    for (result, kind, text) in cases {
        let error = result.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(text), "{error}");
    }
}

/// A fifo that a script keeps open for writing: reading it to the end waits for the death of all that hold it.
struct Alive {
    folder: TempDir,
}

impl Alive {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let made = std::process::Command::new("mkfifo")
            .arg(folder.path().join("alive"))
            .status()
            .unwrap();
        assert!(made.success());
        Self { folder }
    }

    /// Waits until a process holds the fifo.
    async fn held(&self) -> File {
        let path = self.folder.path().join("alive");
        spawn_blocking(move || File::open(path).unwrap()).await.unwrap()
    }

    /// Waits until no process holds it.
    async fn released(mut fifo: File) {
        let reading = spawn_blocking(move || fifo.read_to_end(&mut Vec::new()).unwrap());
        assert_eq!(timeout(HUNG, reading).await.expect("all are dead").unwrap(), 0);
    }
}

#[tokio::test]
async fn dropping_the_future_kills_the_grandchildren_too() {
    let alive = Alive::new();
    let script = shell("sh -c 'exec 3> alive; sleep 300 & sleep 300'; true");
    let fifo = tokio::select! {
        ended = run_in(alive.folder.path(), script) => panic!("it ended: {ended:?}"),
        fifo = alive.held() => fifo,
    };
    Alive::released(fifo).await;
}

#[tokio::test]
async fn dropping_the_future_ends_a_command_that_heeds_no_signal() {
    let alive = Alive::new();
    let script = shell("trap '' TERM INT HUP QUIT; exec 3> alive; while :; do sleep 300; done");
    let fifo = tokio::select! {
        ended = run_in(alive.folder.path(), script) => panic!("it ended: {ended:?}"),
        fifo = alive.held() => fifo,
    };
    Alive::released(fifo).await;
}

#[tokio::test]
async fn what_a_command_leaves_in_the_background_ends_with_it() {
    let alive = Alive::new();
    let script = shell("exec 3> alive; sleep 300 & echo started");
    let (ended, fifo) = tokio::join!(run_in(alive.folder.path(), script), alive.held());
    assert_eq!(ended.unwrap(), exit(0, "started\n", ""));
    Alive::released(fifo).await;
}
