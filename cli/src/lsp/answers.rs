//! Requests and their answers: what the editor asks about one place of one open file.

use super::diagnostics::address;
use super::documents::{Document, Documents};
use super::position::{Encoding, Lines};
use lsp_server::{ErrorCode, ResponseError};
use lsp_types::request::{
    CodeActionRequest, Completion, DocumentSymbolRequest, Formatting, GotoDefinition, HoverRequest,
    PrepareRenameRequest, References, Rename, Request as _,
};
use lsp_types::{
    CodeAction, CodeActionKind, CodeActionParams, CompletionItem, CompletionItemKind, CompletionList, CompletionParams,
    CompletionTextEdit, DocumentFormattingParams, DocumentSymbol, DocumentSymbolParams, Documentation,
    GotoDefinitionParams, HoverContents, HoverParams, Location, MarkupContent, MarkupKind, ReferenceParams,
    RenameParams, SymbolKind, TextDocumentPositionParams, TextEdit, Uri, WorkspaceEdit,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::HashMap;
use troupe_core::diagnostic::Span;
use troupe_dsl::editor::{Analysis, Edit, Item, Outline, Suggests, fix};

/// Completions that one answer has; more are asked for as the author types on.
const MOST_COMPLETIONS: usize = 1_000;

/// Answers a request. `null` is the answer to what is asked about a file that is not open.
pub fn answer(documents: &Documents, encoding: Encoding, method: &str, params: Value) -> Result<Value, ResponseError> {
    let desk = Desk { documents, encoding };
    match method {
        Completion::METHOD => desk.completion(read(params)?),
        HoverRequest::METHOD => desk.hover(read(params)?),
        GotoDefinition::METHOD => desk.definition(read(params)?),
        References::METHOD => desk.references(read(params)?),
        PrepareRenameRequest::METHOD => desk.prepare_rename(read(params)?),
        Rename::METHOD => desk.rename(read(params)?),
        Formatting::METHOD => desk.formatting(read(params)?),
        DocumentSymbolRequest::METHOD => desk.symbols(read(params)?),
        CodeActionRequest::METHOD => desk.actions(read(params)?),
        method => Err(error(
            ErrorCode::MethodNotFound,
            format!("there is no method `{method}` here"),
        )),
    }
}

/// An error to answer with.
pub fn error(code: ErrorCode, message: String) -> ResponseError {
    ResponseError {
        code: code as i32,
        message,
        data: None,
    }
}

fn read<T: DeserializeOwned>(params: Value) -> Result<T, ResponseError> {
    serde_json::from_value(params).map_err(|problem| error(ErrorCode::InvalidParams, problem.to_string()))
}

fn written(answer: impl Serialize) -> Result<Value, ResponseError> {
    serde_json::to_value(answer).map_err(|problem| error(ErrorCode::InternalError, problem.to_string()))
}

/// A file at which something is asked.
struct Asked<'a> {
    uri: Uri,
    analysis: &'a Analysis,
    lines: Lines<'a>,
}

struct Desk<'a> {
    documents: &'a Documents,
    encoding: Encoding,
}

impl<'a> Desk<'a> {
    fn file(&self, uri: Uri) -> Option<Asked<'a>> {
        let document: &Document = self.documents.get(uri.as_str())?;
        let analysis = document.analysis.as_ref()?;
        Some(Asked {
            uri,
            analysis,
            lines: Lines::of(analysis.text(), self.encoding),
        })
    }

    fn place(&self, at: TextDocumentPositionParams) -> Option<(Asked<'a>, usize)> {
        let file = self.file(at.text_document.uri)?;
        let offset = file.lines.offset(at.position);
        Some((file, offset))
    }

    fn completion(&self, params: CompletionParams) -> Result<Value, ResponseError> {
        let Some((file, offset)) = self.place(params.text_document_position) else {
            return Ok(Value::Null);
        };
        let found = file.analysis.complete(offset).into_iter().take(MOST_COMPLETIONS);
        let items = found.enumerate().map(|(at, found)| CompletionItem {
            label: found.label,
            kind: Some(completion_kind(found.suggests)),
            detail: (!found.detail.is_empty()).then_some(found.detail),
            documentation: (!found.documentation.is_empty())
                .then(|| Documentation::MarkupContent(markdown(found.documentation))),
            // The order is ours; editors sort by this text.
            sort_text: Some(format!("{at:05}")),
            text_edit: Some(CompletionTextEdit::Edit(TextEdit {
                range: file.lines.range(found.replace.start, found.replace.end),
                new_text: found.insert,
            })),
            ..CompletionItem::default()
        });
        // What was typed has chosen among them already.
        written(CompletionList {
            is_incomplete: true,
            items: items.collect(),
        })
    }

    fn hover(&self, params: HoverParams) -> Result<Value, ResponseError> {
        let Some((file, offset)) = self.place(params.text_document_position_params) else {
            return Ok(Value::Null);
        };
        written(file.analysis.hover(offset).map(|hover| lsp_types::Hover {
            contents: HoverContents::Markup(markdown(hover.text)),
            range: Some(file.lines.range(hover.range.start, hover.range.end)),
        }))
    }

    fn definition(&self, params: GotoDefinitionParams) -> Result<Value, ResponseError> {
        let Some((file, offset)) = self.place(params.text_document_position_params) else {
            return Ok(Value::Null);
        };
        let files = self.documents.files(file.uri.as_str());
        let place = file.analysis.definition(offset, &files);
        written(place.and_then(|span| self.location(&file, span)))
    }

    fn references(&self, params: ReferenceParams) -> Result<Value, ResponseError> {
        let Some((file, offset)) = self.place(params.text_document_position) else {
            return Ok(Value::Null);
        };
        let files = self.documents.files(file.uri.as_str());
        let declared = file.analysis.definition(offset, &files);
        let places = file.analysis.references(offset).into_iter();
        let places = places.filter(|span| params.context.include_declaration || Some(*span) != declared);
        let places: Vec<Location> = places.filter_map(|span| self.location(&file, span)).collect();
        written(places)
    }

    fn prepare_rename(&self, params: TextDocumentPositionParams) -> Result<Value, ResponseError> {
        let Some((file, offset)) = self.place(params) else {
            return Ok(Value::Null);
        };
        match file.analysis.renamed(offset) {
            Ok(span) => written(file.lines.range(span.start as usize, span.end as usize)),
            Err(reason) => Err(error(ErrorCode::RequestFailed, reason)),
        }
    }

    fn rename(&self, params: RenameParams) -> Result<Value, ResponseError> {
        let Some((file, offset)) = self.place(params.text_document_position) else {
            return Ok(Value::Null);
        };
        let files = self.documents.files(file.uri.as_str());
        let edits = file.analysis.rename(offset, &params.new_name, &files);
        let edits = edits.map_err(|reason| error(ErrorCode::RequestFailed, reason))?;
        written(self.workspace_edit(&file, edits))
    }

    fn formatting(&self, params: DocumentFormattingParams) -> Result<Value, ResponseError> {
        let Some(file) = self.file(params.text_document.uri) else {
            return Ok(Value::Null);
        };
        let text = file.analysis.text();
        let laid_out = file.analysis.formatted().filter(|laid_out| laid_out != text);
        written(laid_out.map(|new_text| {
            let range = file.lines.range(0, text.len());
            vec![TextEdit { range, new_text }]
        }))
    }

    fn symbols(&self, params: DocumentSymbolParams) -> Result<Value, ResponseError> {
        let Some(file) = self.file(params.text_document.uri) else {
            return Ok(Value::Null);
        };
        let symbols = file.analysis.symbols().into_iter();
        let symbols: Vec<DocumentSymbol> = symbols.map(|item| symbol(&file.lines, item)).collect();
        written(symbols)
    }

    fn actions(&self, params: CodeActionParams) -> Result<Value, ResponseError> {
        let Some(file) = self.file(params.text_document.uri) else {
            return Ok(Value::Null);
        };
        let (first, last) = (
            file.lines.offset(params.range.start),
            file.lines.offset(params.range.end),
        );
        let mut actions = Vec::new();
        for problem in file.analysis.diagnostics() {
            let here = problem
                .labels
                .first()
                .map(|label| label.span)
                .filter(|span| span.source.0 == 0 && span.start as usize <= last && first <= span.end as usize);
            let (Some(_), Some(edit)) = (here, fix(problem, file.analysis.sources())) else {
                continue;
            };
            actions.push(CodeAction {
                title: format!("Write `{}`", edit.text),
                kind: Some(CodeActionKind::QUICKFIX),
                edit: Some(self.workspace_edit(&file, vec![edit])),
                is_preferred: Some(true),
                ..CodeAction::default()
            });
        }
        written(actions)
    }

    fn location(&self, file: &Asked<'_>, span: Span) -> Option<Location> {
        let uri = address(file.uri.as_str(), file.analysis, span)?;
        let text = &file.analysis.sources().get(span.source)?.text;
        let lines = Lines::of(text, self.encoding);
        Some(Location::new(uri, lines.range(span.start as usize, span.end as usize)))
    }

    #[expect(
        clippy::mutable_key_type,
        reason = "the protocol's own type; an address never changes what it compares as"
    )]
    fn workspace_edit(&self, file: &Asked<'_>, edits: Vec<Edit>) -> WorkspaceEdit {
        let mut changes: HashMap<Uri, Vec<TextEdit>> = HashMap::new();
        for edit in edits {
            if let Some(place) = self.location(file, edit.span) {
                changes.entry(place.uri).or_default().push(TextEdit {
                    range: place.range,
                    new_text: edit.text,
                });
            }
        }
        WorkspaceEdit {
            changes: Some(changes),
            ..WorkspaceEdit::default()
        }
    }
}

fn markdown(value: String) -> MarkupContent {
    MarkupContent {
        kind: MarkupKind::Markdown,
        value,
    }
}

fn completion_kind(suggests: Suggests) -> CompletionItemKind {
    match suggests {
        Suggests::Key => CompletionItemKind::PROPERTY,
        Suggests::Word => CompletionItemKind::ENUM_MEMBER,
        Suggests::Agent => CompletionItemKind::CLASS,
        Suggests::Model => CompletionItemKind::CONSTANT,
        Suggests::Tool => CompletionItemKind::INTERFACE,
        Suggests::Step => CompletionItemKind::EVENT,
        Suggests::Workflow => CompletionItemKind::FILE,
        Suggests::Variable => CompletionItemKind::VARIABLE,
        Suggests::Field => CompletionItemKind::FIELD,
        Suggests::Function => CompletionItemKind::FUNCTION,
        Suggests::Type => CompletionItemKind::TYPE_PARAMETER,
    }
}

#[expect(deprecated, reason = "the protocol's type has the field, and wants it filled")]
fn symbol(lines: &Lines<'_>, item: Outline) -> DocumentSymbol {
    let range = |span: Span| lines.range(span.start as usize, span.end as usize);
    DocumentSymbol {
        name: if item.name.is_empty() {
            "(no name)".to_owned()
        } else {
            item.name
        },
        detail: (!item.detail.is_empty()).then_some(item.detail),
        kind: match item.item {
            Item::Section => SymbolKind::NAMESPACE,
            Item::Step => SymbolKind::EVENT,
            Item::Agent => SymbolKind::CLASS,
            Item::Model => SymbolKind::CONSTANT,
            Item::Tools => SymbolKind::INTERFACE,
            Item::Value => SymbolKind::VARIABLE,
        },
        tags: None,
        deprecated: None,
        range: range(item.span),
        selection_range: range(item.name_span),
        children: Some(item.children.into_iter().map(|child| symbol(lines, child)).collect()),
    }
}
