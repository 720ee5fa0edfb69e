//! A server of one script: what it does with its first request, its second, and so on.

use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// One thing that the server does.
#[derive(Debug, Clone)]
pub enum Act {
    /// Sends the head of a streamed answer.
    Stream,
    /// Sends a piece of a streamed body.
    Piece(String),
    /// Waits.
    Pause(u64),
    /// Ends the streamed body.
    End,
    /// Sends bytes as they are.
    Raw(String),
    /// Waits until the client goes away, and tells.
    UntilClosed,
}

/// A whole answer with a status, headers and a body.
pub fn status(line: &str, headers: &str, body: &str) -> Vec<Act> {
    let length = body.len();
    vec![Act::Raw(format!(
        "HTTP/1.1 {line}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    ))]
}

/// A streamed answer of these chunks, `[DONE]` at its end.
pub fn stream(chunks: &[&str]) -> Vec<Act> {
    let events = chunks
        .iter()
        .chain(&["[DONE]"])
        .map(|chunk| Act::Piece(format!("data: {chunk}\n\n")));
    std::iter::once(Act::Stream).chain(events).chain([Act::End]).collect()
}

/// A streamed answer that says `text`.
pub fn says(text: &str) -> Vec<Act> {
    let chunk =
        serde_json::json!({ "choices": [{ "index": 0, "delta": { "content": text }, "finish_reason": "stop" }] });
    stream(&[&chunk.to_string()])
}

pub struct Server {
    pub base_url: String,
    pub requests: Arc<Mutex<Vec<String>>>,
    pub client_left: Arc<Notify>,
}

impl Server {
    /// Serves `script`, one entry a request; requests beyond it get the last entry again.
    pub async fn start(script: Vec<Vec<Act>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let server = Self {
            base_url: format!("http://{address}/v1"),
            requests: Arc::default(),
            client_left: Arc::default(),
        };
        let (requests, left) = (Arc::clone(&server.requests), Arc::clone(&server.client_left));
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let (script, requests, left) = (script.clone(), Arc::clone(&requests), Arc::clone(&left));
                tokio::spawn(async move {
                    while let Some(request) = read_request(&mut socket).await {
                        let turn = {
                            let mut requests = requests.lock().expect("no panic under the lock");
                            requests.push(request);
                            (requests.len() - 1).min(script.len() - 1)
                        };
                        if !play(&mut socket, &script[turn], &left).await {
                            return;
                        }
                    }
                });
            }
        });
        server
    }

    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no panic under the lock").clone()
    }
}

/// Head and body of the next request; none when the client is gone.
async fn read_request(socket: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.and_then(|length| length.parse().ok()).unwrap_or(0) {
                return Some(text.into_owned());
            }
        }
        let mut piece = [0; 4096];
        match socket.read(&mut piece).await {
            Ok(read) if read > 0 => bytes.extend_from_slice(&piece[..read]),
            _ => return None,
        }
    }
}

/// Whether the connection serves another request.
async fn play(socket: &mut TcpStream, acts: &[Act], left: &Notify) -> bool {
    for act in acts {
        let sent = match act {
            Act::Stream => {
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
                socket.write_all(head.as_bytes()).await
            }
            Act::Piece(text) => {
                socket
                    .write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes())
                    .await
            }
            Act::End => socket.write_all(b"0\r\n\r\n").await,
            Act::Raw(text) => socket.write_all(text.as_bytes()).await,
            Act::Pause(ms) => {
                tokio::time::sleep(Duration::from_millis(*ms)).await;
                Ok(())
            }
            Act::UntilClosed => {
                let mut piece = [0; 64];
                while !matches!(socket.read(&mut piece).await, Ok(0) | Err(_)) {}
                left.notify_one();
                return false;
            }
        };
        if sent.is_err() {
            return false;
        }
    }
    matches!(acts.last(), Some(Act::End))
}
