//! What is too long, too slow or too much costs its sender, and nobody else.

use std::time::Duration;

use crosstie::inlet::{self, Limits, Settings};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::office::{APPLICATION, Bench, NOTION, PAGE, PORTAL, TOKEN, answer, event};

const BOUND: Duration = Duration::from_secs(20);

fn impatient() -> Limits {
    Limits { patience: Duration::from_millis(200), ..Limits::default() }
}

#[tokio::test]
async fn a_body_above_a_mebibyte_is_refused_whether_its_length_is_told_or_not() {
    let bench = Bench::verified().await;
    let long = "x".repeat((1 << 20) + 1);
    assert_eq!(bench.post(NOTION, &[], &long).await.status, 413);
    let mut stream = bench.connect().await;
    let head =
        format!("POST {NOTION} HTTP/1.1\r\nHost: here\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut read, mut write) = stream.into_split();
    let sending = tokio::spawn(async move {
        let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
        // Until it is refused.
        while write.write_all(chunk.as_bytes()).await.is_ok() {}
    });
    let mut first = [0; 12];
    timeout(BOUND, tokio::io::AsyncReadExt::read_exact(&mut read, &mut first)).await.unwrap().unwrap();
    assert_eq!(&first, b"HTTP/1.1 413");
    drop(read);
    sending.abort();
    // A mebibyte itself is read, and refused for what it is.
    assert_eq!(bench.post(NOTION, &[], &"x".repeat(1 << 20)).await.status, 401);
}

#[tokio::test]
async fn whoever_sends_headers_or_body_too_slowly_is_let_go() {
    let bench = Bench::with(impatient(), None, 9).await;
    let mut headers = bench.connect().await;
    headers.write_all(b"POST /api/webhooks/notion HTTP/1.1\r\nHost: he").await.unwrap();
    let ended = timeout(BOUND, answer(&mut headers)).await.expect("let go");
    assert!(ended.is_none_or(|answer| answer.status == 408), "no answer, or that it was too slow");
    let mut body = bench.connect().await;
    let part = format!("POST {NOTION} HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\n{{\"veri");
    body.write_all(part.as_bytes()).await.unwrap();
    let ended = timeout(BOUND, answer(&mut body)).await.expect("let go").expect("an answer");
    assert_eq!(ended.status, 408);
}

#[tokio::test]
async fn slow_callers_keep_nobody_out_for_longer_than_their_time() {
    let limits = Limits { connections: 3, ..impatient() };
    let bench = Bench::with(limits, None, 9).await;
    let mut slow = Vec::new();
    for _ in 0..6 {
        let mut stream = bench.connect().await;
        stream.write_all(b"GET /healthz HT").await.unwrap();
        slow.push(stream);
    }
    assert_eq!(timeout(BOUND, bench.get("/healthz", &[])).await.expect("let in").status, 200);
}

#[tokio::test]
async fn a_full_queue_turns_calls_away_and_takes_them_when_they_come_again() {
    let limits = Limits { queue: 2, ..Limits::default() };
    let bench = Bench::with(limits, None, 0).await;
    assert_eq!(bench.post(NOTION, &[], &format!(r#"{{"verification_token":"{TOKEN}"}}"#)).await.status, 200);
    let mut turned_away = Vec::new();
    for number in 0..6 {
        let id = format!("e{number}");
        match bench.signed(&event(&id, "page.created", PAGE)).await.status {
            200 => {}
            503 => turned_away.push(id),
            other => panic!("{other}"),
        }
    }
    // One in the engine's hands at most, two that wait; the answer to all others came at once, too.
    assert!((3..=5).contains(&turned_away.len()), "{turned_away:?}");
    bench.let_in(100);
    bench.told(7 - turned_away.len()).await;
    let again = &turned_away[0];
    assert_eq!(bench.signed(&event(again, "page.created", PAGE)).await.status, 200);
    let told = bench.told(8 - turned_away.len()).await.pop().unwrap();
    assert!(matches!(told.told, crosstie::control::Told::Change(_)), "not taken for a duplicate: {told:?}");
}

/// A caller with an address of its own: the whole of 127/8 is this machine, and only 127.0.0.1 its proxy's.
async fn from(address: &str, bench: &Bench) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{address}:0").parse().unwrap()).unwrap();
    socket.connect(bench.address).await.unwrap()
}

async fn asks(mut stream: TcpStream, head: &str, body: &str) -> Option<u16> {
    let length = body.len();
    let request =
        format!("{head} HTTP/1.1\r\nHost: here\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    let _ = stream.write_all(request.as_bytes()).await;
    Some(timeout(BOUND, answer(&mut stream)).await.expect("an end")?.status)
}

#[tokio::test]
async fn a_caller_that_asks_and_never_reads_loses_its_place() {
    let limits = Limits { connections: 2, ..impatient() };
    let bench = Bench::with(limits, None, 9).await;
    let mut greedy = Vec::new();
    for _ in 0..2 {
        let mut stream = bench.connect().await;
        // As many questions as fit, and not one answer is taken.
        let many = "GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n".repeat(2_000);
        while let Ok(Ok(())) = timeout(Duration::from_secs(1), stream.write_all(many.as_bytes())).await {}
        greedy.push(stream);
    }
    assert_eq!(timeout(BOUND, bench.get("/healthz", &[])).await.expect("let in").status, 200);
    drop(greedy);
}

#[tokio::test]
async fn one_address_has_so_many_connections_and_takes_nobody_elses() {
    let limits = Limits { connections: 8, per_source: 3, ..Limits::default() };
    let bench = Bench::with(limits, None, 9).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut stream = from("127.0.0.7", &bench).await;
        stream.write_all(b"GET /healthz HT").await.unwrap();
        held.push(stream);
    }
    for _ in 0..20 {
        assert_eq!(asks(from("127.0.0.7", &bench).await, "GET /healthz", "").await, None, "one too many");
    }
    assert_eq!(asks(from("127.0.0.8", &bench).await, "GET /healthz", "").await, Some(200));
    assert_eq!(bench.get("/healthz", &[]).await.status, 200, "the proxy of this machine");
    // A place that is free again is anybody's.
    held.pop();
    let again = async { while asks(from("127.0.0.7", &bench).await, "GET /healthz", "").await != Some(200) {} };
    timeout(BOUND, again).await.expect("let in again");
}

#[tokio::test]
async fn an_address_whose_calls_are_refused_is_not_looked_at_any_more_and_others_are() {
    let limits = Limits { refused: 5, ..Limits::default() };
    let bench = Bench::with(limits, None, 99).await;
    let call = format!("POST {NOTION}");
    for _ in 0..5 {
        assert_eq!(asks(from("127.0.0.7", &bench).await, &call, "{}").await, Some(401));
    }
    assert_eq!(asks(from("127.0.0.7", &bench).await, &call, "{}").await, Some(429));
    assert_eq!(asks(from("127.0.0.8", &bench).await, &call, "{}").await, Some(401));
    // Whoever comes by the proxy of this machine is not shut out for what others sent by it.
    for _ in 0..20 {
        assert_eq!(bench.post(NOTION, &[], "{}").await.status, 401);
    }
}

#[tokio::test]
async fn slow_calls_at_one_door_leave_the_other_its_places() {
    let limits = Limits { per_door: 2, ..Limits::default() };
    let bench = Bench::with(limits, None, 99).await;
    let mut slow = Vec::new();
    let part = format!("POST {NOTION} HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\n{{");
    for _ in 0..2 {
        let mut stream = bench.connect().await;
        stream.write_all(part.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    let full = async { while bench.post(NOTION, &[], "{}").await.status != 503 {} };
    timeout(BOUND, full).await.expect("both are looked at");
    assert_eq!(bench.post(PORTAL, &[], "{}").await.status, 401, "the other door hears");
    drop(slow);
}

#[tokio::test]
async fn one_system_cannot_fill_the_queue_of_the_other() {
    let limits = Limits { queue: 8, ..Limits::default() };
    let bench = Bench::with(limits, None, 0).await;
    assert_eq!(bench.post(NOTION, &[], &format!(r#"{{"verification_token":"{TOKEN}"}}"#)).await.status, 200);
    let mut full = false;
    for number in 0..20 {
        full |= bench.signed(&event(&format!("e{number}"), "page.created", PAGE)).await.status == 503;
    }
    assert!(full, "Notion's share is full");
    let call =
        format!("event=ONCRMDEALUPDATE&data%5BFIELDS%5D%5BID%5D=7&ts=1&auth%5Bapplication_token%5D={APPLICATION}");
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    for _ in 0..2 {
        assert_eq!(bench.post(PORTAL, &form, &call).await.status, 200, "the portal has places of its own");
    }
}

#[tokio::test]
async fn a_public_address_is_refused_unless_it_is_allowed() {
    let bench = Bench::open().await;
    let settings = Settings {
        listen: "0.0.0.0:0".parse().unwrap(),
        allow_public: false,
        admin_token: None,
        doors: Vec::new(),
        lately: jiff::SignedDuration::from_secs(1),
        limits: Limits::default(),
    };
    let Err(error) = inlet::serve(settings, bench.office(), Default::default()).await else { panic!("it listens") };
    assert!(error.to_string().contains("0.0.0.0:0") && error.to_string().contains("allow_public"), "{error}");
}

#[tokio::test]
async fn only_what_there_is_can_be_called_and_only_as_it_is_meant() {
    let bench = Bench::open().await;
    assert_eq!(bench.get(NOTION, &[]).await.status, 405);
    assert_eq!(bench.post("/metrics", &[], "").await.status, 405);
    for path in ["/", "/api/webhooks", "/api/webhooks/other", "/api/webhooks/notion/../../metrics2", "/api/admin"] {
        assert_eq!(bench.get(path, &[]).await.status, 404, "{path}");
    }
}
