//! `crosstie simulate`: the engine against everything that can go wrong, in virtual time.

mod pace;

use std::ops::Range;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;

use super::failure::Failure;
use crate::sim::{Many, Plant, Run, Summary, Verdict, about, each, many, run, shrink, threads};

/// The arguments of `simulate`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// Which seeds: `0..2000`. Without it 0..100, or with a planted bug the seed that first found it.
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    seeds: Option<Range<u64>>,
    /// How long people work and things go wrong in each seed, in the world's hours; healing comes after that.
    #[arg(long, default_value_t = 6.0, value_name = "H", value_parser = hours)]
    hours: f64,
    /// Only this seed.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Tell everything that happened in that seed.
    #[arg(long, requires = "seed")]
    trace: bool,
    /// Make that seed's failure smaller before it is told.
    #[arg(long, requires = "seed")]
    shrink: bool,
    /// Leave this out of that seed: a fault, a death, a spell of work; a failing seed names them.
    #[arg(long, value_name = "NAME", requires = "seed")]
    without: Vec<String>,
    /// End that seed's chaos after so many of the world's seconds.
    #[arg(long, value_name = "SECONDS", requires = "seed")]
    until: Option<u64>,
    /// Plant a bug, to see it found.
    #[arg(long, value_name = "NAME", value_parser = plant)]
    plant: Option<Plant>,
    /// List the bugs that can be planted, and the seed that first found each.
    #[arg(long)]
    list_plants: bool,
    /// Plant each bug at the seed that first found it; fails if one is not found.
    #[arg(long)]
    all_plants: bool,
    /// As one JSON object.
    #[arg(long)]
    json: bool,
}

/// Other things than seeds.
#[derive(Debug, clap::Subcommand)]
enum What {
    /// Compare our pace with a fixed queue, a sequential caller and the limit that nobody can beat.
    Pace(pace::Args),
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let parts = text.split_once("..").and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    parts.filter(|range: &Range<u64>| !range.is_empty()).ok_or_else(|| "write seeds like 0..2000".to_owned())
}

fn hours(text: &str) -> Result<f64, String> {
    let hours: f64 = text.parse().map_err(|_| "write hours like 6 or 0.5".to_owned())?;
    if (0.01..=1000.0).contains(&hours) { Ok(hours) } else { Err("choose between 0.01 and 1000 hours".to_owned()) }
}

fn plant(text: &str) -> Result<Plant, String> {
    Plant::named(text).ok_or_else(|| "there is no such bug; --list-plants names them".to_owned())
}

/// Runs `simulate`.
///
/// # Errors
/// [`Failure`] when a run cannot be set up.
pub fn command(args: &Args) -> Result<ExitCode, Failure> {
    if let Some(What::Pace(args)) = &args.what {
        return pace::run(args);
    }
    if args.list_plants {
        return list_plants(args.json);
    }
    let lasting = Duration::from_secs_f64(args.hours * 3600.0);
    if args.all_plants {
        return all_plants(lasting);
    }
    match args.seed {
        Some(seed) => one(
            args,
            Run {
                seed,
                lasting,
                until: args.until.map(Duration::from_secs),
                plant: args.plant,
                left_out: args.without.iter().cloned().collect(),
                trace: args.trace,
            },
        ),
        None => range(args, lasting),
    }
}

fn list_plants(as_json: bool) -> Result<ExitCode, Failure> {
    if as_json {
        let rows: Vec<_> =
            Plant::all().map(|it| json!({ "name": it.name(), "seed": it.seed(), "what": it.what() })).collect();
        super::say(&json!(rows).to_string());
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = super::table::Table::new(&["bug", "found by seed", "what it does"]);
    for plant in Plant::all() {
        table.row([plant.name().to_owned(), plant.seed().to_string(), plant.what().to_owned()]);
    }
    super::say(&table.to_string());
    Ok(ExitCode::SUCCESS)
}

/// Every bug at its seed.
fn all_plants(lasting: Duration) -> Result<ExitCode, Failure> {
    let plants: Vec<Plant> = Plant::all().collect();
    let found = each(plants.len(), |index| {
        let plant = plants.get(index).copied();
        let seed = plant.map_or(0, Plant::seed);
        let what = Run { seed, lasting, until: None, plant, left_out: Default::default(), trace: false };
        // Whatever is wrong without the bug says nothing about it.
        let good = run(&Run { plant: None, ..what.clone() })?.is_good();
        Ok(run(&what)?.violations.into_iter().find(|_| good).map(|it| it.text))
    });
    let mut missed = 0;
    let mut table = super::table::Table::new(&["bug", "seed", "found"]);
    for (plant, found) in plants.iter().zip(found.map_err(Failure::running)?) {
        missed += u32::from(found.is_none());
        let text = found.map_or_else(|| "NOT FOUND".to_owned(), |text| text.chars().take(100).collect());
        table.row([plant.name().to_owned(), plant.seed().to_string(), text]);
    }
    super::say(&table.to_string());
    Ok(ExitCode::from(u8::from(missed > 0)))
}

fn one(args: &Args, what: Run) -> Result<ExitCode, Failure> {
    let (what, verdict) = if args.shrink {
        match shrink(&what).map_err(Failure::running)? {
            Some(shrunk) => (shrunk.run, shrunk.verdict),
            None => {
                super::say("nothing to make smaller: this seed keeps every promise");
                return Ok(ExitCode::SUCCESS);
            }
        }
    } else {
        let verdict = run(&what).map_err(Failure::running)?;
        (what, verdict)
    };
    if args.trace {
        for line in verdict.trace.iter().flatten() {
            super::say(line);
        }
    } else if args.shrink {
        tell_shrunk(&what, &verdict);
    }
    super::say(&if args.json {
        serde_json::to_string(&verdict).unwrap_or_default()
    } else {
        serde_json::to_string_pretty(&verdict).unwrap_or_default()
    });
    Ok(ExitCode::from(u8::from(!verdict.is_good())))
}

/// What replays a run.
fn replay(what: &Run) -> String {
    let mut line = format!("crosstie simulate --seed {} --hours {}", what.seed, what.lasting.as_secs_f64() / 3600.0);
    if let Some(until) = what.until {
        line.push_str(&format!(" --until {}", until.as_secs()));
    }
    if let Some(plant) = what.plant {
        line.push_str(&format!(" --plant {}", plant.name()));
    }
    for name in &what.left_out {
        line.push_str(&format!(" --without '{name}'"));
    }
    line
}

fn tell_shrunk(what: &Run, verdict: &Verdict) {
    super::warn(&format!("made smaller: {} --trace", replay(what)));
    let Some(violation) = verdict.violations.first() else { return };
    let trace = verdict.trace.as_deref().unwrap_or_default();
    for line in about(trace, &violation.text) {
        super::warn(line);
    }
    super::warn(&violation.text);
}

/// From so many seeds on, a kind of fault that never came is a failure of the simulation.
const ENOUGH: u64 = 200;

fn range(args: &Args, lasting: Duration) -> Result<ExitCode, Failure> {
    let threads = threads();
    let usual = args.plant.map_or(0..100, |plant| plant.seed()..plant.seed() + 1);
    let seeds = args.seeds.clone().unwrap_or(usual);
    let what = Many { seeds, lasting, plant: args.plant, threads, first_failure: args.plant.is_some() };
    let line = |seed: u64| {
        let run = Run { seed, lasting, until: None, plant: args.plant, left_out: Default::default(), trace: false };
        replay(&run)
    };
    let told = |verdict: &Verdict| {
        for violation in &verdict.violations {
            super::warn(&format!("seed {}: {}\n  {} --trace", verdict.seed, violation.text, line(verdict.seed)));
        }
    };
    let (wall, cpu) = (super::world::running_for(), super::world::cpu_time());
    let verdicts = many(&what, &told).map_err(Failure::running)?;
    let (wall, cpu) = (super::world::running_for() - wall, super::world::cpu_time() - cpu);
    let summary = Summary::of(&verdicts);
    // Some seeds once more: chance must come from the seed alone.
    let again: Vec<&Verdict> = verdicts.iter().step_by(97).collect();
    let mut different = 0;
    for verdict in &again {
        let seeds = verdict.seed..verdict.seed + 1;
        let same = many(&Many { seeds, ..what.clone() }, &|_| {}).map_err(Failure::running)?;
        different += u64::from(same.first().is_none_or(|same| same.hash != verdict.hash));
    }
    let speed = summary.simulated_s as f64 / cpu.as_secs_f64().max(0.001);
    // In so many seeds everything must have come that the simulation is there for.
    let tried = args.plant.is_some() || summary.seeds < ENOUGH || summary.never.is_empty();
    let good = summary.violations.is_empty() && different == 0 && summary.exposed_despite_webhooks == 0 && tried;
    if args.json {
        let mut figures = serde_json::to_value(&summary).unwrap_or_default();
        figures["hours"] = json!(args.hours);
        figures["plant"] = json!(args.plant.map(Plant::name));
        figures["wall_s"] = json!((wall.as_secs_f64() * 10.0).round() / 10.0);
        figures["cpu_s"] = json!((cpu.as_secs_f64() * 10.0).round() / 10.0);
        figures["simulated_s_per_cpu_s"] = json!(speed.round());
        figures["run_twice"] = json!({ "seeds": again.len(), "different": different });
        super::say(&figures.to_string());
    } else {
        super::say(&text(&summary, wall, speed, (again.len(), different)));
    }
    if let Some(bad) = verdicts.iter().find(|verdict| !verdict.is_good()).filter(|_| args.plant.is_none()) {
        let run = Run { seed: bad.seed, lasting, until: None, plant: None, left_out: Default::default(), trace: false };
        if let Some(shrunk) = shrink(&run).map_err(Failure::running)? {
            tell_shrunk(&shrunk.run, &shrunk.verdict);
        }
    }
    Ok(ExitCode::from(u8::from(!good)))
}

fn text(summary: &Summary, wall: Duration, speed: f64, (again, different): (usize, u64)) -> String {
    let (exposed, edits) = summary.exposed;
    format!(
        "{} seeds, {edits} edits, {} requests, {} deaths ({} with a write out), {} decisions\n\
         {} promises broken, {} seeds did not come to rest\n\
         {exposed} edits exposed (longest window {} ms; with reliable webhooks {}), drift {}\n\
         {} simulated hours in {:.1} s: {speed:.0} seconds a CPU second\n\
         {again} seeds run twice, {different} differed; digest {}\n\
         never came: {}",
        summary.seeds,
        summary.requests,
        summary.deaths,
        summary.deaths_amid_writes,
        summary.decisions,
        summary.violations.len(),
        summary.wedges,
        summary.exposed_longest_ms,
        summary.exposed_despite_webhooks,
        summary.drift,
        summary.simulated_s / 3600,
        wall.as_secs_f64(),
        summary.hash,
        if summary.never.is_empty() { "nothing".to_owned() } else { summary.never.join(", ") },
    )
}
