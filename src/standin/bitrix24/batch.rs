//! `batch`: up to fifty calls in one request, one after the other, each of which may use the results before it.

use serde_json::{Value as Json, json};

use super::BitrixStandIn;
use super::answer::{Answer, ApiError, php_array};
use super::input::{Input, parse_form};
use jiff::Timestamp;

const LIMIT: usize = 50;

/// Runs the commands. It always succeeds itself; each command's failure lies in `result_error`.
pub(super) fn run(portal: &mut BitrixStandIn, params: &Input, now: Timestamp) -> Result<Answer, ApiError> {
    let commands = params.get_any(&["cmd", "CMD"]).filter(|cmd| cmd.is_map());
    let commands = commands.ok_or_else(|| ApiError::missing("cmd"))?;
    let halt = params.get_any(&["halt", "HALT"]).and_then(Input::text);
    let halt = halt.is_some_and(|halt| !matches!(halt.as_str(), "" | "0" | "false" | "N"));
    let mut results: Vec<(String, Json)> = Vec::new();
    let (mut errors, mut totals, mut nexts, mut times) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (index, (key, command)) in commands.entries().iter().enumerate() {
        let outcome = if index >= LIMIT {
            Err(ApiError::bad("ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded"))
        } else {
            one(portal, command, &results, now)
        };
        match outcome {
            Ok((answer, time)) => {
                results.push((key.clone(), answer.result));
                totals.extend(answer.total.map(|total| (key.clone(), json!(total))));
                nexts.extend(answer.next.map(|next| (key.clone(), json!(next))));
                times.push((key.clone(), time));
            }
            Err(error) => {
                errors.push((key.clone(), error.body()));
                if halt {
                    break;
                }
            }
        }
    }
    let parts = [
        ("result", results),
        ("result_error", errors),
        ("result_total", totals),
        ("result_next", nexts),
        ("result_time", times),
    ];
    let parts = parts.into_iter().map(|(name, entries)| (name.to_owned(), php_array(entries)));
    Ok(Answer::of(Json::Object(parts.collect())))
}

fn one(
    portal: &mut BitrixStandIn,
    command: &Input,
    results: &[(String, Json)],
    now: Timestamp,
) -> Result<(Answer, Json), ApiError> {
    let Input::Text(command) = command else {
        return Err(ApiError::bad("ERROR_ARGUMENT", "A batch command must be a string"));
    };
    let (method, query) = command.split_once('?').unwrap_or((command, ""));
    let method = method.trim_start_matches('/').to_lowercase();
    let method = method.trim_end_matches(".json");
    if method == "batch" {
        let text = "Method is not allowed for batch usage";
        return Err(ApiError::new(405, "ERROR_BATCH_METHOD_NOT_ALLOWED", text));
    }
    let params = substitute(parse_form(query), results);
    let (answer, operating) = portal.metered(method, &params, now)?;
    let time = portal.time_block(method, Some(operating), now);
    Ok((answer, serde_json::to_value(time).unwrap_or_default()))
}

fn substitute(input: Input, results: &[(String, Json)]) -> Input {
    match input {
        Input::Text(text) => Input::Text(replace(&text, results)),
        Input::Map(entries) => {
            Input::Map(entries.into_iter().map(|(key, value)| (key, substitute(value, results))).collect())
        }
        other => other,
    }
}

/// Replaces each `$result[key][path]` by the text found there, by nothing if there is none.
fn replace(text: &str, results: &[(String, Json)]) -> String {
    const MARK: &str = "$result[";
    let mut out = String::new();
    let mut left = text;
    while let Some(at) = left.find(MARK) {
        out.push_str(&left[..at]);
        left = &left[at + MARK.len() - 1..];
        let mut path = Vec::new();
        while let Some((part, rest)) = left.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            path.push(part);
            left = rest;
        }
        out.push_str(&look_up(&path, results));
        if path.is_empty() {
            // An unclosed bracket refers to nothing; the rest is plain text.
            break;
        }
    }
    out.push_str(left);
    out
}

fn look_up(path: &[&str], results: &[(String, Json)]) -> String {
    let Some((key, rest)) = path.split_first() else { return String::new() };
    let mut at = results.iter().find(|(k, _)| k == key).map(|(_, value)| value);
    for part in rest {
        at = at.and_then(|value| match value {
            Json::Array(list) => part.parse::<usize>().ok().and_then(|index| list.get(index)),
            Json::Object(map) => map.get(*part),
            _ => None,
        });
    }
    match at {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Number(number)) => number.to_string(),
        Some(Json::Bool(true)) => "1".into(),
        _ => String::new(),
    }
}
