//! The proxy, over its socket.

use super::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UnixStream};

/// No test: what sandboxes of other tests run of this program.
#[test]
#[ignore = "runs in sandboxes of other tests"]
fn forwards() {
    inside::forward().unwrap();
}

/// How the program of these tests is called in a sandbox.
pub(crate) const FORWARDS: [&str; 4] = ["proxy::tests::forwards", "--exact", "--ignored", "--nocapture"];

/// A server that answers each connection with what it was sent, up to an empty line, as the body.
pub(crate) async fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut heard = Vec::new();
                let mut piece = [0; 1024];
                while !heard.windows(4).any(|it| it == b"\r\n\r\n") {
                    match stream.read(&mut piece).await {
                        Ok(count) if count > 0 => heard.extend_from_slice(&piece[..count]),
                        _ => return,
                    }
                }
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    heard.len()
                );
                let _ = stream.write_all(head.as_bytes()).await;
                let _ = stream.write_all(&heard).await;
            });
        }
    });
    port
}

fn hosts(patterns: &[String]) -> Hosts {
    Hosts::new(patterns.iter().map(|it| it.parse().unwrap()).collect())
}

fn proxy(name: &str, patterns: &[String], upstream: Upstream) -> Proxy {
    Proxy::open(
        &format!("test-{}-{name}", std::process::id()),
        hosts(patterns),
        upstream,
    )
    .unwrap()
}

/// What the proxy answers to a text.
async fn ask(proxy: &Proxy, text: &str) -> String {
    let mut stream = UnixStream::connect(proxy.folder.path.join(SOCKET)).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn listed_hosts_are_reached_and_no_others() {
    let port = echo().await;
    let proxy = proxy(
        "listed",
        &[format!("127.0.0.1:{port}"), "*.example.com".into()],
        Upstream::default(),
    );
    let plain = format!(
        "GET http://127.0.0.1:{port}/a?b HTTP/1.1\r\nHost: other.example\r\nProxy-Authorization: x\r\nConnection: keep-alive\r\nX-Own: 1\r\n\r\n"
    );
    let answer = ask(&proxy, &plain).await;
    let heard = format!("GET /a?b HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-Own: 1\r\nConnection: close\r\n\r\n");
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with(&heard),
        "{answer}"
    );
    let tunnel = format!("CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\nhello\r\n\r\n");
    let answer = ask(&proxy, &tunnel).await;
    assert!(
        answer.starts_with("HTTP/1.1 200 Connection established\r\n\r\n"),
        "{answer}"
    );
    assert!(answer.ends_with("hello\r\n\r\n"), "{answer}");
    assert!(proxy.refused().is_empty());
    for head in [
        format!("CONNECT 127.0.0.1:{} HTTP/1.1\r\n\r\n", port ^ 1),
        format!("CONNECT 127.0.0.2:{port} HTTP/1.1\r\n\r\n"),
        "GET http://example.com/ HTTP/1.1\r\n\r\n".to_owned(),
        format!("GET http://2130706433:{port}/ HTTP/1.1\r\n\r\n"),
    ] {
        let answer = ask(&proxy, &head).await;
        assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{head}: {answer}");
    }
    let refused = proxy.refused();
    assert_eq!(refused.len(), 4, "{refused:?}");
    let told = format!(
        "network: example.com:80 was not reached: the sandbox's `network` lists only 127.0.0.1:{port}, *.example.com"
    );
    assert!(refused.contains(&told), "{refused:?}");
    assert!(proxy.refused().is_empty(), "told once");
}

#[tokio::test]
async fn a_name_does_not_lead_inside() {
    let port = echo().await;
    let head = format!("CONNECT localhost:{port} HTTP/1.1\r\n\r\nhello\r\n\r\n");
    let by_name = proxy("name", &[format!("localhost:{port}")], Upstream::default());
    assert!(ask(&by_name, &head).await.contains("has to be listed itself"));
    let both = [format!("localhost:{port}"), format!("127.0.0.1:{port}")];
    let listed = proxy("both", &both, Upstream::default());
    assert!(ask(&listed, &head).await.ends_with("hello\r\n\r\n"));
}

#[tokio::test]
async fn what_can_be_read_in_two_ways_is_refused() {
    let port = echo().await;
    let proxy = proxy("strict", &[format!("127.0.0.1:{port}")], Upstream::default());
    let to = format!("POST http://127.0.0.1:{port}/ HTTP/1.1\r\n");
    for head in [
        "GET / HTTP/1.1\r\n\r\n".to_owned(),
        "nonsense\r\n\r\n".to_owned(),
        format!("{to}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        format!("{to}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        format!("{to}Content-Length : 1\r\n\r\na"),
        format!("{to}Content-Length: +1\r\n\r\na"),
        format!("{to}X: a\nHost: b\r\n\r\n"),
        format!("{to} folded\r\n\r\n"),
        format!("{to}Transfer-Encoding: identity\r\nContent-Length: 1\r\n\r\na"),
        format!("{to}Content-Length: 1, 1\r\n\r\na"),
        format!("{to}X: a\r\n\tfolded: b\r\n\r\n"),
        format!("{to}X: a\0b\r\n\r\n"),
        format!("GET http://user@127.0.0.1:{port}/ HTTP/1.1\r\n\r\n"),
        format!("GET http://127.0.0.1:{port}#@other.example/ HTTP/1.1\r\n\r\n"),
        format!("GET http://127.0.0.1:{port}\\@other.example/ HTTP/1.1\r\n\r\n"),
        format!("GET http://[127.0.0.1]:{port}/ HTTP/1.1\r\n\r\n"),
        format!("GET https://127.0.0.1:{port}/ HTTP/1.1\r\n\r\n"),
        format!("CONNECT 127.0.0.1:+{port} HTTP/1.1\r\n\r\n"),
        format!("CONNECT ::1:{port} HTTP/1.1\r\n\r\n"),
        format!("CONNECT [fe80::1%lo]:{port} HTTP/1.1\r\n\r\n"),
        format!("CONNECT m\u{fc}nchen.example:{port} HTTP/1.1\r\n\r\n"),
        format!("CONNECT {}:{port} HTTP/1.1\r\n\r\n", "a.".repeat(200)),
        format!("{to}X: {}\r\n\r\n", "x".repeat(64 << 10)),
        "CONNECT 127.0.0.1 HTTP/1.1\r\n\r\n".to_owned(),
    ] {
        let answer = ask(&proxy, &head).await;
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{head}: {answer}");
    }
}

#[tokio::test]
async fn a_proxy_of_the_company_is_gone_through() {
    // It answers with what it was asked, so a tunnel through it shows the question.
    let port = echo().await;
    let variables = |name: &str| match name {
        "http_proxy" | "HTTPS_PROXY" => Some(format!("http://me:p%40ss@127.0.0.1:{port}")),
        "no_proxy" => Some("near.example, .inner.example".to_owned()),
        _ => None,
    };
    let upstream = Upstream::of(variables);
    for (host, through) in [("far.example", true), ("a.near.example", false), ("127.0.0.1", false)] {
        assert_eq!(upstream.of_host(host, 443, true).unwrap().is_some(), through, "{host}");
    }
    assert!(!format!("{upstream:?}").contains("ss"), "a password is shown to nobody");
    let proxy = proxy("company", &["far.invalid".into()], upstream);
    let answer = ask(&proxy, "CONNECT far.invalid:443 HTTP/1.1\r\n\r\n").await;
    assert!(
        answer.starts_with("HTTP/1.1 200 Connection established\r\n\r\n"),
        "{answer}"
    );
    let asked =
        "CONNECT far.invalid:443 HTTP/1.1\r\nHost: far.invalid:443\r\nProxy-Authorization: Basic bWU6cEBzcw==\r\n\r\n";
    assert!(answer.ends_with(asked), "{answer}");
    // A second request on the connection, to somebody else, goes nowhere.
    let two = "GET http://far.invalid/x HTTP/1.1\r\n\r\nGET http://other.invalid/ HTTP/1.1\r\n\r\n";
    let answer = ask(&proxy, two).await;
    let asked = "GET http://far.invalid/x HTTP/1.1\r\nHost: far.invalid\r\nProxy-Authorization: Basic bWU6cEBzcw==\r\nConnection: close\r\n\r\n";
    assert!(answer.ends_with(asked), "{answer}");
    let answer = ask(&proxy, "CONNECT other.invalid:443 HTTP/1.1\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}

#[tokio::test]
async fn one_connection_is_one_request() {
    let port = echo().await;
    let proxy = proxy("one", &[format!("127.0.0.1:{port}")], Upstream::default());
    let first = format!("GET http://127.0.0.1:{port}/1 HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\n\r\nbody");
    for second in [
        format!("GET http://127.0.0.1:{port}/2 HTTP/1.1\r\n\r\n"),
        "GET http://other.example/2 HTTP/1.1\r\n\r\n".to_owned(),
        "CONNECT other.example:443 HTTP/1.1\r\n\r\n".to_owned(),
    ] {
        let answer = ask(&proxy, &format!("{first}{second}")).await;
        let heard =
            format!("GET /1 HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 4\r\nConnection: close\r\n\r\n");
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        assert!(
            body.starts_with(&heard) && !body.contains("/2") && !body.contains("other"),
            "{answer}"
        );
    }
    assert!(proxy.refused().is_empty());
}

#[tokio::test]
async fn what_goes_through_a_proxy_that_cannot_be_asked_is_refused_with_the_reason() {
    let port = echo().await;
    let variables = |name: &str| match name {
        "ALL_PROXY" => Some("socks5h://me:secret@127.0.0.1:1080".to_owned()),
        "http_proxy" => Some("HTTP://127.0.0.1:1".to_owned()),
        "no_proxy" => Some("near.invalid".to_owned()),
        _ => None,
    };
    let upstream = Upstream::of(variables);
    let why = "this machine goes through the proxy `socks5h://127.0.0.1:1080` (`all_proxy`), and sandboxes can go only through one like `http://HOST:PORT`; `no_proxy` names hosts that are called without";
    assert_eq!(upstream.barred(), Some(why));
    let listed = ["far.invalid".into(), "near.invalid".into(), format!("127.0.0.1:{port}")];
    let proxy = proxy("barred", &listed, upstream);
    let answer = ask(&proxy, "CONNECT far.invalid:443 HTTP/1.1\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains(why), "{answer}");
    let answer = ask(&proxy, "CONNECT near.invalid:443 HTTP/1.1\r\n\r\n").await;
    assert!(answer.contains("its name is not known"), "{answer}");
    let answer = ask(&proxy, "GET http://far.invalid/ HTTP/1.1\r\n\r\n").await;
    assert!(
        answer.contains("the proxy 127.0.0.1:1 of this machine cannot be reached"),
        "{answer}"
    );
    let own = format!("CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\nhello\r\n\r\n");
    assert!(ask(&proxy, &own).await.ends_with("hello\r\n\r\n"));
    assert_eq!(Upstream::default().barred(), None);
}

#[tokio::test]
async fn nothing_of_a_proxy_goes_on_without_it() {
    let port = echo().await;
    let proxy = proxy("gone", &[format!("127.0.0.1:{port}")], Upstream::default());
    let mut open = UnixStream::connect(proxy.folder.path.join(SOCKET)).await.unwrap();
    let head = format!("CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n");
    open.write_all(head.as_bytes()).await.unwrap();
    let mut established = [0; 39];
    open.read_exact(&mut established).await.unwrap();
    drop(proxy);
    let mut more = Vec::new();
    open.read_to_end(&mut more).await.unwrap();
    assert!(more.is_empty(), "{more:?}");
}
