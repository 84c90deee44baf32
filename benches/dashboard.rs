//! What the dashboard sends over the line, and how long an operator waits for it.
//!
//! `cargo bench --bench dashboard`. A hundred thousand conflicts, orphans and lines of the journal behind a
//! fake engine, the real drawing, the real loop, and for the first frame the real program attached to a real daemon in a
//! pseudo-terminal. Prints one line a figure with its limit, and fails where one is broken.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, dead_code)]
#![allow(clippy::disallowed_methods, reason = "real time is what is measured")]

#[path = "../tests/dashboard/fixture/mod.rs"]
#[allow(unused_imports, reason = "the tests need more of it")]
mod fixture;
#[path = "../tests/terminal/screen.rs"]
mod screen;
#[path = "../tests/terminal/worlds.rs"]
mod worlds;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crosstie::control::{HoldRow, JournalRow, OrphanRow, Snapshot};
use crosstie::tui::keymap::Keymap;
use crosstie::tui::model::Msg;
use crosstie::tui::run::{Options, drive};
use crosstie::tui::terminal::input::Arrival;
use crosstie::tui::terminal::watch::Cause;
use crosstie::tui::terminal::writer::{Screen, Writer};
use crosstie::tui::theme::{Name, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use fixture::{FakeDesk, Rig, World, at, full, hold};

const ROWS: usize = 100_000;
const LARGE: (u16, u16) = (200, 60);
const SIZES: [(u16, u16); 4] = [(60, 16), (80, 24), (120, 40), LARGE];
const PAGES: &str = "123456789";

/// A figure, its limit, and whether that is kept.
struct Table(bool);

impl Table {
    fn row(&mut self, what: &str, figure: f64, limit: f64, unit: &str) {
        let kept = figure <= limit;
        self.0 &= kept;
        let sign = if kept { "+" } else { "x" };
        let mut out = std::io::stdout().lock();
        writeln!(out, "{sign} {what:<62} {figure:>9.2} {unit:<5} at most {limit}").unwrap();
    }
}

/// A world with a hundred thousand of everything that can be listed.
fn crowded() -> World {
    let mut world = full();
    let conflict = |n: usize| -> HoldRow {
        let (crm, notion) = (format!("wants {n} EUR by Friday"), format!("wants {n}50 EUR by Monday"));
        hold(&n.to_string(), if n.is_multiple_of(3) { "NOTES" } else { "BUDGET" }, &crm, &notion)
    };
    world.holds = (0..ROWS).map(conflict).collect();
    let orphan = world.orphans[0].clone();
    let lone = |n: usize| OrphanRow { title: format!("Orphan {n}"), ..with_id(&orphan, n) };
    world.orphans = (0..ROWS).map(lone).collect();
    let line = world.journal[0].clone();
    let told = |n: usize| {
        let mut row: JournalRow = line.clone();
        row.event.seq = n as u64 + 1;
        row
    };
    world.journal = (0..ROWS).map(told).collect();
    let edge = world.relations[1].clone();
    world.relations = (0..ROWS)
        .map(|n| {
            let mut row = edge.clone();
            (row.owner.crm, row.owner_title) = (n.to_string().into(), format!("Project {n}"));
            row
        })
        .collect();
    world.snapshot.conflicts = ROWS as u64;
    world
}

fn with_id(row: &OrphanRow, n: usize) -> OrphanRow {
    let mut row = row.clone();
    row.record.id = format!("page-{n}").into();
    row
}

/// Milliseconds that this thread has had a processor: what others do meanwhile is not the drawing's.
fn processor() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1_000.0 + time.tv_nsec as f64 / 1_000_000.0
}

fn percentile(mut times: Vec<f64>, percent: usize) -> f64 {
    times.sort_by(f64::total_cmp);
    times[(times.len() * percent).div_ceil(100).saturating_sub(1)]
}

/// Every page at every size: how long drawing takes, and how large a first frame is.
fn drawing(table: &mut Table) {
    let mut largest = (0, String::new());
    for size in SIZES {
        let mut rig = Rig::new(size, crowded());
        let mut screen = Screen::new(size).unwrap();
        for page in PAGES.chars() {
            rig.keys(&page.to_string());
            rig.keys("ctrl-d");
            let bytes = screen.frame(&rig.model).unwrap().unwrap_or_default();
            let turned = bytes.len();
            screen.repaint().unwrap();
            let whole = screen.frame(&rig.model).unwrap().unwrap_or_default().len().max(turned);
            if whole > largest.0 {
                largest = (whole, format!("page {page} at {}x{}", size.0, size.1));
            }
            if size == LARGE {
                let mut buffer = Buffer::empty(Rect::new(0, 0, size.0, size.1));
                let mut times = Vec::new();
                for _ in 0..400 {
                    let before = processor();
                    crosstie::tui::view::view(&rig.model, &mut buffer);
                    times.push(processor() - before);
                }
                let what = format!("view of page {page} at 200x60, 100,000 rows a list, p99");
                table.row(&what, percentile(times, 99), 2.0, "ms");
            }
        }
    }
    let what = format!("largest frame of any page at any size ({})", largest.1);
    table.row(&what, largest.0 as f64, 16_384.0, "bytes");
}

/// Keys of each page, one after the other, on a screen that shows it.
const STROKES: [(&str, &str); 9] = [
    ("1", "j j k h a esc o esc : esc ? j esc"),
    (
        "2",
        "j j k J space v j v G g g c o b u * m esc w j esc f esc e esc l esc enter j esc enter / 1 2 enter n N esc : t a k e esc ? j esc",
    ),
    ("3", "j k space l esc G / 7 enter n esc : esc"),
    ("4", "j k right left l esc / a enter esc"),
    ("5", "j k / a enter esc"),
    ("6", "j k J G u esc / 9 enter n esc"),
    ("7", "j k enter esc"),
    ("8", "j k J p esc"),
    ("9", "j k"),
];

/// What keys send: those that change what a page shows of itself, and those that put a box over it or take it away.
fn keys(table: &mut Table) {
    let (mut largest, mut of_boxes, mut of_pages) = ((0, String::new()), (0, String::new()), (0, String::new()));
    for size in SIZES {
        for (page, keys) in STROKES {
            let mut rig = Rig::new(size, crowded());
            rig.keys(page);
            let mut screen = Screen::new(size).unwrap();
            screen.frame(&rig.model).unwrap();
            for key in keys.split(' ').chain(["ctrl-d", "ctrl-u"]) {
                let boxes = (rig.model.popups.len(), rig.model.expanded);
                let rows = top_rows(&rig);
                rig.keys(key);
                let bytes = screen.frame(&rig.model).unwrap().unwrap_or_default().len();
                // Other rows than before are another page, whichever key brought them; so are a box's.
                let most = match () {
                    () if (rig.model.popups.len(), rig.model.expanded) != boxes => &mut of_boxes,
                    () if top_rows(&rig) != rows || (boxes.0 > 0 && matches!(key, "j" | "k")) => &mut of_pages,
                    () => &mut largest,
                };
                if bytes > most.0 {
                    *most = (bytes, format!("{key} on page {page} at {}x{}", size.0, size.1));
                }
            }
        }
    }
    let mut row = |what: &str, (bytes, at): (usize, String), limit| {
        table.row(&format!("{what}, at most ({at})"), bytes as f64, limit, "bytes");
    };
    row("a key on a page", largest, 3_072.0);
    row("a key that opens or closes a box or a record", of_boxes, 16_384.0);
    row("a key that brings a page of other rows", of_pages, 16_384.0);
}

/// Which rows and how many are in sight, of every list.
fn top_rows(rig: &Rig) -> Vec<(u64, Option<u64>)> {
    let model = &rig.model;
    vec![
        (model.holds.top, model.holds.total),
        (model.orphans.top, model.orphans.total),
        (model.owners.top, model.owners.total),
        (model.relations.top, model.relations.total),
        (model.queue.top, model.queue.total),
        (model.journal.top, model.journal.total),
        (model.quarantine.top, model.quarantine.total),
    ]
}

/// Every box over every page, in true colour, with texts that fill the screen: how large a frame is, and how long it takes.
fn boxes(table: &mut Table) {
    let mut largest = (0, String::new());
    for size in SIZES {
        for (page, keys) in
            [("2", "w"), ("2", "f"), ("2", "e"), ("2", "enter"), ("2", ":"), ("2", "?"), ("3", "l"), ("6", "u")]
        {
            let mut rig = Rig::themed(size, wordy(LONG), Theme::named(Name::Vivid, true, false));
            let mut screen = Screen::new(size).unwrap();
            rig.keys(page);
            rig.keys("c");
            rig.keys(keys);
            screen.repaint().unwrap();
            let bytes = screen.frame(&rig.model).unwrap().unwrap_or_default().len();
            if bytes > largest.0 {
                largest = (bytes, format!("{keys} on page {page} at {}x{}", size.0, size.1));
            }
        }
    }
    let what = format!("largest whole frame with a box, true colour ({})", largest.1);
    table.row(&what, largest.0 as f64, 16_384.0, "bytes");
    for (keys, bytes) in [("2", LONG), ("2 enter", LONG), ("2 enter", 2 * LONG)] {
        let mut rig = Rig::new(LARGE, wordy(bytes));
        keys.split(' ').for_each(|key| rig.keys(key));
        let mut buffer = Buffer::empty(Rect::new(0, 0, LARGE.0, LARGE.1));
        let mut times = Vec::new();
        for _ in 0..100 {
            let before = processor();
            crosstie::tui::view::view(&rig.model, &mut buffer);
            times.push(processor() - before);
        }
        let what = format!("view of two different texts of {bytes} bytes ({keys}) at 200x60, p99");
        table.row(&what, percentile(times, 99), 8.0, "ms");
    }
}

/// A conflict whose two texts have nothing in common and fill the screen.
/// As long as two texts can be that are compared word by word.
const LONG: usize = 4_900;

/// Conflicts of texts so long, of which no two words are the same.
fn wordy(bytes: usize) -> World {
    let mut world = crowded();
    let text =
        |by: usize| (0..1_100).map(|n| format!("{:x}", (n + 7) * by * 7_919 % 65_521)).collect::<Vec<_>>().join(" ");
    let (crm, notion) = (text(31), text(1_009));
    for (n, row) in world.holds.iter_mut().enumerate().take(200) {
        *row = hold(&n.to_string(), "NOTES", &crm[..crm.len().min(bytes)], &notion[..notion.len().min(bytes)]);
    }
    world
}

/// A snapshot a quarter of a second later: everything that moves has moved.
fn moved(old: &Snapshot, step: u32) -> Snapshot {
    let mut new = old.clone();
    new.version += 1;
    for (series, every) in [(&mut new.series, 4), (&mut new.quarter, 40), (&mut new.day, 3_600)] {
        let mut last = *series.last().unwrap();
        last.written.crm = step % 5;
        last.seen.notion = step % 7;
        last.queue.crm = step % 11;
        if step.is_multiple_of(every) {
            series.remove(0);
            series.push(last);
        } else {
            *series.last_mut().unwrap() = last;
        }
    }
    new.queue.crm.planned = u64::from(step % 9);
    new.queue.notion.in_flight = u64::from(step % 4);
    new.sides.crm.requests += 2;
    new.sides.notion.requests += 3;
    new.waits[0].1 = u64::from(step % 6);
    if let crosstie::control::Headroom::Bucket { room, .. } = &mut new.sides.crm.headroom {
        *room = 10 + step % 30;
    }
    // One line of the journal a second.
    if step.is_multiple_of(4) {
        let mut row = new.latest.last().unwrap().clone();
        row.title = format!("Deal {step}");
        new.latest.insert(0, row);
        new.latest.pop();
    }
    new
}

/// A second later: a line more in the journal, a conflict more, another row in front of the queue.
fn listed(world: &mut World, step: u32) {
    let mut line = world.journal[0].clone();
    line.event.seq += u64::from(step);
    line.title = format!("Deal {step}");
    world.journal.insert(0, line);
    world.holds.push(hold(&format!("live-{step}"), "BUDGET", "1 EUR", "2 EUR"));
    world.snapshot.conflicts += 1;
    world.queue.rotate_left(1);
}

/// Idle, and at four frames a second.
fn streams(table: &mut Table) {
    let mut world = full();
    // A gate that opens and an age that steps are changes that are shown.
    world.snapshot.sides.notion.headroom = crosstie::control::Headroom::Unknown;
    let mut rig = Rig::new(LARGE, world);
    let mut screen = Screen::new(LARGE).unwrap();
    rig.ms += 20_000;
    // The time under a graph steps with the minute.
    rig.world.snapshot.at = at(1);
    rig.send(Msg::Snapshot(Arc::new(rig.world.snapshot.clone())));
    rig.send(Msg::Tick { now: at(1), ms: rig.ms });
    screen.frame(&rig.model).unwrap();
    let mut idle = 0;
    for second in 2..52_i64 {
        // A snapshot in which nothing shown has changed.
        rig.world.snapshot.version += 1;
        rig.world.snapshot.at = at(second);
        let snapshot = Arc::new(rig.world.snapshot.clone());
        let ms = rig.ms + second.unsigned_abs() * 1_000;
        crosstie::tui::update::update(&mut rig.model, Msg::Tick { now: at(second), ms });
        crosstie::tui::update::update(&mut rig.model, Msg::Snapshot(snapshot));
        idle += screen.frame(&rig.model).unwrap().unwrap_or_default().len();
    }
    table.row("idle for 50 s, nothing shown has changed", idle as f64, 0.0, "bytes");
    for page in PAGES.chars() {
        let mut rig = Rig::new(LARGE, full());
        rig.keys(&page.to_string());
        let mut screen = Screen::new(LARGE).unwrap();
        screen.frame(&rig.model).unwrap();
        let mut live = 0;
        for step in 1..=40 {
            rig.world.snapshot = moved(&rig.world.snapshot, step);
            if step.is_multiple_of(4) {
                listed(&mut rig.world, step);
            }
            rig.ms += 250;
            rig.send(Msg::Snapshot(Arc::new(rig.world.snapshot.clone())));
            rig.settle();
            live += screen.frame(&rig.model).unwrap().unwrap_or_default().len();
        }
        let what = format!("live at four frames a second, page {page} at 200x60");
        table.row(&what, live as f64 / 10.0 / 1_024.0, 6.0, "KB/s");
    }
}

/// A terminal in memory that tells when it was written to.
#[derive(Clone, Default)]
struct Glass(Arc<Mutex<Option<Instant>>>);

impl std::io::Write for Glass {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().get_or_insert_with(Instant::now);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// From a key to the end of its frame, through the real loop, over a list of a hundred thousand.
fn key_to_paint(table: &mut Table) {
    let world = crowded();
    let desk = Arc::new(FakeDesk::new(world));
    let snapshot = Arc::new(desk.world.lock().unwrap().snapshot.clone());
    desk.snapshots.send_replace(snapshot);
    let glass = Glass::default();
    let writer = Writer::new(glass.clone()).unwrap();
    let (send, mut keys) = tokio::sync::mpsc::unbounded_channel::<std::io::Result<Arrival>>();
    let (done, stop) = tokio::sync::oneshot::channel::<()>();
    let typist = std::thread::spawn(move || {
        let press = |c: char| {
            *glass.0.lock().unwrap() = None;
            let before = Instant::now();
            send.send(Ok(Arrival::Bytes(c.to_string().into_bytes()))).unwrap();
            while before.elapsed() < Duration::from_secs(1) {
                if let Some(written) = *glass.0.lock().unwrap() {
                    return written.duration_since(before).as_secs_f64() * 1_000.0;
                }
                std::thread::sleep(Duration::from_micros(100));
            }
            1_000.0
        };
        std::thread::sleep(Duration::from_millis(300));
        press('2');
        std::thread::sleep(Duration::from_millis(300));
        let mut times = Vec::new();
        for stroke in 0..300 {
            times.push(press(if stroke % 40 < 30 { 'j' } else { 'k' }));
            std::thread::sleep(Duration::from_millis(35));
        }
        let _ = done.send(());
        times
    });
    let options = Options {
        keymap: Arc::new(Keymap::preset("default").unwrap()),
        who: "anna".into(),
        theme: Theme::new(false, false),
        read_only: false,
        note: String::new(),
        again: None,
        syncs: false,
        tz: jiff::tz::TimeZone::UTC,
        now: Arc::new(|| at(0)),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let input = futures_util::stream::poll_fn(move |context| keys.poll_recv(context));
    let stop = async {
        let _ = stop.await;
        Cause::Signal("SIGTERM")
    };
    runtime.block_on(drive(desk, &options, LARGE, Box::pin(input), writer, stop)).unwrap();
    let times = typist.join().unwrap();
    table.row("key to paint at 200x60 over 100,000 conflicts, p50", percentile(times.clone(), 50), 16.0, "ms");
    table.row("key to paint at 200x60 over 100,000 conflicts, p99", percentile(times, 99), 16.0, "ms");
}

/// From the start of the program to its first whole frame, while a daemon runs.
fn first_frame(table: &mut Table) {
    let workspace = worlds::Workspace::new();
    let _daemon = workspace.daemon();
    let mut times = Vec::new();
    for _ in 0..20 {
        let before = Instant::now();
        let start = screen::Start { size: LARGE, ..screen::Start::new(workspace.home.path(), &[]) };
        let mut term = screen::Term::start(&start);
        let whole = |raw: &[u8]| raw.windows(8).any(|bytes| bytes == b"\x1b[?2026l");
        while !whole(&term.raw()) {
            assert!(before.elapsed() < Duration::from_secs(10), "no frame came");
            std::thread::sleep(Duration::from_micros(200));
        }
        times.push(before.elapsed().as_secs_f64() * 1_000.0);
        term.wait("attached to the running daemon");
        term.keys("q");
        term.end();
    }
    table.row("start to first frame with a daemon, median of 20", percentile(times.clone(), 50), 100.0, "ms");
    table.row("start to first frame with a daemon, slowest of 20", percentile(times, 100), 100.0, "ms");
}

fn main() -> ExitCode {
    let mut table = Table(true);
    drawing(&mut table);
    keys(&mut table);
    boxes(&mut table);
    streams(&mut table);
    key_to_paint(&mut table);
    first_frame(&mut table);
    if table.0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
