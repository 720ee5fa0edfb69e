//! Bounds on an expression, checked before the CEL parser sees it: the parser and everything that
//! walks its tree are recursive, so what is refused here can never exhaust a stack.

/// Bytes of one expression.
const MAX_BYTES: usize = 4096;
/// Brackets inside each other.
const MAX_DEPTH: usize = 32;
/// Operators, brackets and dots together: each can be one level of the tree. Measured: a thousand
/// levels fit into 2 MiB of stack.
const MAX_OPERATORS: usize = 400;

/// Why an expression is refused, if it is.
pub(super) fn check(source: &str) -> Result<(), String> {
    if source.len() > MAX_BYTES {
        return Err(format!(
            "the expression has {} bytes, and at most {MAX_BYTES} are read",
            source.len()
        ));
    }
    let (mut depth, mut deepest, mut operators) = (0_usize, 0, 0);
    for byte in outside_strings(source) {
        match byte {
            b'(' | b'[' | b'{' => {
                depth += 1;
                operators += 1;
            }
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'+' | b'-' | b'*' | b'/' | b'%' | b'!' | b'?' | b'<' | b'>' | b'=' | b'&' | b'|' | b'.' => operators += 1,
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    if deepest > MAX_DEPTH {
        return Err(format!(
            "brackets stand {deepest} deep inside each other, and at most {MAX_DEPTH} may"
        ));
    }
    if operators > MAX_OPERATORS {
        return Err(format!(
            "the expression has {operators} operators, and at most {MAX_OPERATORS} may stand in one"
        ));
    }
    Ok(())
}

/// The bytes that are not part of a string literal. A quote that never closes opens no string, so
/// nothing can hide behind it, and from there on no string is looked for, so that the work stays linear.
fn outside_strings(source: &str) -> impl Iterator<Item = u8> {
    let bytes = source.as_bytes();
    let mut at = 0;
    let mut broken = false;
    std::iter::from_fn(move || {
        while let Some(byte) = bytes.get(at).copied() {
            if !broken && matches!(byte, b'"' | b'\'') {
                match string_end(bytes, at) {
                    Some(end) => {
                        at = end;
                        continue;
                    }
                    None => broken = true,
                }
            }
            at += 1;
            return Some(byte);
        }
        None
    })
}

/// One past the string literal that starts at `at`, if a complete one does.
pub(super) fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let quote = bytes.get(at).copied().filter(|b| matches!(b, b'"' | b'\''))?;
    let raw = at > 0 && matches!(bytes[at - 1], b'r' | b'R');
    let triple = bytes[at..].starts_with(&[quote; 3]);
    let mut next = at + if triple { 3 } else { 1 };
    while let Some(byte) = bytes.get(next).copied() {
        if byte == b'\\' && !raw {
            next += 2;
        } else if triple && bytes[next..].starts_with(&[quote; 3]) {
            return Some(next + 3);
        } else if !triple && byte == quote {
            return Some(next + 1);
        } else if !triple && byte == b'\n' {
            return None;
        } else {
            next += 1;
        }
    }
    None
}
