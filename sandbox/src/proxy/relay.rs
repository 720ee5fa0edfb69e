//! Bytes from one connection to another, for as long as somebody has something to say.

use std::io::{Error, ErrorKind};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy, sink, split};
use tokio::time::{Instant, sleep_until, timeout};

/// How long is waited for those who say nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For a program that is to say what it wants, and for a host that is called.
    pub(super) call: Duration,
    /// For both sides: a program that is gone says nothing of it where the network between is gone too.
    pub(super) silence: Duration,
    /// For one side when the other has said all. Perhaps nobody listens any more: a program that hung up looks the same
    /// as one that has only finished asking.
    pub(super) last_words: Duration,
}

impl Patience {
    pub(super) const USUAL: Self = Self {
        call: Duration::from_secs(30),
        silence: Duration::from_secs(60 * 60),
        last_words: Duration::from_secs(5 * 60),
    };
}

/// How long somebody is heard out who has been answered.
const LINGER: Duration = Duration::from_secs(2);

/// A tunnel: whatever either side says, until both have said all.
pub(super) async fn tunnel<I, O>(inner: I, outer: O, patience: Patience)
where
    I: AsyncRead + AsyncWrite + Unpin,
    O: AsyncRead + AsyncWrite + Unpin,
{
    let (mut from_inner, mut to_inner) = split(inner);
    let (mut from_outer, mut to_outer) = split(outer);
    let moved = Moved::now();
    let there = async {
        carry(&mut from_inner, &mut to_outer, &moved).await?;
        to_outer.shutdown().await
    };
    let back = async {
        carry(&mut from_outer, &mut to_inner, &moved).await?;
        to_inner.shutdown().await
    };
    tokio::pin!(there, back);
    // However one direction ended, what still comes in the other one is handed on.
    tokio::select! {
        _ = &mut there => moved.until_silent(patience.last_words, back).await,
        _ = &mut back => moved.until_silent(patience.last_words, there).await,
        () = moved.rests(patience.silence) => {}
    }
}

/// One request out, its body and no byte more, and the answer in.
pub(super) async fn exchange<I, O>(
    inner: I,
    outer: O,
    (head, body): (&str, u64),
    patience: Patience,
) -> std::io::Result<()>
where
    I: AsyncRead + AsyncWrite + Unpin,
    O: AsyncRead + AsyncWrite + Unpin,
{
    let (mut from_inner, mut to_inner) = split(inner);
    let (mut from_outer, mut to_outer) = split(outer);
    let moved = Moved::now();
    to_outer.write_all(head.as_bytes()).await?;
    let ask = async {
        let sent = carry(&mut (&mut from_inner).take(body), &mut to_outer, &moved).await;
        if sent.is_ok_and(|sent| sent < body) {
            return Err(Error::from(ErrorKind::UnexpectedEof));
        }
        // A host that hears no more of it may have answered. What comes behind the request goes nowhere.
        match from_inner.read(&mut [0]).await? {
            0 => Ok(()),
            _ => std::future::pending().await,
        }
    };
    let answer = async {
        carry(&mut from_outer, &mut to_inner, &moved).await?;
        to_inner.shutdown().await
    };
    {
        tokio::pin!(ask, answer);
        tokio::select! {
            asked = &mut ask => {
                asked?;
                moved.until_silent(patience.last_words, answer).await;
                return Ok(());
            }
            answered = &mut answer => answered?,
            () = moved.rests(patience.silence) => return Ok(()),
        }
    }
    linger(&mut from_inner).await;
    Ok(())
}

/// Listens for a moment to somebody who is not listened to any more: a socket that is closed with something unread
/// takes back what it has said.
pub(super) async fn linger(stream: &mut (impl AsyncRead + Unpin)) {
    let _ = timeout(LINGER, copy(stream, &mut sink())).await;
}

/// All that is said, in one direction: so many bytes.
async fn carry(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    moved: &Moved,
) -> std::io::Result<u64> {
    let (mut piece, mut all) = (vec![0; 16 << 10], 0);
    loop {
        let count = from.read(&mut piece).await?;
        if count == 0 {
            return Ok(all);
        }
        to.write_all(&piece[..count]).await?;
        all += count as u64;
        moved.again();
    }
}

/// When something was handed on, in either direction.
struct Moved(Mutex<Instant>);

impl Moved {
    fn now() -> Self {
        Self(Mutex::new(Instant::now()))
    }

    fn again(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Waits until nothing was handed on for so long.
    async fn rests(&self, silence: Duration) {
        loop {
            let until = *self.0.lock().unwrap_or_else(PoisonError::into_inner) + silence;
            if Instant::now() >= until {
                return;
            }
            sleep_until(until).await;
        }
    }

    /// Goes on with a direction until it is at its end or nothing was handed on for so long.
    async fn until_silent(&self, silence: Duration, direction: impl Future<Output = std::io::Result<()>>) {
        tokio::select! {
            _ = direction => {}
            () = self.rests(silence) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{DuplexStream, duplex};
    use tokio::task::JoinHandle;

    const SHORT: Patience = Patience {
        last_words: Duration::from_millis(300),
        ..Patience::USUAL
    };

    /// Both ends of two connections, with a tunnel between them.
    fn tunnelled(patience: Patience) -> (DuplexStream, DuplexStream, JoinHandle<()>) {
        let ((inner, near), (outer, far)) = (duplex(64), duplex(64));
        (inner, outer, tokio::spawn(tunnel(near, far, patience)))
    }

    /// The same, with a request of four bytes between them.
    fn asked(bytes: usize, body: u64) -> (DuplexStream, DuplexStream, JoinHandle<std::io::Result<()>>) {
        let ((inner, near), (outer, far)) = (duplex(bytes), duplex(bytes));
        let over = tokio::spawn(async move { exchange(near, far, ("HEAD;", body), SHORT).await });
        (inner, outer, over)
    }

    /// All that is heard, up to the end.
    async fn heard(stream: &mut DuplexStream) -> String {
        let mut heard = String::new();
        let all = timeout(Duration::from_secs(5), stream.read_to_string(&mut heard)).await;
        all.expect("it comes to an end").unwrap();
        heard
    }

    #[tokio::test]
    async fn one_side_may_end_before_the_other() {
        let (mut inner, mut outer, over) = tunnelled(SHORT);
        inner.write_all(b"ask").await.unwrap();
        inner.shutdown().await.unwrap();
        assert_eq!(heard(&mut outer).await, "ask");
        // It takes its time, as long as something comes.
        for _ in 0..4 {
            tokio::time::sleep(SHORT.last_words / 2).await;
            outer.write_all(b"a").await.unwrap();
        }
        drop(outer);
        assert_eq!(heard(&mut inner).await, "aaaa");
        over.await.unwrap();
    }

    #[tokio::test]
    async fn nobody_is_waited_for_who_says_nothing_any_more() {
        let patience = Patience {
            silence: Duration::from_millis(50),
            ..Patience::USUAL
        };
        let (inner, outer, over) = tunnelled(patience);
        over.await.unwrap();
        drop((inner, outer));
        // Who asked has hung up, and who is asked never answers.
        let (mut inner, _outer, over) = tunnelled(SHORT);
        inner.shutdown().await.unwrap();
        over.await.unwrap();
        let (mut inner, _outer, over) = asked(64, 0);
        inner.shutdown().await.unwrap();
        over.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_request_is_its_body_and_no_byte_more() {
        let (mut inner, mut outer, over) = asked(1024, 4);
        inner
            .write_all(b"bodyGET http://other.example/ HTTP/1.1")
            .await
            .unwrap();
        let mut request = [0; 9];
        outer.read_exact(&mut request).await.unwrap();
        assert_eq!(&request, b"HEAD;body");
        outer.write_all(b"answer").await.unwrap();
        outer.shutdown().await.unwrap();
        inner.shutdown().await.unwrap();
        assert_eq!(heard(&mut outer).await, "");
        assert_eq!(heard(&mut inner).await, "answer");
        over.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_request_that_breaks_off_is_broken_off() {
        let (mut inner, mut outer, over) = asked(1024, 4);
        inner.write_all(b"bo").await.unwrap();
        inner.shutdown().await.unwrap();
        assert_eq!(heard(&mut outer).await, "HEAD;bo");
        assert_eq!(over.await.unwrap().unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn an_answer_that_comes_before_all_was_heard_is_handed_on() {
        let (mut inner, mut outer, over) = asked(16, 1 << 20);
        let _ = timeout(Duration::from_millis(50), inner.write_all(&[b'x'; 512])).await;
        outer.write_all(b"too large").await.unwrap();
        drop(outer);
        assert_eq!(heard(&mut inner).await, "too large");
        drop(inner);
        over.await.unwrap().unwrap();
    }
}
