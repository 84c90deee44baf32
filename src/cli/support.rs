//! `support`: what becomes of every type and what every error means, from the tables that the clients themselves go by.

use serde_json::{Value as Json, json};

use crate::remote::errors::ErrorRow;
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
    let errors: [(&str, &str, &[ErrorRow]); 2] = [
        ("notion_errors", "What Notion's errors mean", notion::errors::ERRORS),
        ("bitrix24_errors", "What Bitrix24's errors mean", bitrix24::errors::ERRORS),
    ];
    if args.json {
        let all = systems.map(|(key, _, rows)| (key.to_owned(), rows.into_iter().map(object).collect::<Json>()));
        let more = errors.map(|(key, _, rows)| (key.to_owned(), rows.iter().map(error_object).collect::<Json>()));
        return format!("{:#}", Json::Object(all.into_iter().chain(more).collect()));
    }
    let types = systems.map(|(_, title, rows)| (title, HEADINGS, rows.into_iter().map(cells).collect::<Vec<_>>()));
    let tables = types.iter().map(|(title, headings, rows)| told_as(args.markdown, title, headings, rows));
    let errors =
        errors.map(|(_, title, rows)| (title, ERROR_HEADINGS, rows.iter().map(error_cells).collect::<Vec<_>>()));
    let errors = errors.iter().map(|(title, headings, rows)| told_as(args.markdown, title, headings, rows));
    tables.chain(errors).collect::<Vec<_>>().join("\n")
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

const ERROR_HEADINGS: [&str; 5] = ["code", "status", "means", "crosstie", "you"];

fn error_cells(row: &ErrorRow) -> [String; 5] {
    let you = if row.mend.is_empty() { "-" } else { row.mend };
    [row.code, row.status, row.means, row.class.then(), you].map(str::to_owned)
}

fn error_object(row: &ErrorRow) -> Json {
    json!({"code": row.code, "status": row.status, "means": row.means, "then": row.class.then(), "mend": row.mend})
}

/// One table. The first cell of a row is a system's own word.
fn told_as<const N: usize>(markdown: bool, title: &str, headings: &[&'static str; N], rows: &[[String; N]]) -> String {
    if !markdown {
        let mut table = Table::new(headings);
        for row in rows {
            table.row(row.clone().map(|cell| cell.replace('`', "")));
        }
        return format!("{title}\n{table}");
    }
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut out = format!("**{title}**\n\n{}", line(&headings.map(str::to_owned)));
    out.push_str(&line(&headings.map(|_| "---".to_owned())));
    for row in rows {
        let (first, rest) = row.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
        out.push_str(&line(&std::iter::once(format!("`{first}`")).chain(rest.iter().cloned()).collect::<Vec<_>>()));
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
