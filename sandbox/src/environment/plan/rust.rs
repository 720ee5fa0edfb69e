//! Rust: a toolchain, all crates fetched, and `cargo test`.

use super::facts::{Facts, Selection, base_name, folder_of, stem};
use super::manifest::{self, Entry};
use super::script::{Script, quote, words};
use super::{Plan, Runner, Unplanned};
use std::collections::{BTreeMap, BTreeSet};

/// Where a toolchain of our own lies, and what is built, which leaves the repository clean.
const BEGIN: &str = r"if [ -x /opt/cargo/bin/cargo ]; then
  export RUSTUP_HOME=/opt/rustup CARGO_HOME=/opt/cargo PATH=/opt/cargo/bin:$PATH
fi
export CARGO_TARGET_DIR=/opt/target CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0 CARGO_NET_RETRY=5";

/// Debian's toolchain is too old for many crates: the language's own installer comes first, and then the newer one
/// that Debian builds its browsers with.
const TOOLCHAIN: &str = r#"if ! command -v cargo >/dev/null; then
  program curl curl
  installer=${RUSTUP_UPDATE_ROOT:-https://static.rust-lang.org/rustup}/rustup-init.sh
  export RUSTUP_HOME=/opt/rustup CARGO_HOME=/opt/cargo
  if curl -sSfL --retry 3 "$installer" -o /tmp/rustup-init.sh &&
    sh /tmp/rustup-init.sh -y -q --profile minimal --no-modify-path; then
    export PATH=/opt/cargo/bin:$PATH
  else
    unset RUSTUP_HOME CARGO_HOME
    packages cargo-web rustc-web || packages cargo
  fi
fi"#;

/// Fetches crates; without a lock that is too new for the toolchain, and then without dependencies of tests that are.
const FETCH: &str = r#"without_tests_own() {
  find . -name Cargo.toml -not -path './target/*' -exec perl -0pi -e 's/^\[dev-dependencies[^\]]*\]\n.*?(?=^\[|\z)//msg' {} +
}
cargo fetch || { rm -f Cargo.lock; cargo fetch; } || { without_tests_own; cargo fetch; }"#;

/// Libraries that crates bind to, and their packages.
const BOUND: [(&str, &[&str]); 9] = [
    ("openssl-sys", &["libssl-dev", "pkg-config"]),
    ("libz-sys", &["zlib1g-dev", "pkg-config"]),
    ("libsqlite3-sys", &["libsqlite3-dev", "pkg-config"]),
    ("libgit2-sys", &["cmake", "pkg-config", "libssl-dev"]),
    ("bindgen", &["libclang-dev"]),
    ("cmake", &["cmake"]),
    ("prost-build", &["protobuf-compiler"]),
    ("alsa-sys", &["libasound2-dev", "pkg-config"]),
    ("libudev-sys", &["libudev-dev", "pkg-config"]),
];

/// Plans for a package or a workspace of Cargo.
pub(super) fn plan(facts: &Facts<'_>) -> Result<Plan, Unplanned> {
    if !facts.has("Cargo.toml") && !facts.own().any(|path| base_name(path) == "Cargo.toml") {
        return Err(Unplanned::NoTests(facts.language));
    }
    let root = root(facts);
    let mut commands = match facts.remedies.simpler {
        0 => commands(facts, &root),
        _ => Vec::new(),
    };
    if commands.is_empty() {
        commands.push(
            if facts.remedies.simpler > 1 {
                "--workspace --all-features"
            } else {
                "--workspace"
            }
            .to_owned(),
        );
    }
    let reasons = commands.iter().map(|it| format!("cargo test {it}")).collect();
    let mut script = Script::test();
    script.line(BEGIN).line("export CARGO_NET_OFFLINE=true");
    script.lines(flags(facts));
    if !root.is_empty() {
        script.line(format!("cd {} || exit 1", quote(&root)));
    }
    for command in &commands {
        script.attempt(format!("cargo test --no-fail-fast {command}"));
    }
    Ok(Plan {
        language: facts.language,
        setup: setup(facts, &root),
        test: script.finish(),
        runner: Runner::Cargo,
        reasons,
    })
}

fn setup(facts: &Facts<'_>, root: &str) -> String {
    let mut script = Script::setup();
    script.line(BEGIN);
    script.program("cc", &["gcc", "libc6-dev"]);
    let named = format!("{}{}", facts.read("Cargo.lock"), facts.read("Cargo.toml"));
    let bound = BOUND.iter().filter(|(name, _)| named.contains(&format!("\"{name}\"")));
    let packages: BTreeSet<&str> = bound.flat_map(|(_, packages)| packages.iter().copied()).collect();
    script.wishes(&packages.into_iter().collect::<Vec<_>>());
    script.wishes(&facts.remedies.packages);
    script.line(TOOLCHAIN);
    if !root.is_empty() {
        script.line(format!("cd {}", quote(root)));
    }
    for module in &facts.remedies.modules {
        let name = module.replace('_', "-");
        script.line(format!("cargo add --dev {0} || echo 'no crate:' {0}", quote(&name)));
    }
    script.line(FETCH).lines(flags(facts));
    script.line("cargo test --workspace --no-run || echo 'not all tests compile yet'");
    script.finish()
}

/// Gentler ways of building, after failures.
fn flags(facts: &Facts<'_>) -> Vec<&'static str> {
    let mut lines = Vec::new();
    if facts.remedies.single {
        lines.push("export CARGO_BUILD_JOBS=1");
    }
    if facts.remedies.builds > 0 {
        lines.push("export RUSTFLAGS=--cap-lints=warn");
    }
    lines
}

/// The folder of the outermost manifest.
fn root(facts: &Facts<'_>) -> String {
    let manifests = facts.own().filter(|path| base_name(path) == "Cargo.toml");
    manifests
        .map(folder_of)
        .min_by_key(|folder| folder.len())
        .unwrap_or_default()
        .to_owned()
}

/// What follows `cargo test` for the asked tests, for each package.
fn commands(facts: &Facts<'_>, root: &str) -> Vec<String> {
    let chosen = facts.select(|path| path.ends_with(".rs"));
    let mut targets: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in chosen.paths() {
        let home = package_folder(facts, path);
        let inside = path.strip_prefix(&home).unwrap_or(path).trim_start_matches('/');
        let wanted = targets.entry(home.clone()).or_default();
        wanted.extend(target(facts, &home, inside, &chosen));
    }
    let mut commands = Vec::new();
    for (home, wanted) in targets {
        let entries = facts.toml(&joined(&home, "Cargo.toml"));
        let package = match manifest::value(&entries, "package", "name") {
            Some(name) if home != root => format!("-p {} ", quote(name)),
            _ => String::new(),
        };
        // All tests of a package have the chosen ones among them.
        let all = wanted.contains("--tests");
        let wanted: Vec<&str> = wanted
            .iter()
            .map(String::as_str)
            .filter(|it| !all || *it == "--tests")
            .collect();
        commands.push(format!("{package}{}{}", wanted.join(" "), features(&entries, &wanted)));
    }
    commands
}

/// The target that a path belongs to.
fn target(facts: &Facts<'_>, home: &str, inside: &str, chosen: &Selection) -> Option<String> {
    let entries = facts.toml(&joined(home, "Cargo.toml"));
    if let Some(name) = declared(&entries, inside) {
        return Some(format!("--test {}", quote(&name)));
    }
    let parts: Vec<&str> = inside.split('/').collect();
    match parts.as_slice() {
        ["tests", file] if file.ends_with(".rs") => Some(format!("--test {}", quote(stem(file)))),
        ["tests", folder, rest @ ..] => {
            let main = joined(home, &format!("tests/{folder}/main.rs"));
            let added = chosen.files.contains(&main);
            if facts.has(&main) || added {
                return Some(format!("--test {}", quote(folder)));
            }
            // A module that tests share: which of them use it is not known.
            (rest.is_empty() || chosen.files.len() == 1).then(|| "--tests".to_owned())
        }
        ["benches" | "examples", ..] => None,
        _ => Some("--tests".to_owned()),
    }
}

/// The name that a manifest gives to the test at a path.
fn declared(entries: &[Entry], inside: &str) -> Option<String> {
    let tests = || entries.iter().filter(|it| it.table == "test");
    let at = tests().find(|it| it.key == "path" && it.strings().first().is_some_and(|path| path == inside))?;
    let name = tests().find(|it| it.place == at.place && it.key == "name")?;
    name.strings().into_iter().next()
}

/// Features that the chosen tests require.
fn features(entries: &[Entry], wanted: &[&str]) -> String {
    let tests = || entries.iter().filter(|it| it.table == "test");
    let required = tests().filter(|it| it.key == "required-features").filter(|it| {
        let mut names = tests().filter(|other| other.place == it.place && other.key == "name");
        let name = names
            .next()
            .and_then(|name| name.strings().into_iter().next())
            .unwrap_or_default();
        wanted.contains(&"--tests") || wanted.contains(&format!("--test {}", quote(&name)).as_str())
    });
    let names: BTreeSet<String> = required.flat_map(Entry::strings).collect();
    if names.is_empty() {
        return String::new();
    }
    format!(
        " --features {}",
        words([names.into_iter().collect::<Vec<_>>().join(",")])
    )
}

/// The folder of the package that a file belongs to.
fn package_folder(facts: &Facts<'_>, path: &str) -> String {
    let mut folder = path;
    loop {
        if facts
            .toml(&joined(folder, "Cargo.toml"))
            .iter()
            .any(|it| it.table == "package")
        {
            return folder.to_owned();
        }
        if folder.is_empty() {
            return String::new();
        }
        folder = folder_of(folder);
    }
}

fn joined(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}
