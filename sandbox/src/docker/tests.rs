//! Containers of a real engine: passed over, with a word, where there is none.

pub(crate) mod guard;

use super::*;
use guard::made;
use std::collections::BTreeMap;
use std::time::Instant;
use troupe_core::port::sandbox::{Deaf, Ended, Execution, Hosts, Listener, Network, Reason, Resources, Rights, Stream};

/// Names the image that the tests start from: one that has bash.
const IMAGE: &str = "TROUPE_TEST_IMAGE";

async fn engine() -> Option<Docker> {
    if std::env::var_os(IMAGE).is_none() {
        println!("passed over: {IMAGE} names no image");
        return None;
    }
    Some(Docker::connect().await.unwrap())
}

fn blueprint() -> Blueprint {
    let image = std::env::var(IMAGE).unwrap_or_default();
    let mut blueprint = Blueprint::new(image, "/work", "test");
    blueprint.resources.memory_mb = Some(256);
    blueprint
}

async fn run(sandbox: &dyn Sandbox, script: &str) -> Ended {
    sandbox.execute(Execution::script(script), &mut Deaf).await.unwrap()
}

async fn run_within(sandbox: &dyn Sandbox, script: &str, most: Duration) -> Ended {
    let execution = Execution {
        timeout: Some(most),
        ..Execution::script(script)
    };
    sandbox.execute(execution, &mut Deaf).await.unwrap()
}

#[tokio::test]
async fn a_command_says_how_it_ended() {
    let Some(engine) = engine().await else { return };
    let sandbox = made(&engine, &blueprint()).await;
    let ended = run(&*sandbox, "pwd; echo $GIVEN oops >&2; exit 3").await;
    assert_eq!(
        (ended.reason, ended.stdout.as_str(), ended.stderr.as_str()),
        (Reason::Exited(3), "/work\n", "oops\n")
    );
    assert!(run(&*sandbox, "true").await.succeeded());
    assert_eq!(run(&*sandbox, "kill -TERM $$").await.reason, Reason::Signal(15));
    let read = Execution {
        stdin: Some(vec![b'x'; 300_000]),
        env: vec![("GIVEN".into(), "a b".into())],
        ..Execution::script("wc -c; echo \"$GIVEN\"")
    };
    let ended = sandbox.execute(read, &mut Deaf).await.unwrap();
    assert_eq!(
        ended.stdout.split_whitespace().collect::<Vec<_>>(),
        ["300000", "a", "b"]
    );
    let missing = Execution {
        arguments: vec!["no-such-program".into()],
        ..Execution::script("")
    };
    let ended = sandbox.execute(missing, &mut Deaf).await.unwrap();
    assert!(matches!(ended.reason, Reason::Exited(126 | 127)), "{ended:?}");
    sandbox.remove().await.unwrap();
    sandbox.remove().await.unwrap();
}

struct Heard(Vec<(Stream, String, Instant)>);

impl Listener for Heard {
    fn hear(&mut self, stream: Stream, bytes: &[u8]) {
        self.0
            .push((stream, String::from_utf8_lossy(bytes).into_owned(), Instant::now()));
    }
}

#[tokio::test]
async fn output_is_heard_while_the_command_runs() {
    let Some(engine) = engine().await else { return };
    let sandbox = made(&engine, &blueprint()).await;
    let mut heard = Heard(Vec::new());
    let script = Execution::script("echo one; sleep 1; echo two >&2");
    sandbox.execute(script, &mut heard).await.unwrap();
    let [(Stream::Out, one, first), (Stream::Err, two, second)] = &heard.0[..] else {
        panic!("{:?}", heard.0);
    };
    assert_eq!((one.as_str(), two.as_str()), ("one\n", "two\n"));
    assert!(*second - *first > Duration::from_millis(500));
    sandbox.remove().await.unwrap();
}

#[tokio::test]
async fn a_command_that_takes_too_long_ends_with_all_that_it_started() {
    let Some(engine) = engine().await else { return };
    let sandbox = made(&engine, &blueprint()).await;
    let hidden = "echo kept > file; setsid sh -c 'while :; do date > alive; sleep 0.1; done' & sleep 100";
    let ended = run_within(&*sandbox, hidden, Duration::from_secs(2)).await;
    assert_eq!(ended.reason, Reason::Timeout);
    // Its files are there, and nobody writes to them any more.
    let left = run(&*sandbox, "cat file; rm alive; sleep 0.5; test -e alive && echo alive").await;
    assert_eq!(left.stdout, "kept\n");
    sandbox.remove().await.unwrap();
}

#[tokio::test]
async fn what_is_left_in_the_background_holds_nobody_up() {
    let Some(engine) = engine().await else { return };
    let sandbox = made(&engine, &blueprint()).await;
    let began = Instant::now();
    let ended = run(&*sandbox, "echo done; sleep 60 &").await;
    assert_eq!((ended.reason, ended.stdout.as_str()), (Reason::Exited(0), "done\n"));
    assert!(began.elapsed() < Duration::from_secs(30));
    sandbox.remove().await.unwrap();
}

#[tokio::test]
async fn memory_processes_and_disk_run_out_in_the_sandbox_alone() {
    let Some(engine) = engine().await else { return };
    let mut small = blueprint();
    small.resources = Resources {
        memory_mb: Some(64),
        disk_mb: Some(64),
        pids: Some(32),
        cpu_thousandths: Some(1_000),
    };
    let sandbox = made(&engine, &small).await;
    let hungry = run(&*sandbox, "x=$(head -c 200000000 /dev/zero | tr '\\0' x); echo ${#x}").await;
    assert_eq!(hungry.reason, Reason::OutOfMemory, "{}", hungry.stderr);
    assert_eq!(
        run(&*sandbox, "exit 4").await.reason,
        Reason::Exited(4),
        "the next one is judged by itself"
    );
    let bomb = run_within(&*sandbox, ":(){ :|:& };:; sleep 60", Duration::from_secs(3)).await;
    assert_ne!(bomb.reason, Reason::Exited(0));
    assert!(run(&*sandbox, "true").await.succeeded(), "nothing of the bomb is left");
    let greedy = run_within(
        &*sandbox,
        "head -c 300000000 /dev/zero > big; sleep 60",
        Duration::from_secs(50),
    )
    .await;
    assert_eq!(greedy.reason, Reason::DiskFull);
    sandbox.remove().await.unwrap();
}

#[tokio::test]
async fn a_sandbox_reaches_nothing_and_gains_no_rights() {
    let Some(engine) = engine().await else { return };
    let sandbox = made(&engine, &blueprint()).await;
    let ended = run(
        &*sandbox,
        "ls /sys/class/net; grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status",
    )
    .await;
    let words: Vec<&str> = ended.stdout.split_whitespace().collect();
    let none = "0000000000000000";
    assert_eq!(words, ["lo", "CapEff:", none, "CapBnd:", none, "NoNewPrivs:", "1"]);
    assert!(!run(&*sandbox, "mount -t tmpfs none /mnt").await.succeeded());
    sandbox.remove().await.unwrap();
    let mut open = blueprint();
    (open.network, open.rights) = (Network::All, Rights::Install);
    let sandbox = made(&engine, &open).await;
    let ended = run(&*sandbox, "ls /sys/class/net; touch f && chown 1000 f && echo owned").await;
    assert!(
        ended.stdout.contains("eth0") && ended.stdout.contains("owned"),
        "{ended:?}"
    );
    sandbox.remove().await.unwrap();
}

#[tokio::test]
async fn files_go_in_and_out_and_stay_in_an_image() {
    let Some(engine) = engine().await else { return };
    let mut told = blueprint();
    told.env.insert("TOLD".into(), "confidential".into());
    let sandbox = made(&engine, &told).await;
    assert_eq!(run(&*sandbox, "echo $TOLD").await.stdout, "confidential\n");
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(5);
    header.set_mode(0o644);
    archive
        .append_data(&mut header, "folder/file.txt", &b"hello"[..])
        .unwrap();
    sandbox.put("/work", archive.into_inner().unwrap()).await.unwrap();
    assert_eq!(run(&*sandbox, "cat folder/file.txt").await.stdout, "hello");
    let taken: Vec<Vec<u8>> = sandbox.take("/work/folder").try_collect().await.unwrap();
    let taken = taken.concat();
    let mut taken = tar::Archive::new(&taken[..]);
    let names: Vec<String> = taken
        .entries()
        .unwrap()
        .map(|it| it.unwrap().path().unwrap().display().to_string())
        .collect();
    // Engines differ in whether a folder ends in a slash.
    let names: Vec<&str> = names.iter().map(|name| name.trim_end_matches('/')).collect();
    assert_eq!(names, ["folder", "folder/file.txt"]);
    let none: Result<Vec<Vec<u8>>, _> = sandbox.take("/work/none").try_collect().await;
    assert_eq!(none.unwrap_err().kind, ErrorKind::Missing);
    assert!(
        sandbox
            .changes()
            .await
            .unwrap()
            .contains(&"/work/folder/file.txt".to_owned())
    );
    let name = format!("troupe-test/kept:{}", std::process::id());
    let digest = sandbox.commit(&name).await.unwrap();
    sandbox.remove().await.unwrap();
    assert_eq!(engine.image(&name).await.unwrap().as_ref(), Some(&digest));
    let kept = Blueprint {
        image: name.clone(),
        ..blueprint()
    };
    let sandbox = made(&engine, &kept).await;
    assert_eq!(run(&*sandbox, "cat folder/file.txt").await.stdout, "hello");
    sandbox.remove().await.unwrap();
    // What the sandbox was told and whose it was is nobody's business who starts the image.
    let config = engine
        .client
        .inspect_image(&name)
        .await
        .unwrap()
        .config
        .unwrap_or_default();
    assert!(!format!("{:?}", config.env).contains("confidential"), "{config:?}");
    let options = bollard::query_parameters::CreateContainerOptionsBuilder::new().build();
    let body = bollard::models::ContainerCreateBody {
        image: Some(name.clone()),
        ..Default::default()
    };
    let strange = engine.client.create_container(Some(options), body).await.unwrap().id;
    let ours = engine.labelled(OWNER).await.unwrap();
    let is_ours = ours.iter().any(|it| it.id.as_ref() == Some(&strange));
    assert!(!is_ours, "it is somebody else's");
    engine.remove(&strange).await.unwrap();
    engine.remove_image(&name).await.unwrap();
    engine.remove_image(&name).await.unwrap();
    assert_eq!(engine.image(&name).await.unwrap(), None);
}

#[tokio::test]
async fn an_image_that_is_nowhere_is_named() {
    let Some(engine) = engine().await else { return };
    let nowhere = Blueprint {
        image: "troupe-test/none:1".into(),
        env: BTreeMap::new(),
        ..blueprint()
    };
    let Err(error) = engine.create(&nowhere).await else {
        panic!("made of nothing")
    };
    assert_eq!(error.kind, ErrorKind::Missing);
    assert!(
        error
            .message
            .starts_with("there is no image `troupe-test/none:1` here, and it cannot be pulled: "),
        "{error}"
    );
}

#[tokio::test]
async fn only_what_nobody_owns_any_more_is_left_over() {
    let Some(engine) = engine().await else { return };
    let sandbox = made(&engine, &blueprint()).await;
    let left = engine.leftovers().await.unwrap();
    assert!(left.iter().all(|left| left.id != sandbox.id()), "its maker lives");
    sandbox.remove().await.unwrap();
}

#[tokio::test]
async fn no_engine_is_told_with_its_address() {
    let error = Docker::connect_to("unix:///nowhere/docker.sock").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(
        error
            .message
            .starts_with("no Docker engine answers at unix:///nowhere/docker.sock: "),
        "{error}"
    );
}

/// An engine that puts the program of these tests into sandboxes that may reach some hosts only.
async fn reaching() -> Option<Docker> {
    let forwarder = Forwarder::new(&crate::proxy::tests::FORWARDS);
    Some(engine().await?.reaching(forwarder, Upstream::default()))
}

/// Asks for a path over plain HTTP, with what bash has.
const ASK: &str = "ask() { exec 3<>/dev/tcp/127.0.0.1/3128; printf \"$1\" >&3; cat <&3; exec 3>&-; }; ";

#[tokio::test]
async fn listed_hosts_are_reached_by_the_proxy_and_nothing_in_another_way() {
    let Some(engine) = reaching().await else { return };
    let port = crate::proxy::tests::echo().await;
    let mut some = blueprint();
    let listed = format!("127.0.0.1:{port}").parse().unwrap();
    some.network = Network::Hosts(Hosts::new(vec![listed]));
    let sandbox = made(&engine, &some).await;
    let script = format!(
        "{ASK} ask 'CONNECT 127.0.0.1:{port} HTTP/1.1\\r\\n\\r\\nGET /a\\r\\n\\r\\n'; ls /sys/class/net; echo $HTTPS_PROXY"
    );
    let ended = run(&*sandbox, &script).await;
    let told = ended.stdout.replace('\r', "");
    assert!(
        told.contains("GET /a\n\n") && told.ends_with("lo\nhttp://127.0.0.1:3128\n"),
        "{ended:?}"
    );
    assert_eq!(ended.stderr, "");
    // What goes past the proxy reaches nothing, neither the host that is listed nor any other one.
    let past = format!(
        "for to in 127.0.0.1/{port} 172.17.0.1/{port} 192.0.2.1/80; do (exec 3<>/dev/tcp/$to) 2>/dev/null && echo $to; done; true"
    );
    assert_eq!(run(&*sandbox, &past).await.stdout, "");
    // Another one is refused, and the command's own output says so.
    let other = format!("{ASK} ask 'CONNECT example.com:443 HTTP/1.1\\r\\n\\r\\n'; echo told >&2; exit 3");
    let ended = run(&*sandbox, &other).await;
    assert_eq!(ended.reason, Reason::Exited(3));
    let told = format!(
        "told\nnetwork: example.com:443 was not reached: the sandbox's `network` lists only 127.0.0.1:{port}\n"
    );
    assert_eq!(ended.stderr, told);
    assert!(ended.stdout.starts_with("HTTP/1.1 403 Forbidden"), "{ended:?}");
    // Whoever ends the program in the sandbox has none until the next command, and whatever ends all of it begins anew.
    let again = format!("{ASK} ask 'CONNECT 127.0.0.1:{port} HTTP/1.1\\r\\n\\r\\nx\\r\\n\\r\\n' | tail -n 2");
    run(
        &*sandbox,
        "for p in /proc/[0-9]*; do p=${p#/proc/}; test $p = $$ -o $p = 1 || kill -9 $p; done 2>/dev/null",
    )
    .await;
    let ended = run(&*sandbox, &again).await;
    assert!(ended.stdout.contains('x'), "{ended:?}");
    assert_eq!(
        run_within(&*sandbox, "sleep 60", Duration::from_secs(1)).await.reason,
        Reason::Timeout
    );
    assert!(run(&*sandbox, &again).await.stdout.contains('x'));
    sandbox.remove().await.unwrap();
}
