//! JavaScript and TypeScript: Node, the project's packages, and the tool that its scripts name.

mod command;
mod scripts;

use super::facts::{Facts, base_name, ends_in, is_aside};
use super::remedies::Era;
use super::script::{Script, quote, words};
use super::{Made, Plan, Unplanned};
use command::ENDINGS;
use scripts::{Package, Tool};

/// What both scripts begin with.
const BEGIN: &str = "export CI=1 NO_COLOR=1 FORCE_COLOR=0 PATH=$PWD/node_modules/.bin:$PATH
export npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false npm_config_fetch_retries=5";

/// Installs packages by gentler ways until one works.
const INSTALL: &str = r#"later_on() {
  [ -n "$before" ] && npm_config_before=$(later 365 "$before") "$@"
}
install() {
  npm install $unlocked "$@" || npm install $unlocked --legacy-peer-deps "$@" ||
    later_on npm install $unlocked --legacy-peer-deps "$@" ||
    env -u npm_config_before npm install $unlocked --legacy-peer-deps "$@" ||
    npm install $unlocked --force --ignore-scripts "$@" || used "$@" || pieces "$@"
}
# Where one package cannot be had, those that the project's files use do without the others.
used() {
  local more=() one
  [ "${#named[@]}" -gt 0 ] && [ "${#named[@]}" -lt "${#wanted[@]}" ] || return 1
  for one in "$@"; do case $one in -*) ;; *) more+=("$one") ;; esac; done
  mkdir -p /opt/pieces
  [ -f /opt/pieces/package.json ] || echo '{}' >/opt/pieces/package.json
  (cd /opt/pieces && { npm install --legacy-peer-deps "${named[@]}" "${more[@]}" ||
    env -u npm_config_before npm install --legacy-peer-deps "${named[@]}" "${more[@]}"; }) || return 1
  ln -sfnT /opt/pieces/node_modules node_modules
}
# Where one package cannot be had, the others are installed on their own.
pieces() {
  local piece
  mkdir -p /opt/pieces
  [ -f /opt/pieces/package.json ] || echo '{}' >/opt/pieces/package.json
  for piece in "${wanted[@]}" "$@"; do
    case $piece in -*) continue ;; esac
    (cd /opt/pieces && npm install --legacy-peer-deps "$piece") || echo "not installed: $piece"
  done
  ln -sfnT /opt/pieces/node_modules node_modules
}"#;

/// Asks the registry when a version was published; prints nothing where it does not say.
const PUBLISHED: &str = r#"published() {
  npm view "$1@$2" time --json 2>/dev/null | node -e '
    const times = JSON.parse(require("fs").readFileSync(0, "utf8") || "{}");
    console.log(times[process.argv[1]] || "");' "$2" || true
}"#;

/// Installs Node as a package where the image's is not of the versions that are asked for. One that npm does not run on
/// is taken back.
const NODE: &str = r#"node_of() {
  NODE_PATH=/usr/share/nodejs:$(npm root -g)/npm/node_modules node -e \
    'process.exit(require("semver").satisfies(process.version, process.argv[1]) ? 0 : 1)' "$1" 2>/dev/null && return
  if npm install -g "node@$1" && hash -r && npm --version >/dev/null; then return; fi
  npm uninstall -g node >/dev/null 2>&1 || rm -rf "$(npm root -g)/node" "$(npm prefix -g)/bin/node"
  hash -r
  missed "Node $1"
}"#;

/// The oldest Node that the image's npm runs on.
const OLDEST_NODE: &str = "14.17.0";

/// Plans for a package of npm.
pub(super) fn plan(facts: &Facts<'_>) -> Result<Plan, Unplanned> {
    let package = Package::of(facts);
    let chosen = facts.select(is_test);
    let tool = package
        .tool()
        .or_else(|| facts.own().any(is_test).then_some(Tool::Files));
    let tool = tool.ok_or(Unplanned::NoTests(facts.language))?;
    let (_, paths) = package.arguments(tool);
    let compiled = paths.iter().any(|path| is_compiled(facts, path));
    let has_script = package.script("test").is_some();
    let tool = if has_script && (facts.remedies.simpler > 0 || compiled) {
        Tool::Script
    } else {
        tool
    };
    let builds = build(facts, &package, tool);
    let mut script = Script::test();
    script.line(BEGIN);
    for build in &builds {
        // What was built before would be tested where building fails.
        let failed = if facts.remedies.builds > 0 {
            "echo 'built with errors'"
        } else {
            "rc=1"
        };
        script.line(format!("{build} || {failed}"));
    }
    let runner = command::add(&mut script, facts, &package, tool, &chosen);
    let mut reasons = vec![format!("tests run with {tool:?}")];
    if !chosen.is_all() && tool != Tool::Script {
        reasons.push(format!("it runs {}", chosen.paths().join(", ")));
    }
    reasons.extend(builds.iter().map(|it| format!("{it} comes before the tests")));
    Ok(Plan {
        setup: setup(facts, &package, &builds),
        test: script.finish(),
        runner,
        reasons,
    })
}

fn setup(facts: &Facts<'_>, package: &Package, builds: &[String]) -> String {
    let mut script = Script::setup();
    script.program("node", &["nodejs"]).program("npm", &["npm"]);
    script.wishes(&facts.remedies.packages);
    script.line(BEGIN);
    node(&mut script, facts, package);
    let locked = facts.first_of(&["package-lock.json", "npm-shrinkwrap.json"]).is_some();
    script
        .line(if locked {
            "unlocked="
        } else {
            "unlocked=--no-package-lock"
        })
        .line(INSTALL);
    script.line(format!("wanted=({})", words(package.dependencies())));
    script.line(format!("named=({})", words(package.used(facts))));
    if !facts.has("package.json") {
        script.line("[ -f package.json ] || echo '{\"private\": true}' >package.json");
    }
    script.line(if facts.has("pnpm-lock.yaml") {
        "{ env -u npm_config_before npm install -g pnpm@9 && pnpm install --no-frozen-lockfile; } || install"
    } else if facts.has("yarn.lock") {
        "{ env -u npm_config_before npm install -g yarn@1 && yarn install --non-interactive --ignore-engines; } || install"
    } else if locked {
        "npm ci || install"
    } else {
        "install"
    });
    for module in facts.remedies.modules.iter().filter_map(|module| distribution(module)) {
        script.line(format!(
            "install --no-save {0} || echo 'not installed:' {0}",
            quote(&module)
        ));
    }
    for build in builds {
        script.line(format!("{build} || echo 'not built yet'"));
    }
    script.finish()
}

/// Node as the project asks for it, and packages that are no newer than the commit.
fn node(script: &mut Script, facts: &Facts<'_>, package: &Package) {
    let published = package
        .named()
        .map(|(name, version)| format!("published {} {}", quote(name), quote(version)));
    let before = facts.before(&published.unwrap_or_default());
    if before.contains("published") {
        script.line(PUBLISHED);
    }
    script.line(before).line(NODE);
    if let Some(range) = package.node() {
        script.line(format!("node_of {}", quote(range)));
    }
    script.line("if [ -n \"$before\" ]; then export npm_config_before=$before; echo \"as of $before\"; fi");
    if facts.remedies.era == Era::ThenWithTools && facts.made != Made::Unknown {
        script.line(format!(
            "npm install -g 'node@>={OLDEST_NODE}' && hash -r && npm --version >/dev/null || echo 'the node of now'"
        ));
    }
}

/// What has to be built before the tests, and is not by the project's own script.
fn build(facts: &Facts<'_>, package: &Package, tool: Tool) -> Vec<String> {
    if tool == Tool::Script {
        return Vec::new();
    }
    let named = |name: &str| package.words.iter().any(|word| word == name);
    let known = ["build", "compile", "build:ts", "tsc"];
    let mut asked = known
        .iter()
        .filter(|name| package.script(name).is_some() && named(name));
    if let Some(name) = asked.next() {
        return vec![format!("npm run {name}")];
    }
    if named("tsc") {
        return vec!["npx --no-install tsc".to_owned()];
    }
    let folders = ["dist", "build", "out", "lib", "es"];
    let made: Vec<&str> = folders.into_iter().filter(|folder| !facts.is_folder(folder)).collect();
    let uses = |text: &String| {
        let from = |folder: &&str| {
            ["../", "./"]
                .iter()
                .any(|up| text.contains(&format!("{up}{folder}/")) || text.contains(&format!("{up}{folder}'")))
        };
        made.iter().any(from)
    };
    let main = facts.read("package.json");
    let main_is_made = made.iter().any(|folder| main.contains(&format!("{folder}/")));
    let self_use = |text: &String| {
        ["'..'", "\"..\"", "'../'", "\"../\""]
            .iter()
            .any(|it| text.contains(it))
    };
    let needed = facts
        .texts(100, is_test)
        .any(|text| uses(&text) || main_is_made && self_use(&text));
    let script = ["build", "compile", "prepare", "prepublish"]
        .into_iter()
        .find(|name| package.script(name).is_some());
    script
        .filter(|_| needed)
        .map(|name| vec![format!("npm run {name}")])
        .unwrap_or_default()
}

/// Whether a script's path is about what a compiler writes.
fn is_compiled(facts: &Facts<'_>, path: &str) -> bool {
    let path = path.trim_start_matches("./");
    let first = path.split('/').next().unwrap_or(path);
    let written = ["dist", "build", "out", "lib", "compiled", "tmp", ".tmp", "es"];
    path.contains('/') && written.contains(&first) && !facts.is_folder(first)
}

/// The package that a module is in; none for files and for Node's own.
fn distribution(module: &str) -> Option<String> {
    if module.starts_with(['.', '/']) || module.starts_with("node:") {
        return None;
    }
    let parts = if module.starts_with('@') { 2 } else { 1 };
    let name = module.split('/').take(parts).collect::<Vec<_>>().join("/");
    (!name.starts_with('-')).then_some(name)
}

/// Whether a file is named or placed as tests are.
fn is_test(path: &str) -> bool {
    if !ends_in(path, &ENDINGS) || path.ends_with(".d.ts") || is_aside(path) {
        return false;
    }
    let name = base_name(path);
    let stem = name.split('.').next().unwrap_or(name);
    let named = name.contains(".test.") || name.contains(".spec.") || stem == "test" || stem == "tests";
    let marked = ["-test", "_test", "-spec", "_spec"]
        .iter()
        .any(|end| stem.ends_with(end));
    let folders = ["test", "tests", "__tests__", "spec", "specs"];
    let mut above = path.split('/').rev().skip(1);
    let placed = above.any(|folder| folders.contains(&folder));
    let helper = ["helper", "helpers", "util", "utils", "setup", "common", "support"].contains(&stem);
    let configured = name.contains(".config.") || name.contains(".setup.");
    !helper && !configured && (named || marked || placed)
}
