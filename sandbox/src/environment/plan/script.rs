//! Shell text, in pieces: what planners put together is quoted here and nowhere else.

#[cfg(test)]
mod tests;

/// What a setup begins with: functions that its lines use.
const SETUP: &str = r#"set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
export DEBCONF_NOWARNINGS=yes
updated=
# Installs Debian packages; their lists are read once, and only where something is missing.
packages() {
  if [ -z "$updated" ]; then
    apt-get -o Acquire::Retries=3 -qq update
    updated=1
  fi
  apt-get -o Acquire::Retries=3 -qq install -y --no-install-recommends "$@" >/dev/null
}
# A moment so many days after another one; fails where there is none.
later() {
  [ -n "$2" ] && date -u -d "$2 + $1 days" +%Y-%m-%dT%H:%M:%SZ
}
# Days by which that moment is put off where nothing of then fits: a fix may come late.
widenings="0 90 180 365 730"
# Notes what the project asks for and nobody has; the tests begin with it.
missed() {
  echo "asked for and not to be had: $1" | tee -a /opt/missed
}
rm -f /opt/missed
# Installs packages where a program is missing.
program() {
  command -v "$1" >/dev/null || packages "${@:2}"
}
# Installs those of the packages that exist.
wishes() {
  local name found=()
  for name in "$@"; do
    if dpkg -s "$name" >/dev/null 2>&1; then continue; fi
    if [ -z "$updated" ]; then apt-get -o Acquire::Retries=3 -qq update; updated=1; fi
    if [ -n "$(apt-cache -q madison "$name" 2>/dev/null)" ]; then found+=("$name"); else echo "no package: $name"; fi
  done
  if [ "${#found[@]}" -gt 0 ]; then
    packages "${found[@]}" || for name in "${found[@]}"; do packages "$name" || echo "not installed: $name"; done
  fi
}
"#;

/// As many compilers as there are processors, and GiB of memory to use.
const WORKERS: &str = r#"workers() {
  local processors memory limit
  processors=$(nproc)
  memory=$(awk '/^MemAvailable/ { print int($2 / 1048576) }' /proc/meminfo)
  limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || echo max)
  if [ "$limit" != max ] && [ $((limit >> 30)) -lt "$memory" ]; then memory=$((limit >> 30)); fi
  if [ "$memory" -lt "$processors" ]; then processors=$memory; fi
  if [ "$processors" -lt 1 ]; then processors=1; fi
  echo "$processors"
}
"#;

/// What a test command begins with: the worst exit code of its parts becomes its own.
const TEST: &str = "set -uo pipefail\nrc=0\n[ ! -s /opt/missed ] || cat /opt/missed\n";

/// A word that bash reads as exactly `text`. A NUL, which no word can hold, is left out.
pub(in crate::environment) fn quote(text: &str) -> String {
    // In an option `=` is plain; in front of a command it would set a variable.
    let option = text.starts_with('-');
    let plain = |it: char| it.is_ascii_alphanumeric() || "_-./:@%+,".contains(it) || option && it == '=';
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\0', "").replace('\'', r"'\''"))
}

/// Words, each quoted.
pub(super) fn words<Text: AsRef<str>>(texts: impl IntoIterator<Item = Text>) -> String {
    let quoted: Vec<String> = texts.into_iter().map(|text| quote(text.as_ref())).collect();
    quoted.join(" ")
}

/// A script that grows by lines.
#[derive(Debug)]
pub(super) struct Script {
    text: String,
    end: &'static str,
}

impl Script {
    /// A setup, with what it begins with.
    pub(super) fn setup() -> Self {
        Self {
            text: SETUP.to_owned(),
            end: "",
        }
    }

    /// A test command: its parts collect their failures in `rc`.
    pub(super) fn test() -> Self {
        Self {
            text: TEST.to_owned(),
            end: "exit \"$rc\"\n",
        }
    }

    /// Adds a line, or some.
    pub(super) fn line(&mut self, text: impl AsRef<str>) -> &mut Self {
        self.text.push_str(text.as_ref().trim_end_matches('\n'));
        self.text.push('\n');
        self
    }

    /// Adds lines.
    pub(super) fn lines<Text: AsRef<str>>(&mut self, texts: impl IntoIterator<Item = Text>) -> &mut Self {
        for text in texts {
            self.line(text);
        }
        self
    }

    /// Adds a command whose failure is kept, and does not keep the next from running.
    pub(super) fn attempt(&mut self, command: impl AsRef<str>) -> &mut Self {
        self.line(format!("{} || rc=1", command.as_ref()))
    }

    /// Adds the function `workers`: one at a time where memory ran out before.
    pub(super) fn workers(&mut self, single: bool) -> &mut Self {
        self.line(if single { "workers() { echo 1; }" } else { WORKERS })
    }

    /// Installs Debian packages where a program is missing.
    pub(super) fn program(&mut self, program: &str, packages: &[&str]) -> &mut Self {
        self.line(format!("program {} {}", quote(program), words(packages)))
    }

    /// Installs those of some Debian packages that exist.
    pub(super) fn wishes<Text: AsRef<str>>(&mut self, packages: &[Text]) -> &mut Self {
        if packages.is_empty() {
            return self;
        }
        self.line(format!("wishes {}", words(packages)))
    }

    /// Its text.
    pub(super) fn finish(&self) -> String {
        format!("{}{}", self.text, self.end)
    }
}
