//! A server on the loopback: it keeps what it was sent, and answers as it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    pub path: String,
    /// The head, in lower case.
    pub head: String,
    pub body: Vec<u8>,
}

/// See the module. It serves until the test ends.
pub struct Server {
    pub address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Answers each request with what `answer` makes of it: a status line, headers and a body. Nothing is said to one
    /// for which it makes nothing; after `connection: close` the connection is.
    pub fn start<A: Into<Vec<u8>>>(answer: impl Fn(&Request) -> Option<A> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let answer = move |request: &Request| answer(request).map(Into::into);
        let (kept, answer) = (requests.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, answer) = (kept.clone(), answer.clone());
                std::thread::spawn(move || serve(stream, &kept, answer.as_ref()));
            }
        });
        Self { address, requests }
    }

    /// A collector that takes everything.
    pub fn collector() -> Self {
        Self::start(|_| Some("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"))
    }

    /// What came so far, to one path.
    pub fn sent(&self, path: &str) -> Vec<Request> {
        let requests = self.requests.lock().unwrap();
        requests
            .iter()
            .filter(|request| request.path == path)
            .cloned()
            .collect()
    }

    /// Everything that came so far.
    pub fn all(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(stream: TcpStream, kept: &Mutex<Vec<Request>>, answer: &dyn Fn(&Request) -> Option<Vec<u8>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    while let Some(request) = read(&mut reader) {
        let answer = answer(&request);
        kept.lock().unwrap().push(request);
        match answer {
            Some(answer) => {
                let last = answer
                    .windows(17)
                    .take(1_000)
                    .any(|window| window == b"connection: close");
                if writer.write_all(&answer).is_err() || last {
                    return;
                }
            }
            None => {
                // Hangs until the client goes away.
                let _ = reader.read(&mut [0]);
                return;
            }
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let path = head.split(' ').nth(1)?.to_owned();
    let head = head.to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(Request { path, head, body })
}
