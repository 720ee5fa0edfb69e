//! The language server, spoken to as an editor does: frames over stdin and stdout.

use crate::fixture::Place;
use serde_json::{Value, json};
use std::io::{BufReader, Write as _};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Longer than any answer takes: what has not come by then will not come.
const PATIENCE: Duration = Duration::from_secs(60);

const TEXT: &str = "troupe: 1
inputs:
  question: string
models: { fast: builtin/reader }
agents:
  writer: { model: fast }
steps:
  draft:
    agent: writer
    prompt: ${{ inputs.question }}
    output: { title: string, good: boolean }
  final:
    agent: writer
    needs: [draft]
    when: steps.draft.output.good
    prompt: 🦉 ${{ steps.draft.output.title }}
outputs:
  text: ${{ default(steps.final.output, \"\") }}
";

/// A client that speaks to the server and waits for what it says.
struct Editor {
    child: Child,
    stdin: ChildStdin,
    messages: Receiver<Value>,
    /// What came while something else was waited for.
    kept: Vec<Value>,
    next_id: i32,
}

impl Editor {
    fn start(place: &Place, capabilities: Value) -> Self {
        let mut command = place.command(&["lsp"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            while let Some(message) = frame(&mut stdout) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let mut editor = Self {
            child,
            stdin,
            messages,
            kept: Vec::new(),
            next_id: 1,
        };
        let answer = editor.ask(
            "initialize",
            json!({ "processId": null, "rootUri": null, "capabilities": capabilities }),
        );
        assert!(
            answer["result"]["capabilities"]["completionProvider"].is_object(),
            "{answer}"
        );
        editor.tell("initialized", json!({}));
        editor
    }

    fn write(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.stdin, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        self.stdin.flush().unwrap();
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.write(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn send(&mut self, method: &str, params: Value) -> i32 {
        let id = self.next_id;
        self.next_id += 1;
        self.write(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        id
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.send(method, params);
        self.wait(|message| message["id"] == id)
    }

    /// Asks for something and takes its result.
    fn result(&mut self, method: &str, params: Value) -> Value {
        let answer = self.ask(method, params);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    fn wait(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.kept.iter().position(&wanted) {
            return self.kept.remove(at);
        }
        loop {
            let message = self.messages.recv_timeout(PATIENCE).expect("the server answers");
            if wanted(&message) {
                return message;
            }
            self.kept.push(message);
        }
    }

    /// The diagnostics that come next for a file: each a code and where it begins and ends.
    fn diagnostics(&mut self, uri: &str) -> Vec<(String, String)> {
        let told = self
            .wait(|message| message["method"] == "textDocument/publishDiagnostics" && message["params"]["uri"] == uri);
        let found = told["params"]["diagnostics"].as_array().unwrap().iter();
        found
            .map(|found| (found["code"].as_str().unwrap().to_owned(), range(&found["range"])))
            .collect()
    }

    fn open(&mut self, uri: &str, text: &str) {
        let document = json!({ "uri": uri, "languageId": "yaml", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    fn end(mut self) -> Option<i32> {
        drop(self.stdin);
        self.child.wait().unwrap().code()
    }
}

fn frame(stdout: &mut impl std::io::BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stdout.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut bytes = vec![0; length];
    stdout.read_exact(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn range(range: &Value) -> String {
    let place = |at: &str| format!("{}:{}", range[at]["line"], range[at]["character"]);
    format!("{}-{}", place("start"), place("end"))
}

/// The place right behind the first `before` in a text, counted in UTF-16 as editors do.
fn behind(text: &str, before: &str) -> Value {
    let offset = text.find(before).expect("it is there") + before.len();
    let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let line = text[..offset].matches('\n').count();
    json!({ "line": line, "character": text[start..offset].encode_utf16().count() })
}

fn at(uri: &str, position: Value) -> Value {
    json!({ "textDocument": { "uri": uri }, "position": position })
}

fn uri(place: &Place, name: &str) -> String {
    format!("file://{}/{name}", place.path().canonicalize().unwrap().display())
}

#[test]
fn an_editor_is_served_from_its_first_word_to_its_last() {
    let place = Place::new();
    let file = uri(&place, "w.yaml");
    let mut editor = Editor::start(&place, json!({}));
    let broken = TEXT
        .replace("agent: writer\n    needs", "agent: wrter\n    needs")
        .replace("draft.output.title", "draft.output.titel");
    editor.open(&file, &broken);
    let told = editor.diagnostics(&file);
    assert_eq!(
        told,
        [
            ("T0204".to_owned(), "12:11-12:16".to_owned()),
            ("T0303".to_owned(), "15:38-15:43".to_owned())
        ]
    );

    let actions = editor.result(
        "textDocument/codeAction",
        json!({
            "textDocument": { "uri": file },
            "range": { "start": { "line": 12, "character": 12 }, "end": { "line": 12, "character": 12 } },
            "context": { "diagnostics": [] }
        }),
    );
    assert_eq!(actions[0]["title"], "Write `writer`");
    assert_eq!(actions[0]["edit"]["changes"][&file][0]["newText"], "writer");

    // Both mistakes go, the second of them by a change in the middle of its line.
    editor.tell(
        "textDocument/didChange",
        json!({
            "textDocument": { "uri": file, "version": 2 },
            "contentChanges": [
                { "range": { "start": { "line": 12, "character": 11 }, "end": { "line": 12, "character": 16 } }, "text": "writer" },
                { "range": { "start": { "line": 15, "character": 38 }, "end": { "line": 15, "character": 43 } }, "text": "title" }
            ]
        }),
    );
    assert_eq!(editor.diagnostics(&file), []);

    let list = editor.result("textDocument/completion", at(&file, behind(TEXT, "draft.output.t")));
    let labels: Vec<&str> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["label"].as_str().unwrap())
        .collect();
    assert_eq!(labels, ["title"]);
    assert_eq!(list["items"][0]["detail"], "string");
    assert_eq!(range(&list["items"][0]["textEdit"]["range"]), "15:38-15:43");

    let hover = editor.result("textDocument/hover", at(&file, behind(TEXT, "draft.output.ti")));
    assert_eq!(hover["contents"]["value"], "`title`: `string`");
    assert_eq!(range(&hover["range"]), "15:38-15:43");

    let place_of_step = editor.result("textDocument/definition", at(&file, behind(TEXT, "when: steps.dr")));
    assert_eq!(
        (place_of_step["uri"].as_str(), range(&place_of_step["range"])),
        (Some(file.as_str()), "7:2-7:7".to_owned())
    );

    let mut rename = at(&file, behind(TEXT, "needs: [dr"));
    let prepared = editor.result("textDocument/prepareRename", rename.clone());
    assert_eq!(range(&prepared), "13:12-13:17");
    rename["newName"] = json!("sketch");
    let edits = editor.result("textDocument/rename", rename.clone());
    let places: Vec<String> = edits["changes"][&file]
        .as_array()
        .unwrap()
        .iter()
        .map(|edit| range(&edit["range"]))
        .collect();
    assert_eq!(places, ["7:2-7:7", "13:12-13:17", "14:16-14:21", "15:25-15:30"]);
    rename["newName"] = json!("final");
    let refused = editor.ask("textDocument/rename", rename);
    assert_eq!(refused["error"]["message"], "the name `final` is taken");

    let symbols = editor.result(
        "textDocument/documentSymbol",
        json!({ "textDocument": { "uri": file } }),
    );
    assert_eq!(symbols[4]["children"][1]["name"], "final");
    // A blank too many is taken away, and with that nothing is left to do.
    editor.tell(
        "textDocument/didChange",
        json!({
            "textDocument": { "uri": file, "version": 3 },
            "contentChanges": [{ "text": TEXT.replace("steps:\n", "steps:   \n") }]
        }),
    );
    let options = json!({ "tabSize": 2, "insertSpaces": true });
    let wanted = json!({ "textDocument": { "uri": file }, "options": options });
    let edits = editor.result("textDocument/formatting", wanted);
    assert_eq!(edits[0]["newText"], TEXT);
    assert_eq!(range(&edits[0]["range"]), "0:0-18:0");
    assert_eq!(editor.diagnostics(&file), []);

    let unknown = editor.ask("textDocument/somethingElse", json!({}));
    assert_eq!(unknown["error"]["code"], -32601);
    let wrong = editor.ask("textDocument/hover", json!({ "textDocument": 1 }));
    assert_eq!(wrong["error"]["code"], -32602);

    editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": file } }));
    assert_eq!(editor.diagnostics(&file), []);
    assert_eq!(editor.result("shutdown", Value::Null), Value::Null);
    let late = editor.ask("textDocument/hover", at(&file, json!({ "line": 0, "character": 0 })));
    assert_eq!(late["error"]["code"], -32600);
    editor.tell("exit", Value::Null);
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn mistakes_are_told_at_the_file_that_they_are_in() {
    let place = Place::new();
    place.file("shared/agents.yaml", "on disk, and not what is open");
    let (main, shared) = (uri(&place, "w.yaml"), uri(&place, "shared/agents.yaml"));
    let mut editor = Editor::start(&place, json!({}));
    editor.open(&shared, "troupe: 1\nagents:\n  writer: { modle: builtin/reader }\n");
    assert_eq!(editor.diagnostics(&shared).len(), 1);
    editor.open(
        &main,
        "troupe: 1\nimports: [shared/agents.yaml]\nsteps: { a: { agent: writer, prompt: Go } }\noutputs: { a: '${{ steps.a.output }}' }\n",
    );
    assert_eq!(editor.diagnostics(&main), []);
    // What both analyses find is told once.
    let told = editor.diagnostics(&shared);
    assert_eq!(told, [("T0101".to_owned(), "2:12-2:17".to_owned())]);
    // The whole text again, mended.
    editor.tell(
        "textDocument/didChange",
        json!({
            "textDocument": { "uri": shared, "version": 2 },
            "contentChanges": [{ "text": "troupe: 1\nagents:\n  writer: { model: builtin/reader }\n" }]
        }),
    );
    let mut left = editor.diagnostics(&shared);
    if !left.is_empty() {
        // One of the two analyses still knew the old text.
        left = editor.diagnostics(&shared);
    }
    assert_eq!(left, []);
    editor.result("shutdown", Value::Null);
    editor.tell("exit", Value::Null);
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn bytes_are_counted_where_the_editor_offers_them() {
    let place = Place::new();
    let file = uri(&place, "w.yaml");
    let capabilities = json!({ "general": { "positionEncodings": ["utf-16", "utf-8"] } });
    let mut editor = Editor::start(&place, capabilities);
    editor.open(&file, &TEXT.replace("draft.output.title", "draft.output.titel"));
    assert_eq!(
        editor.diagnostics(&file),
        [("T0303".to_owned(), "15:40-15:45".to_owned())]
    );
    // Without a shutdown the end is a failure.
    editor.tell("exit", Value::Null);
    assert_eq!(editor.end(), Some(1));
}

#[test]
fn a_request_that_is_taken_back_before_its_turn_is_not_worked_on() {
    let place = Place::new();
    let file = uri(&place, "w.yaml");
    let mut editor = Editor::start(&place, json!({}));
    editor.open(&file, TEXT);
    assert_eq!(editor.diagnostics(&file), []);
    let ids: Vec<i32> = (0..40)
        .map(|_| {
            editor.send(
                "textDocument/documentSymbol",
                json!({ "textDocument": { "uri": file } }),
            )
        })
        .collect();
    for id in &ids {
        editor.tell("$/cancelRequest", json!({ "id": id }));
    }
    for id in ids {
        let answer = editor.wait(|message| message["id"] == id);
        let is_cancelled = answer["error"]["code"] == -32800;
        assert!(
            is_cancelled || answer["result"].is_array(),
            "every request is answered: {answer}"
        );
    }
    // An editor that hangs up ends the server.
    assert_eq!(editor.end(), Some(1));
}
