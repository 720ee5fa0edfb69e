//! Under which name a package brings what is missing, where that is another name.

use super::diagnosis::Missing;

/// Python modules and the packages of PyPI that bring them.
const PYTHON: &[(&str, &str)] = &[
    ("Crypto", "pycryptodome"),
    ("MySQLdb", "mysqlclient"),
    ("OpenSSL", "pyOpenSSL"),
    ("PIL", "Pillow"),
    ("attr", "attrs"),
    ("bs4", "beautifulsoup4"),
    ("cv2", "opencv-python-headless"),
    ("dateutil", "python-dateutil"),
    ("distutils", "setuptools"),
    ("docx", "python-docx"),
    ("dotenv", "python-dotenv"),
    ("git", "GitPython"),
    ("google.protobuf", "protobuf"),
    ("jwt", "PyJWT"),
    ("magic", "python-magic"),
    ("pkg_resources", "setuptools<81"),
    ("pytest_asyncio", "pytest-asyncio"),
    ("pytest_benchmark", "pytest-benchmark"),
    ("pytest_cov", "pytest-cov"),
    ("pytest_timeout", "pytest-timeout"),
    ("serial", "pyserial"),
    ("sklearn", "scikit-learn"),
    ("usb", "pyusb"),
    ("xdist", "pytest-xdist"),
    ("yaml", "PyYAML"),
    ("zmq", "pyzmq"),
];

/// Programs and the packages of Debian that bring them.
const PROGRAMS: &[(&str, &str)] = &[
    ("aclocal", "automake"),
    ("autoreconf", "autoconf"),
    ("c++", "g++"),
    ("cargo", "cargo"),
    ("cc", "gcc"),
    ("go", "golang-go"),
    ("javac", "default-jdk-headless"),
    ("ld", "binutils"),
    ("libtoolize", "libtool"),
    ("mvn", "maven"),
    ("node", "nodejs"),
    ("pg_config", "libpq-dev"),
    ("php", "php-cli"),
    ("pip", "python3-pip"),
    ("pip3", "python3-pip"),
    ("prove", "perl"),
    ("python", "python-is-python3"),
    ("rspec", "ruby-rspec"),
    ("rustc", "rustc"),
];

/// Headers and the packages of Debian that bring them.
const HEADERS: &[(&str, &str)] = &[
    ("Python.h", "python3-dev"),
    ("bzlib.h", "libbz2-dev"),
    ("curl/curl.h", "libcurl4-openssl-dev"),
    ("expat.h", "libexpat1-dev"),
    ("ffi.h", "libffi-dev"),
    ("gmp.h", "libgmp-dev"),
    ("gtest/gtest.h", "libgtest-dev"),
    ("jpeglib.h", "libjpeg-dev"),
    ("libpq-fe.h", "libpq-dev"),
    ("libxml/parser.h", "libxml2-dev"),
    ("lzma.h", "liblzma-dev"),
    ("ncurses.h", "libncurses-dev"),
    ("openssl/ssl.h", "libssl-dev"),
    ("png.h", "libpng-dev"),
    ("readline/readline.h", "libreadline-dev"),
    ("ruby.h", "ruby-dev"),
    ("sqlite3.h", "libsqlite3-dev"),
    ("uuid/uuid.h", "uuid-dev"),
    ("yaml.h", "libyaml-dev"),
    ("zlib.h", "zlib1g-dev"),
    ("zstd.h", "libzstd-dev"),
];

/// Libraries and the packages of Debian that bring them.
const LIBRARIES: &[(&str, &str)] = &[
    ("GL", "libgl1"),
    ("OpenSSL", "libssl-dev"),
    ("ZLIB", "zlib1g-dev"),
    ("crypto", "libssl-dev"),
    ("curl", "libcurl4-openssl-dev"),
    ("libffi", "libffi-dev"),
    ("libxml-2.0", "libxml2-dev"),
    ("openssl", "libssl-dev"),
    ("pq", "libpq-dev"),
    ("sqlite3", "libsqlite3-dev"),
    ("ssl", "libssl-dev"),
    ("z", "zlib1g-dev"),
    ("zlib", "zlib1g-dev"),
];

/// The package that brings what is missing, if its name is known to differ.
pub(super) fn package(missing: &Missing) -> Option<&'static str> {
    let (table, name) = match missing {
        Missing::Module(name) => (PYTHON, name),
        Missing::Program(name) => (PROGRAMS, name),
        Missing::Header(name) => (HEADERS, name),
        Missing::Library(name) => (LIBRARIES, name),
        Missing::Interpreter(_) => return None,
    };
    table
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, package)| *package)
}

#[cfg(test)]
mod tests;
