#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use futures_util::future::join_all;
use tokio::time::sleep;

use super::*;

/// A small seeded generator (SplitMix64).
struct Dice(u64);

impl Rng for Dice {
    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z ^ (z >> 27)
    }
}

fn pace(settings: Settings) -> Arc<Pace> {
    Pace::new(settings, Box::new(Dice(7)))
}

const SECOND: Duration = Duration::from_secs(1);

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Sends for `span`, eight senders at once, each answer `delay(n)` after its request; gives back the moments at which
/// the server may have counted each request: (sent, answered).
async fn press(pace: &Arc<Pace>, span: Duration, delay: fn(u64) -> Duration) -> Vec<(Duration, Duration)> {
    let start = Instant::now();
    let senders = (0..8u64).map(|sender| async move {
        let mut seen = Vec::new();
        for turn in 0.. {
            let permit = pace.acquire(Lane::Sweep, None).await;
            let sent = start.elapsed();
            if sent > span {
                return seen;
            }
            sleep(delay(sender * 31 + turn * 7)).await;
            permit.answered();
            seen.push((sent, start.elapsed()));
        }
        seen
    });
    join_all(senders).await.into_iter().flatten().collect()
}

#[tokio::test(start_paused = true)]
async fn no_sixty_seconds_at_any_phase_see_more_than_the_budget() {
    let settings = Settings { budget: Budget::Window { budget: 30, span: seconds(60), kept: 3 }, in_flight: 6 };
    let pace = pace(settings);
    let sent = press(&pace, seconds(600), |n| Duration::from_millis(100 + (n * 997) % 9_000)).await;
    assert!(sent.len() > 150, "only {} left", sent.len());
    // Each request counts at the moment within (sent, answered) that is worst for the window that begins with `from`.
    for (from, answered) in &sent {
        for from in [*from, *answered] {
            let to = from + seconds(60);
            let most = sent.iter().filter(|(sent, answered)| *answered >= from && *sent < to).count();
            let surely_outside = sent.iter().filter(|(sent, answered)| *answered < from || *sent >= to).count();
            assert!(most <= 30, "{most} requests can fall into the minute from {from:?} ({surely_outside} cannot)");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_leaky_bucket_never_overflows_whenever_the_server_counts() {
    let pace = pace(Settings::bucket(20, 200));
    let sent = press(&pace, seconds(300), |n| Duration::from_millis(50 + (n * 613) % 3_000)).await;
    assert!(sent.len() > 400, "only {} left", sent.len());
    for count_at_the_end in [false, true] {
        let mut arrivals: Vec<_> = sent.iter().map(|(sent, end)| if count_at_the_end { *end } else { *sent }).collect();
        arrivals.sort();
        let (mut level, mut last) = (0.0_f64, Duration::ZERO);
        for at in arrivals {
            level = (level - (at - last).as_secs_f64() * 2.0).max(0.0) + 1.0;
            last = at;
            assert!(level <= 20.0 + 1e-6, "the bucket held {level} at {at:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn retry_after_gates_every_lane_and_is_never_shortened() {
    let pace = pace(Settings::per_minute(180));
    let start = Instant::now();
    let (first, second) = (pace.acquire(Lane::Sweep, None).await, pace.acquire(Lane::Sweep, None).await);
    first.throttled(Some(seconds(30)), None);
    second.throttled(Some(seconds(2)), None);
    assert!(pace.headroom(Timestamp::UNIX_EPOCH).gated_until().unwrap() >= Timestamp::from_second(30).unwrap());
    for lane in [Lane::Probe, Lane::Write, Lane::Hot, Lane::Increment, Lane::Sweep] {
        pace.acquire(lane, None).await.answered();
        assert!(start.elapsed() >= seconds(30), "{lane:?} left after {:?}", start.elapsed());
    }
    assert!(start.elapsed() < seconds(40));
    assert_eq!(pace.counts(), (7, 2));
}

#[tokio::test(start_paused = true)]
async fn a_reservation_waits_for_the_gate_too() {
    let pace = pace(Settings::per_minute(180));
    pace.acquire(Lane::Hot, None).await.throttled(Some(seconds(9)), None);
    let start = Instant::now();
    pace.reserve(Lane::Write, 2).await;
    assert!(start.elapsed() >= seconds(9));
}

#[tokio::test(start_paused = true)]
async fn a_probe_gets_through_when_everything_else_is_spent() {
    let pace = pace(Settings { budget: Budget::Window { budget: 10, span: seconds(60), kept: 3 }, in_flight: 2 });
    let start = Instant::now();
    for _ in 0..7 {
        pace.acquire(Lane::Write, None).await.answered();
    }
    let write = tokio::time::timeout(SECOND, pace.acquire(Lane::Write, None)).await;
    assert!(write.is_err(), "the last permits are not for writes");
    let waiting = tokio::spawn({
        let pace = Arc::clone(&pace);
        async move { pace.acquire(Lane::Write, None).await.answered() }
    });
    sleep(Duration::from_millis(10)).await;
    pace.acquire(Lane::Probe, None).await.answered();
    assert!(start.elapsed() < seconds(2), "the probe waited {:?}", start.elapsed());
    waiting.await.unwrap();
    assert!(start.elapsed() >= seconds(60));
}

#[tokio::test(start_paused = true)]
async fn a_probe_gets_through_when_all_slots_hang() {
    let pace = pace(Settings { in_flight: 2, ..Settings::per_minute(180) });
    let _hanging = (pace.acquire(Lane::Write, None).await, pace.acquire(Lane::Write, None).await);
    assert!(tokio::time::timeout(SECOND, pace.acquire(Lane::Write, None)).await.is_err());
    assert!(tokio::time::timeout(SECOND, pace.acquire(Lane::Probe, None)).await.is_ok());
}

/// How many requests each lane got in 300 s at 2/s while `press` is wanted four times at once.
async fn served_under(press: Lane) -> std::collections::BTreeMap<Lane, u32> {
    let budget = Budget::Bucket { size: 6, drain_hundredths: 200, kept: 2, operating_limit: seconds(480) };
    let pace = pace(Settings { budget, in_flight: 6 });
    let start = Instant::now();
    let lanes = [press, press, press, press, Lane::Write, Lane::Hot, Lane::Increment, Lane::Sweep];
    let runs = lanes.map(|lane| {
        let pace = Arc::clone(&pace);
        async move {
            let mut served = 0u32;
            while start.elapsed() < seconds(300) {
                pace.acquire(lane, None).await.answered();
                served += 1;
            }
            (lane, served)
        }
    });
    let mut all = std::collections::BTreeMap::new();
    for (lane, served) in join_all(runs).await {
        *all.entry(lane).or_default() += served;
    }
    all
}

#[tokio::test(start_paused = true)]
async fn no_lane_starves_while_others_press() {
    for press in [Lane::Probe, Lane::Write] {
        let served = served_under(press).await;
        let all: u32 = served.values().sum();
        assert!(all >= 580, "{all} requests in 300 s at 2/s");
        assert!(served[&press] * 100 >= all * 25, "who presses comes first: {served:?}");
        // Under probes the others share a fifth of everything; under writes each gets its own share.
        let shares = if press == Lane::Probe { [5, 3, 2, 2] } else { [25, 15, 8, 8] };
        for (lane, percent) in [Lane::Write, Lane::Hot, Lane::Increment, Lane::Sweep].into_iter().zip(shares) {
            assert!(served[&lane] * 100 >= all * percent, "{lane:?} got too little of {all}: {served:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn dropping_a_waiter_leaks_no_permit() {
    let pace = pace(Settings { budget: Budget::Window { budget: 10, span: seconds(60), kept: 3 }, in_flight: 6 });
    pace.reserve(Lane::Write, 7).await;
    for _ in 0..50 {
        let sending = pace.acquire(Lane::Sweep, None);
        assert!(tokio::time::timeout(Duration::from_millis(5), sending).await.is_err());
        let reserving = pace.reserve(Lane::Hot, 3);
        assert!(tokio::time::timeout(Duration::from_millis(5), reserving).await.is_err());
    }
    pace.release(Lane::Write, 7);
    assert_eq!(pace.headroom(Timestamp::UNIX_EPOCH).left_of(), Some((10, 10)));
    let start = Instant::now();
    pace.reserve(Lane::Sweep, 7).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(pace.counts().0, 0);
}

#[tokio::test(start_paused = true)]
async fn reserved_permits_are_used_by_their_lane_and_by_nobody_else() {
    let pace = pace(Settings { budget: Budget::Window { budget: 10, span: seconds(60), kept: 3 }, in_flight: 6 });
    pace.reserve(Lane::Write, 7).await;
    // Another write waits for more than there is, and must not stand in the way of what is paid for.
    let greedy = tokio::spawn({
        let pace = Arc::clone(&pace);
        async move { pace.reserve(Lane::Write, 7).await }
    });
    sleep(Duration::from_millis(1)).await;
    let start = Instant::now();
    for _ in 0..7 {
        pace.acquire(Lane::Write, None).await.answered();
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    greedy.await.unwrap();
    assert!(start.elapsed() >= seconds(60));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_request_counts_as_sent() {
    let pace = pace(Settings::per_minute(20));
    drop(pace.acquire(Lane::Hot, None).await);
    assert_eq!(pace.headroom(Timestamp::UNIX_EPOCH).left_of(), Some((19, 20)));
    pace.acquire(Lane::Hot, None).await.unsent();
    assert_eq!(pace.headroom(Timestamp::UNIX_EPOCH).left_of(), Some((19, 20)));
    sleep(seconds(61)).await;
    assert_eq!(pace.headroom(Timestamp::UNIX_EPOCH).left_of(), Some((20, 20)));
}

#[tokio::test(start_paused = true)]
async fn the_ceiling_sinks_once_for_one_burst_and_rises_again_when_it_is_quiet() {
    let pace = pace(Settings::per_minute(200));
    let mut burst = Vec::new();
    for _ in 0..5 {
        burst.push(pace.acquire(Lane::Hot, None).await);
    }
    sleep(SECOND).await;
    for permit in burst {
        permit.throttled(Some(SECOND), None);
    }
    let most = |pace: &Pace| pace.headroom(Timestamp::UNIX_EPOCH).left_of().unwrap().1;
    assert_eq!(most(&pace), 140);
    sleep(seconds(61)).await;
    assert_eq!(most(&pace), 150);
    sleep(seconds(600)).await;
    assert_eq!(most(&pace), 200);
    for _ in 0..40 {
        let permit = pace.acquire(Lane::Hot, None).await;
        permit.throttled(Some(SECOND), None);
    }
    assert_eq!(most(&pace), 20);
}

#[tokio::test(start_paused = true)]
async fn without_retry_after_the_gate_doubles_with_each_refusal() {
    let pace = pace(Settings::bucket(50, 200));
    let mut waits = Vec::new();
    for _ in 0..4 {
        let permit = pace.acquire(Lane::Hot, None).await;
        permit.throttled(None, None);
        let start = Instant::now();
        let permit = pace.acquire(Lane::Hot, None).await;
        waits.push(start.elapsed());
        permit.unsent();
    }
    assert!(waits[0] >= seconds(1) && waits[3] >= seconds(8), "{waits:?}");
    assert!(waits.iter().all(|wait| *wait < seconds(12)), "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn a_method_near_its_operating_limit_waits_alone() {
    let pace = pace(Settings::bucket(50, 200));
    pace.note_operating("crm.item.list", seconds(470), Some(seconds(100)));
    pace.note_operating("crm.item.get", seconds(10), Some(seconds(100)));
    let start = Instant::now();
    let listing = tokio::spawn({
        let pace = Arc::clone(&pace);
        async move { pace.acquire(Lane::Write, Some("crm.item.list")).await.answered() }
    });
    sleep(Duration::from_millis(1)).await;
    pace.acquire(Lane::Sweep, Some("crm.item.get")).await.answered();
    assert!(start.elapsed() < SECOND);
    let Headroom::Bucket { operating, .. } = pace.headroom(Timestamp::UNIX_EPOCH) else { panic!("a bucket") };
    assert_eq!(operating, Some(("crm.item.list".to_owned(), 10)));
    listing.await.unwrap();
    assert!(start.elapsed() >= seconds(100));
}

#[tokio::test(start_paused = true)]
async fn a_refused_method_waits_and_leaves_the_ceiling_alone() {
    let pace = pace(Settings::bucket(50, 200));
    let permit = pace.acquire(Lane::Hot, Some("crm.item.update")).await;
    permit.throttled(None, Some("crm.item.update"));
    let start = Instant::now();
    pace.acquire(Lane::Hot, Some("crm.item.get")).await.answered();
    assert_eq!(start.elapsed(), Duration::ZERO);
    pace.acquire(Lane::Hot, Some("crm.item.update")).await.answered();
    assert!(start.elapsed() >= seconds(60));
    assert_eq!(pace.headroom(Timestamp::UNIX_EPOCH).left_of().unwrap().1, 50);
}
