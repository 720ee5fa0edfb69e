//! `troupe models serve` as other programs use it: OpenAI's own client, where it can be had.

use crate::fixture::Place;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A server on a free port.
struct Served {
    child: Child,
    base_url: String,
}

impl Served {
    fn start(place: &Place, models: &[&str]) -> Self {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/src/local/fixtures");
        let arguments = [&["models", "serve", "--port", "0"], models].concat();
        let mut command = place.command(&arguments);
        command.env("TROUPE_MODELS", fixtures).env("TROUPE_SERVE_KEY", "secret");
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let base_url = line.trim().rsplit(' ').next().unwrap().to_owned();
        Self { child, base_url }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A Python that has OpenAI's client: one made here by `pip`, or none without a way to the package index.
fn python() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("openai-client");
    let python = folder.join("bin/python3");
    let has = |python: &Path| run(Command::new(python).args(["-c", "import openai"]));
    if has(&python) {
        return Some(python);
    }
    let made = run(Command::new("python3").args(["-m", "venv"]).arg(&folder))
        && run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "openai>=2"]));
    (made && has(&python)).then_some(python)
}

fn run(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

#[test]
fn the_client_of_openai_is_content() {
    let Some(python) = python() else {
        eprintln!("passed over: python3 with `pip install openai` cannot be had here");
        return;
    };
    let place = Place::new();
    let served = Served::start(&place, &["builtin/reader", "builtin/static", "qwen3", "talker"]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/openai_client.py");
    let output = Command::new(python)
        .arg(script)
        .args([&served.base_url, "secret"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn what_cannot_be_served_is_told_at_once() {
    let place = Place::new();
    let open = place.troupe(&["models", "serve", "builtin/reader", "--host", "0.0.0.0"]);
    assert!(open.code == 2 && open.stderr.contains("give a --key"), "{open:?}");
    let absent = place.troupe(&["models", "serve", "nowhere"]);
    assert!(
        absent.code == 2 && absent.stderr.contains("local/nowhere"),
        "{absent:?}"
    );
}
