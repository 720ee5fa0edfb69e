//! Connections to the proxy, each in a task of its own.

use super::request::{self, Plain, Request};
use super::{Refused, Upstream, address};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy, copy_bidirectional};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use troupe_core::port::sandbox::Hosts;

/// Connections of a sandbox at once.
const AT_ONCE: usize = 256;
/// How long a host may take to answer a call.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long somebody is heard out who has been answered.
const LINGER: Duration = Duration::from_secs(2);

/// Serves a sandbox until this is dropped, and its connections with it.
pub(super) async fn serve(listener: UnixListener, hosts: Arc<Hosts>, upstream: Arc<Upstream>, refused: Arc<Refused>) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut connections = JoinSet::new();
    while let Ok(place) = places.clone().acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let way = Way {
            hosts: hosts.clone(),
            upstream: upstream.clone(),
            refused: refused.clone(),
        };
        connections.spawn(async move {
            // A connection that breaks off is its own end.
            let _ = way.answer(stream).await;
            drop(place);
        });
        while connections.try_join_next().is_some() {}
    }
}

struct Way {
    hosts: Arc<Hosts>,
    upstream: Arc<Upstream>,
    refused: Arc<Refused>,
}

impl Way {
    async fn answer(&self, mut inner: UnixStream) -> std::io::Result<()> {
        let Some(head) = request::head(&mut inner).await? else {
            return Ok(());
        };
        match request::read(&head) {
            Err(why) => say(&mut inner, "400 Bad Request", why).await,
            Ok(Request::Connect { host, port }) => match self.tunnel(&host, port).await {
                Err(why) => self.refuse(&mut inner, &host, port, &why).await,
                Ok(mut outer) => {
                    inner.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
                    copy_bidirectional(&mut inner, &mut outer).await.map(drop)
                }
            },
            Ok(Request::Plain(plain)) => match self.plain(&plain).await {
                Err(why) => self.refuse(&mut inner, &plain.host, plain.port, &why).await,
                Ok((outer, head)) => hand_on(inner, outer, &head, plain.body).await,
            },
        }
    }

    fn look(&self, host: &str, port: u16) -> Result<(), String> {
        match self.hosts.allow(host, port) {
            true => Ok(()),
            false => Err(format!("the sandbox's `network` lists only {}", self.hosts)),
        }
    }

    async fn tunnel(&self, host: &str, port: u16) -> Result<TcpStream, String> {
        self.look(host, port)?;
        let connected = async {
            match self.upstream.of_host(host, true) {
                Some(proxy) => proxy.tunnel(&self.hosts, host, port).await,
                None => address::connect(&self.hosts, host, port).await,
            }
        };
        in_time(connected).await
    }

    async fn plain(&self, plain: &Plain) -> Result<(TcpStream, String), String> {
        self.look(&plain.host, plain.port)?;
        let connected = async {
            match self.upstream.of_host(&plain.host, false) {
                Some(proxy) => {
                    let stream = proxy.connect(&self.hosts, &plain.host, plain.port).await?;
                    Ok((stream, plain.head(Some(&proxy.headers()))))
                }
                None => {
                    let stream = address::connect(&self.hosts, &plain.host, plain.port).await?;
                    Ok((stream, plain.head(None)))
                }
            }
        };
        in_time(connected).await
    }

    async fn refuse(&self, inner: &mut UnixStream, host: &str, port: u16, why: &str) -> std::io::Result<()> {
        let host = request::authority(host, port, 0);
        self.refused.note(&host, why);
        say(inner, "403 Forbidden", &format!("{host} was not reached: {why}")).await
    }
}

async fn in_time<T>(connected: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let waited = timeout(PATIENCE, connected).await;
    waited.unwrap_or_else(|_| Err(format!("it did not answer within {} s", PATIENCE.as_secs())))
}

async fn say(stream: &mut UnixStream, status: &str, why: &str) -> std::io::Result<()> {
    let length = why.len() + 1;
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{why}\n"
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    linger(stream).await;
    Ok(())
}

/// Listens for a moment to somebody who is not listened to any more: a socket that is closed with something unread
/// takes back what it has said.
async fn linger(stream: &mut (impl AsyncRead + Unpin)) {
    let _ = timeout(LINGER, copy(stream, &mut tokio::io::sink())).await;
}

/// One request out, its body and no byte more, and the answer in.
async fn hand_on<I, O>(inner: I, outer: O, head: &str, body: u64) -> std::io::Result<()>
where
    I: AsyncRead + AsyncWrite + Unpin,
    O: AsyncRead + AsyncWrite + Unpin,
{
    let (mut from_inner, mut to_inner) = tokio::io::split(inner);
    let (mut from_outer, mut to_outer) = tokio::io::split(outer);
    to_outer.write_all(head.as_bytes()).await?;
    let ask = async {
        let mut rest = (&mut from_inner).take(body);
        copy(&mut rest, &mut to_outer).await?;
        std::future::pending::<std::io::Result<()>>().await
    };
    let answer = async {
        copy(&mut from_outer, &mut to_inner).await?;
        to_inner.shutdown().await
    };
    // A host may answer before it has heard all, and then is told no more.
    tokio::select! {
        asked = ask => asked?,
        answered = answer => answered?,
    }
    linger(&mut from_inner).await;
    Ok(())
}
