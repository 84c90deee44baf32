//! Misbehaviour that can be switched on, on the command line and by the back door, in one language: `NAME` or `NAME=VALUE`.

use std::ops::Range;

/// One way to misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What it is called.
    pub name: &'static str,
    /// What stands after the equals sign; empty for what is on or off.
    pub value: &'static str,
    /// What then happens.
    pub what: &'static str,
}

impl Fault {
    /// Name and value as they are written.
    pub fn written(&self) -> String {
        match self.value {
            "" => self.name.to_owned(),
            value => format!("{}={value}", self.name),
        }
    }
}

/// An order, taken apart.
pub(super) struct Order<'a> {
    pub name: &'a str,
    value: Option<&'a str>,
}

impl<'a> Order<'a> {
    pub fn read(order: &'a str) -> Self {
        match order.split_once('=') {
            Some((name, value)) => Self { name: name.trim(), value: Some(value.trim()) },
            None => Self { name: order.trim(), value: None },
        }
    }

    /// On, unless the value is `off`.
    pub fn is_on(&self) -> Result<bool, String> {
        match self.value {
            None | Some("on") => Ok(true),
            Some("off") => Ok(false),
            Some(_) => Err(format!("`{}` is on or `{0}=off`", self.name)),
        }
    }

    pub fn text(&self) -> Result<&'a str, String> {
        self.value.filter(|value| !value.is_empty()).ok_or_else(|| format!("`{}` needs a value", self.name))
    }

    pub fn number(&self) -> Result<u32, String> {
        self.text()?.parse().map_err(|_| format!("`{}` takes a whole number", self.name))
    }

    /// A number, or one where none is told.
    pub fn times(&self) -> Result<usize, String> {
        self.value.map_or(Ok(1), |_| self.number().map(|times| usize::try_from(times).unwrap_or(usize::MAX)))
    }

    /// `10..20`, or `off`.
    pub fn seconds(&self) -> Result<Range<u32>, String> {
        let text = self.text()?;
        if text == "off" {
            return Ok(0..0);
        }
        let range = text.split_once("..").and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
        range
            .filter(|range: &Range<u32>| !range.is_empty())
            .ok_or_else(|| format!("`{}` takes seconds like `10..20`, or `off`", self.name))
    }

    /// `CODE`, `CODE*TIMES`, and after a slash the seconds of `Retry-After`.
    pub fn refusal(&self) -> Result<(&'a str, usize, Option<i64>), String> {
        let wrong = || format!("`{}` takes `CODE`, `CODE*TIMES` or `CODE*TIMES/SECONDS`", self.name);
        let text = self.text()?;
        let (text, wait) = match text.split_once('/') {
            Some((text, wait)) => (text, Some(wait.parse().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let (code, times) = text.split_once('*').unwrap_or((text, "1"));
        Ok((code, times.parse().map_err(|_| wrong())?, wait))
    }

    pub fn unknown(&self, faults: &[Fault]) -> String {
        let known: Vec<String> = faults.iter().map(Fault::written).collect();
        format!("there is no fault `{}`; there are {}", self.name, known.join(", "))
    }
}
