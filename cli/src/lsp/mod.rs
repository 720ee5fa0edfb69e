//! `troupe lsp`: the language server protocol over stdin and stdout.
//!
//! One thread answers, in the order of the messages. Changes are taken up at once and looked at when
//! the editor pauses, or asks; what it no longer wants is not worked on.

mod answers;
mod diagnostics;
mod documents;
mod position;
mod uri;

use crate::exit::Exit;
use answers::{answer, error};
use diagnostics::Told;
use documents::Documents;
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response, ResponseError};
use lsp_types::notification::{
    Cancel, DidChangeTextDocument, DidChangeWatchedFiles, DidCloseTextDocument, DidOpenTextDocument,
    DidSaveTextDocument, Exit as ExitNotice, Notification as _, PublishDiagnostics,
};
use lsp_types::request::{Request as _, Shutdown};
use lsp_types::{
    CancelParams, CodeActionKind, CodeActionOptions, CompletionOptions, InitializeParams, InitializeResult,
    NumberOrString, OneOf, PositionEncodingKind, RenameOptions, ServerCapabilities, ServerInfo,
    TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions,
};
use position::Encoding;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// How long an author pauses before what was written is looked at.
const PAUSE: Duration = Duration::from_millis(60);

/// Serves one editor until it says `exit`, or hangs up.
pub fn run() -> anyhow::Result<Exit> {
    let (connection, threads) = Connection::stdio();
    let exit = match greet(&connection) {
        Some(encoding) => Server::new(connection, encoding).serve(),
        None => Exit::Failed,
    };
    if exit == Exit::Succeeded {
        threads.join()?;
    }
    Ok(exit)
}

/// The handshake. None when the editor hangs up, or speaks of something else.
fn greet(connection: &Connection) -> Option<Encoding> {
    let (id, params) = connection.initialize_start().ok()?;
    let params: InitializeParams = serde_json::from_value(params).unwrap_or_default();
    let offered = params
        .capabilities
        .general
        .and_then(|general| general.position_encodings);
    let encoding = match offered {
        Some(offered) if offered.contains(&PositionEncodingKind::UTF8) => Encoding::Utf8,
        _ => Encoding::Utf16,
    };
    let result = InitializeResult {
        capabilities: capabilities(encoding),
        server_info: Some(ServerInfo {
            name: "troupe".to_owned(),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        }),
    };
    connection.initialize_finish(id, json!(result)).ok()?;
    Some(encoding)
}

fn capabilities(encoding: Encoding) -> ServerCapabilities {
    ServerCapabilities {
        position_encoding: Some(match encoding {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
        }),
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            save: Some(true.into()),
            ..TextDocumentSyncOptions::default()
        })),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some([".", " ", "{", "[", "\"", "'", "/"].map(str::to_owned).to_vec()),
            ..CompletionOptions::default()
        }),
        hover_provider: Some(true.into()),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        rename_provider: Some(OneOf::Right(RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: Default::default(),
        })),
        document_formatting_provider: Some(OneOf::Left(true)),
        document_symbol_provider: Some(OneOf::Left(true)),
        code_action_provider: Some(
            CodeActionOptions {
                code_action_kinds: Some(vec![CodeActionKind::QUICKFIX]),
                ..CodeActionOptions::default()
            }
            .into(),
        ),
        ..ServerCapabilities::default()
    }
}

struct Server {
    connection: Connection,
    /// Everything that has come, however much: a request is not begun when its end has come too.
    receiver: mpsc::Receiver<Message>,
    encoding: Encoding,
    documents: Documents,
    told: Told,
    /// Messages that have come and not been worked on.
    waiting: VecDeque<Message>,
    /// Whether the editor asked to shut down: then it may say `exit`, and nothing else.
    is_down: bool,
}

impl Server {
    fn new(connection: Connection, encoding: Encoding) -> Self {
        let coming = connection.receiver.clone();
        let (pump, receiver) = mpsc::channel();
        // Ends with the connection.
        std::thread::spawn(move || coming.into_iter().all(|message| pump.send(message).is_ok()));
        Self {
            connection,
            receiver,
            encoding,
            documents: Documents::default(),
            told: Told::default(),
            waiting: VecDeque::new(),
            is_down: false,
        }
    }

    fn serve(mut self) -> Exit {
        while let Some(message) = self.next() {
            match message {
                Message::Request(request) => self.request(request),
                Message::Notification(notice) if notice.method == ExitNotice::METHOD => {
                    return if self.is_down { Exit::Succeeded } else { Exit::Failed };
                }
                Message::Notification(notice) => self.notice(notice),
                Message::Response(_) => {}
            }
        }
        // The editor is gone without a word.
        Exit::Failed
    }

    /// The next message. While none comes, files that changed are looked at.
    fn next(&mut self) -> Option<Message> {
        while let Ok(message) = self.receiver.try_recv() {
            self.waiting.push_back(message);
        }
        while self.waiting.is_empty() {
            let Some(stale) = self.documents.next_stale() else {
                return self.receiver.recv().ok();
            };
            match self.receiver.recv_timeout(PAUSE) {
                Ok(message) => return Some(message),
                Err(RecvTimeoutError::Timeout) => self.look_at(&stale),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
        self.waiting.pop_front()
    }

    fn look_at(&mut self, uri: &str) {
        let documents = &mut self.documents;
        // A text that cannot be looked at has no diagnostics; the next one is looked at afresh.
        if catch_unwind(AssertUnwindSafe(|| documents.analyse(uri))).is_err() {
            return;
        }
        self.tell(uri);
    }

    fn tell(&mut self, uri: &str) {
        for told in self.told.update(uri, &self.documents, self.encoding) {
            let notice = Notification::new(PublishDiagnostics::METHOD.to_owned(), told);
            self.send(notice.into());
        }
    }

    fn send(&self, message: Message) {
        // An editor that has hung up wants no answer; reading tells that it has.
        drop(self.connection.sender.send(message));
    }

    fn request(&mut self, request: Request) {
        let id = request.id.clone();
        let result = if self.is_cancelled(&id) {
            Err(error(ErrorCode::RequestCanceled, "the request was cancelled".into()))
        } else if self.is_down {
            Err(error(ErrorCode::InvalidRequest, "the server is shut down".into()))
        } else if request.method == Shutdown::METHOD {
            self.is_down = true;
            Ok(Value::Null)
        } else {
            self.answer(request)
        };
        let response = Response {
            id,
            response_result: result,
        };
        self.send(response.into());
    }

    fn answer(&mut self, request: Request) -> Result<Value, ResponseError> {
        while let Some(stale) = self.documents.next_stale() {
            self.look_at(&stale);
        }
        let (documents, encoding) = (&self.documents, self.encoding);
        let answered = catch_unwind(AssertUnwindSafe(|| {
            answer(documents, encoding, &request.method, request.params)
        }));
        answered.unwrap_or_else(|_| {
            let message = "this request met a mistake of the server's own".to_owned();
            Err(error(ErrorCode::InternalError, message))
        })
    }

    /// Whether a message that has already come takes a request back.
    fn is_cancelled(&self, id: &RequestId) -> bool {
        self.waiting.iter().any(|message| match message {
            Message::Notification(notice) if notice.method == Cancel::METHOD => {
                let cancelled = read::<CancelParams>(notice.params.clone()).map(|params| match params.id {
                    NumberOrString::Number(number) => RequestId::from(number),
                    NumberOrString::String(text) => RequestId::from(text),
                });
                cancelled.as_ref() == Some(id)
            }
            _ => false,
        })
    }

    fn notice(&mut self, notice: Notification) {
        match notice.method.as_str() {
            DidOpenTextDocument::METHOD => {
                if let Some(params) = read::<lsp_types::DidOpenTextDocumentParams>(notice.params) {
                    let document = params.text_document;
                    self.documents
                        .open(document.uri.as_str(), document.text, document.version);
                }
            }
            DidChangeTextDocument::METHOD => {
                if let Some(params) = read::<lsp_types::DidChangeTextDocumentParams>(notice.params) {
                    let document = params.text_document;
                    let uri = document.uri.as_str();
                    self.documents
                        .change(uri, document.version, params.content_changes, self.encoding);
                }
            }
            // Another program may have written what a file names.
            DidSaveTextDocument::METHOD | DidChangeWatchedFiles::METHOD => self.documents.changed_all(),
            DidCloseTextDocument::METHOD => {
                if let Some(params) = read::<lsp_types::DidCloseTextDocumentParams>(notice.params) {
                    let uri = params.text_document.uri.as_str().to_owned();
                    self.documents.close(&uri);
                    self.tell(&uri);
                }
            }
            _ => {}
        }
    }
}

/// The parameters of a notification; one that does not make sense is passed over, as nobody waits for
/// an answer.
fn read<T: DeserializeOwned>(params: Value) -> Option<T> {
    serde_json::from_value(params).ok()
}
