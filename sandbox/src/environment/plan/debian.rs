//! Names of Debian packages for programs, headers and libraries. A guess may name none: who installs it looks first.

/// Programs whose package has another name.
const PROGRAMS: [(&str, &str); 34] = [
    ("autoconf", "autoconf"),
    ("autoreconf", "autoconf"),
    ("aclocal", "automake"),
    ("c++", "g++"),
    ("cc", "gcc"),
    ("clang-format", "clang-format"),
    ("dig", "dnsutils"),
    ("file", "file"),
    ("g++", "g++"),
    ("getopt", "util-linux"),
    ("gfortran", "gfortran"),
    ("gmake", "make"),
    ("go", "golang-go"),
    ("javac", "default-jdk-headless"),
    ("java", "default-jre-headless"),
    ("killall", "psmisc"),
    ("libtoolize", "libtool"),
    ("libtool", "libtool-bin"),
    ("locale-gen", "locales"),
    ("makeinfo", "texinfo"),
    ("mvn", "maven"),
    ("nc", "netcat-openbsd"),
    ("ninja", "ninja-build"),
    ("node", "nodejs"),
    ("nslookup", "dnsutils"),
    ("php", "php-cli"),
    ("pkg-config", "pkg-config"),
    ("protoc", "protobuf-compiler"),
    ("ps", "procps"),
    ("python", "python-is-python3"),
    ("redis-server", "redis-server"),
    ("runtest", "dejagnu"),
    ("xxd", "xxd"),
    ("yacc", "bison"),
];

/// Headers, by the beginning of their path.
const HEADERS: [(&str, &str); 34] = [
    ("archive.h", "libarchive-dev"),
    ("boost/", "libboost-all-dev"),
    ("bzlib.h", "libbz2-dev"),
    ("check.h", "check"),
    ("cmocka.h", "libcmocka-dev"),
    ("CUnit/", "libcunit1-dev"),
    ("curl/", "libcurl4-openssl-dev"),
    ("Eigen/", "libeigen3-dev"),
    ("event", "libevent-dev"),
    ("expat.h", "libexpat1-dev"),
    ("ffi.h", "libffi-dev"),
    ("fmt/", "libfmt-dev"),
    ("gdbm.h", "libgdbm-dev"),
    ("glib.h", "libglib2.0-dev"),
    ("gmock/", "libgmock-dev"),
    ("gmp.h", "libgmp-dev"),
    ("gtest/", "libgtest-dev"),
    ("jpeglib.h", "libjpeg-dev"),
    ("libxml/", "libxml2-dev"),
    ("lua.h", "liblua5.4-dev"),
    ("lz4.h", "liblz4-dev"),
    ("lzma.h", "liblzma-dev"),
    ("mysql", "default-libmysqlclient-dev"),
    ("ncurses.h", "libncurses-dev"),
    ("curses.h", "libncurses-dev"),
    ("openssl/", "libssl-dev"),
    ("pcre2.h", "libpcre2-dev"),
    ("pcre.h", "libpcre3-dev"),
    ("Python.h", "python3-dev"),
    ("readline/", "libreadline-dev"),
    ("sqlite3.h", "libsqlite3-dev"),
    ("uuid/", "uuid-dev"),
    ("zlib.h", "zlib1g-dev"),
    ("zstd.h", "libzstd-dev"),
];

/// Libraries, by the names of linkers, `pkg-config` and CMake, in lower case.
const LIBRARIES: [(&str, &str); 46] = [
    ("benchmark", "libbenchmark-dev"),
    ("boost", "libboost-all-dev"),
    ("bz2", "libbz2-dev"),
    ("bzip2", "libbz2-dev"),
    ("catch2", "catch2"),
    ("check", "check"),
    ("cmocka", "libcmocka-dev"),
    ("crypto", "libssl-dev"),
    ("cunit", "libcunit1-dev"),
    ("curl", "libcurl4-openssl-dev"),
    ("libcurl", "libcurl4-openssl-dev"),
    ("curses", "libncurses-dev"),
    ("doctest", "doctest-dev"),
    ("eigen3", "libeigen3-dev"),
    ("expat", "libexpat1-dev"),
    ("ffi", "libffi-dev"),
    ("libffi", "libffi-dev"),
    ("fmt", "libfmt-dev"),
    ("glib-2.0", "libglib2.0-dev"),
    ("gmock", "libgmock-dev"),
    ("gmp", "libgmp-dev"),
    ("gtest", "libgtest-dev"),
    ("jpeg", "libjpeg-dev"),
    ("libevent", "libevent-dev"),
    ("libxml2", "libxml2-dev"),
    ("libxml-2.0", "libxml2-dev"),
    ("xml2", "libxml2-dev"),
    ("lua", "liblua5.4-dev"),
    ("lz4", "liblz4-dev"),
    ("liblz4", "liblz4-dev"),
    ("liblzma", "liblzma-dev"),
    ("lzma", "liblzma-dev"),
    ("ncurses", "libncurses-dev"),
    ("nlohmann_json", "nlohmann-json3-dev"),
    ("openssl", "libssl-dev"),
    ("ssl", "libssl-dev"),
    ("pcre2", "libpcre2-dev"),
    ("libpcre2-8", "libpcre2-dev"),
    ("png", "libpng-dev"),
    ("libpng", "libpng-dev"),
    ("readline", "libreadline-dev"),
    ("sqlite3", "libsqlite3-dev"),
    ("spdlog", "libspdlog-dev"),
    ("uuid", "uuid-dev"),
    ("zlib", "zlib1g-dev"),
    ("z", "zlib1g-dev"),
];

/// Packages that may hold a program.
pub(super) fn of_program(name: &str) -> Vec<String> {
    let name = name.rsplit('/').next().unwrap_or(name);
    let known = PROGRAMS.iter().find(|(program, _)| *program == name);
    valid([known.map_or_else(|| name.to_ascii_lowercase(), |(_, package)| (*package).to_owned())])
}

/// Packages that may hold a header.
pub(super) fn of_header(path: &str) -> Vec<String> {
    if let Some(package) = known_header(path) {
        return vec![package];
    }
    let first = path.split('/').next().unwrap_or(path);
    of_library(first.trim_end_matches(".hpp").trim_end_matches(".h"))
}

/// The package of a header that everybody knows.
pub(super) fn known_header(path: &str) -> Option<String> {
    let known = HEADERS.iter().find(|(start, _)| path.starts_with(start));
    known.map(|(_, package)| (*package).to_owned())
}

/// Packages that may hold a library, by the rules for their names: a digit before `-dev` is common.
pub(super) fn of_library(name: &str) -> Vec<String> {
    if let Some(package) = known_library(name) {
        return vec![package];
    }
    let name = name.to_ascii_lowercase().replace('_', "-");
    let name = name.strip_prefix("lib").unwrap_or(&name);
    valid([
        format!("lib{name}-dev"),
        format!("lib{name}1-dev"),
        format!("{name}-dev"),
    ])
}

/// The package of a library that everybody knows.
pub(super) fn known_library(name: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    let known = LIBRARIES.iter().find(|(library, _)| *library == name);
    known.map(|(_, package)| (*package).to_owned())
}

/// Those that can be names of Debian packages.
pub(super) fn valid(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let fits = |name: &String| {
        let starts = name.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit());
        let rest = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || "+-.".contains(it);
        name.len() > 1 && starts && name.chars().all(rest)
    };
    names.into_iter().filter(fits).collect()
}
