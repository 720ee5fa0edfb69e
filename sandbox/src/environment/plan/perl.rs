//! Perl: modules from Debian's packages, and `prove`.

use super::facts::{Facts, base_name, ends_in};
use super::script::{Script, quote, words};
use super::{Plan, Runner, Unplanned, debian, manifest};
use std::collections::BTreeSet;

/// Notes the package of a module where the module is missing.
const MODULE: &str = r#"missing=()
module() {
  perl -e 'eval "require $ARGV[0]; 1" or exit 1' "$1" 2>/dev/null || missing+=("$2")
}"#;

/// Test files that are read for modules, where no manifest names any.
const READ_TESTS: usize = 200;

/// Plans for a Perl distribution.
pub(super) fn plan(facts: &Facts<'_>) -> Result<Plan, Unplanned> {
    let chosen = facts.select(|path| ends_in(path, &["t"]));
    let all = ["t", "test", "tests"]
        .into_iter()
        .find(|folder| facts.below(folder).any(|it| ends_in(it, &["t"])));
    let paths = match (chosen.is_all(), all) {
        (false, _) => words(chosen.paths()),
        (true, Some(folder)) => folder.to_owned(),
        (true, None) if facts.has("test.pl") => "test.pl".to_owned(),
        (true, None) => return Err(Unplanned::NoTests(facts.language)),
    };
    let reasons = vec![format!("prove runs {paths}")];
    Ok(Plan {
        setup: setup(facts),
        test: test(facts, &paths),
        runner: Runner::Prove,
        reasons,
    })
}

fn setup(facts: &Facts<'_>) -> String {
    let mut script = Script::setup();
    // The base system's perl lacks `prove` and most core modules.
    script.line("command -v prove >/dev/null && perl -MTest::More -e 1 2>/dev/null || packages perl");
    if compiled(facts) {
        script.program("cc", &["build-essential"]).program("make", &["make"]);
        script.wishes(&["libperl-dev"]);
    }
    script.program("make", &["make"]);
    script.wishes(&facts.remedies.packages);
    script.line(MODULE);
    for name in modules(facts) {
        script.line(format!("module {} {}", quote(&name), quote(&package(&name))));
    }
    script.line("[ \"${#missing[@]}\" -eq 0 ] || wishes \"${missing[@]}\"");
    let builds = build(facts);
    if !builds.is_empty() {
        script.line(format!("({}) || echo 'not built yet'", builds.join(" && ")));
    }
    script.finish()
}

fn test(facts: &Facts<'_>, paths: &str) -> String {
    let mut script = Script::test();
    script.line("export PERL_USE_UNSAFE_INC=1");
    let builds = build(facts);
    if compiled(facts) {
        script.line(format!("({}) >/dev/null || exit 1", builds.join(" && ")));
    } else if !builds.is_empty() {
        script.line(format!("({}) >/dev/null 2>&1 || echo 'not built'", builds.join(" && ")));
    }
    let built = if builds.is_empty() { "" } else { " -b" };
    // What was not built is found where it lies.
    let command = match facts.remedies.simpler {
        0 => format!("prove -r{built} -l {paths}"),
        1 => format!("prove -r -I. -It/lib -l{built} {paths}"),
        _ => format!("prove -r -l {paths}"),
    };
    script.attempt(command).finish()
}

/// Commands that build the distribution.
fn build(facts: &Facts<'_>) -> Vec<&'static str> {
    if facts.has("Build.PL") && !facts.has("Makefile.PL") {
        return vec!["perl Build.PL", "./Build"];
    }
    if facts.has("Makefile.PL") {
        return vec!["perl Makefile.PL </dev/null", "make"];
    }
    Vec::new()
}

fn compiled(facts: &Facts<'_>) -> bool {
    facts.own().any(|path| ends_in(path, &["xs", "c"]))
}

/// Modules that manifests name for running, building and testing; those that tests use, where none does.
fn modules(facts: &Facts<'_>) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = facts.remedies.modules.iter().cloned().collect();
    let meta: serde_json::Value = serde_json::from_str(&facts.read("META.json")).unwrap_or_default();
    for phase in ["configure", "build", "runtime", "test"] {
        for kind in ["requires", "recommends"] {
            let named = meta["prereqs"][phase][kind].as_object();
            found.extend(named.into_iter().flatten().map(|(name, _)| name.clone()));
        }
    }
    if !facts.has("META.json") {
        found.extend(required(&facts.read("cpanfile")));
    }
    let makefile = facts.read("Makefile.PL");
    for key in ["PREREQ_PM", "BUILD_REQUIRES", "TEST_REQUIRES", "CONFIGURE_REQUIRES"] {
        let inside = manifest::bracketed(&makefile.replace("=>", "="), key)
            .map(str::to_owned)
            .unwrap_or_default();
        found.extend(manifest::strings(&inside));
    }
    for text in facts.texts(READ_TESTS, |path| {
        ends_in(path, &["t"]) || base_name(path) == "Build.PL"
    }) {
        for line in text.lines().map(str::trim_start) {
            let used = line.strip_prefix("use ").and_then(|it| it.split([' ', ';']).next());
            found.extend(used.filter(|it| it.contains("::")).map(str::to_owned));
        }
    }
    let core = ["perl", "strict", "warnings", "lib"];
    found.retain(|name| is_module(name) && !core.contains(&name.as_str()));
    found
}

/// Modules that a `cpanfile` requires, but for developing.
fn required(text: &str) -> Vec<String> {
    let mut develops = false;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("on ") {
            develops = line.contains("develop");
        } else if line.starts_with("};") {
            develops = false;
        } else if !develops && (line.starts_with("requires") || line.starts_with("test_requires")) {
            found.extend(manifest::strings(line).into_iter().next());
        }
    }
    found
}

fn is_module(name: &str) -> bool {
    let letters = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == ':';
    name.starts_with(|first: char| first.is_ascii_alphabetic()) && name.chars().all(letters)
}

/// Debian's name for a module's package.
fn package(module: &str) -> String {
    let name = module.to_ascii_lowercase().replace("::", "-").replace('_', "-");
    debian::valid([format!("lib{name}-perl")]).pop().unwrap_or_default()
}
