//! Text → the tree of an expression, every part knowing its place.
//!
//! The grammar is CEL's (the language definition, section “Syntax”), without bytes, unsigned numbers and
//! messages, which JSON has not. The tree is the interpreter's own; what it evaluates is decided there.

use super::lexer::{Lexeme, Token, tokens};
use super::{arithmetic, macros};
use cel::common::ast::{
    CallExpr, EntryExpr, Expr, IdedEntryExpr, IdedExpr, ListExpr, LiteralValue, MapEntryExpr, MapExpr, SelectExpr,
    operators,
};
use std::ops::Range;

/// Why a text is no expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong, in one sentence.
    pub message: String,
    /// The way out, where one is known.
    pub hint: Option<String>,
    /// The bytes at fault.
    pub place: Range<usize>,
}

impl SyntaxError {
    pub(super) fn new(message: impl Into<String>, start: usize, end: usize) -> Self {
        Self {
            message: message.into(),
            hint: None,
            place: start..end,
        }
    }

    pub(super) fn hint(mut self, hint: &str) -> Self {
        self.hint = Some(hint.to_owned());
        self
    }
}

/// Where a part of an expression stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// All its bytes.
    pub whole: Range<usize>,
    /// Those of a field's or a function's name; of an operator.
    pub name: Range<usize>,
    /// Whether a macro made it: nobody wrote it.
    pub made: bool,
}

/// The operators by how strongly they bind, weakest first; those of a level bind to the left.
const LEVELS: [&[(&str, &str)]; 5] = [
    &[("||", operators::LOGICAL_OR)],
    &[("&&", operators::LOGICAL_AND)],
    &[
        ("==", operators::EQUALS),
        ("!=", operators::NOT_EQUALS),
        ("<=", operators::LESS_EQUALS),
        (">=", operators::GREATER_EQUALS),
        ("<", operators::LESS),
        (">", operators::GREATER),
        ("in", operators::IN),
    ],
    &[
        ("+", arithmetic::operators::ADD),
        ("-", arithmetic::operators::SUBTRACT),
    ],
    &[
        ("*", arithmetic::operators::MULTIPLY),
        ("/", arithmetic::operators::DIVIDE),
        ("%", arithmetic::operators::MODULO),
    ],
];

/// Words that CEL keeps for itself.
pub const RESERVED: [&str; 21] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "void",
    "while",
];

/// Brackets and operators inside each other: what walks the tree is recursive.
const MAX_DEPTH: usize = 500;

/// The tree and the places of its parts, by their ids.
pub(super) fn parse(source: &str) -> Result<(IdedExpr, Vec<Place>), SyntaxError> {
    let mut parser = Parser {
        source,
        tokens: tokens(source)?,
        next: 0,
        depth: 0,
        // The interpreter counts from 1.
        places: vec![Place::default()],
    };
    let root = parser.conditional()?;
    match parser.peek().token {
        Token::End => Ok((root, parser.places)),
        _ => Err(parser.unexpected()),
    }
}

pub(super) struct Parser<'a> {
    source: &'a str,
    tokens: Vec<Lexeme>,
    next: usize,
    depth: usize,
    places: Vec<Place>,
}

impl Parser<'_> {
    /// A part with an id of its own.
    pub(super) fn node(&mut self, expr: Expr, whole: Range<usize>, name: Range<usize>) -> IdedExpr {
        self.push(
            expr,
            Place {
                whole,
                name,
                made: false,
            },
        )
    }

    /// A part that a macro makes of what stands at `whole`.
    pub(super) fn made(&mut self, expr: Expr, whole: &Range<usize>) -> IdedExpr {
        self.push(
            expr,
            Place {
                whole: whole.clone(),
                name: whole.clone(),
                made: true,
            },
        )
    }

    fn push(&mut self, expr: Expr, place: Place) -> IdedExpr {
        let id = self.places.len() as u64;
        self.places.push(place);
        IdedExpr { id, expr }
    }

    pub(super) fn place(&self, expr: &IdedExpr) -> &Place {
        let at = usize::try_from(expr.id).unwrap_or(0);
        &self.places[at.min(self.places.len() - 1)]
    }

    fn whole(&self, expr: &IdedExpr) -> Range<usize> {
        self.place(expr).whole.clone()
    }

    fn peek(&self) -> &Lexeme {
        &self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    fn text_of(&self, lexeme: &Lexeme) -> &str {
        &self.source[lexeme.start..lexeme.end]
    }

    fn take(&mut self) -> Lexeme {
        let lexeme = self.peek().clone();
        self.next += 1;
        lexeme
    }

    fn is_mark(&self, mark: &str) -> bool {
        matches!(&self.peek().token, Token::Mark(found) if *found == mark)
    }

    fn eat(&mut self, mark: &str) -> Option<Lexeme> {
        self.is_mark(mark).then(|| self.take())
    }

    /// The bracket that closes what `opened` began.
    fn close(&mut self, mark: &str, opened: usize) -> Result<Lexeme, SyntaxError> {
        if let Some(closing) = self.eat(mark) {
            return Ok(closing);
        }
        if self.peek().token == Token::End {
            let message = format!("this bracket is never closed with `{mark}`");
            return Err(SyntaxError::new(message, opened, opened + 1));
        }
        Err(self.unexpected())
    }

    fn unexpected(&self) -> SyntaxError {
        let found = self.peek();
        let text = self.text_of(found);
        if found.token == Token::End {
            let text = self.source.trim_end();
            let last = text.chars().next_back().map_or(0, char::len_utf8);
            return SyntaxError::new("the expression ends too early", text.len() - last, text.len());
        }
        let shown: String = text.chars().take(40).collect();
        let error = SyntaxError::new(format!("`{shown}` is not expected here"), found.start, found.end);
        match text {
            "and" => error.hint("“and” is written `&&`"),
            "or" => error.hint("“or” is written `||`"),
            "not" => error.hint("“not” is written `!`"),
            "is" => error.hint("equality is written `==`"),
            "if" | "else" => error.hint("a choice is written `condition ? this : that`"),
            _ => error,
        }
    }

    fn deeper<T>(&mut self, part: impl FnOnce(&mut Self) -> Result<T, SyntaxError>) -> Result<T, SyntaxError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let here = self.peek();
            let message = "the expression has too many levels";
            return Err(SyntaxError::new(message, here.start, here.end));
        }
        let part = part(self);
        self.depth -= 1;
        part
    }

    pub(super) fn conditional(&mut self) -> Result<IdedExpr, SyntaxError> {
        self.deeper(|parser| {
            let condition = parser.binary(0)?;
            let Some(mark) = parser.eat("?") else {
                return Ok(condition);
            };
            let yes = parser.binary(0)?;
            if parser.eat(":").is_none() {
                let error = parser.unexpected();
                return Err(match error.hint {
                    Some(_) => error,
                    None => error.hint("a choice is written `condition ? this : that`"),
                });
            }
            let no = parser.conditional()?;
            let whole = parser.whole(&condition).start..parser.whole(&no).end;
            let args = vec![condition, yes, no];
            Ok(parser.call(operators::CONDITIONAL, None, args, whole, mark.start..mark.end))
        })
    }

    fn binary(&mut self, level: usize) -> Result<IdedExpr, SyntaxError> {
        let Some(signs) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        loop {
            let found = self.peek();
            let text = match &found.token {
                Token::Mark(mark) => mark,
                Token::Word if self.text_of(found) == "in" => "in",
                _ => return Ok(left),
            };
            let Some((_, operator)) = signs.iter().find(|(sign, _)| *sign == text) else {
                return Ok(left);
            };
            let sign = self.take();
            let right = self.binary(level + 1)?;
            let whole = self.whole(&left).start..self.whole(&right).end;
            left = self.call(operator, None, vec![left, right], whole, sign.start..sign.end);
        }
    }

    /// Signs before a value. As in CEL's own parser a sign and its like next to it are nothing at all.
    fn unary(&mut self) -> Result<IdedExpr, SyntaxError> {
        let (mark, operator) = match &self.peek().token {
            Token::Mark("!") => ("!", operators::LOGICAL_NOT),
            Token::Mark("-") if !self.is_negative_number() => ("-", operators::NEGATE),
            _ => return self.member(),
        };
        let sign = self.take();
        let mut negated = true;
        while self.is_mark(mark) && !self.is_negative_number() {
            self.take();
            negated = !negated;
        }
        let operand = self.member()?;
        let whole = sign.start..self.whole(&operand).end;
        if negated {
            return Ok(self.call(operator, None, vec![operand], whole, sign.start..sign.end));
        }
        let at = usize::try_from(operand.id).unwrap_or(0);
        self.places[at].whole = whole;
        Ok(operand)
    }

    /// Whether a minus and the number after it come next: one literal.
    fn is_negative_number(&self) -> bool {
        let number = self.tokens.get(self.next + 1);
        self.is_mark("-") && number.is_some_and(|number| negative(&number.token).is_some())
    }

    fn member(&mut self) -> Result<IdedExpr, SyntaxError> {
        let primary = self.primary()?;
        self.members(primary)
    }

    /// Fields, calls and indexes after a value.
    fn members(&mut self, mut value: IdedExpr) -> Result<IdedExpr, SyntaxError> {
        loop {
            let start = self.whole(&value).start;
            if let Some(dot) = self.eat(".") {
                let name = self.peek().clone();
                if name.token != Token::Word {
                    let error =
                        SyntaxError::new("after a dot stands a field's or a function's name", dot.start, dot.end);
                    return Err(error.hint("a name with other characters stands in brackets: `value[\"a-b\"]`"));
                }
                self.take();
                let field = self.text_of(&name).to_owned();
                let place = name.start..name.end;
                if let Some(opened) = self.eat("(") {
                    let args = self.items(")", opened.start)?;
                    let whole = start..self.tokens[self.next - 1].end;
                    value = macros::expand(self, &field, Some(value), args, whole, place)?;
                } else {
                    let operand = Box::new(value);
                    let select = SelectExpr {
                        operand,
                        field,
                        test: false,
                    };
                    value = self.node(Expr::Select(select), start..name.end, place);
                }
            } else if let Some(opened) = self.eat("[") {
                let index = self.conditional()?;
                let closing = self.close("]", opened.start)?;
                let args = vec![value, index];
                value = self.call(
                    operators::INDEX,
                    None,
                    args,
                    start..closing.end,
                    opened.start..closing.end,
                );
            } else {
                return Ok(value);
            }
        }
    }

    pub(super) fn call(
        &mut self,
        function: &str,
        target: Option<IdedExpr>,
        args: Vec<IdedExpr>,
        whole: Range<usize>,
        name: Range<usize>,
    ) -> IdedExpr {
        let call = CallExpr {
            func_name: function.to_owned(),
            target: target.map(Box::new),
            args,
        };
        self.node(Expr::Call(call), whole, name)
    }

    fn primary(&mut self) -> Result<IdedExpr, SyntaxError> {
        let first = self.peek().clone();
        if self.is_negative_number() {
            self.take();
            let number = self.take();
            let place = first.start..number.end;
            let literal = negative(&number.token).unwrap_or(LiteralValue::Null);
            return Ok(self.node(Expr::Literal(literal), place.clone(), place));
        }
        let place = first.start..first.end;
        let literal = match first.token {
            Token::Word => return self.word(first),
            Token::Integer(value) => LiteralValue::Int(value.into()),
            Token::Lowest => {
                return Err(SyntaxError::new(
                    "the number is too large for 64 bits",
                    first.start,
                    first.end,
                ));
            }
            Token::Double(value) => LiteralValue::Double(value.into()),
            Token::Text(value) => LiteralValue::String(value.into()),
            Token::Mark("(") => {
                self.take();
                let inner = self.conditional()?;
                let closing = self.close(")", first.start)?;
                // The brackets belong to it, for whoever looks at its place.
                let at = usize::try_from(inner.id).unwrap_or(0);
                self.places[at].whole = first.start..closing.end;
                return Ok(inner);
            }
            Token::Mark("[") => {
                self.take();
                let elements = self.items("]", first.start)?;
                let whole = first.start..self.tokens[self.next - 1].end;
                return Ok(self.node(Expr::List(ListExpr::new(elements)), whole.clone(), whole));
            }
            Token::Mark("{") => return self.map(&first),
            Token::Mark(_) | Token::End => return Err(self.unexpected()),
        };
        self.take();
        Ok(self.node(Expr::Literal(literal), place.clone(), place))
    }

    fn word(&mut self, word: Lexeme) -> Result<IdedExpr, SyntaxError> {
        let text = self.text_of(&word).to_owned();
        let place = word.start..word.end;
        let literal = match text.as_str() {
            "true" => Some(LiteralValue::Boolean(true.into())),
            "false" => Some(LiteralValue::Boolean(false.into())),
            "null" => Some(LiteralValue::Null),
            reserved if RESERVED.contains(&reserved) => return Err(self.unexpected()),
            _ => None,
        };
        self.take();
        if let Some(literal) = literal {
            return Ok(self.node(Expr::Literal(literal), place.clone(), place));
        }
        if let Some(opened) = self.eat("(") {
            let args = self.items(")", opened.start)?;
            let whole = word.start..self.tokens[self.next - 1].end;
            return macros::expand(self, &text, None, args, whole, place);
        }
        if self.is_mark("{") {
            let error = SyntaxError::new("there are no message types to build here", word.start, word.end);
            return Err(error.hint("an object is written `{\"name\": value}`"));
        }
        Ok(self.node(Expr::Ident(text), place.clone(), place))
    }

    /// Expressions between commas up to `mark`, which is taken.
    fn items(&mut self, mark: &str, opened: usize) -> Result<Vec<IdedExpr>, SyntaxError> {
        let mut items = Vec::new();
        while !self.is_mark(mark) {
            items.push(self.conditional()?);
            if self.eat(",").is_none() {
                break;
            }
        }
        self.close(mark, opened)?;
        Ok(items)
    }

    fn map(&mut self, opened: &Lexeme) -> Result<IdedExpr, SyntaxError> {
        self.take();
        let mut entries = Vec::new();
        while !self.is_mark("}") {
            let key = self.conditional()?;
            if self.eat(":").is_none() {
                return Err(self.unexpected().hint("an object is written `{\"name\": value}`"));
            }
            let value = self.conditional()?;
            let id = self.whole(&key);
            let entry = EntryExpr::MapEntry(MapEntryExpr {
                key,
                value,
                optional: false,
            });
            let id = self.node(Expr::Unspecified, id.clone(), id).id;
            entries.push(IdedEntryExpr { id, expr: entry });
            if self.eat(",").is_none() {
                break;
            }
        }
        let closing = self.close("}", opened.start)?;
        let whole = opened.start..closing.end;
        Ok(self.node(Expr::Map(MapExpr { entries }), whole.clone(), whole))
    }
}

/// A number with its sign is one literal, so that the smallest integer can be written.
fn negative(token: &Token) -> Option<LiteralValue> {
    match token {
        Token::Integer(value) => Some(LiteralValue::Int((-*value).into())),
        Token::Lowest => Some(LiteralValue::Int(i64::MIN.into())),
        Token::Double(value) => Some(LiteralValue::Double((-*value).into())),
        _ => None,
    }
}
