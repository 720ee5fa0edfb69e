//! Paths and their addresses: `file:///…`.

use std::path::{Component, Path, PathBuf};

/// The path of an address; none when it is not a file's.
pub fn path(uri: &str) -> Option<PathBuf> {
    let rest = uri.strip_prefix("file://")?;
    let rest = rest.strip_prefix("localhost").unwrap_or(rest);
    rest.starts_with('/').then(|| plain(Path::new(&decoded(rest))))
}

/// The address of an absolute path.
pub fn of(path: &str) -> String {
    let mut uri = String::from("file://");
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => uri.push(char::from(byte)),
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

/// A path without `.` and `..`, so that one file has one name.
pub fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_and_its_path_lead_to_each_other() {
        let there = "/a b/ü#1/w.yaml";
        assert_eq!(of(there), "file:///a%20b/%C3%BC%231/w.yaml");
        assert_eq!(path(&of(there)), Some(PathBuf::from(there)));
        assert_eq!(path("file:///a/./b/../w%2Eyaml"), Some(PathBuf::from("/a/w.yaml")));
        assert_eq!(path("file:///100%"), Some(PathBuf::from("/100%")));
        assert_eq!(path("untitled:Untitled-1"), None);
    }
}
