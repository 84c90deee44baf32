#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::VecDeque;

use async_trait::async_trait;
use serde_json::json as body;

use super::*;
use crate::remote::pace::Settings;
use crate::seam::{Method, Rng};

struct Half;

impl Rng for Half {
    fn next_u64(&mut self) -> u64 {
        u64::MAX / 2
    }
}

/// A wall clock that follows tokio's paused one.
struct Wall(Instant);

impl WallClock for Wall {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + self.0.elapsed()
    }
}

/// Says what it was told to say, in order; after that, 200.
#[derive(Default)]
struct Script {
    answers: Mutex<VecDeque<Result<Response, Failure>>>,
    sent: Mutex<Vec<Duration>>,
    start: Mutex<Option<Instant>>,
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, _request: Request) -> Result<Response, Failure> {
        let start = *self.start.lock().unwrap().get_or_insert_with(Instant::now);
        self.sent.lock().unwrap().push(start.elapsed());
        let next = self.answers.lock().unwrap().pop_front();
        next.unwrap_or_else(|| Ok(Response::json(200, &body!({"ok": true}))))
    }
}

/// 429 is a throttle, 4xx a no, 5xx trouble.
struct Plain;

impl Dialect for Plain {
    fn classify(&self, response: &Response) -> Answer {
        let problem = |kind| error(kind, response.status.to_string(), "no");
        match response.status {
            200..=299 => Answer::Good,
            429 => Answer::Throttled { retry_after: retry_after(response), method: None },
            404 => Answer::Failed(problem(RemoteErrorKind::NotFound)),
            401 => Answer::Failed(problem(RemoteErrorKind::Unauthorized)),
            400..=499 => Answer::Failed(problem(RemoteErrorKind::Invalid)),
            _ => Answer::Transient(problem(RemoteErrorKind::Unavailable)),
        }
    }
}

fn status(status: u16) -> Result<Response, Failure> {
    Ok(Response::json(status, &body!({})))
}

fn lost() -> Result<Response, Failure> {
    Err(Failure::Unknown("time-out".into()))
}

fn connect(answers: Vec<Result<Response, Failure>>) -> (Connection, Arc<Script>) {
    let script = Arc::new(Script { answers: Mutex::new(answers.into()), ..Script::default() });
    let pace = Pace::new(Settings::per_minute(180), Box::new(Half));
    let connection = Connection::new(Arc::clone(&script) as _, pace, Arc::new(Wall(Instant::now())), Arc::new(Plain));
    (connection, script)
}

fn request() -> Request {
    Request::new(Method::Post, "/thing")
}

fn sent(script: &Script) -> usize {
    script.sent.lock().unwrap().len()
}

#[tokio::test(start_paused = true)]
async fn a_write_is_never_sent_twice_after_an_unknown_outcome() {
    for answer in [lost(), status(500), status(504)] {
        let (connection, script) = connect(vec![answer]);
        let error = connection.write(Lane::Write, request()).await.unwrap_err();
        assert!(matches!(error, WriteError::Unknown(_)), "{error:?}");
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        assert_eq!(sent(&script), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_write_is_repeated_after_a_short_gate() {
    let throttled = || Ok(Response::json(429, &body!({})).header("retry-after", "2"));
    let (connection, script) = connect(vec![throttled(), throttled()]);
    connection.write(Lane::Write, request()).await.unwrap();
    let sent = script.sent.lock().unwrap().clone();
    assert_eq!(sent.len(), 3);
    assert!(sent[1] >= Duration::from_secs(2) && sent[2] >= Duration::from_secs(4), "{sent:?}");
    let pulse = connection.pulse();
    assert_eq!((pulse.requests, pulse.throttled, pulse.trouble), (3, 2, None));
    assert!(pulse.last_answer.unwrap() >= Timestamp::from_second(4).unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_write_is_not_sent_long_after_the_reading_that_it_was_made_for() {
    let throttled = || Ok(Response::json(429, &body!({})).header("retry-after", "20"));
    let (connection, script) = connect(vec![throttled()]);
    let start = Instant::now();
    for sent_by_then in [1, 1] {
        connection.reserve(Lane::Hot, 0).await;
        let error = connection.write(Lane::Write, request()).await.unwrap_err();
        assert!(
            matches!(error, WriteError::NotDone(RemoteError { kind: RemoteErrorKind::Throttled, .. })),
            "{error:?}"
        );
        assert_eq!((sent(&script), start.elapsed().as_secs()), (sent_by_then, 0), "at once, and surely not done");
    }
    connection.reserve(Lane::Write, 1).await;
    assert!(start.elapsed() >= Duration::from_secs(20));
    connection.write(Lane::Write, request()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_waits_out_a_gate_is_dropped_when_nothing_is_to_wait_any_more() {
    let throttled = Ok(Response::json(429, &body!({})).header("retry-after", "500"));
    let (connection, script) = connect(vec![throttled]);
    let began = Instant::now();
    let waiting = connection.clone();
    let read = tokio::spawn(async move { waiting.read(Lane::Write, request()).await });
    tokio::time::sleep(Duration::from_secs(3)).await;
    connection.stop_waiting();
    assert_eq!(read.await.unwrap().unwrap_err().kind, RemoteErrorKind::Throttled);
    assert!(matches!(connection.write(Lane::Write, request()).await, Err(WriteError::NotDone(_))));
    assert_eq!((sent(&script), began.elapsed().as_secs()), (1, 3));
    connection.reserve(Lane::Write, 2).await;
    assert!(connection.read(Lane::Probe, request()).await.is_err());
    assert_eq!((sent(&script), began.elapsed().as_secs()), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_never_left_is_repeated_and_costs_no_permit() {
    let refused = || Err(Failure::NotSent("connection refused".into()));
    let (connection, script) = connect(vec![refused(), refused()]);
    connection.write(Lane::Write, request()).await.unwrap();
    assert_eq!(sent(&script), 3);
    assert_eq!(connection.pulse().headroom.left_of(), Some((179, 180)));
}

#[tokio::test(start_paused = true)]
async fn what_arrived_and_was_not_taken_is_sent_again_at_once_and_costs_its_permits() {
    let not_taken = || Err(Failure::NotTaken("the token had expired".into()));
    let began = Instant::now();
    let (connection, script) = connect(vec![not_taken(), not_taken()]);
    connection.write(Lane::Write, request()).await.unwrap();
    connection.read(Lane::Hot, request()).await.unwrap();
    assert_eq!((sent(&script), began.elapsed()), (4, Duration::ZERO));
    assert_eq!(connection.pulse().headroom.left_of(), Some((176, 180)));
    // And not for ever.
    let (connection, script) = connect((0..50).map(|_| not_taken()).collect());
    let error = connection.write(Lane::Write, request()).await.unwrap_err();
    assert!(matches!(error, WriteError::NotDone(_)), "{error:?}");
    let after_writing = sent(&script);
    connection.read(Lane::Hot, request()).await.unwrap_err();
    assert_eq!((after_writing, sent(&script)), (5, 8));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_cannot_leave_is_surely_not_done() {
    let refused = || Err(Failure::NotSent("connection refused".into()));
    let (connection, script) = connect((0..50).map(|_| refused()).collect());
    let error = connection.write(Lane::Write, request()).await.unwrap_err();
    assert!(matches!(error, WriteError::NotDone(RemoteError { kind: RemoteErrorKind::Unavailable, .. })), "{error:?}");
    assert_eq!(sent(&script), 3);
    assert_eq!(connection.pulse().trouble.unwrap().kind, RemoteErrorKind::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_refused_write_is_not_repeated() {
    let (connection, script) = connect(vec![status(400)]);
    let error = connection.write(Lane::Write, request()).await.unwrap_err();
    assert!(matches!(error, WriteError::NotDone(RemoteError { kind: RemoteErrorKind::Invalid, .. })));
    assert_eq!(sent(&script), 1);
    assert_eq!(connection.pulse().trouble, None, "a system that says no is well");
}

#[tokio::test(start_paused = true)]
async fn a_read_is_repeated_after_trouble_and_after_an_unknown_outcome() {
    let (connection, script) = connect(vec![lost(), status(503)]);
    connection.read(Lane::Hot, request()).await.unwrap();
    assert_eq!(sent(&script), 3);
    let (connection, script) = connect((0..9).map(|_| status(502)).collect());
    let error = connection.read(Lane::Hot, request()).await.unwrap_err();
    assert_eq!((error.kind, sent(&script)), (RemoteErrorKind::Unavailable, 3));
}

#[tokio::test(start_paused = true)]
async fn a_definite_no_is_not_asked_again() {
    let (connection, script) = connect(vec![status(404), status(401)]);
    assert_eq!(connection.read(Lane::Hot, request()).await.unwrap_err().kind, RemoteErrorKind::NotFound);
    assert_eq!(connection.read(Lane::Hot, request()).await.unwrap_err().kind, RemoteErrorKind::Unauthorized);
    assert_eq!(sent(&script), 2);
    assert_eq!(connection.pulse().trouble.unwrap().kind, RemoteErrorKind::Unauthorized);
}

#[tokio::test(start_paused = true)]
async fn throttles_cost_a_read_no_attempts_but_end_at_its_deadline() {
    let (connection, script) = connect((0..40).map(|_| status(429)).collect());
    let start = Instant::now();
    let error = connection.read(Lane::Hot, request()).await.unwrap_err();
    assert_eq!(error.kind, RemoteErrorKind::Throttled);
    assert!(sent(&script) > 5, "only {} attempts", sent(&script));
    assert_eq!(start.elapsed(), Patience::default().deadline);
}

#[tokio::test(start_paused = true)]
async fn an_outage_does_not_multiply_the_requests() {
    let (connection, script) = connect((0..10_000).map(|_| status(500)).collect());
    for _ in 0..200 {
        assert!(connection.read(Lane::Hot, request()).await.is_err());
    }
    let extra = sent(&script) - 200;
    assert!(extra < 120, "{extra} repetitions for 200 reads");
}

#[tokio::test(start_paused = true)]
async fn the_servers_time_is_told() {
    let answer = Response::json(200, &body!({})).header("date", "Fri, 20 Nov 2026 10:00:00 GMT");
    let (connection, _) = connect(vec![Ok(answer), status(200)]);
    connection.read(Lane::Hot, request()).await.unwrap();
    connection.read(Lane::Hot, request()).await.unwrap();
    assert_eq!(connection.server_now().unwrap().to_string(), "2026-11-20T10:00:00Z");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_read_leaves_no_slot_taken() {
    struct Silent;
    #[async_trait]
    impl Transport for Silent {
        async fn send(&self, _request: Request) -> Result<Response, Failure> {
            std::future::pending().await
        }
    }
    let pace = Pace::new(Settings { in_flight: 1, ..Settings::per_minute(180) }, Box::new(Half));
    let connection =
        Connection::new(Arc::new(Silent), Arc::clone(&pace), Arc::new(Wall(Instant::now())), Arc::new(Plain));
    for _ in 0..5 {
        let read = connection.read(Lane::Hot, request());
        assert!(tokio::time::timeout(Duration::from_millis(10), read).await.is_err());
    }
    assert!(tokio::time::timeout(Duration::from_millis(10), pace.acquire(Lane::Hot, None)).await.is_ok());
    assert_eq!(connection.pulse().requests, 6);
}

#[tokio::test(start_paused = true)]
async fn a_request_uses_one_reserved_permit_however_often_it_is_sent() {
    let (connection, script) = connect(vec![status(503), lost()]);
    connection.reserve(Lane::Write, 3).await;
    connection.read(Lane::Write, request()).await.unwrap();
    assert_eq!(sent(&script), 3);
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!(connection.pulse().headroom.left_of(), Some((178, 180)), "the other two are still reserved");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_gives_up_waiting_gives_its_permit_back() {
    let throttled = Ok(Response::json(429, &body!({})).header("retry-after", "5000"));
    let (connection, script) = connect(vec![throttled]);
    connection.reserve(Lane::Write, 3).await;
    connection.read(Lane::Hot, request()).await.unwrap_err();
    connection.read(Lane::Write, request()).await.unwrap_err();
    connection.write(Lane::Write, request()).await.unwrap_err();
    let dropped = connection.read(Lane::Write, request());
    assert!(tokio::time::timeout(Duration::from_secs(1), dropped).await.is_err());
    assert_eq!(sent(&script), 1);
    tokio::time::sleep(Duration::from_secs(10_000)).await;
    let (left, of) = connection.pulse().headroom.left_of().unwrap();
    assert_eq!(left, of, "nothing stays reserved for nobody");
}

/// Fails so many times, each after a second, and counts how many requests are out at once.
struct Down {
    left: Mutex<u32>,
    out: Mutex<(u32, u32)>,
    sent: Mutex<Vec<Duration>>,
    start: Instant,
}

impl Down {
    fn connect(times: u32) -> (Connection, Arc<Self>) {
        let start = Instant::now();
        let down = Self { left: Mutex::new(times), out: Mutex::default(), sent: Mutex::default(), start };
        let down = Arc::new(down);
        let pace = Pace::new(Settings::per_minute(600), Box::new(Half));
        let connection = Connection::new(down.clone(), pace, Arc::new(Wall(start)), Arc::new(Plain));
        (connection, down)
    }

    fn sent(&self) -> Vec<u64> {
        self.sent.lock().unwrap().iter().map(Duration::as_secs).collect()
    }
}

#[async_trait]
impl Transport for Down {
    async fn send(&self, _request: Request) -> Result<Response, Failure> {
        self.sent.lock().unwrap().push(self.start.elapsed());
        {
            let mut out = self.out.lock().unwrap();
            out.0 += 1;
            out.1 = out.1.max(out.0);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.out.lock().unwrap().0 -= 1;
        let mut left = self.left.lock().unwrap();
        if *left == 0 {
            return Ok(Response::json(200, &body!({"ok": true})));
        }
        *left -= 1;
        Ok(Response::json(503, &body!({})))
    }
}

#[tokio::test(start_paused = true)]
async fn a_system_that_is_down_is_tried_by_one_request_at_a_time_ever_more_seldom_until_it_answers() {
    let (connection, down) = Down::connect(12);
    // One after the other, until it is open.
    for _ in 0..2 {
        connection.read(Lane::Hot, request()).await.unwrap_err();
    }
    assert!(matches!(connection.pulse().breaker, control::Breaker::Open { .. }), "{:?}", connection.pulse().breaker);
    *down.out.lock().unwrap() = (0, 0);
    let before = down.sent().len();
    let many: Vec<_> = (0..40)
        .map(|_| {
            let connection = connection.clone();
            tokio::spawn(async move { connection.read(Lane::Hot, request()).await.is_ok() })
        })
        .collect();
    // The write that somebody had read for goes nowhere, at once, and is surely not done.
    let began = Instant::now();
    let error = connection.write(Lane::Write, request()).await.unwrap_err();
    assert!(matches!(error, WriteError::NotDone(RemoteError { kind: RemoteErrorKind::Unavailable, .. })), "{error:?}");
    assert_eq!((began.elapsed(), down.sent().len()), (Duration::ZERO, before));
    let mut good = 0;
    for read in many {
        good += usize::from(read.await.unwrap());
    }
    let sent = down.sent();
    let trials: Vec<u64> = sent[before - 1..=12].to_vec();
    let gaps: Vec<u64> = trials.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.windows(2).all(|pair| pair[0] <= pair[1]) && gaps.last() >= Some(&32), "{gaps:?}");
    assert!(good >= 30, "{good} of 40 reads had their answers once it was back");
    assert_eq!(connection.pulse().breaker, control::Breaker::Closed);
    connection.write(Lane::Write, request()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn no_trial_is_lost_with_whoever_gives_up_and_no_permit_is_held_meanwhile() {
    let (connection, down) = Down::connect(9);
    for _ in 0..2 {
        connection.read(Lane::Hot, request()).await.unwrap_err();
    }
    let before = down.sent().len();
    // Each gives up while it is the trial, or waits for one.
    for _ in 0..5 {
        let read = connection.read(Lane::Hot, request());
        let told = tokio::time::timeout(Duration::from_millis(1_500), read).await;
        assert!(!matches!(told, Ok(Ok(_))));
    }
    assert!(down.sent().len() > before, "it was tried");
    let (left, of) = connection.pulse().headroom.left_of().unwrap();
    assert!(of - left <= u32::try_from(down.sent().len()).unwrap(), "{left} of {of}");
    while connection.read(Lane::Hot, request()).await.is_err() {}
    assert_eq!(connection.pulse().breaker, control::Breaker::Closed);
}

#[tokio::test(start_paused = true)]
async fn answers_that_say_no_to_one_record_open_no_breaker() {
    let answers = (0..30).flat_map(|_| [status(404), status(400), status(503)]).collect();
    let (connection, script) = connect(answers);
    for _ in 0..60 {
        let _ = connection.read(Lane::Hot, request()).await;
        assert_eq!(connection.pulse().breaker, control::Breaker::Closed);
    }
    assert!(sent(&script) >= 60);
    // A token that is refused is refused for everything.
    let (connection, script) = connect((0..9).map(|_| status(401)).collect());
    for _ in 0..5 {
        connection.read(Lane::Hot, request()).await.unwrap_err();
    }
    assert!(matches!(connection.pulse().breaker, control::Breaker::Open { .. }));
    assert_eq!(sent(&script), 5);
}
