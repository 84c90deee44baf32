//! The loop, over a terminal that lives in memory.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crosstie::control::{Command, List};
use crosstie::tui::keymap::Keymap;
use crosstie::tui::run::{Exit, Options, drive};
use crosstie::tui::terminal::input::Arrival;
use crosstie::tui::terminal::watch::Cause;
use crosstie::tui::terminal::writer::Writer;
use futures_util::stream;
use jiff::tz::TimeZone;

use crate::fixture::{FakeDesk, at, full};

/// How long anything may take to come, by the wall.
const PATIENCE: Duration = Duration::from_secs(30);

/// A terminal: what was written to it, and into how many pieces.
#[derive(Clone, Default)]
struct Glass(Arc<Mutex<Vec<Vec<u8>>>>);

impl io::Write for Glass {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().push(bytes.to_vec());
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Glass {
    fn shows(&self) -> String {
        let mut parser = vt100::Parser::new(24.try_into().unwrap(), 80.try_into().unwrap(), 0);
        for bytes in self.0.lock().unwrap().iter() {
            parser.process(bytes);
        }
        parser.screen().contents()
    }
}

#[test]
fn frames_stay_small_and_whole() {
    use crate::fixture::Rig;
    use crosstie::tui::terminal::writer::Screen;
    for (size, most) in [((80, 24), [8_000, 1_500]), ((200, 60), [16_000, 3_000])] {
        let mut rig = Rig::new(size, full());
        rig.keys("2");
        let mut screen = Screen::new(size).unwrap();
        let first = screen.frame(&rig.model).unwrap().unwrap();
        rig.keys("j");
        let moved = screen.frame(&rig.model).unwrap().unwrap();
        assert_eq!(screen.frame(&rig.model).unwrap(), None, "nothing changed, nothing is sent");
        assert!(first.len() < most[0] && moved.len() < most[1], "{size:?}: {} {}", first.len(), moved.len());
        let mut parser = vt100::Parser::new(size.1.try_into().unwrap(), size.0.try_into().unwrap(), 0);
        parser.process(&first);
        parser.process(&moved);
        let shown: Vec<String> = parser.screen().contents().lines().map(|line| line.trim_end().to_owned()).collect();
        let drawn: Vec<String> = rig.screen().trim_end().lines().map(str::to_owned).collect();
        assert_eq!(shown, drawn, "what the terminal shows is what was drawn");
    }
}

struct Dead;

impl io::Write for Dead {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn options() -> Options {
    Options {
        keymap: Arc::new(Keymap::preset("default").unwrap()),
        who: "anna".into(),
        theme: crosstie::tui::theme::Theme::new(false, false),
        read_only: false,
        note: String::new(),
        again: None,
        syncs: false,
        tz: TimeZone::UTC,
        now: Arc::new(|| at(0)),
    }
}

fn key(c: char) -> io::Result<Arrival> {
    Ok(Arrival::Bytes(c.to_string().into_bytes()))
}

/// Keys, typed when the screen shows a text: nothing sleeps, everything waits for what it needs.
fn typist(
    glass: Glass,
    script: Vec<(&'static str, char)>,
) -> impl futures_util::Stream<Item = io::Result<Arrival>> + Unpin {
    Box::pin(stream::unfold(script.into_iter(), move |mut script| {
        let glass = glass.clone();
        async move {
            let Some((wanted, c)) = script.next() else { return std::future::pending().await };
            let began = std::time::Instant::now();
            while !glass.shows().contains(wanted) {
                // The loop's clock is paused, and the thread that writes is a real one.
                assert!(began.elapsed() < PATIENCE, "waited for {wanted:?}; the screen shows:\n{}", glass.shows());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            if c == 'y' {
                // A person reads the question first.
                tokio::time::sleep(Duration::from_millis(400)).await;
            }
            Some((key(c), script))
        }
    }))
}

#[tokio::test(start_paused = true)]
async fn a_decision_goes_from_the_keys_to_the_engine_and_back_to_the_screen() {
    let desk = Arc::new(FakeDesk::new(full()));
    let glass = Glass::default();
    let feeder = Arc::clone(&desk);
    let seen = glass.clone();
    tokio::spawn(async move {
        // The first frame does not wait for the engine.
        while !seen.shows().contains("Waiting for the engine") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let snapshot = feeder.world.lock().unwrap().snapshot.clone();
        feeder.snapshots.send_replace(Arc::new(snapshot));
    });
    let script = vec![
        ("41 conflicts wait", '2'),
        ("100 EUR", 'f'),
        ("keep both", 'c'),
        ("1 staged", 'w'),
        ("will be overwritten", 'y'),
        ("on its way", 'q'),
    ];
    let writer = Writer::new(glass.clone()).unwrap();
    let stop = std::future::pending::<Cause>();
    let exit = drive(desk.clone(), &options(), (80, 24), typist(glass.clone(), script), writer, stop).await.unwrap();
    assert_eq!(exit, Exit::Quit);
    let told = desk.world.lock().unwrap().told.clone();
    assert!(matches!(&told[..], [(who, Command::Resolve { items })] if who == "anna" && items.len() == 1), "{told:?}");
    for frame in glass.0.lock().unwrap().iter() {
        assert!(frame.starts_with(b"\x1b[?2026h") && frame.ends_with(b"\x1b[?2026l"), "one write is one whole frame");
        assert!(!frame.windows(4).any(|bytes| bytes == b"\x1b[6n"), "the terminal is never asked anything");
    }
}

#[tokio::test(start_paused = true)]
async fn a_torn_arrow_key_moves_the_cursor_and_does_nothing_else() {
    let desk = Arc::new(FakeDesk::new(full()));
    let snapshot = desk.world.lock().unwrap().snapshot.clone();
    desk.snapshots.send_replace(Arc::new(snapshot));
    let glass = Glass::default();
    let script = vec![
        ("41 conflicts wait", '2'),
        ("▸  C  Deal 1 ", '\u{1b}'),
        ("", '['),
        ("", 'B'),
        ("▸  C  Deal 2 ", '\u{1b}'),
        ("leaves the dashboard", 'q'),
    ];
    let writer = Writer::new(glass.clone()).unwrap();
    let stop = std::future::pending::<Cause>();
    let exit = drive(desk.clone(), &options(), (80, 24), typist(glass, script), writer, stop).await.unwrap();
    assert_eq!(exit, Exit::Quit);
    assert!(desk.world.lock().unwrap().told.is_empty());
}

#[tokio::test(start_paused = true)]
async fn of_a_text_that_comes_in_one_go_the_whole_is_asked_for_once() {
    let desk = Arc::new(FakeDesk::new(full()));
    desk.snapshots.send_replace(Arc::new(desk.world.lock().unwrap().snapshot.clone()));
    let glass = Glass::default();
    let shown = glass.clone();
    let (typed, keys) = tokio::sync::mpsc::unbounded_channel();
    let keys = stream::unfold(keys, |mut keys| async { keys.recv().await.map(|bytes| (bytes, keys)) });
    typed.send(Ok(Arrival::Bytes(b"6/Deal 7\r".to_vec()))).unwrap();
    let writer = Writer::new(glass).unwrap();
    let stop = async move {
        while !shown.shows().contains("/Deal 7") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Cause::Signal("SIGTERM")
    };
    drive(desk.clone(), &options(), (80, 24), Box::pin(keys), writer, stop).await.unwrap();
    let asked = desk.asked.lock().unwrap();
    let texts: Vec<&str> =
        asked.iter().filter(|query| query.list == List::Journal).map(|query| query.filter.as_str()).collect();
    assert_eq!(texts, ["Deal 7"]);
}

#[tokio::test(start_paused = true)]
async fn new_figures_alone_are_drawn_four_times_a_second_at_most() {
    let desk = Arc::new(FakeDesk::new(full()));
    let glass = Glass::default();
    let feeder = Arc::clone(&desk);
    tokio::spawn(async move {
        for version in 1_u32.. {
            let mut snapshot = feeder.world.lock().unwrap().snapshot.clone();
            snapshot.version = u64::from(version);
            snapshot.written.crm = u64::from(version);
            snapshot.windows.p50 = u64::from(version);
            feeder.snapshots.send_replace(Arc::new(snapshot));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    let writer = Writer::new(glass.clone()).unwrap();
    let stop = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        Cause::Signal("SIGTERM")
    };
    drive(desk, &options(), (80, 24), Box::pin(stream::pending()), writer, stop).await.unwrap();
    let frames = glass.0.lock().unwrap().len();
    assert!((2..=11).contains(&frames), "{frames} frames in two seconds");
}

#[tokio::test(start_paused = true)]
async fn a_dead_terminal_ends_the_dashboard() {
    let desk = Arc::new(FakeDesk::new(full()));
    let input = Box::pin(stream::pending());
    let writer = Writer::new(Dead).unwrap();
    let stop = std::future::pending::<Cause>();
    let exit = drive(desk.clone(), &options(), (80, 24), input, writer, stop).await.unwrap();
    assert_eq!(exit, Exit::TerminalGone);
    let input = Box::pin(stream::empty());
    let writer = Writer::new(Glass::default()).unwrap();
    let exit = drive(desk, &options(), (80, 24), input, writer, std::future::pending::<Cause>()).await.unwrap();
    assert_eq!(exit, Exit::TerminalGone);
}

#[tokio::test(start_paused = true)]
async fn a_signal_ends_the_dashboard() {
    let desk = Arc::new(FakeDesk::new(full()));
    let input = Box::pin(stream::pending());
    let writer = Writer::new(Glass::default()).unwrap();
    let stop = async { Cause::Signal("SIGTERM") };
    let exit = drive(desk, &options(), (80, 24), input, writer, stop).await.unwrap();
    assert_eq!(exit, Exit::Signal("SIGTERM"));
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_stops_is_said_to_have_stopped() {
    let desk = Arc::new(Gone(FakeDesk::new(full())));
    let glass = Glass::default();
    let writer = Writer::new(glass.clone()).unwrap();
    let script = vec![("NOT LIVE", 'q')];
    let stop = std::future::pending::<Cause>();
    let exit = drive(desk, &options(), (80, 24), typist(glass, script), writer, stop).await.unwrap();
    assert_eq!(exit, Exit::Quit);
}

/// An engine whose snapshots have ended.
struct Gone(FakeDesk);

#[async_trait::async_trait]
impl crosstie::control::Desk for Gone {
    fn snapshots(&self) -> tokio::sync::watch::Receiver<Arc<crosstie::control::Snapshot>> {
        let snapshot = Arc::new(self.0.world.lock().unwrap().snapshot.clone());
        tokio::sync::watch::channel(snapshot).1
    }
    async fn query(
        &self,
        query: crosstie::control::Query,
    ) -> Result<crosstie::control::Window, crosstie::control::DeskError> {
        self.0.query(query).await
    }
    async fn command(
        &self,
        who: &str,
        command: Command,
    ) -> Result<crosstie::control::Reply, crosstie::control::DeskError> {
        self.0.command(who, command).await
    }
}
