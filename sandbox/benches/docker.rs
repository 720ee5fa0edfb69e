//! What a command in a sandbox costs beside `docker exec`, and many sandboxes at once.
//!
//!     TROUPE_TEST_IMAGE=debian:bookworm cargo bench --profile dev -p troupe-sandbox --bench docker
//!
//! Both run `true` in the same container, in turns, so that both see the same machine.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use troupe_core::port::sandbox::{Blueprint, Deaf, Execution, SandboxEngine as _};
use troupe_sandbox::docker::Docker;

/// Commands of each kind.
const COMMANDS: usize = 60;
/// Sandboxes at once.
const SANDBOXES: usize = 20;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let Ok(image) = std::env::var("TROUPE_TEST_IMAGE") else {
        return println!("TROUPE_TEST_IMAGE names no image: nothing is measured");
    };
    let engine = Docker::connect().await.expect("an engine");
    println!("Docker {}", engine.version());
    let sandbox = engine
        .create(&Blueprint::new(&image, "/work", "bench"))
        .await
        .expect("a sandbox");
    let (mut own, mut tool) = (Vec::new(), Vec::new());
    for _ in 0..COMMANDS {
        let began = Instant::now();
        let ended = sandbox
            .execute(Execution::script("true"), &mut Deaf)
            .await
            .expect("a command");
        own.push(began.elapsed());
        assert!(ended.succeeded());
        let began = Instant::now();
        let status = Command::new("docker")
            .args(["exec", sandbox.id(), "bash", "-c", "true"])
            .stdin(Stdio::null())
            .status();
        tool.push(began.elapsed());
        assert!(
            status.is_ok_and(|status| status.success()),
            "the docker program has to be there"
        );
    }
    sandbox.remove().await.expect("removed");
    println!("a command in a sandbox, median       {:>8.1} ms", median(&mut own));
    println!("`docker exec`, median                {:>8.1} ms", median(&mut tool));
    let began = Instant::now();
    let many = (0..SANDBOXES).map(|number| {
        let (engine, image) = (engine.clone(), image.clone());
        tokio::spawn(async move {
            let sandbox = engine.create(&Blueprint::new(&image, "/work", "bench")).await?;
            let script = format!("echo {number} > file; sleep 1; cat file");
            let ended = sandbox.execute(Execution::script(script), &mut Deaf).await?;
            sandbox.remove().await?;
            Ok::<bool, troupe_core::port::Error>(ended.stdout == format!("{number}\n"))
        })
    });
    let many: Vec<_> = many.collect();
    let mut good = 0;
    for one in many {
        match one.await {
            Ok(Ok(true)) => good += 1,
            other => println!("{other:?}"),
        }
    }
    let took = began.elapsed().as_secs_f64();
    println!("{SANDBOXES} sandboxes at once: {good} did as they should, {took:.1} s in all");
}

fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1_000.0
}
