//! Values with expressions in them, each expression knowing where in the file it stands.

mod bounds;
mod template;

pub(crate) use template::{bare, file_text, old_boolean, text, value};

use crate::yaml::Places;
use troupe_core::Value;
use troupe_core::diagnostic::Span;
use troupe_core::expression::{Expression, Segment, Template};

/// An expression and the places of its characters.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) expression: Expression,
    places: Places,
}

impl Written {
    pub(crate) fn span(&self) -> Span {
        self.expression.span()
    }

    /// The file's span of a byte range of the expression.
    pub(crate) fn part(&self, start: usize, end: usize) -> Span {
        self.places.span(start, end)
    }
}

/// A value with expressions in it: [`Template`] with places.
#[derive(Debug, Clone)]
pub(crate) enum Tree {
    Literal(Value, Span),
    Expression(Written),
    Text(Vec<Piece>, Span),
    List(Vec<Tree>, Span),
    Object(Vec<(String, Span, Tree)>, Span),
}

/// A piece of interpolated text.
#[derive(Debug, Clone)]
pub(crate) enum Piece {
    Text(String),
    Expression(Written),
}

impl Tree {
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Expression(written) => written.span(),
            Self::Literal(_, span) | Self::Text(_, span) | Self::List(_, span) | Self::Object(_, span) => *span,
        }
    }

    /// Visits every expression inside, in the order of the text.
    pub(crate) fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a Written)) {
        match self {
            Self::Literal(..) => {}
            Self::Expression(written) => visit(written),
            Self::Text(pieces, _) => pieces.iter().for_each(|piece| {
                if let Piece::Expression(written) = piece {
                    visit(written);
                }
            }),
            Self::List(items, _) => items.iter().for_each(|item| item.each(visit)),
            Self::Object(fields, _) => fields.iter().for_each(|(_, _, field)| field.each(visit)),
        }
    }

    /// The same without places.
    pub(crate) fn template(&self) -> Template {
        match self {
            Self::Literal(value, _) => Template::Literal(value.clone()),
            Self::Expression(written) => Template::Expression(written.expression.clone()),
            Self::Text(pieces, _) => Template::Text(pieces.iter().map(Piece::segment).collect()),
            Self::List(items, _) => Template::List(items.iter().map(Tree::template).collect()),
            Self::Object(fields, _) => {
                let fields = fields.iter().map(|(name, _, field)| (name.clone(), field.template()));
                Template::Object(fields.collect())
            }
        }
    }
}

impl Piece {
    fn segment(&self) -> Segment {
        match self {
            Self::Text(text) => Segment::Text(text.clone()),
            Self::Expression(written) => Segment::Expression(written.expression.clone()),
        }
    }
}

#[cfg(test)]
mod tests;
