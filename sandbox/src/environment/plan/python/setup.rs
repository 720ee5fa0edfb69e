//! The setup of a Python project: an interpreter, a virtual environment, and what existed when the commit was made.

use super::requirements::Requirements;
use super::{BEGIN, READ_TESTS, distributions, is_native, is_package, is_test, version};
use crate::environment::plan::facts::{Facts, base_name, unique};
use crate::environment::plan::manifest;
use crate::environment::plan::remedies::Era;
use crate::environment::plan::script::{Script, quote, words};

/// uv knows how to install what existed at a time, and what interpreters there are. It lies apart from the project's
/// environment, and asks the index that pip is told of.
const TOOLS: &str = r#"export UV_CACHE_DIR=/tmp/uv-cache UV_LINK_MODE=copy UV_HTTP_TIMEOUT=180 UV_PYTHON_INSTALL_DIR=/opt/python
export PIP_NO_CACHE_DIR=1 PIP_DEFAULT_TIMEOUT=180
[ -x /opt/uv/bin/uv ] || { python3 -m venv /opt/uv && /opt/uv/bin/pip install -q uv; } || echo 'there is no uv: pip installs the newest'
index=${PIP_INDEX_URL:-$(/opt/uv/bin/pip config get global.index-url 2>/dev/null || true)}
if [ -n "$index" ]; then export UV_DEFAULT_INDEX=$index; fi"#;

/// Asks the index when a version was published; prints nothing where it does not say.
const PUBLISHED: &str = r#"published() {
  UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-} /opt/uv/bin/python - "$@" <<'END_OF_FILE' || true
import json, os, re, sys, urllib.request
from pip._internal.models.index import PyPI
name, version = re.sub(r"[-_.]+", "-", sys.argv[1]).lower(), sys.argv[2]
index = os.environ["UV_DEFAULT_INDEX"] or PyPI.simple_url
asked = urllib.request.Request(f"{index.rstrip('/')}/{name}/", headers={"Accept": "application/vnd.pypi.simple.v1+json"})
files = json.load(urllib.request.urlopen(asked, timeout=60))["files"]
mine = (it for it in files if f"-{version}." in it["filename"] or f"-{version}-" in it["filename"])
print(min(it["upload-time"] for it in mine)[:19] + "Z")
END_OF_FILE
}"#;

/// Makes the environment with an interpreter that the project asks for, where one can be had.
const INTERPRETER: &str = r#"if [ ! -x /opt/venv/bin/python ]; then
  if [ -n "$asked" ] && ! /opt/uv/bin/uv python find -q --no-python-downloads "$asked" >/dev/null 2>&1; then
    /opt/uv/bin/uv venv -q --seed --python "$asked" /opt/venv || missed "Python $asked"
  fi
  [ -x /opt/venv/bin/python ] || python3 -m venv /opt/venv
fi"#;

/// Installs what existed before a moment; where nothing of then fits, what is newest. What is older than the
/// interpreter does not know it: a new one comes out each October, and the year after its distributions do.
const GET: &str = r#"if [ -n "$before" ]; then
  floor=$(python -c 'import sys; print(f"{2012 + sys.version_info[1]}-01-01T00:00:00Z")')
  if [[ $before < $floor ]]; then before=$floor; fi
  echo "as of $before"
fi
get() {
  local days bound
  if [ -x /opt/uv/bin/uv ]; then
    for days in $widenings; do
      bound=()
      if [ -n "$before" ]; then bound=(--exclude-newer "$(later "$days" "$before")"); fi
      if VIRTUAL_ENV=/opt/venv /opt/uv/bin/uv pip install -q "${bound[@]}" "$@"; then return; fi
      if [ -z "$before" ]; then break; fi
    done
    echo "not to be had in this way: $*"
  fi
  pip install -q --ignore-requires-python "$@"
}
pieces() {
  get "$@" || for piece in "$@"; do get "$piece" || echo "not installed: $piece"; done
}"#;

/// The setup script; adds why it is as it is.
pub(super) fn setup(facts: &Facts<'_>, reasons: &mut Vec<String>) -> String {
    let required = Requirements::of(facts);
    let mut script = Script::setup();
    script.program("python3", &["python3", "python3-venv"]);
    script.line("python3 -c 'import ensurepip, venv' 2>/dev/null || packages python3-venv");
    if is_native(facts) {
        reasons.push("it has parts in C: they are compiled again before the tests".to_owned());
        script.program("cc", &["build-essential"]);
        script.wishes(&["python3-dev", "pkg-config"]);
    }
    script.wishes(&facts.remedies.packages);
    script.line(TOOLS);
    let asked = asked(facts);
    script.line(format!("asked={}", quote(&asked)));
    script.line(INTERPRETER).line(BEGIN).lines(version(facts));
    before(&mut script, facts);
    script.line(GET);
    // Later ones have no `pkg_resources`, which older projects import.
    script.line("pip install -q --upgrade pip && get --upgrade 'setuptools<81' wheel");
    for file in &required.files {
        script.line(format!("get -r {0} || echo {0}: not all installed", quote(file)));
    }
    if is_package(facts) {
        reasons.push("the project is installed so that its files are used where they lie".to_owned());
        install(&mut script, &required, is_native(facts), facts);
    }
    let mut wanted = vec!["pytest".to_owned()];
    wanted.extend(plugins(facts));
    wanted.extend(required.single.iter().filter(|it| !it.starts_with("pytest=")).cloned());
    let missed = facts.remedies.modules.iter();
    wanted.extend(missed.map(|module| distributions::of_module(module)));
    script.line(format!("pieces {}", words(unique(wanted))));
    script.line("python -c 'import pytest'").line("rm -rf /tmp/uv-cache");
    script.finish()
}

/// Sets `before`. Tools of then need an interpreter of then, which is asked for where the project asks for it: so there
/// is nothing between what existed then and what is newest.
fn before(script: &mut Script, facts: &Facts<'_>) {
    if facts.remedies.era != Era::Then {
        script.line("before=");
        return;
    }
    let information = facts.read("PKG-INFO");
    let field = |name: &str| {
        information
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .map(str::trim)
    };
    let named = field("Name: ").zip(field("Version: "));
    let published = named.map(|(name, version)| format!("published {} {}", quote(name), quote(version)));
    let line = facts.before(&published.unwrap_or_default());
    if line.contains("published") {
        script.line(PUBLISHED);
    }
    script.line(line);
}

/// The versions of Python that the project asks for; nothing where it does not say.
fn asked(facts: &Facts<'_>) -> String {
    let project = facts.toml("pyproject.toml");
    let setup = manifest::ini(&facts.read("setup.cfg"));
    let code = facts.read("setup.py");
    let written = manifest::following(&code, "python_requires", &['\n']).next();
    let found = manifest::value(&project, "project", "requires-python").map(str::to_owned);
    let found = found
        .or_else(|| manifest::value(&setup, "options", "python_requires").map(str::to_owned))
        .or_else(|| written.and_then(|it| manifest::strings(it).into_iter().next()));
    let plain = |it: char| it.is_ascii_alphanumeric() || "<>=!~.,* ".contains(it);
    found
        .filter(|it| it.starts_with(['<', '>', '=', '!', '~']) && it.chars().all(plain))
        .map(|it| it.replace(' ', ""))
        .unwrap_or_default()
}

/// Installs the project in place; without extras where these do not fit, and as a copy where nothing else does.
fn install(script: &mut Script, required: &Requirements, native: bool, facts: &Facts<'_>) {
    let extras = required.extras.join(",");
    let isolation = if native { " --no-build-isolation" } else { "" };
    if native {
        let project = facts.toml("pyproject.toml");
        let build = project
            .iter()
            .find(|it| it.table == "build-system" && it.key == "requires");
        let build = build.map(manifest::Entry::strings).unwrap_or_default();
        script.line(format!("pieces {} ninja", words(build)).replace("  ", " "));
    }
    let plain = format!("get{isolation} -e . || get{isolation} .");
    if extras.is_empty() {
        script.line(plain);
    } else {
        script.line(format!(
            "get{isolation} -e {} || {plain}",
            quote(&format!(".[{extras}]"))
        ));
    }
}

/// Distributions for testing that the tests and their configuration show.
fn plugins(facts: &Facts<'_>) -> Vec<String> {
    let is_read = |path: &str| is_test(path) || base_name(path) == "conftest.py";
    let configured = ["pytest.ini", "setup.cfg", "tox.ini", "pyproject.toml"].map(|path| facts.read(path));
    let texts = facts
        .texts(READ_TESTS, is_read)
        .chain(configured.into_iter().filter(|it| it.contains("pytest")));
    let mut found: Vec<String> = texts.flat_map(|text| distributions::of_text(&text)).collect();
    found.sort_unstable();
    found.dedup();
    found
}
