//! A large store: how soon a daemon on it has looked at both sides, what it takes, and how long care for it takes.
//!
//! `cargo bench --bench store -- --ties 100000 --days 90 --lines 5000`. The pretend systems and the store are
//! made first, the ties by the real engine in virtual time, the journal with so many lines a day; that takes minutes. Then
//! the real program runs on it as a process of its own, over real sockets, and is measured from outside. Prints one line a
//! figure with its limit, if it has one, and fails where one is broken.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![allow(clippy::disallowed_methods, reason = "real time is what is measured")]

#[path = "../figures/mod.rs"]
mod figures;
mod journal;
#[path = "../office/mod.rs"]
mod office;

use std::process::ExitCode;
use std::time::Instant;

use crosstie::seam::Kv as _;
use crosstie::store::{self, segments};
use jiff::{SignedDuration, Timestamp};

use figures::{Table, option};
use office::place::{self, Place};
use office::program::{self, Program, Searches};

/// A start is to have looked at both sides within this.
const START: f64 = 2.0;
/// How often it is started.
const STARTS: usize = 5;
/// What a daemon may take.
const MEMORY: f64 = 250.0;
/// How long an operator waits at most for a search, or anybody for somebody else's.
const SEARCH: f64 = 50.0;
/// Rows written in one transaction.
const ROWS: usize = 512;

fn main() -> ExitCode {
    let (ties, days, lines) = (option("--ties", 100_000), option("--days", 90), option("--lines", 5_000));
    let mut table = Table(true);
    let began = Instant::now();
    let now = Timestamp::now();
    let place = Place::furnished(ties, now - SignedDuration::from_hours(4 * 366 * 24));
    // The sweep that ends in there is younger than an hour when the daemon starts.
    let remembered = place::tied(&place, now - SignedDuration::from_mins(20));
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join("state");
    let opened = store::open(&state, Timestamp::now()).unwrap();
    let mut kv = opened.kv;
    journal::copy_all(&remembered, &mut kv, ROWS);
    let written = journal::fill(&mut kv, days, lines, ROWS);
    journal::file(&mut kv, &state.join(segments::FOLDER), ROWS);
    kv.flush().unwrap();
    drop((kv, remembered));
    table.row(
        &format!("made: {ties} ties, {written} lines of the journal over {days} days"),
        began.elapsed().as_secs_f64(),
        None,
        "s",
    );

    let program = Program::new(home.path(), &place);
    // Others use the machine too: several starts, of which the middle one counts.
    let mut starts = Vec::new();
    for _ in 1..STARTS {
        let mut daemon = program.start();
        starts.push((daemon.first_cycle(&state), daemon.processor()));
        daemon.end();
    }
    let mut daemon = program.start();
    starts.push((daemon.first_cycle(&state), daemon.processor()));
    starts.sort_by(|a, b| a.0.total_cmp(&b.0));
    let ((quickest, _), (middle, processor), (slowest, _)) = (starts[0], starts[STARTS / 2], starts[STARTS - 1]);
    table.row("start of the program to its first look at both sides", middle, Some(START), "s");
    table.row("processor time until then", processor, None, "s");
    table.row("the quickest start", quickest, None, "s");
    table.row("the slowest start", slowest, None, "s");
    let (resident, most) = daemon.memory();
    table.row("resident after that", resident, Some(MEMORY), "MiB");
    table.row("resident, at most", most, Some(MEMORY), "MiB");
    let Searches { first, slowest, journal, again } = daemon.searches(&state);
    table.row(&format!("first search among {} names, which prepares them", first.rows), first.took, None, "ms");
    table.row("the longest that another question waited meanwhile", first.waited, Some(SEARCH), "ms");
    table.row("a search while letters are typed, the slowest", slowest, Some(SEARCH), "ms");
    table.row(&format!("a search of the journal that finds {} lines", journal.rows), journal.took, None, "ms");
    table.row("the longest that another question waited meanwhile", journal.waited, Some(SEARCH), "ms");
    table.row("the same search again", again, Some(SEARCH), "ms");
    table.row("resident after that", daemon.memory().0, Some(MEMORY), "MiB");
    let (took, waited) = daemon.newcomer(&state, &place);
    table.row("a new contact is in Notion after", took, None, "s");
    table.row("the longest that a question waited meanwhile", waited, Some(SEARCH), "ms");
    daemon.end();
    for command in ["verify", "export", "compact"] {
        let (seconds, most) = program.run(&[command]);
        table.row(&format!("`crosstie {command}`"), seconds, None, "s");
        table.row(&format!("`crosstie {command}`: resident, at most"), most, None, "MiB");
    }
    for name in ["sled", "journal", "exports"] {
        table.row(&format!("on the disk: {name}"), program::size(&state.join(name)), None, "MiB");
    }
    ExitCode::from(u8::from(!table.0))
}
