#!/usr/bin/env python3
"""Instances from published packages: two versions with a fix between them, fetched by the package managers themselves.

    packages.py FOLDER [NAME…]      all packages of the list below, or those named, into FOLDER/instances.jsonl

A name may also be a package of its own, as in the list: `sdist,sqlparse,0.5.1,0.5.2,Python,tests`.

The older version is the source; what differs in the tests is the test patch, and the rest is the fix. Nothing says when
a version was made: builders have to find that out. Needs pip, npm, cargo, apt-get and git, as far as they are asked.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

# How it is published, its name there, two versions, its language, and where its tests are.
PACKAGES = [
    ("sdist", "attrs", "23.1.0", "23.2.0", "Python", ["tests"]),
    ("sdist", "pluggy", "1.4.0", "1.5.0", "Python", ["testing"]),
    ("sdist", "itsdangerous", "2.1.2", "2.2.0", "Python", ["tests"]),
    ("sdist", "more-itertools", "10.1.0", "10.2.0", "Python", ["tests"]),
    ("crate", "unicode-width", "0.1.11", "0.1.12", "Rust", ["src/tests.rs", "tests"]),
    ("crate", "itertools", "0.12.0", "0.12.1", "Rust", ["tests"]),
    ("npm", "qs", "6.11.1", "6.11.2", "JavaScript", ["test"]),
    ("npm", "object-inspect", "1.12.3", "1.13.1", "JavaScript", ["test"]),
    ("debian", "jansson", "2.14", "2.15.1", "C", ["test"]),
    ("debian", "tinyxml2", "8.0.0", "9.0.0", "C++", ["xmltest.cpp"]),
    ("debian", "libtext-csv-perl", "2.02", "2.06", "Perl", ["t"]),
    ("debian", "golang-github-spf13-cast", "1.5.0", "1.6.0", "Go", ["*_test.go"]),
    ("debian", "golang-github-google-uuid", "1.2.0", "1.3.0", "Go", ["*_test.go"]),
    ("debian", "ruby-addressable", "2.8.7", "2.9.0", "Ruby", ["spec"]),
    ("debian", "php-doctrine-inflector", "2.0.6", "2.0.10", "PHP", ["tests"]),
]
# What packers write, and no author.
GENERATED = ["PKG-INFO", "*.egg-info", ".cargo_vcs_info.json", "Cargo.toml.orig"]
# Suites whose sources are looked through: a mirror need not have all that they list.
SUITES = ["bullseye", "bookworm", "trixie", "sid"]


def say(*command, **options):
    # Not as text: the ends of lines have to stay as they are. What is no UTF-8 cannot stand in an instance.
    return subprocess.run(command, check=True, capture_output=True, **options).stdout.decode()


def sdist(name, version, place):
    say(sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", place, f"{name}=={version}")


def npm(name, version, place):
    say("npm", "pack", "-s", f"{name}@{version}", "--pack-destination", place)


def crate(name, version, place):
    with tempfile.TemporaryDirectory() as home:
        project = pathlib.Path(home, "project")
        (project / "src").mkdir(parents=True)
        (project / "src/lib.rs").touch()
        manifest = f'[package]\nname = "project"\nversion = "0.1.0"\n[dependencies]\n{name} = "={version}"\n[workspace]\n'
        (project / "Cargo.toml").write_text(manifest)
        say("cargo", "fetch", "-q", cwd=project, env={**os.environ, "CARGO_HOME": home})
        (found,) = pathlib.Path(home).glob(f"registry/cache/*/{name}-{version}.crate")
        shutil.copy(found, pathlib.Path(place, f"{name}-{version}.tar.gz"))


def debian(name, version, place, _lists={}):
    """The upstream sources of a Debian package, from any suite of the machine's own mirror."""
    if not _lists:
        home = pathlib.Path(tempfile.mkdtemp(prefix="packages-"))
        for folder in ["lists/partial", "cache/archives/partial", "state"]:
            (home / folder).mkdir(parents=True)
        mirror = say("apt-get", "indextargets", "--format", "$(REPO_URI)").split("\n")[0]
        key = "/usr/share/keyrings/debian-archive-keyring.gpg"
        (home / "sources.list").write_text("".join(f"deb-src [signed-by={key}] {mirror} {suite} main\n" for suite in SUITES))
        settings = {"State": "state", "State::lists": "lists", "Cache": "cache", "Etc::sourcelist": "sources.list"}
        text = "".join(f'Dir::{key} "{home}/{value}";\n' for key, value in settings.items())
        (home / "apt.conf").write_text(text + 'Dir::Etc::sourceparts "-";\nAPT::Sandbox::User "root";\n')
        _lists["env"] = {**os.environ, "APT_CONFIG": str(home / "apt.conf")}
        say("apt-get", "-qq", "update", env=_lists["env"])
    records = say("apt-cache", "showsrc", name, env=_lists["env"])
    known = [line.split()[1] for line in records.splitlines() if line.startswith("Version: ")]
    full = next(it for it in known if it.rsplit("-", 1)[0].split("+")[0].split(":")[-1] == version)
    say("apt-get", "-qq", "source", "--download-only", "--tar-only", f"{name}={full}", cwd=place, env=_lists["env"])


def unpacked(kind, name, version, folder):
    """The files of a version in a folder of its own, as its archive has them."""
    with tempfile.TemporaryDirectory() as place:
        {"sdist": sdist, "npm": npm, "crate": crate, "debian": debian}[kind](name, version, place)
        archives = [it for it in sorted(os.listdir(place)) if ".tar" in it or it.endswith(".tgz")]
        archive = next(it for it in archives if ".debian." not in it)
        with tarfile.open(os.path.join(place, archive)) as files:
            files.extractall(folder, filter="tar")
    (only,) = folder.iterdir()
    return only


def instance(out, kind, name, old, new, language, tests):
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        before, after = (unpacked(kind, name, version, place / side) for version, side in [(old, "a"), (new, "b")])
        archive = out / f"{name.replace('/', '-')}-{old}.tar.gz"
        with tarfile.open(archive, "w:gz") as files:
            files.add(before, arcname=before.name)
        git = lambda *words: say("git", "-c", "safe.directory=*", "-C", str(before), *words)
        git("init", "-q")
        git("add", "--all", "--force")
        git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a")
        shutil.move(before / ".git", after / ".git")
        git = lambda *words: say("git", "-c", "safe.directory=*", "-C", str(after), *words)
        git("add", "--all", "--force")
        others = [f":(exclude,glob)**/{it}" for it in GENERATED]
        aside = [f":(exclude,glob)**/{it}/**" for it in GENERATED]
        diff = lambda *paths: git("diff", "--cached", "--binary", "HEAD", "--", *paths, *others, *aside)
        test_patch = diff(*tests)
        fix = diff(".", *(f":(exclude){it}" for it in tests))
    if not test_patch or not fix:
        raise ValueError("no test or nothing else has changed between the versions")
    fields = {"instance_id": f"{name.replace('/', '-')}-{new}", "repo": f"{kind}/{name}", "language": language, "version": old}
    return {**fields, "base_archive": archive.name, "test_patch": test_patch, "patch": fix}


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[2:]
    chosen = [it for it in PACKAGES if not wanted or it[1] in wanted]
    given = [it.split(",") for it in wanted if "," in it]
    chosen += [(*it[:5], it[5:]) for it in given]
    with open(out / "instances.jsonl", "w", newline="") as file:
        for package in chosen:
            try:
                print(json.dumps(instance(out, *package)), file=file, flush=True)
            except (subprocess.CalledProcessError, ValueError, StopIteration) as error:
                told = getattr(error, "stderr", b"").decode(errors="replace") or str(error) or repr(error)
                print(f"{package[1]}: {told.strip().splitlines()[-1]}", file=sys.stderr)


if __name__ == "__main__":
    main()
