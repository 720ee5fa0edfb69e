//! Text → the tokens of an expression, each with its bytes.

use super::parse::SyntaxError;

/// A token's kind; its text is the bytes of its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name, or a word that the language keeps.
    Word,
    Integer(i64),
    /// 2^63, which is a number with a minus before it alone.
    Lowest,
    Double(f64),
    Text(String),
    /// An operator or a bracket.
    Mark(&'static str),
    End,
}

#[derive(Debug, Clone)]
pub(super) struct Lexeme {
    pub(super) token: Token,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Longest first, so that `<=` is not `<`.
const MARKS: [&str; 25] = [
    "==", "!=", "<=", ">=", "&&", "||", "(", ")", "[", "]", "{", "}", ",", ".", "?", ":", "+", "-", "*", "/", "%", "!",
    "<", ">", "@",
];

pub(super) fn tokens(source: &str) -> Result<Vec<Lexeme>, SyntaxError> {
    let bytes = source.as_bytes();
    let mut lexemes = Vec::with_capacity(source.len() / 3 + 2);
    let mut at = 0;
    loop {
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        if source[at..].starts_with("//") {
            at += source[at..].find('\n').unwrap_or(source.len() - at);
            continue;
        }
        let (token, end) = match bytes.get(at) {
            None => (Token::End, at),
            Some(_) => token(source, at)?,
        };
        let is_last = token == Token::End;
        lexemes.push(Lexeme { token, start: at, end });
        if is_last {
            return Ok(lexemes);
        }
        at = end;
    }
}

fn token(source: &str, at: usize) -> Result<(Token, usize), SyntaxError> {
    let bytes = source.as_bytes();
    let first = bytes[at];
    let next = bytes.get(at + 1).copied();
    match first {
        b'"' | b'\'' => return text(source, at, at, false),
        b'r' | b'R' if matches!(next, Some(b'"' | b'\'')) => return text(source, at, at + 1, true),
        b'0'..=b'9' => return number(source, at),
        b'.' if next.is_some_and(|b| b.is_ascii_digit()) => return number(source, at),
        b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
            let length = bytes[at..]
                .iter()
                .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
                .count();
            return Ok((Token::Word, at + length));
        }
        _ => {}
    }
    if let Some(mark) = MARKS
        .iter()
        .find(|mark| source[at..].starts_with(**mark) && **mark != "@")
    {
        return Ok((Token::Mark(mark), at + mark.len()));
    }
    let character = source[at..].chars().next().unwrap_or(' ');
    let message = format!("`{character}` means nothing in an expression");
    let hint = match character {
        '=' => "equality is written `==`",
        '|' => "a value for what is missing is written `default(x, other)`; there are no filters after `|`",
        '&' => "“and” is written `&&`",
        '$' => "inside an expression names stand without `${{ }}`",
        '“' | '”' | '‘' | '’' => "a text stands in straight quotes: \" or '",
        ';' => "one expression stands alone",
        _ => return Err(SyntaxError::new(message, at, at + character.len_utf8())),
    };
    Err(SyntaxError::new(message, at, at + character.len_utf8()).hint(hint))
}

fn number(source: &str, at: usize) -> Result<(Token, usize), SyntaxError> {
    let bytes = source.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    if source[at..].starts_with("0x") || source[at..].starts_with("0X") {
        let length = bytes[at + 2..].iter().take_while(|b| b.is_ascii_hexdigit()).count();
        let end = at + 2 + length;
        return whole(source, at, end, u64::from_str_radix(&source[at + 2..end], 16).ok());
    }
    let mut end = at + digits(at);
    let mut is_double = false;
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end += 1 + digits(end + 1);
        is_double = true;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits((end + 1 + sign).min(bytes.len()));
        if exponent > 0 {
            end += 1 + sign + exponent;
            is_double = true;
        }
    }
    if !is_double {
        return whole(source, at, end, source[at..end].parse().ok());
    }
    match source[at..end].parse::<f64>() {
        Ok(number) if number.is_finite() => ended(source, at, end, Token::Double(number)),
        _ => Err(SyntaxError::new("the number is too large", at, end)),
    }
}

fn whole(source: &str, at: usize, end: usize, value: Option<u64>) -> Result<(Token, usize), SyntaxError> {
    let Some(value) = value else {
        return Err(SyntaxError::new("the number is too large for 64 bits", at, end));
    };
    match i64::try_from(value) {
        Ok(value) => ended(source, at, end, Token::Integer(value)),
        Err(_) if value == i64::MIN.unsigned_abs() => ended(source, at, end, Token::Lowest),
        Err(_) => Err(SyntaxError::new("the number is too large for 64 bits", at, end)),
    }
}

/// A number must not run on into a word: `2nd` is most often a text without quotes.
fn ended(source: &str, at: usize, end: usize, token: Token) -> Result<(Token, usize), SyntaxError> {
    let rest = source[end..]
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(source.len() - end);
    if rest == 0 {
        return Ok((token, end));
    }
    let message = format!("`{}` is neither a number nor a name", &source[at..end + rest]);
    Err(SyntaxError::new(message, at, end + rest).hint("a text stands in quotes"))
}

/// A text literal; `quote_at` is past an `r`.
fn text(source: &str, at: usize, quote_at: usize, raw: bool) -> Result<(Token, usize), SyntaxError> {
    let bytes = source.as_bytes();
    let quote = bytes[quote_at];
    let triple = bytes[quote_at..].starts_with(&[quote; 3]);
    let width = if triple { 3 } else { 1 };
    let closes = |at: usize| bytes[at] == quote && (!triple || bytes[at..].starts_with(&[quote; 3]));
    let mut value = String::new();
    let mut next = quote_at + width;
    while next < bytes.len() && (triple || bytes[next] != b'\n') {
        if closes(next) {
            return Ok((Token::Text(value), next + width));
        }
        if bytes[next] == b'\\' && !raw {
            let (character, end) = escape(source, next)?;
            value.push(character);
            next = end;
            continue;
        }
        let character = source[next..].chars().next().unwrap_or(' ');
        value.push(character);
        next += character.len_utf8();
    }
    Err(SyntaxError::new("a text begins here and never ends", at, quote_at + 1))
}

/// The character that the escape at `at` stands for, and one past it.
fn escape(source: &str, at: usize) -> Result<(char, usize), SyntaxError> {
    let kind = source[at + 1..].chars().next();
    let wrong = |end: usize| {
        SyntaxError::new("this escape means nothing", at, end.min(source.len()))
            .hint("a backslash itself is written `\\\\`, or the text starts with `r`: r\"\\d+\"")
    };
    let (digits, radix) = match kind {
        Some('x' | 'X') => (2, 16),
        Some('u') => (4, 16),
        Some('U') => (8, 16),
        Some('0'..='3') => (3, 8),
        Some(kind) => {
            let plain = match kind {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'a' => '\u{7}',
                'b' => '\u{8}',
                'f' => '\u{c}',
                'v' => '\u{b}',
                '\\' | '"' | '\'' | '`' | '?' => kind,
                _ => return Err(wrong(at + 1 + kind.len_utf8())),
            };
            return Ok((plain, at + 2));
        }
        None => return Err(wrong(at + 1)),
    };
    let from = if radix == 8 { at + 1 } else { at + 2 };
    let code = source
        .get(from..from + digits)
        .and_then(|code| u32::from_str_radix(code, radix).ok());
    match code.and_then(char::from_u32) {
        Some(character) => Ok((character, from + digits)),
        None => Err(wrong(at + 2)),
    }
}
