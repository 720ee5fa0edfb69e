//! Connections to the proxy, each in a task of its own.

use super::relay::{self, Patience};
use super::request::{self, Plain, Request};
use super::{Refused, Upstream, address};
use nix::sys::resource::{Resource, getrlimit};
use std::io::ErrorKind;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use troupe_core::port::sandbox::Hosts;

/// Connections of a sandbox at once.
const AT_ONCE: usize = 128;

/// Connections of all sandboxes at once. Each takes two of the files that this process may open, and half of them are
/// left for all else that it does.
static OF_ALL: LazyLock<Semaphore> = LazyLock::new(|| {
    let files = getrlimit(Resource::RLIMIT_NOFILE).map_or(1024, |(files, _)| files);
    Semaphore::new(usize::try_from(files / 4).unwrap_or(usize::MAX).clamp(8, 1 << 20))
});

/// Serves a sandbox until this is dropped, and its connections with it.
pub(super) async fn serve(listener: UnixListener, hosts: Arc<Hosts>, upstream: Arc<Upstream>, refused: Arc<Refused>) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut connections = JoinSet::new();
    while let Ok(place) = places.clone().acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        // Not before somebody is there: sandboxes that ask for nothing take nothing from others.
        let Ok(of_all) = OF_ALL.acquire().await else { return };
        let way = Way {
            hosts: hosts.clone(),
            upstream: upstream.clone(),
            refused: refused.clone(),
            patience: Patience::USUAL,
        };
        connections.spawn(async move {
            // A connection that breaks off is its own end.
            let _ = way.answer(stream).await;
            drop((place, of_all));
        });
        while connections.try_join_next().is_some() {}
    }
}

struct Way {
    hosts: Arc<Hosts>,
    upstream: Arc<Upstream>,
    refused: Arc<Refused>,
    patience: Patience,
}

impl Way {
    async fn answer(&self, mut inner: UnixStream) -> std::io::Result<()> {
        let head = match timeout(self.patience.call, request::head(&mut inner)).await {
            Err(_) => return say(&mut inner, "408 Request Timeout", "no request came").await,
            Ok(Err(error)) if error.kind() == ErrorKind::InvalidData => {
                return say(&mut inner, "400 Bad Request", &error.to_string()).await;
            }
            Ok(head) => head?,
        };
        let Some(head) = head else { return Ok(()) };
        match request::read(&head) {
            Err(why) => say(&mut inner, "400 Bad Request", why).await,
            Ok(Request::Connect { host, port }) => match self.tunnel(&host, port).await {
                Err(why) => self.refuse(&mut inner, &host, port, &why).await,
                Ok(outer) => {
                    inner.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
                    relay::tunnel(inner, outer, self.patience).await;
                    Ok(())
                }
            },
            Ok(Request::Plain(plain)) => match self.plain(&plain).await {
                Err(why) => self.refuse(&mut inner, &plain.host, plain.port, &why).await,
                Ok((outer, head)) => relay::exchange(inner, outer, (&head, plain.body), self.patience).await,
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
            match self.upstream.of_host(host, port, true)? {
                Some(proxy) => proxy.tunnel(&self.hosts, host, port).await,
                None => address::connect(&self.hosts, host, port).await,
            }
        };
        self.in_time(connected).await
    }

    async fn plain(&self, plain: &Plain) -> Result<(TcpStream, String), String> {
        self.look(&plain.host, plain.port)?;
        let connected = async {
            match self.upstream.of_host(&plain.host, plain.port, false)? {
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
        self.in_time(connected).await
    }

    async fn in_time<T>(&self, connected: impl Future<Output = Result<T, String>>) -> Result<T, String> {
        let patience = self.patience.call;
        let waited = timeout(patience, connected).await;
        waited.unwrap_or_else(|_| Err(format!("it did not answer within {} s", patience.as_secs())))
    }

    async fn refuse(&self, inner: &mut UnixStream, host: &str, port: u16, why: &str) -> std::io::Result<()> {
        let host = request::authority(host, port, 0);
        self.refused.note(&host, why);
        say(inner, "403 Forbidden", &format!("{host} was not reached: {why}")).await
    }
}

async fn say(stream: &mut UnixStream, status: &str, why: &str) -> std::io::Result<()> {
    let length = why.len() + 1;
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{why}\n"
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    relay::linger(stream).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt as _;

    #[tokio::test]
    async fn whoever_takes_too_long_to_ask_is_not_waited_for() {
        let way = Way {
            hosts: Arc::new(Hosts::new(Vec::new())),
            upstream: Arc::default(),
            refused: Arc::default(),
            patience: Patience {
                call: Duration::from_millis(50),
                ..Patience::USUAL
            },
        };
        let (mut asking, asked) = UnixStream::pair().unwrap();
        let served = tokio::spawn(async move { way.answer(asked).await });
        asking.write_all(b"GET http://exam").await.unwrap();
        let mut answer = String::new();
        asking.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{answer}");
        drop(asking);
        served.await.unwrap().unwrap();
    }
}
