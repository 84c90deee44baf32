//! `support`: what becomes of every type of both systems, from the tables that the clients themselves go by.

use serde_json::{Value as Json, json};

use crate::remote::support::TypeRow;
use crate::remote::{bitrix24, notion};

use super::table::Table;

/// `support`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// As one JSON object.
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// As Markdown, as the README has it.
    #[arg(long)]
    markdown: bool,
}

const HEADINGS: [&str; 7] = ["type", "is a", "read", "written", "emptied", "at most", "fidelity"];

/// The tables in the form that was asked for.
pub fn told(args: &Args) -> String {
    let systems: [(&str, &str, Vec<&TypeRow>); 2] = [
        ("notion", "Notion", notion::support::TYPES.iter().collect()),
        ("bitrix24", "Bitrix24", bitrix24::support::types().collect()),
    ];
    if args.json {
        let all = systems.map(|(key, _, rows)| (key.to_owned(), rows.into_iter().map(object).collect::<Json>()));
        return format!("{:#}", Json::Object(all.into_iter().collect()));
    }
    let tables = systems.map(|(_, title, rows)| match args.markdown {
        true => format!("**{title}**\n\n{}", markdown(&rows)),
        false => format!("{title}\n{}", plain(&rows)),
    });
    tables.join("\n")
}

fn cells(row: &TypeRow) -> [String; 7] {
    let joined = |words: Vec<String>| if words.is_empty() { "-".to_owned() } else { words.join(", ") };
    [
        row.native.to_owned(),
        joined(row.kinds.iter().map(|kind| kind.as_str().to_owned()).collect()),
        row.reads.to_owned(),
        row.writes.unwrap_or("never").to_owned(),
        row.clears.unwrap_or("never").to_owned(),
        joined(row.limits.iter().map(ToString::to_string).collect()),
        row.fidelity.to_string(),
    ]
}

fn plain(rows: &[&TypeRow]) -> String {
    let mut table = Table::new(&HEADINGS);
    for row in rows {
        table.row(cells(row).map(|cell| cell.replace('`', "")));
    }
    table.to_string()
}

fn markdown(rows: &[&TypeRow]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut out = line(&HEADINGS.map(str::to_owned));
    out.push_str(&line(&HEADINGS.map(|_| "---".to_owned())));
    for row in rows {
        let mut cells = cells(row);
        cells[0] = format!("`{}`", cells[0]);
        out.push_str(&line(&cells));
    }
    out
}

fn object(row: &TypeRow) -> Json {
    json!({
        "type": row.native,
        "kinds": row.kinds,
        "read": row.reads,
        "write": row.writes,
        "clear": row.clears,
        "limits": row.limits.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "fidelity": row.fidelity.word(),
        "why": row.fidelity.why(),
    })
}
