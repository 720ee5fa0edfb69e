//! Rust: a toolchain, all crates fetched, and `cargo test`.

mod targets;

use super::facts::{Facts, base_name, folder_of};
use super::manifest;
use super::remedies::Era;
use super::script::{Script, quote};
use super::{Made, Plan, Runner, Unplanned};
use std::collections::BTreeSet;
use targets::{commands, joined};

/// Where a toolchain of our own lies, and what is built, which leaves the repository clean.
const BEGIN: &str = r"if [ -x /opt/cargo/bin/cargo ]; then
  export RUSTUP_HOME=/opt/rustup CARGO_HOME=/opt/cargo PATH=/opt/cargo/bin:$PATH
fi
export CARGO_TARGET_DIR=/opt/target CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0 CARGO_NET_RETRY=5
export CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS=fallback";

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
/// What no lock of the repository's own decides is taken as it was at a moment: cargo knows how, and does not show it yet.
const FETCH: &str = r#"newest=()
[ ! -x /opt/cargo/bin/rustup ] || newest=(+stable)
lock() {
  local days
  [ -n "$before" ] || return 0
  for days in $widenings; do
    RUSTC_BOOTSTRAP=1 cargo "${newest[@]}" generate-lockfile -Zunstable-options --publish-time "$(later "$days" "$before")" && return
  done
  echo "not locked as of $before"
  rm -f Cargo.lock
}
without_tests_own() {
  find . -name Cargo.toml -not -path './target/*' -exec perl -0pi -e 's/^\[dev-dependencies[^\]]*\]\n.*?(?=^\[|\z)//msg' {} +
}
git ls-files --error-unmatch Cargo.lock >/dev/null 2>&1 || { rm -f Cargo.lock && lock; }
cargo fetch || { rm -f Cargo.lock; lock; cargo fetch; } || { rm -f Cargo.lock; cargo fetch; } || { without_tests_own; cargo fetch; }"#;

/// Asks the registry when a version was published: cargo keeps what it was told of a crate.
const PUBLISHED: &str = r#"published() {
  (cd /tmp && cargo info -q "$1@$2" >/dev/null 2>&1) || true
  cat $(find "${CARGO_HOME:-$HOME/.cargo}/registry/index" -path "*/.cache/*/$(tr '[:upper:]' '[:lower:]' <<<"$1")") /dev/null |
    tr '\0' '\n' | sed 's/": "/":"/g' | grep -F "\"vers\":\"$2\"" | sed -n 's/.*"pubtime":"\([^"]*\)".*/\1/p' | head -n 1 || true
}"#;

/// The toolchain of the commit's time, where the newest did not do. Rust 1.1 came out on 2015-06-25, and another release
/// every six weeks since; those before 1.78 do not read the locks that are written now.
const TOOLCHAIN_OF_THEN: &str = r#"if [ -n "$before" ] && [ -x /opt/cargo/bin/rustup ]; then
  release=$((1 + ($(date -d "$before" +%s) - $(date -d 2015-06-25Z +%s)) / (42 * 86400)))
  if [ "$release" -lt 78 ]; then release=78; fi
  rustup -q toolchain install "1.$release" --profile minimal && rustup -q default "1.$release" || missed "Rust 1.$release"
fi"#;

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
    let entries = facts.toml(&joined(root, "Cargo.toml"));
    let field = |key: &str| manifest::value(&entries, "package", key);
    let named = field("name").zip(field("version"));
    let published = named.map(|(name, version)| format!("published {} {}", quote(name), quote(version)));
    let before = facts.before(&published.unwrap_or_default());
    if before.contains("published") {
        script.line(PUBLISHED);
    }
    script.line(before);
    if facts.remedies.era == Era::ThenWithTools && facts.made != Made::Unknown {
        script.line(TOOLCHAIN_OF_THEN);
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
