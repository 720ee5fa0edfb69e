//! `troupe models` against a hub on the loopback: pulled, gone on with, refused, listed, checked, removed.

use crate::fixture::{Ended, Place};
use crate::server::{Request, Server};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const WEIGHTS: &str = "model.safetensors";

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/src/local/fixtures/qwen3")
}

fn content(name: &str) -> Vec<u8> {
    match name {
        "README.md" | "pytorch_model.bin" => b"not needed".to_vec(),
        name => std::fs::read(fixture().join(name)).unwrap(),
    }
}

fn sha256(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Git's name of a file.
fn blob(bytes: &[u8]) -> String {
    let whole = [format!("blob {}\0", bytes.len()).as_bytes(), bytes].concat();
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &whole);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Option<Vec<u8>> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n", body.len());
    Some([head.as_bytes(), body].concat())
}

/// What a hub says of the repository; `checksum` is that of its weights.
fn listing(checksum: &str) -> Vec<u8> {
    let small = |name: &str| {
        let bytes = content(name);
        json!({ "rfilename": name, "size": bytes.len(), "blobId": blob(&bytes) })
    };
    let mut files: Vec<Value> = ["README.md", "config.json", "pytorch_model.bin", "tokenizer.json"]
        .map(small)
        .into();
    let length = content(WEIGHTS).len();
    files.push(
        json!({ "rfilename": WEIGHTS, "size": length, "blobId": "0", "lfs": { "sha256": checksum, "size": length } }),
    );
    json!({ "sha": "c0ffee", "siblings": files }).to_string().into_bytes()
}

/// What becomes of a request for the weights: how many bytes are sent before the connection breaks, if it does.
type Break = dyn Fn() -> Option<(usize, bool)> + Send + Sync;

/// A hub with one repository. A break that hangs keeps the connection open, and silent.
fn hub(checksum: String, breaks: Box<Break>) -> Server {
    Server::start(move |request: &Request| {
        let Some(name) = request.path.strip_prefix("/org/Tiny/resolve/c0ffee/") else {
            return match request.path.as_str() {
                "/api/models/org/Tiny/revision/main?blobs=true" => answer("200 OK", "", &listing(&checksum)),
                "/api/models/org/gated/revision/main?blobs=true" => {
                    answer("401 Unauthorized", "x-error-code: GatedRepo\r\n", b"")
                }
                _ => answer("404 Not Found", "", b""),
            };
        };
        let whole = content(name);
        let range = request.head.lines().find_map(|line| line.strip_prefix("range: bytes="));
        let from = range.map(|range| range.trim_end_matches('-').parse::<usize>().unwrap());
        let rest = &whole[from.unwrap_or(0)..];
        let status = if from.is_some() {
            "206 Partial Content"
        } else {
            "200 OK"
        };
        match (name == WEIGHTS).then(&breaks).flatten() {
            None => answer(status, "", rest),
            Some((bytes, hangs)) => {
                let close = if hangs { "" } else { "connection: close\r\n" };
                let head = format!("HTTP/1.1 {status}\r\n{close}content-length: {}\r\n\r\n", rest.len());
                Some([head.as_bytes(), &rest[..bytes]].concat())
            }
        }
    })
}

fn whole_hub() -> Server {
    hub(sha256(&content(WEIGHTS)), Box::new(|| None))
}

/// A hub whose first answer with weights breaks.
fn breaking_hub(hangs: bool) -> Server {
    let requests = Arc::new(AtomicUsize::new(0));
    let first = move || requests.fetch_add(1, Ordering::SeqCst) == 0;
    hub(
        sha256(&content(WEIGHTS)),
        Box::new(move || first().then_some((50_000, hangs))),
    )
}

fn command(place: &Place, hub: &Server, arguments: &[&str]) -> std::process::Command {
    let mut command = place.command(&[&["models"], arguments].concat());
    command
        .env("TROUPE_MODELS", place.path().join("shelf"))
        .env("HF_ENDPOINT", &hub.address)
        .env_remove("HF_TOKEN");
    command
}

fn models(place: &Place, hub: &Server, arguments: &[&str]) -> Ended {
    let output = command(place, hub, arguments).output().unwrap();
    Ended {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn asked(hub: &Server, name: &str) -> Vec<Request> {
    hub.sent(&format!("/org/Tiny/resolve/c0ffee/{name}"))
}

#[test]
fn a_model_is_pulled_listed_checked_and_removed() {
    let (place, hub) = (Place::new(), whole_hub());
    let pulled = models(&place, &hub, &["pull", "org/Tiny"]);
    assert_eq!(pulled.code, 0, "{pulled:?}");
    assert_eq!(
        (asked(&hub, "README.md").len(), asked(&hub, "pytorch_model.bin").len()),
        (0, 0)
    );
    let list = models(&place, &hub, &["ls", "--json"]).json();
    assert_eq!(
        (&list[0]["name"], &list[0]["family"], &list[0]["format"]),
        (&json!("Tiny"), &json!("qwen3"), &json!("F32"))
    );
    let table = models(&place, &hub, &["ls"]).stdout;
    assert!(
        table.contains("Tiny") && table.contains("33.6K") && table.contains("134.3 kB"),
        "{table}"
    );
    let info = models(
        &place,
        &hub,
        &["info", "tiny", "--context", "100", "--parallel", "3", "--json"],
    )
    .json();
    assert_eq!(info["source"]["revision"], "c0ffee");
    assert_eq!(info["memory"]["plan"]["cache"], 2 * 4 * 2 * 8 * 4 * 300);
    let whole = models(&place, &hub, &["verify", "Tiny"]);
    assert!(whole.code == 0 && whole.stdout.contains("3 checksums"), "{whole:?}");
    let again = models(&place, &hub, &["pull", "org/Tiny"]);
    assert!(
        again.code == 2 && again.stderr.contains("there is a local/Tiny already"),
        "{again:?}"
    );

    let path = place.path().join("shelf/Tiny/model.safetensors");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.truncate(1000);
    std::fs::write(&path, bytes).unwrap();
    let damaged = models(&place, &hub, &["verify", "Tiny"]);
    assert!(
        damaged.code == 1 && damaged.stdout.contains("has 1000 bytes instead of"),
        "{damaged:?}"
    );
    assert!(models(&place, &hub, &["ls"]).stdout.contains("broken: "));

    let refused = models(&place, &hub, &["rm", "Tiny"]);
    assert!(refused.code == 2 && refused.stderr.contains("--yes"), "{refused:?}");
    assert_eq!(models(&place, &hub, &["rm", "Tiny", "--yes"]).code, 0);
    assert!(!place.path().join("shelf/Tiny").exists());
    let gone = models(&place, &hub, &["info", "Tiny"]);
    assert!(gone.code == 1 && gone.stderr.contains("there is no folder"), "{gone:?}");
}

#[test]
fn a_broken_connection_is_gone_on_with() {
    let (place, hub) = (Place::new(), breaking_hub(false));
    let pulled = models(&place, &hub, &["pull", "org/Tiny@main", "--name", "mine"]);
    assert_eq!(pulled.code, 0, "{pulled:?}");
    let requests = asked(&hub, WEIGHTS);
    assert_eq!(requests.len(), 2);
    assert!(
        !requests[0].head.contains("range:") && requests[1].head.contains("range: bytes=50000-"),
        "{requests:?}"
    );
    assert_eq!(
        std::fs::read(place.path().join("shelf/mine").join(WEIGHTS)).unwrap(),
        content(WEIGHTS)
    );
}

#[test]
fn a_pull_that_was_killed_is_gone_on_with_by_the_next_one() {
    let (place, hub) = (Place::new(), breaking_hub(true));
    let mut child = command(&place, &hub, &["pull", "org/Tiny"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let partial = place.path().join("shelf/.Tiny.partial");
    let part = || {
        let entries = std::fs::read_dir(&partial).into_iter().flatten().flatten();
        let mut sizes = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("model.safetensors."));
        sizes
            .next()
            .and_then(|entry| entry.metadata().ok())
            .map_or(0, |metadata| metadata.len())
    };
    let started = Instant::now();
    while part() < 50_000 {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "the part has {} bytes",
            part()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(models(&place, &hub, &["ls"]).stdout.is_empty(), "a half model is none");
    let pulled = models(&place, &hub, &["pull", "org/Tiny"]);
    assert_eq!(pulled.code, 0, "{pulled:?}");
    assert!(asked(&hub, WEIGHTS)[1].head.contains("range: bytes=50000-"));
    assert_eq!(models(&place, &hub, &["verify", "Tiny"]).code, 0);
}

#[test]
fn a_wrong_content_is_refused_and_not_kept() {
    let (place, hub) = (Place::new(), hub("0".repeat(64), Box::new(|| None)));
    let pulled = models(&place, &hub, &["pull", "org/Tiny"]);
    assert!(
        pulled.code == 1 && pulled.stderr.contains("model.safetensors: its checksum is"),
        "{pulled:?}"
    );
    assert!(!place.path().join("shelf/Tiny").exists());
    let kept = std::fs::read_dir(place.path().join("shelf/.Tiny.partial"))
        .unwrap()
        .flatten();
    assert!(
        !kept
            .into_iter()
            .any(|entry| entry.file_name().to_string_lossy().starts_with(WEIGHTS))
    );
}

#[test]
fn what_a_hub_refuses_is_told_with_the_way_out() {
    let (place, hub) = (Place::new(), whole_hub());
    let gated = models(&place, &hub, &["pull", "org/gated"]);
    assert!(
        gated.code == 1 && gated.stderr.contains("is gated") && gated.stderr.contains("HF_TOKEN="),
        "{gated:?}"
    );
    let absent = models(&place, &hub, &["pull", "org/absent@v2"]);
    assert!(
        absent.stderr.contains("there is no org/absent at revision `v2`"),
        "{absent:?}"
    );
    let none = models(&place, &hub, &["pull", "org/Tiny", "--file", "*Q4_K_M.gguf"]);
    assert!(
        none.code == 2 && none.stderr.contains("say which with --file"),
        "{none:?}"
    );
    let mut with_token = command(&place, &hub, &["pull", "org/gated"]);
    let output = with_token.env("HF_TOKEN", "hf_secret").output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("not allowed to read it") && !told.contains("hf_secret"),
        "{told}"
    );
    let requests = hub.sent("/api/models/org/gated/revision/main?blobs=true");
    assert!(
        !requests[0].head.contains("authorization") && requests[1].head.contains("authorization: bearer hf_secret")
    );
}

#[test]
fn a_model_is_taken_from_a_path() {
    let (place, hub) = (Place::new(), whole_hub());
    let path = fixture().display().to_string();
    assert_eq!(models(&place, &hub, &["pull", &path, "--name", "own"]).code, 0);
    let whole = models(&place, &hub, &["verify", "own"]);
    assert!(whole.stdout.contains("3 checksums"), "{whole:?}");
    place.file("broken.gguf", "GGUF and no more");
    let refused = models(&place, &hub, &["pull", "./broken.gguf"]);
    assert!(
        refused.code == 1 && refused.stderr.contains("broken.gguf: is no GGUF file"),
        "{refused:?}"
    );
    let absent = models(&place, &hub, &["pull", "./nowhere"]);
    assert!(
        absent.code == 2 && absent.stderr.contains("there is no model"),
        "{absent:?}"
    );
    // What nobody pulled is not ours to remove.
    place.file("mine/config.json", content("config.json"));
    let refused = models(&place, &hub, &["rm", "mine", "--yes"]);
    assert!(
        refused.code == 2 && refused.stderr.contains("remove") && place.path().join("mine").exists(),
        "{refused:?}"
    );
}
