//! The loop, branch by branch on an engine that is told how commands end, and whole on a real one.

mod again;
mod fake;

use super::*;
use crate::docker::Docker;
use crate::environment::instance;
use fake::{Deed, Engine, exit};
use serde_json::json;
use troupe_core::port::sandbox::{Deaf, Ended};
use troupe_core::view::BuildView;

const BASE: &str = "base:1";
const TEST: &str = "--- /dev/null\n+++ b/tests/test_a.py\n@@ -0,0 +1 @@\n+import a\n";
const FIX: &str = "--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-a = 1\n+a = 2\n";

fn project(name: &str, created_at: &str) -> (tempfile::TempDir, Instance) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.py"), "a = 1\n").unwrap();
    std::fs::write(folder.path().join("setup.py"), format!("name = {name:?}\n")).unwrap();
    let record = json!({
        "instance_id": name, "path": folder.path(), "repo": "a/b", "created_at": created_at, "language": "Python",
        "test_patch": TEST, "patch": FIX,
    });
    let mut record = record.as_object().cloned().unwrap_or_default();
    record.insert("repo".into(), json!("a/b"));
    let instance = instance::instance(record, folder.path()).unwrap();
    (folder, instance)
}

fn options() -> Options {
    Options {
        base: BASE.into(),
        equipment: Equipment::default(),
        resources: Resources::default(),
        attempts: 3,
        repeats: 2,
        setup_timeout: Duration::from_secs(600),
        test_timeout: Duration::from_secs(60),
        reuse: true,
        keep_sources: false,
        place: "here".into(),
    }
}

fn builder(engine: &Engine) -> Builder {
    Builder {
        engine: Arc::new(engine.clone()),
        pool: Arc::new(engine.clone()),
        pending: Pending::default(),
        options: options(),
        asked_by: None,
        now_ms: || 7,
    }
}

async fn build(engine: &Engine, instance: &Instance) -> Built {
    let built = builder(engine).build(instance, &mut Deaf).await.unwrap();
    assert_eq!(engine.0.lock().unwrap().open, 0, "no sandbox is left open");
    built
}

#[tokio::test]
async fn what_fails_before_and_passes_after_twice_is_kept() {
    let engine = Engine::with_image(BASE);
    let (_folder, instance) = project("one", "2024-01-01T00:00:00Z");
    let built = build(&engine, &instance).await;
    assert_eq!((built.verdict, built.path), (Some(Verdict::FailToPass), Path::Scratch));
    assert_eq!(built.lists.fail_to_pass, ["tests/test_a.py::test_a"]);
    use Deed::*;
    let state = |deed| {
        if deed == After {
            vec![Apply, Apply, After]
        } else {
            vec![Apply, Before]
        }
    };
    let expected: Vec<Deed> = [vec![Setup], state(After), state(Before), state(After), state(Before)].concat();
    assert_eq!(engine.deeds(), expected);
    let kept = built.environment.unwrap();
    assert_eq!(engine.0.lock().unwrap().pool, std::slice::from_ref(&kept));
    assert!(
        kept.image.starts_with("troupe-env/one:") && kept.evaluation.contains("+import a\n"),
        "{kept:?}"
    );
    // A build that was cut off after its setup goes on there.
    engine.0.lock().unwrap().pool.clear();
    assert_eq!(build(&engine, &instance).await.environment.unwrap().image, kept.image);
    assert!(!engine.deeds().contains(&Setup));
}

#[tokio::test]
async fn a_missing_module_is_installed_in_the_next_attempt() {
    let engine = Engine::with_image(BASE);
    engine.tell(Deed::After, [exit(2, "ModuleNotFoundError: No module named 'yaml'\n")]);
    let (_folder, instance) = project("two", "");
    let built = build(&engine, &instance).await;
    assert_eq!(built.verdict, Some(Verdict::FailToPass));
    assert_eq!(built.attempts.len(), 2);
    let told = engine.0.lock().unwrap().told.clone();
    let mut view = BuildView::default();
    told.iter().for_each(|entry| view.fold(entry));
    let verdicts = view
        .attempts
        .iter()
        .map(|attempt| (attempt.verdict.as_deref(), attempt.verified));
    let expected = [(Some("fail_to_fail"), false), (Some("fail_to_pass"), true)];
    assert_eq!(verdicts.collect::<Vec<_>>(), expected);
    assert!(
        view.ending
            .is_some_and(|ending| ending.verified && ending.image.is_some())
    );
    use troupe_core::port::build::Command::*;
    let commands = |at: usize| {
        let commands = view.attempts[at].commands.iter();
        commands
            .map(|command| (command.command, command.code.unwrap()))
            .collect::<Vec<_>>()
    };
    let grown = [(Files, 0), (Setup, 0), (Keep, 0)];
    assert_eq!(commands(0), [&grown[..], &[(After(1), 2), (Before(1), 1)]].concat());
    let tested = [(After(1), 0), (Before(1), 1), (After(2), 0), (Before(2), 1)];
    assert_eq!(commands(1), [&grown[..], &tested].concat());
    assert!(!built.attempts[0].setup.contains("PyYAML") && built.attempts[1].setup.contains("PyYAML"));
    let world = engine.0.lock().unwrap();
    assert_eq!(
        world.images.len(),
        2,
        "the image that did not serve is gone: {:?}",
        world.images
    );
}

#[tokio::test]
async fn a_setup_that_goes_on_failing_is_told_by_its_log() {
    let engine = Engine::with_image(BASE);
    let fails = || exit(1, "E: Could not resolve host: nowhere\n");
    engine.tell(Deed::Setup, [fails(), fails(), fails(), fails()]);
    let (_folder, instance) = project("three", "");
    let built = build(&engine, &instance).await;
    assert_eq!((built.verdict, built.environment), (None, None));
    assert!(built.reason.starts_with("the setup fails: "), "{}", built.reason);
}

#[tokio::test]
async fn tests_that_fail_with_or_without_the_fix_are_left_out() {
    let engine = Engine::with_image(BASE);
    let other = "FAILED tests/test_b.py::test_b\n";
    engine.tell(
        Deed::After,
        [exit(1, &format!("PASSED tests/test_a.py::test_a\n{other}"))],
    );
    engine.tell(
        Deed::Before,
        [exit(1, &format!("FAILED tests/test_a.py::test_a\n{other}"))],
    );
    let (_folder, mut instance) = project("six", "");
    instance.tests = vec!["tests".into()];
    let built = build(&engine, &instance).await;
    assert_eq!(built.verdict, Some(Verdict::FailToPass), "{}", built.reason);
    assert!(built.attempts[0].test.contains("tests") && built.attempts[1].test.contains("tests/test_a.py"));
    assert_eq!(engine.deeds().iter().filter(|deed| **deed == Deed::Setup).count(), 1);
}

#[tokio::test]
async fn what_the_fix_will_depend_on_is_there_for_the_check() {
    let engine = Engine::with_image(BASE);
    let (_folder, mut instance) = project("seven", "");
    instance
        .fix_patch
        .push_str("--- a/setup.py\n+++ b/setup.py\n@@ -1 +1 @@\n-name = \"seven\"\n+requires = []\n");
    assert_eq!(build(&engine, &instance).await.verdict, Some(Verdict::FailToPass));
    use Deed::*;
    assert_eq!(engine.deeds()[..4], [Setup, Apply, Apply, Setup]);
}

#[tokio::test]
async fn a_patch_that_does_not_apply_is_named() {
    let engine = Engine::with_image(BASE);
    let refused = Ended {
        stderr: "error: a.py: patch does not apply\n".into(),
        ..exit(1, "")
    };
    engine.tell(Deed::Apply, [refused]);
    let (_folder, instance) = project("four", "");
    let built = build(&engine, &instance).await;
    assert_eq!(
        built.reason,
        "`patch` does not apply: error: a.py: patch does not apply"
    );
    assert_eq!(engine.0.lock().unwrap().images.len(), 1);
}

#[tokio::test]
async fn tests_that_take_too_long_are_not_tried_again() {
    let engine = Engine::with_image(BASE);
    let slow = Ended {
        reason: troupe_core::port::sandbox::Reason::Timeout,
        ..exit(0, "")
    };
    engine.tell(Deed::After, [slow]);
    let (_folder, instance) = project("five", "");
    let built = build(&engine, &instance).await;
    assert_eq!(built.verdict, Some(Verdict::FailToFail));
    assert_eq!(built.reason, "the tests take longer than they may, with the fix too");
    assert_eq!(built.attempts.len(), 1);
}

#[tokio::test]
async fn the_next_commit_grows_from_the_last_one() {
    let engine = Engine::with_image(BASE);
    let (_one, newer) = project("newer", "2024-02-01T00:00:00Z");
    let (_two, older) = project("older", "2024-01-01T00:00:00Z");
    let parent = build(&engine, &newer).await.environment.unwrap();
    engine.deeds();
    let built = build(&engine, &older).await;
    assert_eq!(built.path, Path::Unchanged);
    assert!(!engine.deeds().contains(&Deed::Setup), "it does as it is");
    let environment = built.environment.unwrap();
    assert_eq!(environment.parent, Some(parent.image));
    assert_eq!((environment.setup, environment.delta), (parent.setup, None));
}

#[tokio::test]
async fn a_parent_that_lacks_something_gets_it_and_the_check_is_the_same() {
    let engine = Engine::with_image(BASE);
    let (_one, newer) = project("newer", "2024-02-01T00:00:00Z");
    let (_two, older) = project("older", "2024-01-01T00:00:00Z");
    build(&engine, &newer).await;
    engine.tell(Deed::After, [exit(2, "ModuleNotFoundError: No module named 'yaml'\n")]);
    let built = build(&engine, &older).await;
    assert_eq!(built.path, Path::Patched);
    assert!(built.environment.unwrap().delta.is_some());
}

#[tokio::test]
async fn a_parent_that_does_not_serve_or_is_gone_is_no_loss() {
    let engine = Engine::with_image(BASE);
    let (_one, newer) = project("newer", "2024-02-01T00:00:00Z");
    let (_two, older) = project("older", "2024-01-01T00:00:00Z");
    let parent = build(&engine, &newer).await.environment.unwrap();
    let passes = || exit(0, "PASSED tests/test_a.py::test_a\n");
    engine.tell(Deed::Before, [passes(), passes()]);
    assert_eq!(build(&engine, &older).await.path, Path::Scratch);
    let (_three, oldest) = project("oldest", "2023-01-01T00:00:00Z");
    engine.0.lock().unwrap().images = [BASE.to_owned()].into();
    assert_eq!(build(&engine, &oldest).await.path, Path::Scratch);
    assert!(
        engine.0.lock().unwrap().pool.iter().all(|it| it.image != parent.image),
        "nobody finds it again"
    );
}

/// A program of Perl, which the image for tests has; its test fails until the fix.
#[tokio::test]
async fn an_environment_is_built_and_verified_on_a_real_engine() {
    let Some(image) = std::env::var_os("TROUPE_TEST_IMAGE") else {
        return println!("passed over: TROUPE_TEST_IMAGE names no image");
    };
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    std::fs::create_dir(folder.path().join("t")).unwrap();
    put(
        "Sum.pm",
        "package Sum;\nour $VERSION = '1';\nsub sum { return $_[0] - $_[1] }\n1;\n",
    );
    put(
        "Makefile.PL",
        "use ExtUtils::MakeMaker;\nWriteMakefile(NAME => 'Sum', VERSION_FROM => 'Sum.pm');\n",
    );
    put(
        "t/load.t",
        "use Test::More tests => 1;\nuse lib '.';\nrequire_ok('Sum');\n",
    );
    let test = "--- /dev/null\n+++ b/t/sum.t\n@@ -0,0 +1,4 @@\n+use Test::More tests => 1;\n+use lib '.';\n+use Sum;\n+is(Sum::sum(1, 2), 3);\n";
    let fix = "--- a/Sum.pm\n+++ b/Sum.pm\n@@ -1,4 +1,4 @@\n package Sum;\n our $VERSION = '1';\n-sub sum { return $_[0] - $_[1] }\n+sub sum { return $_[0] + $_[1] }\n 1;\n";
    let record = json!({
        "instance_id": format!("perl-{}", std::process::id()), "path": folder.path(), "language": "Perl",
        "test_patch": test, "patch": fix, "test_files": ["t"],
    });
    let instance = instance::instance(record.as_object().cloned().unwrap_or_default(), folder.path()).unwrap();
    let engine = Docker::connect().await.unwrap();
    let builder = Builder {
        engine: Arc::new(engine.clone()),
        pool: Arc::new(Engine::default()),
        pending: Pending::default(),
        options: Options {
            base: image.to_string_lossy().into_owned(),
            ..options()
        },
        asked_by: None,
        now_ms: || 7,
    };
    let built = builder.build(&instance, &mut Deaf).await.unwrap();
    assert_eq!(built.verdict, Some(Verdict::FailToPass), "{}", built.reason);
    assert_eq!(
        (built.lists.fail_to_pass, built.lists.pass_to_pass),
        (vec!["t/sum.t".into()], vec!["t/load.t".into()])
    );
    engine.remove_image(&built.environment.unwrap().image).await.unwrap();
    // Whoever stops waiting leaves nothing at work.
    let given = Given {
        setup: "sleep 900".into(),
        test: "true".into(),
        runner: Runner::ExitCode,
    };
    let mut deaf = Deaf;
    let broken_off = builder.build_as(&instance, Some(&given), &mut deaf);
    assert!(tokio::time::timeout(Duration::from_secs(4), broken_off).await.is_err());
    builder.pending.settle().await;
    let owner = format!("troupe.owner={}", owner(&instance.id, &builder.options.place));
    assert!(engine.labelled(&owner).await.unwrap().is_empty());
}
